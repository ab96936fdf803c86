"""The ops as methods of Tensor, under the names of NumPy and PyTorch.

An op makes a Tensor, so `corereg.autograd.ops` stands above `corereg.autograd.tensor` and Tensor
cannot name its ops. This package stands above both, and gives Tensor its methods when it is
imported. `corereg.autograd.signatures` holds their signatures, for type checkers: a test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corereg import _kernels
from corereg.autograd import numpy_functions, ops
from corereg.autograd.methods import (
    casts,
    comparison,
    elementwise,
    in_place,
    orders,
    parts,
    places,
    products,
    reductions,
    shapes,
)
from corereg.autograd.missing import missing_names
from corereg.autograd.ops import arithmetic, linalg
from corereg.autograd.tensor import Tensor

# The method is the function itself, and has its name.
FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(ops.abs, ops.sign, ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal, ops.exp, ops.expm1),
    *(ops.log, ops.log1p, ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.erf, ops.relu),
    *(ops.tan, ops.arcsin, ops.arccos, ops.arctan, ops.sinh, ops.cosh, ops.arcsinh, ops.arccosh),
    *(ops.arctanh, ops.log2, ops.log10, ops.exp2, ops.erfinv, ops.det, ops.cholesky),
    *(ops.floor, ops.ceil, ops.round, ops.trunc, ops.isnan, ops.isinf, ops.isfinite),
    *(ops.logical_not, ops.astype, ops.trace),
    *(ops.swapaxes, ops.expand_dims, ops.broadcast_to),
    *(ops.take, ops.take_along_axis, ops.set_at, ops.add_at),
    *(casts.clone, casts.contiguous, casts.to, casts.cpu, casts.type, casts.type_as),
    *(casts.float, casts.double, casts.int, casts.long, casts.short, casts.bool),
    *(reductions.sum, reductions.mean, reductions.prod, reductions.var, reductions.std),
    *(reductions.max, reductions.min, reductions.amax, reductions.amin),
    *(reductions.argmax, reductions.argmin, reductions.any, reductions.all),
    *(reductions.count_nonzero, reductions.logsumexp, reductions.norm, reductions.softmax),
    *(reductions.log_softmax, reductions.cumsum, reductions.cumprod, orders.sort),
    *(orders.argsort, orders.topk, orders.kthvalue, orders.median),
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.pow),
    *(elementwise.neg, elementwise.frac, elementwise.clamp, elementwise.clip),
    *(elementwise.clamp_min, elementwise.clamp_max, elementwise.lerp, elementwise.addcmul),
    *(elementwise.addcdiv, elementwise.where, elementwise.masked_fill, elementwise.nan_to_num),
    *(comparison.eq, comparison.ne, comparison.lt, comparison.le, comparison.gt),
    *(comparison.ge, comparison.isclose, comparison.allclose, comparison.equal),
    *(elementwise.maximum, elementwise.minimum, elementwise.fmod, elementwise.remainder),
    *(elementwise.floor_divide, elementwise.arctan2, elementwise.hypot, elementwise.logaddexp),
    *(comparison.logical_and, comparison.logical_or, comparison.logical_xor),
    *(products.matmul, products.outer, products.mm, products.bmm, products.mv),
    *(products.dot, products.addmm),
    *(shapes.reshape, shapes.view, shapes.view_as, shapes.reshape_as, shapes.transpose),
    *(shapes.permute, shapes.swapdims, shapes.movedim, shapes.t, shapes.unsqueeze),
    *(shapes.squeeze, shapes.flatten, shapes.ravel, shapes.unflatten, shapes.expand),
    *(shapes.expand_as, shapes.tile, shapes.repeat, shapes.repeat_interleave, shapes.flip),
    *(shapes.roll, parts.split, parts.chunk, parts.tensor_split, parts.unbind),
    *(parts.narrow, parts.select, shapes.diagonal, shapes.triu, shapes.tril),
    *(
        places.gather,
        places.scatter,
        places.scatter_add,
        places.index_select,
        places.take_along_dim,
    ),
    *(places.index_add, places.index_fill, places.masked_select, places.nonzero),
)
# The same under a second name.
ALIASES: dict[str, Callable[..., Any]] = {
    "absolute": ops.abs,
    "sgn": ops.sign,
    "subtract": elementwise.sub,
    "multiply": elementwise.mul,
    "divide": elementwise.div,
    "true_divide": elementwise.div,
    "negative": elementwise.neg,
    "asin": ops.arcsin,
    "acos": ops.arccos,
    "atan": ops.arctan,
    "asinh": ops.arcsinh,
    "acosh": ops.arccosh,
    "atanh": ops.arctanh,
    "atan2": elementwise.arctan2,
    "inverse": ops.inv,
    "not_equal": comparison.ne,
    "less": comparison.lt,
    "less_equal": comparison.le,
    "greater": comparison.gt,
    "greater_equal": comparison.ge,
    "moveaxis": shapes.movedim,
}
TRANSPOSED = """The tensor with its axes in reversed order, a matrix transposed: a view.

>>> Tensor([[1, 2, 3]]).T.shape
(3, 1)"""
# Special methods and properties.
METHODS: dict[str, Any] = {
    "T": property(ops.transpose, doc=TRANSPOSED),
    "mT": property(shapes.matrix_transpose),
    "__getitem__": ops.getitem,
    "__eq__": comparison.is_equal,
    "__ne__": comparison.is_not_equal,
    "__lt__": ops.less,
    "__le__": ops.less_equal,
    "__gt__": ops.greater,
    "__ge__": ops.greater_equal,
    "__and__": ops.logical_and,
    "__rand__": ops.logical_and,
    "__or__": ops.logical_or,
    "__ror__": ops.logical_or,
    "__xor__": ops.logical_xor,
    "__rxor__": ops.logical_xor,
    "__invert__": ops.logical_not,
    "__pow__": ops.power,
    "__rpow__": elementwise.reversed_power,
    "__floordiv__": ops.floor_divide,
    "__rfloordiv__": elementwise.reversed_floor_divide,
    "__mod__": ops.remainder,
    "__rmod__": elementwise.reversed_remainder,
    "__abs__": ops.abs,
    "__array_ufunc__": numpy_functions.array_ufunc,
    "__array_function__": numpy_functions.array_function,
    **ALIASES,
    **in_place.METHODS,
}

for _name, _method in {**{f.__name__: f for f in FUNCTIONS}, **METHODS}.items():
    setattr(Tensor, _name, _method)
for _name, _method in missing_names().items():
    setattr(Tensor, _name, _method)

# + - * / @ and the sign are compiled, see TensorCore in src/tensor.pxi.
_kernels.bind_operators(
    *(arithmetic.Add, arithmetic.Subtract, arithmetic.Multiply, arithmetic.Divide),
    *(linalg.Matmul, arithmetic.Negative),
)
