"""The second half of torch_ops.py: rounding, orders, running products, diagonals."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

floor, ceil, trunc, fmod, remainder = (
    torch.floor,
    torch.ceil,
    torch.trunc,
    torch.fmod,
    torch.remainder,
)
copy = torch.clone
arctan2, hypot, logaddexp = torch.arctan2, torch.hypot, torch.logaddexp
logical_xor, triu, tril, diagonal = torch.logical_xor, torch.triu, torch.tril, torch.diagonal


def round(x: Tensor, decimals: int = 0) -> Tensor:
    return torch.round(x, decimals=decimals)


def any(x: Tensor, axis: int, keepdims: bool = False) -> Tensor:
    return torch.any(x, axis, keepdims)


def all(x: Tensor, axis: int, keepdims: bool = False) -> Tensor:
    return torch.all(x, axis, keepdims)


def cumprod(x: Tensor, axis: int) -> Tensor:
    return torch.cumprod(x, axis)


def roll(x: Tensor, shift: Any, axis: Any = None) -> Tensor:
    return torch.roll(x, shift, axis)


def sort(x: Tensor, axis: int = -1, descending: bool = False) -> Tensor:
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def argsort(x: Tensor, axis: int = -1, descending: bool = False) -> Tensor:
    return torch.argsort(x, dim=axis, descending=descending, stable=True)


def top_k(x: Tensor, k: int) -> Any:
    return torch.topk(x, k)


def median(x: Tensor, axis: int, keepdims: bool = False) -> Tensor:
    """The mean of the two in the middle, which is PyTorch's quantile."""
    return torch.quantile(x, 0.5, axis, keepdims)


def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    return torch.diagonal(x, offset, axis1, axis2).sum(-1)


def floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    return torch.floor(x1 / x2)  # PyTorch's own has no derivative


# ---- angles, logarithms, matrices ----------------------------------------------------------------

tan, arcsin, arccos, arctan, sinh, cosh = (
    torch.tan,
    torch.arcsin,
    torch.arccos,
    torch.arctan,
    torch.sinh,
    torch.cosh,
)
arcsinh, arccosh, arctanh = torch.arcsinh, torch.arccosh, torch.arctanh
log2, log10, exp2, erfinv = torch.log2, torch.log10, torch.exp2, torch.erfinv
inv, det, solve, cholesky = (
    torch.linalg.inv,
    torch.linalg.det,
    torch.linalg.solve,
    torch.linalg.cholesky,
)
qr, eigh, singular_values = torch.linalg.qr, torch.linalg.eigh, torch.linalg.svdvals


def cbrt(x: Tensor) -> Tensor:
    return x ** (1 / 3)  # of positive numbers


def log_abs_det(x: Tensor) -> Tensor:
    return torch.linalg.slogdet(x)[1]


def svd(x: Tensor) -> Any:
    return torch.linalg.svd(x, full_matrices=False)
