"""Loops over arrays of several axes, as few of them as will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

NAMES = ("i", "j", "k", "l", "m", "n", "i6", "i7", "i8", "i9", "i10", "i11", "i12", "i13")
"""Of loops, the outermost first, for more axes than networks have."""


def strides_of(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours along each axis lie, in an array whose axes follow each other."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= size
    return found[::-1]


def broadcast(shape: Sequence[int], whole: Sequence[int]) -> list[int]:
    """The strides of an array in loops over a larger shape, with which it goes together."""
    own = strides_of(shape)
    missing = len(whole) - len(shape)
    return [0] * missing + [0 if n == 1 else s for n, s in zip(shape, own, strict=True)]


def nest(
    shape: Sequence[int],
    strides: Sequence[Sequence[int]],
    body: Callable[[list[str]], str],
    offsets: Sequence[int] | None = None,
) -> str:
    """Loops over a shape. strides: of each array; offsets: where each begins. body: the statement
    for the places in the arrays, as texts."""
    axes: list[tuple[int, list[int]]] = []
    for axis, size in enumerate(shape):
        steps = [one[axis] for one in strides]
        if size == 1:
            continue
        if axes and axes[-1][1] == [step * size for step in steps]:
            axes[-1] = axes[-1][0] * size, steps
        else:
            axes.append((size, steps))
    lines = []
    for (size, _), name in zip(axes, NAMES, strict=False):
        lines.append(f"for (size_t {name} = 0; {name} < {size}; {name}++)")
    places = []
    for number in range(len(strides)):
        terms = [
            name if steps[number] == 1 else f"{steps[number]} * {name}"
            for (_, steps), name in zip(axes, NAMES, strict=False)
            if steps[number]
        ]
        start = offsets[number] if offsets else 0
        places.append(" + ".join([str(start)] * bool(start or not terms) + terms))
    lines.append(body(places))
    return "\n".join("    " * depth + line for depth, line in enumerate(lines))
