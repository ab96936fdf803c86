"""New tensors: constants, ranges, random numbers from corereg's global seed, and tensors of other
libraries.

dtype: float32 or float64, an integer type or bool; None for `corereg.config.floatx()`.
requires_grad: whether `backward` should leave a gradient in the tensor; TypeError unless floats.
"""

from __future__ import annotations

import itertools
from typing import Any, SupportsIndex

import numpy as np

from corereg import _kernels, config
from corereg.autograd.aliases import Shape
from corereg.autograd.tensor import Tensor
from corereg.random import generator


def zeros(
    *shape: Any,
    dtype: Any = None,
    requires_grad: bool = False,
    size: Any = None,
    device: Any = None,
) -> Tensor:
    """A tensor of zeros: ``zeros((2, 3))`` or ``zeros(2, 3)``; a dtype may follow the shape.

    >>> corereg.zeros(2, 3)
    Tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    lengths, dtype, grad = _parsed("zeros", shape, dtype, requires_grad, size, device)
    return Tensor(np.zeros(lengths, dtype), grad)


def ones(
    *shape: Any,
    dtype: Any = None,
    requires_grad: bool = False,
    size: Any = None,
    device: Any = None,
) -> Tensor:
    """A tensor of ones: ``ones((2, 3))`` or ``ones(2, 3)``; a dtype may follow the shape.

    >>> corereg.ones((2, 2), dtype="int64")
    Tensor([[1, 1],
            [1, 1]], dtype=int64)
    """
    lengths, dtype, grad = _parsed("ones", shape, dtype, requires_grad, size, device)
    return Tensor(np.ones(lengths, dtype), grad)


def empty(
    *shape: Any,
    dtype: Any = None,
    requires_grad: bool = False,
    size: Any = None,
    device: Any = None,
) -> Tensor:
    """A tensor that is to be filled; it holds zeros until then. Arguments as for `zeros`.

    >>> corereg.empty(2, 3).shape
    (2, 3)
    """
    lengths, dtype, grad = _parsed("empty", shape, dtype, requires_grad, size, device)
    return Tensor(np.zeros(lengths, dtype), grad)


def full(
    shape: Any = None,
    value: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
    *,
    size: Any = None,
    fill_value: Any = None,
    device: Any = None,
) -> Tensor:
    """A tensor of one number; dtype None is floatx for whole numbers too. size and fill_value are
    PyTorch's words for shape and value.

    >>> corereg.full((2, 2), 7)
    Tensor([[7., 7.],
            [7., 7.]])
    """
    shape = _one_of("full", "shape", shape, "size", size)
    value = _one_of("full", "value", value, "fill_value", fill_value)
    lengths, dtype, grad = _parsed("full", (shape,), dtype, requires_grad, None, device)
    return Tensor(np.full(lengths, value.data if isinstance(value, Tensor) else value, dtype), grad)


def zeros_like(
    x: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """Zeros in the shape of x; dtype None is that of x.

    >>> corereg.zeros_like(Tensor([[1, 2]]))
    Tensor([[0, 0]], dtype=int64)
    """
    shape, dtype = _like("zeros_like", x, dtype, device)
    return Tensor(np.zeros(shape, dtype), requires_grad)


def ones_like(
    x: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """Ones in the shape of x; dtype None is that of x.

    >>> corereg.ones_like(Tensor([[1, 2]]), dtype="float32")
    Tensor([[1., 1.]])
    """
    shape, dtype = _like("ones_like", x, dtype, device)
    return Tensor(np.ones(shape, dtype), requires_grad)


def empty_like(
    x: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """As `zeros_like`, for a tensor that is to be filled.

    >>> corereg.empty_like(Tensor([[1.0, 2.0]])).shape
    (1, 2)
    """
    return zeros_like(x, dtype, requires_grad, device=device)


def full_like(
    x: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """One number in the shape of x; dtype None is that of x.

    >>> corereg.full_like(Tensor([1.0, 2.0]), 7)
    Tensor([7., 7.])
    """
    shape, dtype = _like("full_like", x, dtype, device)
    return Tensor(np.full(shape, fill_value, dtype), requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    requires_grad: bool = False,
    *,
    end: float | None = None,
) -> Tensor:
    """start, start + step, ... below stop (or end); with one number, from 0 below it. dtype None is
    int64 for whole numbers, as in NumPy and PyTorch, and floatx otherwise.

    >>> corereg.arange(4)
    Tensor([0, 1, 2, 3], dtype=int64)
    >>> corereg.arange(1, 2, 0.25)
    Tensor([1.  , 1.25, 1.5 , 1.75])
    """
    stop = end if stop is None else stop
    first, last = (0, start) if stop is None else (start, stop)
    if dtype is None:
        whole = all(isinstance(n, int | np.integer) for n in (first, last, step))
        dtype = np.int64 if whole else config.floatx()
    return Tensor(np.arange(first, last, step, dtype=dtype), requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int = 50,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """As many numbers as `steps` says, from start to end, both included, in equal steps.

    >>> corereg.linspace(0, 1, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if steps < 0:
        raise ValueError(f"linspace: expected steps >= 0, received {steps}")
    return Tensor(np.linspace(start, end, steps, dtype=dtype or config.floatx()), requires_grad)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """(n, m) with ones on the diagonal, zeros elsewhere; m is n if None.

    >>> corereg.eye(2, 3)
    Tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    return Tensor(np.eye(n, m, dtype=dtype or config.floatx()), requires_grad)


def rand(
    *shape: Any,
    dtype: Any = None,
    requires_grad: bool = False,
    size: Any = None,
    device: Any = None,
) -> Tensor:
    """Uniform in [0, 1): ``rand(2, 3)`` or ``rand((2, 3))``.

    >>> corereg.rand(2, 3).shape
    (2, 3)
    """
    lengths, dtype, grad = _parsed("rand", shape, dtype, requires_grad, size, device)
    return uniform(lengths, 0.0, 1.0, dtype, grad)


def randn(
    *shape: Any,
    dtype: Any = None,
    requires_grad: bool = False,
    size: Any = None,
    device: Any = None,
) -> Tensor:
    """Normal with mean 0 and standard deviation 1: ``randn(2, 3)`` or ``randn((2, 3))``.

    >>> corereg.randn(2, 3, dtype="float64").dtype
    dtype('float64')
    """
    lengths, dtype, grad = _parsed("randn", shape, dtype, requires_grad, size, device)
    return normal(lengths, 0.0, 1.0, dtype, grad)


def uniform(
    shape: Shape,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [minval, maxval), as `keras.random.uniform`; rounding may give maxval. ValueError
    if minval > maxval.

    >>> x = corereg.uniform((100,), -1, 1)
    >>> bool((x >= -1).all() & (x <= 1).all())
    True
    """
    if not minval <= maxval:
        raise ValueError(f"uniform: expected minval <= maxval, received {minval} and {maxval}")
    kind = _float(dtype, "uniform")
    drawn = _draw(shape, kind, "random")
    return Tensor(kind.type(minval) + kind.type(maxval - minval) * drawn, requires_grad)


def normal(
    shape: Any = None,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    requires_grad: bool = False,
    *,
    std: Any = None,
    size: Any = None,
) -> Tensor:
    """Normal with this mean and standard deviation, as `keras.random.normal`. ValueError if
    stddev < 0.

    Also in PyTorch's order and words: ``normal(0.0, 1.0, (2, 3))``, ``normal(mean=0.0, std=1.0,
    size=(2, 3))``.

    >>> corereg.normal((2, 3), mean=5.0, stddev=0.0)
    Tensor([[5., 5., 5.],
            [5., 5., 5.]])
    """
    if isinstance(stddev, list | tuple):  # mean, std, size
        shape, mean, stddev = stddev, shape, mean
    elif size is not None and shape is not None:  # mean, std by position
        shape, mean, stddev = size, shape, mean if std is None else std
    else:
        shape, stddev = size if shape is None else shape, stddev if std is None else std
    if shape is None:
        raise TypeError("normal: expected a shape, ``normal((2, 3))``, or size=(2, 3)")
    if not stddev >= 0:
        raise ValueError(f"normal: expected stddev >= 0, received {stddev}")
    kind = _float(dtype, "normal")
    drawn = _draw(shape, kind, "standard_normal")
    return Tensor(kind.type(mean) + kind.type(stddev) * drawn, requires_grad)


def from_dlpack(x: Any) -> Tensor:
    """A Tensor on the memory of another library's tensor or array (its `__dlpack__`), without a
    copy. TypeError if it is of no dtype of Tensor's, BufferError if it is not on the CPU.

    >>> array = np.zeros(2)
    >>> corereg.from_dlpack(array).fill_(7)
    Tensor([7., 7.], dtype=float64)
    >>> array
    array([7., 7.])
    """
    return Tensor(np.from_dlpack(x))


def _draw(shape: Shape, kind: np.dtype[Any], method: str) -> Any:
    _kernels.fail_recording("random numbers are drawn in Python")
    return np.asarray(getattr(generator(), method)(shape, kind))


def _float(dtype: Any, who: str) -> np.dtype[Any]:
    kind = np.dtype(dtype or config.floatx())
    if kind not in (np.float32, np.float64):
        raise TypeError(f"{who}: expected dtype float32 or float64, received {kind}")
    return kind


def _one_of(who: str, name: str, value: Any, word: str, other: Any) -> Any:
    """The one that is given of an argument with two names."""
    if (value is None) == (other is None):
        received = "neither" if value is None else "both"
        raise TypeError(f"{who}: expected {name} or {word}, received {received}")
    return other if value is None else value


def _parsed(
    who: str, shape: tuple[Any, ...], dtype: Any, requires_grad: Any, size: Any, device: Any
) -> tuple[Any, Any, bool]:
    """Shape, dtype and requires_grad of ``zeros(2, 3)``, ``zeros((2, 3))`` and
    ``zeros((2, 3), "float64", True)``."""
    on_cpu(who, device)
    if size is not None:
        shape = (*shape, size)
    numbers = list(itertools.takewhile(_is_length, shape))
    if numbers:
        lengths, more = tuple(numbers), shape[len(numbers) :]
    else:
        lengths, more = (shape[0], shape[1:]) if shape else ((), ())
    if len(more) > 2 or (more and dtype is not None):
        raise TypeError(f"{who}: expected a shape, a dtype and requires_grad, received {shape}")
    dtype = more[0] if more else dtype
    grad = more[1] if len(more) > 1 else requires_grad
    return lengths, dtype or config.floatx(), bool(grad)


def _is_length(value: Any) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, type | bool)


def _like(who: str, x: Any, dtype: Any, device: Any) -> tuple[Any, Any]:
    """The shape and dtype of what is made like x."""
    on_cpu(who, device)
    like = x.data if isinstance(x, Tensor) else np.asarray(x)
    return like.shape, dtype or like.dtype


def on_cpu(who: str, device: Any) -> None:
    """ValueError unless a device is the CPU, the only one."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ValueError(
            f"{who}: expected device='cpu', received {device!r}; corereg computes on the CPU alone"
        )
