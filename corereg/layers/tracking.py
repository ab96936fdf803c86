"""Lists and dicts that tell the layer they belong to what is put in and taken out.

A list, tuple or dict that is set as an attribute of a layer may hold layers and parameters, now or
later. So a layer keeps `TrackedList` and `TrackedDict` in their place. They are a list and a dict
in every other respect, and know their owner weakly: a layer is freed as soon as nobody holds it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from corereg.graph.nest import SEQUENCES


class Owner(Protocol):
    """What a tracked container asks of the layer that it belongs to."""

    def _track(self, value: Any, *, exchanged: bool = False) -> Any: ...
    def _forget_unheld(self) -> None: ...


class _Tracked:
    """What tracked lists and dicts have in common. An owner of None: no layer listens."""

    __slots__ = ()
    _owner: Callable[[], Owner | None] | None

    def _taken(self, value: Any, exchanged: bool = False) -> Any:
        """value as the owner wants it kept."""
        owner = None if self._owner is None else self._owner()
        return value if owner is None else owner._track(value, exchanged=exchanged)

    def _removed(self) -> None:
        owner = None if self._owner is None else self._owner()
        if owner is not None:
            owner._forget_unheld()


class TrackedList(_Tracked, list[Any]):
    """A list in an attribute of a layer: layers and parameters in it belong to the layer."""

    __slots__ = ("_owner",)

    def __init__(self, values: Iterable[Any] = ()) -> None:
        list.__init__(self, values)
        self._owner = None

    def append(self, value: Any) -> None:
        super().append(self._taken(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._taken(value) for value in values])

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._taken(value))

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __imul__(self, times: Any) -> TrackedList:  # type: ignore[misc]
        super().__imul__(times)
        self._removed()
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            value = [self._taken(one, exchanged=True) for one in value]
        else:
            value = self._taken(value, exchanged=True)
        super().__setitem__(index, value)
        self._removed()

    def __delitem__(self, index: Any) -> None:
        super().__delitem__(index)
        self._removed()

    def pop(self, index: Any = -1) -> Any:
        value = super().pop(index)
        self._removed()
        return value

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._removed()

    def clear(self) -> None:
        super().clear()
        self._removed()

    def copy(self) -> list[Any]:
        return list(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return TrackedList, (), None, iter(self)  # the layer makes itself the owner again


class TrackedDict(_Tracked, dict[Any, Any]):
    """A dict in an attribute of a layer: layers and parameters in its values belong to the
    layer."""

    __slots__ = ("_owner",)

    def __init__(self, values: Iterable[tuple[Any, Any]] = ()) -> None:
        dict.__init__(self, values)
        self._owner = None

    def __setitem__(self, key: Any, value: Any) -> None:
        known = key in self
        super().__setitem__(key, self._taken(value, exchanged=known))
        if known:
            self._removed()

    def update(self, *values: Any, **named: Any) -> None:
        for key, value in dict(*values, **named).items():
            self[key] = value

    def __ior__(self, values: Any) -> TrackedDict:  # type: ignore[misc]
        self.update(values)
        return self

    def setdefault(self, key: Any, value: Any = None) -> Any:
        if key not in self:
            self[key] = value
        return self[key]

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._removed()

    def pop(self, *key_and_default: Any) -> Any:
        value = super().pop(*key_and_default)
        self._removed()
        return value

    def popitem(self) -> tuple[Any, Any]:
        item = super().popitem()
        self._removed()
        return item

    def clear(self) -> None:
        super().clear()
        self._removed()

    def copy(self) -> dict[Any, Any]:
        return dict(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return TrackedDict, (), None, None, iter(self.items())


def wrapped(value: Any, owner: Owner) -> Any:
    """value with every list and dict in it, however deep, as a tracked one of this owner. Tuples
    are made anew only if something in them changes."""
    kind = type(value)
    if kind in (TrackedList, TrackedDict) and value._owner is not None and value._owner() is owner:
        return value
    if kind in (list, TrackedList):
        found: Any = TrackedList([wrapped(one, owner) for one in value])
    elif kind in (dict, TrackedDict):
        found = TrackedDict([(key, wrapped(one, owner)) for key, one in value.items()])
    elif isinstance(value, tuple):
        parts = [wrapped(one, owner) for one in value]
        if all(one is other for one, other in zip(parts, value, strict=True)):
            return value
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    else:
        return value
    found._owner = weakref.ref(owner)
    return found


def leaves(value: Any) -> Iterator[Any]:
    """What lists, tuples and dicts hold in the end, in order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, SEQUENCES):
            waiting += reversed(one)
        elif isinstance(one, dict):
            waiting += reversed(one.values())
        else:
            yield one


def adopted(value: Any, owner: Owner) -> Any:
    """value, out of the attributes of a copy, as the copy keeps it: its tracked containers get the
    copy as owner, or, where they belong to the original, are made anew."""
    waiting, tracked = [value], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, TrackedList | TrackedDict):
            if one._owner is not None:
                return wrapped(value, owner)
            tracked.append(one)
        if isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
    for one in tracked:
        one._owner = weakref.ref(owner)
    return value
