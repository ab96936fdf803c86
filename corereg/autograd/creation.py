"""New tensors: constants, ranges, random numbers from corereg's global seed, and tensors of other
libraries.

dtype: float32 or float64, an integer type or bool; None for `corereg.config.floatx()`.
requires_grad: whether `backward` should leave a gradient in the tensor; TypeError unless floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels, config
from corereg.autograd.aliases import Shape
from corereg.autograd.tensor import Tensor
from corereg.random import generator


def zeros(shape: Shape, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return Tensor(np.zeros(shape, dtype or config.floatx()), requires_grad)


def ones(shape: Shape, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return Tensor(np.ones(shape, dtype or config.floatx()), requires_grad)


def full(shape: Shape, value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of one number; dtype None is floatx for whole numbers too."""
    return Tensor(np.full(shape, value, dtype or config.floatx()), requires_grad)


def zeros_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape of x, and in its dtype if that is None."""
    like = x.data if isinstance(x, Tensor) else np.asarray(x)
    return Tensor(np.zeros(like.shape, dtype or like.dtype), requires_grad)


def ones_like(x: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape of x, and in its dtype if that is None."""
    like = x.data if isinstance(x, Tensor) else np.asarray(x)
    return Tensor(np.ones(like.shape, dtype or like.dtype), requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... below stop; with one number, from 0 below it. dtype None is int64
    for whole numbers, as in NumPy and PyTorch, and floatx otherwise."""
    first, last = (0, start) if stop is None else (start, stop)
    if dtype is None:
        whole = all(isinstance(n, int | np.integer) for n in (first, last, step))
        dtype = np.int64 if whole else config.floatx()
    return Tensor(np.arange(first, last, step, dtype=dtype), requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """(n, m) with ones on the diagonal, zeros elsewhere; m is n if None."""
    return Tensor(np.eye(n, m, dtype=dtype or config.floatx()), requires_grad)


def rand(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1): ``rand(2, 3)`` or ``rand((2, 3))``."""
    return uniform(_flat(shape), 0.0, 1.0, dtype, requires_grad)


def randn(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal with mean 0 and standard deviation 1: ``randn(2, 3)`` or ``randn((2, 3))``."""
    return normal(_flat(shape), 0.0, 1.0, dtype, requires_grad)


def uniform(
    shape: Shape,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [minval, maxval), as `keras.random.uniform`; rounding may give maxval. ValueError
    if minval > maxval."""
    if not minval <= maxval:
        raise ValueError(f"uniform: expected minval <= maxval, received {minval} and {maxval}")
    kind = _float(dtype, "uniform")
    drawn = _draw(shape, kind, "random")
    return Tensor(kind.type(minval) + kind.type(maxval - minval) * drawn, requires_grad)


def normal(
    shape: Shape,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal with this mean and standard deviation, as `keras.random.normal`. ValueError if
    stddev < 0."""
    if not stddev >= 0:
        raise ValueError(f"normal: expected stddev >= 0, received {stddev}")
    kind = _float(dtype, "normal")
    drawn = _draw(shape, kind, "standard_normal")
    return Tensor(kind.type(mean) + kind.type(stddev) * drawn, requires_grad)


def from_dlpack(x: Any) -> Tensor:
    """A Tensor on the memory of another library's tensor or array (its `__dlpack__`), without a
    copy. TypeError if it is of no dtype of Tensor's, BufferError if it is not on the CPU."""
    return Tensor(np.from_dlpack(x))


def _draw(shape: Shape, kind: np.dtype[Any], method: str) -> Any:
    _kernels.fail_recording("random numbers are drawn in Python")
    return np.asarray(getattr(generator(), method)(shape, kind))


def _float(dtype: Any, who: str) -> np.dtype[Any]:
    kind = np.dtype(dtype or config.floatx())
    if kind not in (np.float32, np.float64):
        raise TypeError(f"{who}: expected dtype float32 or float64, received {kind}")
    return kind


def _flat(shape: tuple[Any, ...]) -> Shape:
    """The shape of ``rand(2, 3)`` and of ``rand((2, 3))``."""
    return shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
