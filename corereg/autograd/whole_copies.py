"""Copies of objects that another thread may be training: all of one finished step.

A pickle is written while the object is read, piece by piece. So the lock of the weights has to be
held from the first piece to the last one, which only the order of the pieces can tell: the state is
put between two objects that enter and leave the lock when it is their turn.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

from corereg import _kernels
from corereg.autograd.parameter import Parameter


class CopiedWhole:
    """Mixin for objects with a `__setstate__`: pickle and deepcopy wait until no step is under way,
    and training waits until they have ended."""

    def _copied_weights(self) -> Sequence[Parameter]:
        """The parameters whose lock tells when a step is under way."""
        raise NotImplementedError

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        function, args, state, *more = self._reduced(protocol)
        guard = _kernels.shared_lock(list(self._copied_weights())).reading
        whole = _Begin(guard), state, _End(guard)
        return function, args, whole, *(more or (None, None)), _put_state

    def _reduced(self, protocol: Any) -> Any:
        """What pickle would take otherwise."""
        return super().__reduce_ex__(protocol)

    def __copy__(self) -> Self:
        function, args, state, *_ = self._reduced(4)
        made: Self = function(*args)
        _put_state(made, (None, state, None))
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        with _kernels.shared_lock(list(self._copied_weights())).reading:
            function, args, state, *_ = self._reduced(4)
            made: Self = function(*args)
            memo[id(self)] = made
            _put_state(made, (None, copy.deepcopy(state, memo), None))
        return made


def _put_state(made: Any, whole: tuple[Any, Any, Any]) -> None:
    """Gives a copy its state."""
    made.__setstate__(whole[1])


def _nothing() -> None:
    """What the two ends of a state are in a pickle."""


class _Begin:
    """Enters a lock when it is pickled. If the pickle is given up, the guard leaves it when it
    dies."""

    __slots__ = ("_guard",)

    def __init__(self, guard: _kernels.LockGuard) -> None:
        self._guard = guard

    def __reduce__(self) -> Any:
        self._guard.__enter__()
        return _nothing, ()


class _End(_Begin):
    """Leaves the lock when it is pickled."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        self._guard.__exit__()
        return _nothing, ()
