"""Where buffers lie in the workspace: those that are never in use together share their room."""

from __future__ import annotations

from collections.abc import Iterable

from corereg.export.c.array import Buffer

ALIGNMENT = 8
"""Of places, in numbers: vectors begin where cache lines do more often so."""


def place_buffers(buffers: Iterable[Buffer]) -> int:
    """Gives each buffer of one kind its place, the largest ones first, each as low as it can lie.
    Returns how many numbers they need together."""
    placed: list[Buffer] = []
    for one in sorted(buffers, key=lambda buffer: -buffer.size):
        one.place = 0
        for other in sorted(placed, key=lambda buffer: buffer.place):
            if _together(one, other) and one.place + one.size > other.place:
                one.place = max(one.place, _rounded(other.place + other.size))
        placed.append(one)
    return max((one.place + one.size for one in placed), default=0)


def _together(one: Buffer, other: Buffer) -> bool:
    """Whether both are in use at some time."""
    assert one.first is not None
    assert other.first is not None
    return one.first <= other.last and other.first <= one.last


def _rounded(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT
