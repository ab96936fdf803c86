"""Windows of signals, by NumPy's formulas, and what belongs to them: i0, correlate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of
from corereg.ops.operands import as_float, as_tensor, keras_op, promoted_floats

_NODES = 256  # of the integral of i0: enough for all that float64 holds


def _window(who: str, function: Callable[..., Any], x: Any, *more: float) -> Tensor:
    size = as_tensor(x)
    if size.ndim or size.dtype.kind not in "iu":
        raise ValueError(
            f"{who}: expected the number of points as an integer, received shape {size.shape} and "
            f"dtype {size.dtype}"
        )
    return Tensor(function(int(array_of(size)), *more).astype(config.floatx()))


def bartlett(x: Any) -> Tensor:
    """The Bartlett window of x points, a triangle; x is an integer. ValueError for others.

    >>> ops.bartlett(5)
    Tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    return _window("bartlett", np.bartlett, x)


def blackman(x: Any) -> Tensor:
    """The Blackman window of x points, as `bartlett`: .42 - .5 cos(2 pi i/n) + .08 cos(4 pi i/n).

    >>> ops.blackman(3).round(4)
    Tensor([-0.,  1., -0.])
    """
    return _window("blackman", np.blackman, x)


def hamming(x: Any) -> Tensor:
    """The Hamming window of x points, as `bartlett`: .54 - .46 cos(2 pi i/n).

    >>> ops.hamming(3).round(4)
    Tensor([0.08, 1.  , 0.08])
    """
    return _window("hamming", np.hamming, x)


def hanning(x: Any) -> Tensor:
    """The Hann window of x points, as `bartlett`: .5 - .5 cos(2 pi i/n).

    >>> ops.hanning(5)
    Tensor([0. , 0.5, 1. , 0.5, 0. ])
    """
    return _window("hanning", np.hanning, x)


def kaiser(x: Any, beta: float) -> Tensor:
    """The Kaiser window of x points, as `bartlett`; beta: how narrow it is.

    >>> ops.kaiser(3, 2.0).round(4)
    Tensor([0.4387, 1.    , 0.4387])
    """
    return _window("kaiser", np.kaiser, x, float(beta))


@keras_op
def i0(x: Any) -> Tensor:
    """The modified Bessel function of order 0: the mean of cosh(x cos a) over all angles a.

    >>> ops.i0([0.0, 1.0]).round(4)
    Tensor([1.    , 1.2661])
    """
    x = as_float(x)
    angles = (np.arange(_NODES) + 0.5) * (np.pi / 2 / _NODES)
    cosines = Tensor(np.cos(angles).astype(x.dtype))
    size = ops.abs(x.detach()) * cosines[0]  # taken out of the powers, which would overflow
    powers, shift = ops.expand_dims(x, -1) * cosines, ops.expand_dims(size, -1)
    both = ops.exp(powers - shift) + ops.exp(-powers - shift)
    root = ops.exp(size * 0.5)
    return ops.mean(both, -1) * 0.5 * root * root


@keras_op
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """The sums of products of x1 with x2 at each place along it, both of one axis, as floats. mode:
    "valid", where the shorter one lies within the other; "same", as many as the longer one has
    elements; "full", wherever they touch. ValueError for other modes and shapes.

    >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], "same")
    Tensor([2. , 3.5, 3. ])
    """
    x1, x2 = promoted_floats(x1, x2)
    if x1.ndim != 1 or x2.ndim != 1 or not x1.shape[0] or not x2.shape[0]:
        raise ValueError(
            f"correlate: expected two vectors, received shapes {x1.shape} and {x2.shape}"
        )
    swapped = x2.shape[0] > x1.shape[0]
    long, short = (x2, x1) if swapped else (x1, x2)
    n, k = long.shape[0], short.shape[0]
    before = {"valid": 0, "same": k // 2, "full": k - 1}
    if mode not in before:
        raise ValueError(f"correlate: expected mode 'valid', 'same' or 'full', received {mode!r}")
    count = {"valid": n - k + 1, "same": n, "full": n + k - 1}[mode]
    padded = ops.pad(long, [(k - 1, k - 1)])
    places = (k - 1 - before[mode]) + np.arange(count)[:, None] + np.arange(k)
    made = ops.sum(ops.getitem(padded, places) * short, -1)
    made = ops.flip(made, 0) if swapped else made
    return made if made.dtype == long.dtype else ops.astype(made, long.dtype)
