"""How objects show themselves: as the call that makes them.

    Dense(64, activation='relu', kernel_regularizer=L2(0.01))

Parts and callbacks show the class's name and those arguments of its constructor that differ from
their defaults. What is the result of work and not made by a call, such as a model or a history, is
shown in words. Neither raises, whatever state the object is in. The `__repr__` of both stand in
corereg/shown.py, and import this module when they are used.
"""

from __future__ import annotations

import inspect
import re
from _thread import _local
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from corereg.config import floatx
from corereg.naming import snake_case
from corereg.registry import built_in, find

MOST_ITEMS = 8  # of a list or an array; longer ones are shortened
MOST_CHARACTERS = 120  # of a text or of an object that is not of corereg

_NEVER_MAIN = {"name", "reduction", "dtype", "seed", "axis", "data_format", "class_aggregation"}
_CONVERSIONS = ("initializer", "activation", "loss", "schedule", "regularizer", "constraint")
LEFT_OUT: Any = object()
"""The value of an argument that is not shown, in what `_shown_arguments` gives."""


class _Shown(_local):
    """The objects that a thread is showing, by id, so that one inside itself ends in `...`."""

    def __init__(self) -> None:
        self.ids: set[int] = set()


_shown = _Shown()


def shown_as_call(part: Any) -> str:
    """The class's name with the arguments that differ from the constructor's
    defaults. The first argument is always there if it is a number or a text.

    An argument is what `get_config` says if that is None or a number, or else the attribute of that
    name, unless a method `_shown_arguments` of the class gives it. A name that was made up, as in
    dense_3, is left out.
    """
    return _guarded(part, _call)


def shown_in_words(part: Any, tell: Callable[[Any], str]) -> str:
    """`<Class and what tell says of the object>`."""
    return _guarded(part, lambda one: f"<{type(one).__name__} {tell(one)}>")


def _guarded(one: Any, show: Callable[[Any], str]) -> str:
    if id(one) in _shown.ids:
        return "..."
    _shown.ids.add(id(one))
    try:
        return show(one)
    except Exception:
        return f"<{type(one).__name__}>"
    finally:
        _shown.ids.discard(id(one))


# ---- the call ------------------------------------------------------------------------------------


def _call(one: Any) -> str:
    kind = type(one)
    parameters = [*_parameters(kind)]
    config = _config(one)
    special = kind._shown_arguments(one) if hasattr(kind, "_shown_arguments") else {}
    found: list[str] = []
    by_place = True  # until one is left out or told by name
    for place, (cls, parameter) in enumerate(parameters):
        name, required = parameter.name, parameter.default is parameter.empty
        if name in special:
            value = special[name]
        elif config and name not in config and not required and _tells_all(kind, cls):
            value = LEFT_OUT
        else:
            value = _value(one, name, config)
        if value is LEFT_OUT:
            shown = "..." if required and name not in special else None
        else:
            main = place == 0 and name not in _NEVER_MAIN and _is_plain(value)
            needed = required or main or not _is_default(one, name, value, parameter.default)
            shown = text(value) if needed else None
        alone = len(parameters) == 1 and name not in _NEVER_MAIN and not isinstance(value, bool)
        by_place = by_place and shown is not None and (required or alone)
        by_place = by_place and parameter.kind is not parameter.KEYWORD_ONLY
        if shown is not None:
            found.append(shown if by_place else f"{name}={shown}")
    return f"{kind.__name__}({', '.join(found)})"


