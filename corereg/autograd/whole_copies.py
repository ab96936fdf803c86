"""Copies of objects that another thread may be training: all of one finished step.

A pickle is written while the object is read, piece by piece, and no code runs when it is given up,
so no lock can be held from the first piece to the last one. Therefore what is pickled is a copy,
made at once while no step is under way.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, Self

from corereg import _kernels
from corereg.autograd.parameter import Parameter


class CopiedWhole:
    """Mixin for objects with a `__setstate__`: pickle and deepcopy wait until no step is under way,
    and training waits until the copy is made. What a pickle holds beside such an object is copied
    apart from it."""

    def _copied_weights(self) -> Sequence[Parameter]:
        """The parameters whose lock tells when a step is under way."""
        raise NotImplementedError

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self in _COPIES:
            found: tuple[Any, ...] = self._reduced(protocol)
            return found
        import copy

        memo: dict[int, Any] = {id(self): self}
        with _kernels.shared_lock(list(self._copied_weights())).reading:
            function, args, state, *more = self._reduced(protocol)
            state = copy.deepcopy(state, memo)
        for one in memo.values():
            if isinstance(one, CopiedWhole) and one is not self:
                _COPIES.add(one)
        return function, args, state, *more

    def _reduced(self, protocol: Any) -> Any:
        """What pickle would take otherwise."""
        return super().__reduce_ex__(protocol)

    def __copy__(self) -> Self:
        function, args, state, *_ = self._reduced(4)
        made: Self = function(*args)
        made.__setstate__(state)  # type: ignore[attr-defined]
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        import copy

        with _kernels.shared_lock(list(self._copied_weights())).reading:
            function, args, state, *_ = self._reduced(4)
            made: Self = function(*args)
            memo[id(self)] = made
            made.__setstate__(copy.deepcopy(state, memo))  # type: ignore[attr-defined]
        return made


_COPIES: weakref.WeakSet[CopiedWhole] = weakref.WeakSet()  # that pickles are made of
