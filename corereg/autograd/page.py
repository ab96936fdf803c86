"""A Tensor as notebooks show it: what it is, and a few of its values, in HTML."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import markup

_WHOLE = 60  # so many values are all shown


def tensor_page(tensor: Any) -> str:
    """The HTML of a tensor: shape and dtype; its values, of a large one those at the corners, and
    the least, the mean and the largest."""
    data = tensor.data
    name = getattr(tensor, "name", None)
    title = (
        f"{type(tensor).__name__}{f' {name!r}' if name else ''}, {data.dtype}, shape {data.shape}"
    )
    told = ["requires grad"] * tensor.requires_grad
    if data.size > _WHOLE and data.dtype.kind in "fiu":
        finite = data[np.isfinite(data)]
        if finite.size:
            told.append(f"{finite.min():.4g} to {finite.max():.4g}, mean {finite.mean():.4g}")
        for count, what in (
            (data.size - finite.size, "NaN or infinite"),
            (int(np.count_nonzero(data == 0)), "zero"),
        ):
            if count:
                told.append(f"{count:,} of {data.size:,} {what}")
    shown = np.array2string(data, precision=4, threshold=_WHOLE, edgeitems=2, max_line_width=90)
    return markup.card(
        title, *map(markup.paragraph, ["; ".join(told)] * bool(told)), markup.preformatted(shown)
    )
