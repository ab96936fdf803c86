"""Random integers, orders and likenesses, and the seed, in PyTorch's words; creation.py has `rand`,
`randn`, `uniform` and `normal`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.creation import _like, on_cpu, rand, randn
from corereg.autograd.tensor import Tensor
from corereg.random import generator, set_random_seed


def randint(
    low: int, high: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Integers from low to below high: ``randint(0, 10, (2, 3))``; ``randint(10, (2, 3))`` begins
    at 0. dtype: int64 unless given. ValueError unless low < high.

    >>> x = corereg.randint(0, 10, (2, 3))
    >>> x.shape, x.dtype, bool((x < 10).all())
    ((2, 3), dtype('int64'), True)
    """
    on_cpu("randint", device)
    if isinstance(high, list | tuple):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: expected a size, ``randint(0, 10, (2, 3))``")
    if not low < high:
        raise ValueError(f"randint: expected low < high, received {low} and {high}")
    _kernels.fail_recording("random numbers are drawn in Python")
    return Tensor(generator().integers(low, high, size).astype(dtype or np.int64))


def randperm(n: int, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The integers 0, ..., n - 1 in random order: int64 unless dtype is given.

    >>> corereg.randperm(5).sort().values
    Tensor([0, 1, 2, 3, 4], dtype=int64)
    """
    on_cpu("randperm", device)
    _kernels.fail_recording("random numbers are drawn in Python")
    return Tensor(generator().permutation(n).astype(dtype or np.int64))


def rand_like(
    x: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """Numbers uniform in [0, 1), in the shape of x; dtype None is that of x.

    >>> corereg.rand_like(np.ones((2, 3))).dtype
    dtype('float64')
    """
    shape, dtype = _like("rand_like", x, dtype, device)
    return rand(shape, dtype=dtype, requires_grad=requires_grad)


def randn_like(
    x: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """Normal numbers in the shape of x; dtype None is that of x.

    >>> corereg.randn_like(np.ones((2, 3))).shape
    (2, 3)
    """
    shape, dtype = _like("randn_like", x, dtype, device)
    return randn(shape, dtype=dtype, requires_grad=requires_grad)


def manual_seed(seed: int) -> None:
    """PyTorch's name of `corereg.set_random_seed`.

    >>> corereg.manual_seed(7)
    >>> first = corereg.rand(3)
    >>> corereg.manual_seed(7)
    >>> first.equal(corereg.rand(3))
    True
    """
    set_random_seed(seed)
