"""Parameters with an address: `optimizer__learning_rate` goes to the optimizer.

An address is a name, two underscores, and the rest. `route` takes from a dict of parameters those
of one address; `build` makes objects of classes in any structure with the parameters that are
addressed to them, so that ``callbacks=[EarlyStopping]`` and ``callbacks__0__patience=3`` meet.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from corereg import registry
from corereg.metrics.base import ACCURACY

Params = Mapping[str, Any]

PREFIXES = frozenset(
    {"callbacks", "compile", "fit", "loss", "metrics", "model", "optimizer", "predict", "score"}
)
"""The first names of addresses."""


def route(params: Params, destination: str, plain: Collection[str] = ()) -> dict[str, Any]:
    """The parameters addressed to a destination, without its name; before them those without an
    address whose names are in `plain`."""
    found = {name: value for name, value in params.items() if name in plain}
    prefix = f"{destination}__"
    for name, value in params.items():
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = value
    return found


def build(who: str, items: Any, params: Params, shared: Params | None = None) -> Any:
    """items with every class in it made an object. items: a class, an object, or lists, tuples and
    dicts of them, in each other; params: what is addressed to them: to entries of lists by their
    number, of dicts by their key, to all of them without.

    who: tells the user what this is. TypeError for parameters that are addressed to an object.
    """
    own = {**(shared or {}), **{name: v for name, v in params.items() if "__" not in name}}
    if isinstance(items, Mapping):
        return {
            key: build(f"{who}[{key!r}]", one, route(params, str(key)), own)
            for key, one in items.items()
        }
    if isinstance(items, list | tuple):
        built = [
            build(f"{who}[{i}]", one, route(params, str(i)), own) for i, one in enumerate(items)
        ]
        return type(items)(built)
    if inspect.isclass(items):
        inner = {name: build(f"{who}__{name}", v, route(params, name)) for name, v in own.items()}
        numbered = sorted((int(name), v) for name, v in inner.items() if name.isdecimal())
        named = {name: v for name, v in inner.items() if not name.isdecimal()}
        return items(*(value for _, value in numbered), **named)
    if own:
        raise TypeError(
            f"{who}: expected a name or a class, for {sorted(own)} are given to make an object of "
            f"it; received {items!r}"
        )
    return items


def as_classes(kind: str, items: Any) -> Any:
    """items with every name of a registered part replaced by its class. kind: the registry's word.
    "accuracy" and "acc" stay, for what they mean depends on the model's output; so do names that
    are not known, of which `compile` tells the user."""
    if isinstance(items, str):
        if kind == "metric" and items.lower() in ACCURACY:
            return items
        found = registry.find(kind, items)
        if found is None and kind == "optimizer":
            found = registry.find(kind, items.lower())
        return items if found is None else found
    if isinstance(items, Mapping):
        return {key: as_classes(kind, one) for key, one in items.items()}
    if isinstance(items, list | tuple):
        return type(items)(as_classes(kind, one) for one in items)
    return items


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function can be given an argument of this name: it has it, or **kwargs."""
    parameters = inspect.signature(function).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return any(p.kind is p.VAR_KEYWORD or (p.name == name and p.kind in named) for p in parameters)
