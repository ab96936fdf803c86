"""rearrange: axes split, merged and moved by a pattern."""

from __future__ import annotations

import re
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.ops.operands import as_tensor, keras_op


@keras_op
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """The elements in the order of a pattern such as "b (h w) c -> b c h w": names of axes, in
    parentheses those that are one axis together. axes_lengths: of names in parentheses on the left,
    all but one of each. ValueError for patterns that do not fit.

    >>> ops.rearrange(np.arange(6), "(h w) -> w h", h=2).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    x = as_tensor(tensor)
    left, right = _sides(pattern)
    names, wanted = ([name for group in side for name in group] for side in (left, right))
    if sorted(names) != sorted(wanted) or len({*names}) < len(names):
        raise ValueError(
            f"rearrange: expected the same names once on each side, received {pattern!r}"
        )
    if len(left) != x.ndim:
        raise ValueError(
            f"rearrange: expected a pattern of {x.ndim} axes for shape {x.shape}, received "
            f"{pattern!r}"
        )
    unknown = {*axes_lengths} - {*names}
    if unknown:
        raise ValueError(f"rearrange: expected lengths of {names}, received {sorted(unknown)}")
    lengths = dict(axes_lengths)
    for group, size in zip(left, x.shape, strict=True):
        _fill_in(group, size, lengths, pattern)
    x = ops.reshape(x, [lengths[name] for name in names])
    x = ops.transpose(x, [names.index(name) for name in wanted])
    sizes = []
    for group in right:
        size = 1
        for name in group:
            size *= lengths[name]
        sizes.append(size)
    return ops.reshape(x, sizes)


def _sides(pattern: str) -> list[list[list[str]]]:
    """For each side of a pattern its axes, each a list of names."""
    sides = pattern.split("->") if isinstance(pattern, str) else []
    found = []
    for side in sides:
        groups = re.findall(r"\(([\w\s]*)\)|([^\W\d]\w*)|(\S)", side)
        if any(wrong for _, _, wrong in groups):
            break
        found.append([[name] if name else inner.split() for inner, name, _ in groups])
    if len(found) != 2:
        raise ValueError(
            f"rearrange: expected a pattern such as 'b (h w) c -> b c h w', received {pattern!r}"
        )
    return found


def _fill_in(group: list[str], size: int, lengths: dict[str, int], pattern: str) -> None:
    """Works out the one length of an axis that is not told."""
    known, left = 1, [name for name in group if name not in lengths]
    for name in group:
        known *= lengths.get(name, 1)
    if len(left) == 1 and known and size % known == 0:
        lengths[left[0]] = size // known
    elif left or known != size:
        raise ValueError(
            f"rearrange: expected lengths of which {' '.join(group) or '1'!r} makes {size} in "
            f"{pattern!r}, received {lengths}"
        )
