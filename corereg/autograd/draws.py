"""Counters of random draws, which kernels read: counted, and for a second pass over the same rows
counted back, so that it draws the same numbers."""

from __future__ import annotations

from _thread import _local
from typing import Any

import numpy as np

from corereg import _kernels

Array = np.ndarray[Any, Any]


class Draws:
    """The counters that have counted, each as often as it has."""

    def __init__(self) -> None:
        self._counters: list[Array] = []

    def note(self, drawn: Array) -> None:
        """Takes down one draw."""
        self._counters.append(drawn)

    def undo(self) -> None:
        """Counts all of them back, by kernels, so that recorded steps do it, too."""
        for counter in {id(one): one for one in self._counters}.values():
            times = sum(one is counter for one in self._counters)
            _kernels.increment(counter, -times)
        self._counters.clear()


class _Noting(_local):
    draws: Draws | None = None


_noting = _Noting()


def count_draw(drawn: Array) -> None:
    """Counts one draw of kernels: those that follow give other numbers."""
    _kernels.increment(drawn)
    note_draw(drawn)


def note_draw(drawn: Array) -> None:
    """Tells `noted_draws` of one draw that Python has counted."""
    if _noting.draws is not None:
        _noting.draws.note(drawn)


class noted_draws:
    """``with noted_draws() as draws:`` notes what this thread draws inside."""

    def __enter__(self) -> Draws:
        self._outer, found = _noting.draws, Draws()
        _noting.draws = found
        return found

    def __exit__(self, *error: object) -> None:
        _noting.draws = self._outer
