"""What functions of the user's own refer to outside of their arguments: globals, and variables of
the functions around them. A recording holds what these were, so it is forgotten when one is set
anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CellType, CodeType, FunctionType
from typing import Any

_MISSING = object()


class References:
    """Globals and closure variables, with what they were."""

    def __init__(self) -> None:
        self._globals: list[tuple[dict[str, Any], str, Any]] = []
        self._cells: list[tuple[CellType, Any]] = []
        self._seen: set[int] = set()

    def add(self, function: FunctionType) -> None:
        """Notes what a function refers to, and the functions of the user's own among that."""
        if id(function) in self._seen or _is_ours(function):
            return
        self._seen.add(id(function))
        for cell in function.__closure__ or ():
            value = _contents(cell)
            self._cells.append((cell, value))
            self._follow(value)
        for name in set(_names(function.__code__)):
            value = function.__globals__.get(name, _MISSING)
            if value is not _MISSING:
                self._globals.append((function.__globals__, name, value))
                self._follow(value)

    def _follow(self, value: Any) -> None:
        if isinstance(value, FunctionType):
            self.add(value)

    def unchanged(self) -> bool:
        """Whether all are what they were."""
        return all(space.get(name, _MISSING) is value for space, name, value in self._globals) and (
            all(_contents(cell) is value for cell, value in self._cells)
        )


def references_of(parts: Iterable[Any]) -> References:
    """What the code of these parts refers to."""
    found = References()
    for part in parts:
        for function in functions_of(part):
            found.add(function)
    return found


def functions_of(part: Any) -> Iterator[FunctionType]:
    """The functions of the user's own that make up a part: itself, its attributes, and the methods
    of its class and of that class's bases."""
    if isinstance(part, FunctionType):
        yield part
        return
    values = list(getattr(part, "__dict__", {}).values())
    for kind in type(part).__mro__:
        if not _is_ours(kind):
            values += vars(kind).values()
    for value in values:
        if isinstance(value, property):
            values += (value.fget, value.fset)
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType):
            yield function


def _is_ours(thing: Any) -> bool:
    """Whether a function or class is of this package, or of Python itself."""
    module = getattr(thing, "__module__", None) or ""
    return module.partition(".")[0] in ("corereg", "builtins", "numpy", "typing", "abc")


def _names(code: CodeType) -> Iterator[str]:
    """The names that code may look up, that of functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return _MISSING
