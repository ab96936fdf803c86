"""Calls in PyTorch's words, each a function that runs on PyTorch's tensors and on corereg's alike.

WORDS: by name, the function and the arrays that it gets as tensors (float64, or integers and bools
as they are). It returns a tensor or several.
"""

from __future__ import annotations

from typing import Any

import numpy as np

A = np.array([[1.5, -0.25, 0.75], [-2.0, 0.5, 1.25]])
B = np.array([[0.5, 2.0, -1.0], [1.5, -0.75, 3.0]])
V = np.array([0.5, -1.5, 2.5])
C = np.sin(np.arange(24.0).reshape(2, 3, 4) * 1.7) * 2
TIES = np.array([[2.0, 3.0, 3.0, 1.0], [0.5, 0.5, -1.0, 0.5]])
NANS = np.array([[1.0, np.nan, 0.5], [2.0, 4.0, 3.0]])
INDEX = np.array([[0, 2, 1], [2, 2, 0]])
MASK = np.array([[True, False, True], [False, False, True]])
SQUARE = np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 1.5]])
WHOLE = np.array([[5, -3, 2], [7, 0, -4]])

WORDS: dict[str, tuple[Any, ...]] = {
    # reductions
    "sum": (lambda t: t.sum(), A),
    "sum dim": (lambda t: t.sum(dim=1), A),
    "sum dims keepdim": (lambda t: t.sum(dim=(0, 2), keepdim=True), C),
    "sum by position": (lambda t: t.sum(1, True), A),
    "mean": (lambda t: t.mean(dim=-1, keepdim=True), A),
    "prod": (lambda t: t.prod(dim=0), A),
    "var": (lambda t: t.var(dim=1), A),
    "var of all": (lambda t: t.var(unbiased=True), A),
    "var biased": (lambda t: t.var(dim=1, unbiased=False), A),
    "var correction": (lambda t: t.var(dim=0, correction=0.5, keepdim=True), C),
    "std": (lambda t: t.std(dim=1, keepdim=True), A),
    "max": (lambda t: t.max(), TIES),
    "max dim": (lambda t: t.max(dim=1), TIES),
    "max keepdim": (lambda t: t.max(dim=0, keepdim=True), A),
    "max values": (lambda t: t.max(dim=1).values, TIES),
    "max of two": (lambda t, o: t.max(o), A, B),
    "min dim": (lambda t: t.min(dim=-1), C),
    "min of two": (lambda t, o: t.min(o), A, B),
    "amax": (lambda t: t.amax(dim=1), TIES),
    "amin": (lambda t: t.amin(dim=(0, 1), keepdim=True), TIES),
    "argmax": (lambda t: t.argmax(dim=1), A),
    "argmin": (lambda t: t.argmin(dim=0, keepdim=True), A),
    "any": (lambda t: t.gt(1).any(dim=1), A),
    "all": (lambda t: t.gt(-3).all(), A),
    "count_nonzero": (lambda t: t.relu().count_nonzero(dim=1), A),
    "logsumexp": (lambda t: t.logsumexp(dim=1, keepdim=True), A),
    "norm": (lambda t: t.norm(), A),
    "norm p": (lambda t: t.norm(p=1, dim=1), A),
    "norm fro": (lambda t: t.norm("fro"), A),
    "softmax": (lambda t: t.softmax(dim=0), A),
    "log_softmax": (lambda t: t.log_softmax(dim=1), A),
    "cumsum": (lambda t: t.cumsum(dim=1), A),
    "cumprod": (lambda t: t.cumprod(dim=0), A),
    "median": (lambda t: t.median(), np.array([3.0, 1.0, 4.0, 2.0])),
    "median dim": (lambda t: t.median(dim=1), C[0]),
    "median nan": (lambda t: t.median(dim=1, keepdim=True), NANS),
    "sort": (lambda t: t.sort(), A),
    "sort down": (lambda t: t.sort(dim=0, descending=True), A),
    "sort stable": (lambda t: t.sort(dim=1, stable=True), TIES),
    "argsort": (lambda t: t.argsort(dim=1, descending=True), A),
    "topk": (lambda t: t.topk(2), C),
    "topk least": (lambda t: t.topk(2, dim=1, largest=False), C),
    "kthvalue": (lambda t: t.kthvalue(2, dim=1, keepdim=True), A),
    # elementwise
    "add": (lambda t, o: t.add(o, alpha=2), A, B),
    "sub": (lambda t, o: t.sub(o, alpha=0.5), A, B),
    "mul": (lambda t: t.mul(3), A),
    "div": (lambda t, o: t.div(o), A, B),
    "div floor": (lambda t, o: t.detach().div(o.detach(), rounding_mode="floor"), A, B),
    "div trunc": (lambda t, o: t.div(o, rounding_mode="trunc"), A, B),
    "pow": (lambda t: t.pow(3), A),
    "neg": (lambda t: t.neg(), A),
    "remainder": (lambda t, o: t % o, A, B),
    "remainder of numbers": (lambda t: (t % 2) + 3 % t.detach(), A),
    "whole quotients": (lambda t: t // 2, WHOLE),
    "whole remainders": (lambda t: t % 3 + t.fmod(3), WHOLE),
    "fmod": (lambda t, o: t.fmod(o), A, B),
    "frac": (lambda t: t.frac(), A),
    "round": (lambda t: t.round(decimals=1), A),
    "floor": (lambda t: t.floor() + t.ceil() + t.trunc(), A),
    "clamp": (lambda t: t.clamp(-1, 1), A),
    "clamp min": (lambda t: t.clamp(min=0.0), A),
    "clamp by tensors": (lambda t, o: t.clamp(max=o), A, B),
    "clamp_min": (lambda t: t.clamp_min(0.25) + t.clamp_max(1.0), A),
    "lerp": (lambda t, o: t.lerp(o, 0.7), A, B),
    "lerp by tensor": (lambda t, o, w: t.lerp(o, w), A, B, np.array([0.2, 0.8, 1.0])),
    "addcmul": (lambda t, o: t.addcmul(t, o, value=0.5), A, B),
    "addcdiv": (lambda t, o: t.addcdiv(t, o, value=2), A, B),
    "where": (lambda t, o: t.where(t > o, o), A, B),
    "masked_fill": (lambda t, m: t.masked_fill(m, 9), A, MASK),
    "nan_to_num": (lambda t: t.nan_to_num(nan=7.0), NANS),
    "comparisons": (lambda t, o: (t.eq(o), t.ne(o), t.lt(o), t.le(o), t.gt(o), t.ge(o)), A, B),
    "logic": (lambda m, t: (m.logical_and(t), m.logical_or(t), m ^ m.logical_not()), MASK, MASK),
    "isclose": (lambda t: t.isclose(t + 1e-7), A),
    "atan2": (lambda t, o: t.atan2(o), A, B),
    "hypot": (lambda t, o: t.hypot(o), A, B),
    "logaddexp": (lambda t, o: t.logaddexp(o), A, B),
    "arcs": (lambda t: (t / 4).asin() + (t / 4).acos() * 2 + t.atan() + (t / 4).atanh(), A),
    "logs": (lambda t: t.abs().log2() + t.abs().log10() + t.exp2(), A),
    # products
    "mm": (lambda t, o: t.mm(o.t()), A, B),
    "bmm": (lambda t: t.bmm(t.transpose(1, 2)), C),
    "mv": (lambda t, v: t.mv(v), A, V),
    "dot": (lambda v: v.dot(v), V),
    "addmm": (lambda t, s: t.addmm(t, s, beta=0.5, alpha=2), A, SQUARE),
    "outer": (lambda v: v.outer(v), V),
    "det": (lambda t: t.det() + t.inverse().trace(), SQUARE),
    # shapes
    "view": (lambda t: t.view(3, -1), A),
    "view_as": (lambda t, o: t.view_as(o.t()) + t.reshape_as(o.t()), A, B),
    "transpose": (lambda t: t.transpose(0, 1), A),
    "transpose by name": (lambda t: t.transpose(dim0=0, dim1=-1), C),
    "permute": (lambda t: t.permute(2, 0, 1), C),
    "t": (lambda t: t.t(), A),
    "swapdims": (lambda t: t.swapdims(0, 2), C),
    "movedim": (lambda t: t.movedim(0, -1) + 0, C),
    "movedim of two": (lambda t: t.movedim((0, 1), (2, 0)), C),
    "unsqueeze": (lambda t: t.unsqueeze(1), A),
    "squeeze": (lambda t: t.unsqueeze(0).squeeze(dim=0).squeeze(dim=1), A),
    "flatten": (lambda t: t.flatten(start_dim=1), C),
    "flatten all": (lambda t: t.flatten() + t.ravel(), C),
    "unflatten": (lambda t: t.unflatten(2, (2, -1)), C),
    "expand": (lambda v: v.expand(2, -1), V),
    "expand_as": (lambda v, t: v.expand_as(t), V, A),
    "tile": (lambda t: t.tile(2, 3), A),
    "repeat_interleave": (lambda t: t.repeat_interleave(2, dim=1), A),
    "flip": (lambda t: t.flip(0, 1), A),
    "flip dims": (lambda t: t.flip(dims=(1,)), A),
    "roll": (lambda t: t.roll(1, dims=1), A),
    "roll both": (lambda t: t.roll(shifts=(1, 2), dims=(0, 1)), A),
    "split": (lambda t: t.split(2, dim=2), C),
    "split last": (lambda t: t.split(3, dim=2), C),
    "split sizes": (lambda t: t.split([1, 3], dim=2), C),
    "chunk": (lambda t: t.chunk(3, dim=2), C),
    "tensor_split": (lambda t: t.tensor_split(3, dim=2), C),
    "unbind": (lambda t: t.unbind(dim=1), C),
    "narrow": (lambda t: t.narrow(1, 1, 2), C),
    "select": (lambda t: t.select(2, -1), C),
    "diagonal": (lambda t: t.diagonal(offset=1, dim1=1, dim2=2), C),
    "trace": (lambda t: t.trace(), SQUARE),
    "triu": (lambda t: t.triu(diagonal=1) + t.tril(-1), SQUARE),
    "clone": (lambda t: t.clone() + t.t().contiguous().t(), A),
    # places
    "gather": (lambda t, i: t.gather(1, i), A, INDEX),
    "gather part": (lambda t, i: t.gather(0, i[:, :2] // 2), A, INDEX),
    "scatter": (lambda t, i, o: t.scatter(1, i[:1].expand(2, -1), o), A, INDEX, B),
    "scatter number": (lambda t, i: t.scatter(1, i, 7.0), A, INDEX),
    "scatter_add": (lambda t, i, o: t.scatter_add(1, i, o), A, INDEX, B),
    "index_select": (lambda t, i: t.index_select(1, i[1]), A, INDEX),
    "index_add": (lambda t, i, o: t.index_add(1, i[1], o, alpha=2), A, INDEX, B),
    "index_fill": (lambda t, i: t.index_fill(1, i[1], 3.0), A, INDEX),
    "take_along_dim": (lambda t, i: t.take_along_dim(i, dim=1), A, INDEX),
    "masked_select": (lambda t, m: t.masked_select(m), A, MASK),
    "nonzero": (lambda m: m.nonzero(), MASK),
    # casts
    "casts": (lambda t: (t.int(), t.long(), t.short(), t.bool(), t.double(), t.float()), A),
    "type_as": (lambda t, w: (w.type_as(t), t.to(w)), A, WHOLE),
    # in place, of a copy outside the graph
    "in place": (
        lambda t: t.detach().clone().add_(2, alpha=3).mul_(2).sub_(1, alpha=2).div_(4).neg_(),
        A,
    ),
    "functions in place": (lambda t: t.detach().clone().abs_().sqrt_().exp_().log_().sin_(), A),
    "clamp in place": (lambda t: t.detach().clone().clamp_(-1, 1).clamp_min_(0).pow_(2), A),
    "sigmoid in place": (lambda t: t.detach().clone().sigmoid_().tanh_().round_(), A),
    "masked in place": (lambda t, m: t.detach().clone().masked_fill_(m, 5).floor_(), A, MASK),
    "scatter in place": (
        lambda t, i, o: t.detach().clone().scatter_add_(1, i, o.detach()).triu_(),
        *(A, INDEX, B),
    ),
    "filled in place": (lambda t: t.detach().clone().zero_() + t.detach().clone().fill_(3), A),
}
REFUSED = {"masked_select", "nonzero", "det"}
"""What no recording keeps: shapes that depend on values, NumPy's decompositions."""


def outputs(made: Any) -> list[Any]:
    """What a function returned, as a list of tensors."""
    return list(made) if isinstance(made, tuple | list) else [made]


def weights(i: int, shape: tuple[int, ...]) -> np.ndarray:
    """Fixed numbers that the gradient of output i is weighted with."""
    return np.cos(np.arange(float(np.prod(shape, dtype=int))) + i).reshape(shape)
