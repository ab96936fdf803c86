"""The public names of corereg and their signatures, as text: `python tests/public_api.py` writes
tests/public_api.txt anew, after a change that is meant.

Public are the names in `__all__` of `corereg`, of the modules among them, and so on, and of each
class what does not begin with an underscore: methods, properties, class attributes with their
values, the attributes that its code sets on `self`, and which operators it has. A class that is
public under several names is described once.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import operator
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

SNAPSHOT = Path(__file__).with_name("public_api.txt")
MORE = ("corereg.saving.archive",)  # public by what the documentation says
_BINARY = [name for name in dir(operator) if name.startswith("__")]
OPERATORS = {name for name in _BINARY if inspect.isbuiltin(getattr(operator, name))} | {
    *(f"__r{name[2:]}" for name in _BINARY),
    *("__init__", "__call__", "__enter__", "__exit__", "__iter__", "__next__", "__len__"),
    *("__bool__", "__float__", "__int__", "__hash__", "__array__", "__dlpack__"),
    *("__array_ufunc__", "__array_function__"),
}


def signature(value: Any) -> str:
    """The arguments of something that can be called: names, kinds and defaults."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    empty = inspect.Parameter.empty
    parameters = [p.replace(annotation=empty) for p in found.parameters.values()]
    text = str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def public_names(module: ModuleType) -> list[str]:
    """The names in `__all__`, or those of what the module itself defines."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        own = vars(module).items()
        listed = [n for n, value in own if getattr(value, "__module__", None) == module.__name__]
    return sorted(name for name in listed if not name.startswith("_") or name == "__version__")


def bases(kind: type) -> list[type]:
    """The class and those of its bases that corereg, or the same module, defines."""
    home = (kind.__module__.partition(".")[0] + ".", kind.__module__)
    return [base for base in kind.__mro__ if base.__module__.startswith(home)]


def attributes(kind: type) -> set[str]:
    """The public names that the code of a class sets on `self`."""
    return {
        name for base in bases(kind) for name in own_attributes(base) if not name.startswith("_")
    }


@cache
def own_attributes(kind: type) -> frozenset[str]:
    """What the code of a class itself sets on `self`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):
        return frozenset()  # a compiled class, which has descriptors for all that it holds
    stored = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    stored = [node for node in stored if isinstance(node.ctx, ast.Store)]
    return frozenset(node.attr for node in stored if ast.unparse(node.value) == "self")


def member(kind: type, name: str) -> str:
    """The line for a member of a class."""
    value = inspect.getattr_static(kind, name)
    if name in OPERATORS and name not in ("__init__", "__call__"):
        return name
    if isinstance(value, property):
        return f"{name} (property{'' if value.fset is None else ', settable'})"
    if inspect.isgetsetdescriptor(value) or inspect.ismemberdescriptor(value):
        return f"{name} (attribute)"
    if isinstance(value, staticmethod | classmethod):
        return f"{name}{signature(value.__func__)} ({type(value).__name__})"
    if callable(value):
        return f"{name}{signature(value)}"
    simple = isinstance(value, bool | int | float | str | tuple | None)
    return f"{name} = {value!r}" if simple else name


def members(kind: type) -> Iterator[str]:
    """A line for each thing that a class offers."""
    names = {
        name
        for base in bases(kind)
        for name, value in vars(base).items()
        if (name in OPERATORS and value is not None) or not name.startswith("_")
        if hasattr(kind, name)  # else asking for it says what to use
    }
    for name in sorted(names | attributes(kind)):
        yield f"  .{member(kind, name) if name in names else f'{name} (attribute)'}"


def describe(root: str = "corereg", more: tuple[str, ...] = MORE) -> str:
    """All public names, module by module."""
    lines: list[str] = []
    told: dict[int, str] = {}  # the first name of each class, by its id
    waiting = [root, *more]
    for path in waiting:
        module = importlib.import_module(path)
        for name in public_names(module):
            value = getattr(module, name)
            full = f"{path}.{name}"
            if inspect.ismodule(value):
                lines.append(f"{full} (module)")
                if value.__name__ not in waiting:
                    waiting.append(value.__name__)
            elif inspect.isclass(value) and id(value) in told:
                lines.append(f"{full} is {told[id(value)]}")
            elif inspect.isclass(value):
                told[id(value)] = full
                lines += [f"{full} (class)", *members(value)]
            else:
                lines.append(full + (signature(value) if callable(value) else ""))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = describe()
    SNAPSHOT.write_text(text)
    print(f"{SNAPSHOT}: {len(text.splitlines())} lines", file=sys.stderr)
