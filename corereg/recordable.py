"""The one rule of what may be recorded and replayed.

A replay repeats kernel calls, not Python. So a part (a layer, a loss, a metric, an optimizer) may
be recorded only if its own class says ``recordable = True``: its Python does nothing but call ops
and launch kernels on the arrays it is given. A subclass does not inherit the word, for its code is
another; it says so itself, or it runs eagerly. ``recordable = False`` says the same on purpose.

Ops need no word: what NumPy does in them is recorded (corereg/autograd/traced.py). There ``True``
says that the op launches kernels itself, and ``False`` opts out.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Recordable:
    """Base of every part that may be recorded. `recordable` is never inherited."""

    __slots__ = ()
    recordable: ClassVar[bool] = False

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
    if not kind.__dict__.get("recordable", False):  # its own word, whatever its bases say
        return False
    return not any(callable(getattr(kind, name, None)) for name in getattr(part, "__dict__", ()))


def declares_eager(part: Any) -> bool:
    """Whether the class of `part` says ``recordable = False`` itself: to run eagerly is then what
    its author wishes."""
    kind = type(part)
    return bool(getattr(kind, "_recordable_is_stated", False)) and not kind.recordable
