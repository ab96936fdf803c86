"""What Tensor and the engine get when it is first used, so that a model that only predicts does not
wait for it: the methods that are ops, the operators, and what recordings of NumPy's functions need.

`corereg.autograd.methods` and `corereg.autograd.traced_functions` put themselves in the place of
what stands here. A test compares the names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from corereg import _kernels
from corereg.autograd import ops
from corereg.autograd.tensor import Tensor

METHODS = [
    *ops.__all__,
    *("T", "__abs__", "__and__", "__array_function__", "__array_ufunc__", "__eq__"),
    *("__floordiv__", "__ge__", "__getitem__", "__gt__", "__invert__", "__le__", "__lt__"),
    *("__mod__", "__ne__", "__or__", "__pow__", "__rand__", "__rfloordiv__", "__rmod__"),
    *("__ror__", "__rpow__", "__rxor__", "__xor__", "abs_", "absolute", "acos", "acosh"),
    *("addcdiv", "addcdiv_", "addcmul", "addcmul_", "addmm", "allclose", "amax", "amin"),
    *("asin", "asinh", "atan", "atan2", "atanh", "bernoulli_", "bfloat16", "bmm", "bool"),
    *("ceil_", "chunk", "clamp", "clamp_", "clamp_max", "clamp_max_", "clamp_min"),
    *("clamp_min_", "clone", "contiguous", "cos_", "count_nonzero", "cpu", "cross", "cuda"),
    *("data_ptr", "detach_", "div", "dot", "double", "eq", "erf_", "exp_", "expand"),
    *("expand_as", "expm1_", "fill_diagonal_", "float", "floor_", "floor_divide_", "fmod_"),
    *("frac", "gather", "ge", "gt", "half", "histc", "index_add", "index_add_"),
    *("index_fill", "index_fill_", "index_select", "int", "inverse", "is_sparse"),
    *("isclose", "kthvalue", "le", "lerp", "lerp_", "log1p_", "log_", "long", "lt", "mT"),
    *("masked_fill", "masked_fill_", "masked_select", "mm", "mode", "moveaxis", "movedim"),
    *("mul", "multinomial", "mv", "names", "nan_to_num", "narrow", "ne", "neg", "neg_"),
    *("new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "nonzero", "normal_"),
    *("permute", "pin_memory", "pow", "pow_", "quantile", "ravel", "reciprocal_", "relu_"),
    *("remainder_", "repeat_interleave", "reshape_as", "resize_", "round_", "rsqrt_"),
    *("scatter", "scatter_", "scatter_add", "scatter_add_", "select", "sgn"),
    *("share_memory_", "short", "sigmoid_", "sign_", "sin_", "sqrt_", "square_"),
    *("squeeze_", "storage", "sub", "swapdims", "t", "t_", "take_along_dim", "tanh_"),
    *("tensor_split", "to", "to_sparse", "topk", "transpose_", "tril_", "triu_"),
    *("true_divide", "trunc_", "type", "type_as", "unbind", "unflatten", "unfold"),
    *("uniform_", "unique", "unsqueeze", "unsqueeze_", "view", "view_as"),
]


class Deferred(str):
    """The name of an attribute of Tensor that `corereg.autograd.methods` gives it, in its place."""

    __slots__ = ()

    def __get__(self, tensor: Tensor | None, owner: type) -> Any:
        import_module("corereg.autograd.methods")
        found = vars(Tensor)[self]
        if found is self:  # that import is under way
            raise AttributeError(str(self))
        return found.__get__(tensor, owner) if hasattr(found, "__get__") else found


for _name in METHODS:
    setattr(Tensor, _name, Deferred(_name))


def _operator(module: str, name: str) -> Any:
    """The op behind an operator, the first time that one is used."""
    import_module("corereg.autograd.methods")
    return getattr(import_module(f"corereg.autograd.ops.{module}"), name)()


def _traced(name: str, *args: Any) -> Any:
    """What recordings call, the first time that one is made of NumPy's functions."""
    return getattr(import_module("corereg.autograd.traced_functions"), name)(*args)


_bind_operators: Callable[..., None] = _kernels.bind_operators
_bind_operators(
    *(partial(_operator, "arithmetic", name) for name in ("Add", "Subtract", "Multiply", "Divide")),
    *(partial(_operator, "linalg", "Matmul"), partial(_operator, "arithmetic", "Negative")),
)
_bind_tracing: Callable[..., None] = _kernels.bind_tracing
_bind_tracing(
    *(
        partial(_traced, name)
        for name in ("TracedArray", "added", "add_into", "copied", "copy_into")
    )
)