def _parameters(kind: type) -> Iterator[tuple[type, inspect.Parameter]]:
    """The arguments of a class's constructor, and where it passes others on, the optional ones of
    those above it; each with the class that has it."""
    seen: set[str] = set()
    above = False
    for cls in kind.__mro__:
        if cls is object or "__init__" not in vars(cls):
            continue
        passes_on = False
        taken = [*inspect.signature(vars(cls)["__init__"]).parameters.items()]
        for name, parameter in taken[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                passes_on = True
            elif name not in seen and parameter.kind is not parameter.VAR_POSITIONAL:
                seen.add(name)
                if not above or parameter.default is not parameter.empty:
                    yield cls, parameter
        if not passes_on:
            return
        above = True


def _tells_all(kind: type, cls: type) -> bool:
    """Whether `get_config` was written for the class that has an argument, or for one under it."""
    own = next((one for one in kind.__mro__ if "get_config" in vars(one)), object)
    return issubclass(own, cls)


def _config(one: Any) -> Mapping[str, Any]:
    try:
        return dict(one.get_config())
    except Exception:
        return {}  # it has none, or cannot be saved, or is not whole


def _value(one: Any, name: str, config: Mapping[str, Any]) -> Any:
    """What an object was given as this argument, as far as it can be known."""
    said = config.get(name, LEFT_OUT)
    if said is None or isinstance(said, bool) or (_is_plain(said) and not isinstance(said, str)):
        return said
    try:
        value = getattr(one, name)
    except Exception:
        return said
    if getattr(value, "__self__", None) is one and inspect.ismethod(value):
        return said  # a method that is called like the argument
    return value


def _is_plain(value: Any) -> bool:
    """Whether it is a number or a text."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number or isinstance(value, str)


def _is_default(one: Any, name: str, value: Any, default: Any) -> bool:
    if value is default:
        return True
    if default is None and isinstance(value, list | tuple | dict) and not value:
        return True
    if default is None and name == "activation":
        return _is_named(value, "linear")
    if name == "dtype" and default is None:
        return value in (floatx(), "int")  # "int": of metrics that compare classes
    if name == "data_format" and default is None:
        return bool(value == "channels_last")
    if name == "name" and isinstance(value, str):
        made_up = re.escape(snake_case(type(one).__name__))
        same = value in (default, type(one).__name__, getattr(one, "default_name", None))
        return same or re.fullmatch(rf"{made_up}(_\d+)?", value) is not None
    if isinstance(default, str) and not isinstance(value, str):
        return _is_named(value, default)
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    if isinstance(value, bool) is not isinstance(default, bool):
        return False
    return isinstance(value, int | float | str | np.generic) and bool(value == default)


def _is_named(value: Any, name: str) -> bool:
    """Whether a part is what its constructor makes of a name, as in kernel_initializer="zeros"."""
    for kind in _CONVERSIONS:
        found = find(kind, name)
        if found is not None:
            return (
                value is found
                or value == name
                or (
                    isinstance(found, type)
                    and type(value) is found
                    and repr(value) == repr(found())
                )
            )
    return False


# ---- values --------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """A value as Python writes it; what is long is shortened, and what is not of corereg, too."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, np.ndarray):
        if value.size > MOST_ITEMS:
            return f"<array of shape {value.shape}, {value.dtype}>"
        return " ".join(repr(value).split())
    if isinstance(value, str):
        if len(value) > MOST_CHARACTERS:
            value = value[: MOST_CHARACTERS // 2] + "..." + value[-MOST_CHARACTERS // 4 :]
        return repr(value)
    if isinstance(value, Mapping):
        items = [f"{text(key)}: {text(value[key])}" for key in list(value)[:MOST_ITEMS]]
        return f"{{{', '.join([*items, *_rest(value)])}}}"
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        items = [*map(text, value[:MOST_ITEMS]), *_rest(value)]
        if isinstance(value, list):
            return f"[{', '.join(items)}]"
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, type):
        return value.__name__
    if callable(value) and hasattr(value, "__name__"):
        return _function_text(value)
    return _object_text(value)


def _rest(items: Any) -> list[str]:
    return ["..."] if len(items) > MOST_ITEMS else []


def _function_text(function: Any) -> str:
    """The name of a function; of an activation or another part, as a text."""
    name = str(function.__name__)
    known = any(built_in(kind, name) is function for kind in _CONVERSIONS)
    return repr(name) if known else name


def _object_text(value: Any) -> str:
    try:
        found = repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    ours = type(value).__module__.partition(".")[0] == "corereg"
    if ours or len(found) <= MOST_CHARACTERS:
        return found
    return f"<{type(value).__name__}>"
