"""The one rule of what may be recorded and replayed.

A replay repeats kernel calls, not Python. A part (a layer, a loss, a metric, an optimizer...) may
be recorded if its class says ``recordable = True``: its Python does nothing but launch kernels on
what it is given. ``recordable = False`` says that it shall run through Python. A subclass does not
inherit the word, for its code is another.

Where a class says neither, the part is put to the proof if its code is handed tensors, so that it
is noticed when a value is read into Python: two recordings have to make the same kernel calls (see
corereg.runtime.capture). A part whose code is handed NumPy arrays, of which nothing is noticed,
runs through Python.

Ops need no word: what NumPy does in them is recorded (corereg/autograd/traced.py). There ``True``
says that the op launches kernels itself, and ``False`` opts out.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Recordable:
    """Base of every part that may be recorded. `recordable` is never inherited."""

    __slots__ = ()
    recordable: ClassVar[bool] = False
    _computes_on_tensors: ClassVar[bool] = False  # whether its code is handed tensors, not arrays

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "recordable" not in cls.__dict__:
            cls.recordable = False
            cls._recordable_is_stated = False
        else:
            cls._recordable_is_stated = True

    _recordable_is_stated: ClassVar[bool] = False


def declares_recordable(part: Any) -> bool:
    """Whether the class of `part` says that it may be recorded, and no method of it has been
    replaced in the object itself."""
    kind = type(part)
    own = kind.__dict__
    if not own.get("recordable", False):  # its own word, whatever its bases say
        return False
    names = own.get("_own_method_names") or _method_names(kind)
    return names.isdisjoint(getattr(part, "__dict__", ()))


def _method_names(kind: type) -> frozenset[str]:
    """What a class calls its methods, kept in the class."""
    found = frozenset(
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if callable(value) or isinstance(value, classmethod | staticmethod)
    )
    kind._own_method_names = found  # type: ignore[attr-defined]
    return found


def declares_eager(part: Any) -> bool:
    """Whether the class of `part` says ``recordable = False`` itself: to run eagerly is then what
    its author wishes."""
    kind = type(part)
    return bool(getattr(kind, "_recordable_is_stated", False)) and not kind.recordable


def needs_proof(part: Any) -> bool:
    """Whether nobody says if `part` may be recorded, and two recordings can show it: it is a part
    whose code is handed tensors, or a plain function."""
    return not declares_eager(part) and getattr(part, "_computes_on_tensors", True)
