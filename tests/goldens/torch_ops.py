"""PyTorch under the names and signatures of corereg.ops, for the cases of torch_cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .torch_order_ops import *  # noqa: F403

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: torch.softmax(x, -1),
}


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))


def dims(x: Tensor, axis: Any) -> tuple[int, ...]:
    """NumPy's axis as the tuple that PyTorch takes."""
    if axis is None:
        return tuple(range(x.ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


# ---- the same under both names -------------------------------------------------------------------

abs, cos, erf, exp, expm1 = torch.abs, torch.cos, torch.erf, torch.exp, torch.expm1
log, log1p, negative, reciprocal = torch.log, torch.log1p, torch.negative, torch.reciprocal
relu, rsqrt, sigmoid, sign, sin = torch.relu, torch.rsqrt, torch.sigmoid, torch.sign, torch.sin
sqrt, square, tanh = torch.sqrt, torch.square, torch.tanh
elu, leaky_relu, selu, silu = (
    functional.elu,
    functional.leaky_relu,
    functional.selu,
    functional.silu,
)
hard_tanh, softsign = functional.hardtanh, functional.softsign
einsum, matmul, outer = torch.einsum, torch.matmul, torch.outer
broadcast_to, flatten, reshape = torch.broadcast_to, torch.flatten, torch.reshape
swapaxes, tile = torch.swapaxes, torch.tile
equal, not_equal = torch.eq, torch.ne  # torch.equal gives one bool
less, less_equal, greater, greater_equal = torch.lt, torch.le, torch.gt, torch.ge
logical_and, logical_or, logical_not = torch.logical_and, torch.logical_or, torch.logical_not
isnan, isinf, isfinite = torch.isnan, torch.isinf, torch.isfinite


# ---- arithmetic and elementwise functions --------------------------------------------------------


def add(a: Any, b: Any) -> Tensor:
    return a + b


def subtract(a: Any, b: Any) -> Tensor:
    return a - b


def multiply(a: Any, b: Any) -> Tensor:
    return a * b


def divide(a: Any, b: Any) -> Tensor:
    return a / b


def power(a: Any, b: Any) -> Tensor:
    return torch.pow(a, b)


def maximum(a: Any, b: Any) -> Tensor:
    return torch.maximum(as_tensor(a), as_tensor(b))


def minimum(a: Any, b: Any) -> Tensor:
    return torch.minimum(as_tensor(a), as_tensor(b))


def astype(x: Tensor, dtype: str) -> Tensor:
    return x.to(getattr(torch, dtype))


def clip(x: Tensor, low: Any, high: Any) -> Tensor:
    return torch.clamp(x, low, high)


def where(condition: Any, a: Any, b: Any) -> Tensor:
    return torch.where(as_tensor(condition), a, b)


def hard_sigmoid(x: Tensor) -> Tensor:
    """A composition, held to PyTorch's own, which has no second derivative."""
    inside = (x > -3) & (x < 3)
    out = torch.where(inside, x / 6 + 0.5, functional.hardsigmoid(x.detach()))
    own = x.detach().clone().requires_grad_()
    value = functional.hardsigmoid(own)
    value.sum().backward()
    torch.testing.assert_close(out.detach(), value.detach(), equal_nan=True)
    torch.testing.assert_close(own.grad, inside.to(x.dtype) / 6)
    return out


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    return functional.gelu(x, approximate="tanh" if approximate else "none")


def softplus(x: Tensor) -> Tensor:
    return functional.softplus(x, threshold=50)  # PyTorch's 20 is right to 1e-10 only


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


def activation(x: Tensor, name: str) -> Tensor:
    return ACTIVATIONS[name](x)


# ---- reductions ----------------------------------------------------------------------------------


def sum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.sum(x, dims(x, axis), keepdims)


def mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.mean(x, dims(x, axis), keepdims)


def prod(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    for a in sorted(d % x.ndim for d in dims(x, axis))[::-1]:  # PyTorch takes one at a time
        x = torch.prod(x, a, keepdims)
    return x


def var(x: Tensor, axis: Any = None, keepdims: bool = False, correction: float = 0) -> Tensor:
    return torch.var(x, dims(x, axis), correction=correction, keepdim=keepdims)


def std(x: Tensor, axis: Any = None, keepdims: bool = False, correction: float = 0) -> Tensor:
    return torch.std(x, dims(x, axis), correction=correction, keepdim=keepdims)


def max(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.amax(x, dims(x, axis), keepdims)


def min(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.amin(x, dims(x, axis), keepdims)


def argmax(x: Tensor, axis: int | None = None) -> Tensor:
    return torch.argmax(x, axis)


def argmin(x: Tensor, axis: int | None = None) -> Tensor:
    return torch.argmin(x, axis)


def cumsum(x: Tensor, axis: int) -> Tensor:
    return torch.cumsum(x, axis)


def logsumexp(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.logsumexp(x, dims(x, axis), keepdims)


def norm(x: Tensor, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.linalg.vector_norm(x, ord, dims(x, axis), keepdims)


# ---- shapes --------------------------------------------------------------------------------------


def transpose(x: Tensor, axes: Any = None) -> Tensor:
    return x.permute(tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def squeeze(x: Tensor, axis: Any = None) -> Tensor:
    return x.squeeze() if axis is None else x.squeeze(dims(x, axis))


def expand_dims(x: Tensor, axis: Any) -> Tensor:
    total = x.ndim + len(dims(x, axis))
    for a in sorted(d % total for d in dims(x, axis)):
        x = x.unsqueeze(a)
    return x


def concatenate(tensors: Any, axis: int = 0) -> Tensor:
    return torch.cat([as_tensor(t) for t in tensors], axis)


def stack(tensors: Any, axis: int = 0) -> Tensor:
    return torch.stack([as_tensor(t) for t in tensors], axis)


def split(x: Tensor, sections_or_sizes: Any, axis: int = 0) -> Any:
    if isinstance(sections_or_sizes, int):
        return torch.tensor_split(x, sections_or_sizes, axis)
    return torch.split(x, list(sections_or_sizes), axis)


def flip(x: Tensor, axis: Any = None) -> Tensor:
    return torch.flip(x, dims(x, axis))


def pad(x: Tensor, pad_width: Any, value: float = 0) -> Tensor:
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    return functional.pad(x, widths[::-1].ravel().tolist(), value=value)


def repeat(x: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    return torch.repeat_interleave(x, as_tensor(repeats), axis)


# ---- indexing: the elements that NumPy's rules choose, taken with PyTorch's derivatives ----------


def chosen(x: Tensor, index: Any) -> np.ndarray:
    """The places of x[index] in the flattened x."""
    return np.arange(x.numel()).reshape(tuple(x.shape))[index]


def getitem(x: Tensor, index: Any) -> Tensor:
    return x.reshape(-1)[torch.as_tensor(chosen(x, index).copy())]


def set_at(x: Tensor, index: Any, value: Any) -> Tensor:
    places = chosen(x, index)
    flat = as_tensor(value).broadcast_to(places.shape).reshape(-1)
    back = places.ravel()[::-1]  # of a place that is set twice, PyTorch's derivative counts both
    last = back.size - 1 - np.unique(back, return_index=True)[1]
    at = (torch.as_tensor(places.ravel()[last]),)
    return x.reshape(-1).index_put(at, flat[last]).reshape(x.shape)


def add_at(x: Tensor, index: Any, value: Any) -> Tensor:
    places = chosen(x, index)
    flat = as_tensor(value).broadcast_to(places.shape).reshape(-1)
    at = (torch.as_tensor(places.ravel().copy()),)
    return x.reshape(-1).index_put(at, flat, accumulate=True).reshape(x.shape)


def take(x: Tensor, indices: Any, axis: int | None = None) -> Tensor:
    indices = as_tensor(indices)
    if axis is None:
        return torch.take(x, indices)
    shape = tuple(x.shape)
    picked = torch.index_select(x, axis, indices.reshape(-1))
    return picked.reshape(shape[:axis] + tuple(indices.shape) + shape[axis % x.ndim + 1 :])


def take_along_axis(x: Tensor, indices: Any, axis: int) -> Tensor:
    return torch.take_along_dim(x, as_tensor(indices), axis)


# ---- the fused ops, as PyTorch composes them -----------------------------------------------------


def dense(x: Tensor, w: Tensor, b: Any = None, activation: str = "linear") -> Tensor:
    z = functional.linear(x, w.T, b)
    return ACTIVATIONS[activation](z)


def loss_rows(kind: str, z: Tensor, y: Any, weight: Any = None, smoothing: float = 0.0) -> Tensor:
    y = as_tensor(y)
    if kind == "softmax_cross_entropy":
        rows = functional.cross_entropy(z, y, reduction="none", label_smoothing=smoothing)
    elif kind == "sparse_cross_entropy":
        rows = functional.cross_entropy(z, y, reduction="none")
    elif kind == "sigmoid_cross_entropy":
        t = y * (1 - smoothing) + smoothing / 2
        rows = functional.binary_cross_entropy_with_logits(z, t, reduction="none").mean(1)
    elif kind == "squared_error":
        rows = functional.mse_loss(z, y, reduction="none").mean(1)
    else:
        rows = functional.l1_loss(z, y, reduction="none").mean(1)
    return rows if weight is None else rows * as_tensor(weight)


def mean_loss(kind: str, z: Tensor, y: Any, weight: Any = None, smoothing: float = 0.0) -> Tensor:
    return loss_rows(kind, z, y, weight, smoothing).sum() / z.shape[0]


def l1_l2_penalty(w: Tensor, l1: float = 0.0, l2: float = 0.0) -> Tensor:
    return l1 * w.abs().sum() + l2 * w.square().sum()
