"""Tensors under NumPy's functions: `np.exp(t)` and `np.where(m, t, 0)` are the ops of those names.

So a `backward` written in plain NumPy runs on Tensors too, and can be differentiated again.
`array_ufunc` and `array_function` are the methods of Tensor that NumPy calls; see methods.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.mode import state
from corereg.autograd.ops.arguments import array_of, constant
from corereg.autograd.tensor import Tensor

# NumPy's name, where the op has another
RENAMED = {
    "absolute": "abs",
    "fabs": "abs",
    "true_divide": "divide",
    "rint": "round",
    "amax": "max",
    "amin": "min",
    "around": "round",
}
UFUNCS = {
    *("add", "subtract", "multiply", "divide", "true_divide", "power", "matmul", "negative"),
    *("absolute", "fabs", "sign", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh"),
    *("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arccosh", "arctanh"),
    *("log2", "log10", "exp2", "cbrt"),
    *("square", "reciprocal", "maximum", "minimum", "arctan2", "hypot", "logaddexp"),
    *("floor", "ceil", "rint", "trunc", "floor_divide", "remainder", "fmod"),
}
CONSTANT = {
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or"),
    *("bitwise_xor", "invert", "isnan", "isinf", "isfinite", "signbit"),
}
"""Their derivative is zero wherever there is one: tensors outside the graph."""
FUNCTIONS = {
    *("where", "clip", "outer", "einsum", "take", "take_along_axis"),
    *("sum", "mean", "prod", "var", "std", "max", "min", "amax", "amin", "argmax", "argmin"),
    *("cumsum", "norm", "reshape", "transpose", "swapaxes", "squeeze", "expand_dims", "flip"),
    *("broadcast_to", "concatenate", "stack", "split", "pad", "tile", "repeat"),
    *("zeros_like", "ones_like", "any", "all", "sort", "argsort", "median", "cumprod", "roll"),
    *("diagonal", "trace", "triu", "tril", "round", "around"),
}

REDUCTIONS = {"sum", "mean", "prod", "var", "std", "max", "min", "amax", "amin"}
REDUCTIONS |= {"any", "all", "median"}


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """Tensor.__array_ufunc__: what NumPy's functions of one element do with tensors (NEP 13)."""
    name = ufunc.__name__
    if method != "__call__" or options:
        asked = f"np.{name}.{method}" if method != "__call__" else f"np.{name}({[*options]}=...)"
        raise TypeError(
            f"Tensor: {asked} is not for tensors; use the functions of corereg.autograd.ops, or "
            "t.numpy() for the array"
        )
    if name in UFUNCS:
        return getattr(ops, RENAMED.get(name, name))(*inputs)
    if name in CONSTANT:
        return constant(ufunc(*map(array_of, inputs)))
    return ufunc(*plain(f"np.{name}", inputs))


def array_function(self: Tensor, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Tensor.__array_function__: what NumPy's other functions do with tensors (NEP 18)."""
    name = function.__name__
    if name in FUNCTIONS and function.__module__ in ("numpy", "numpy.linalg"):
        refuse_other_meanings(name, *args, **kwargs)
        return getattr(ops, RENAMED.get(name, name))(*args, **kwargs)
    who = f"{function.__module__}.{name}"
    if name in ("shape", "ndim", "size"):  # they read no values
        return function(*[x.data if isinstance(x, Tensor) else x for x in args], **kwargs)
    return function(*plain(who, args), **{k: plain(who, v) for k, v in kwargs.items()})


def refuse_other_meanings(name: str, x: Any, *args: Any, **kwargs: Any) -> None:
    """TypeError for arguments that NumPy's function takes in another sense than the op."""
    remedy = ""
    if name in REDUCTIONS and len(args) > 1:  # NumPy's dtype or out, the op's keepdims
        remedy = "pass all arguments after the axis by name"
    elif name == "split" and not isinstance(
        args[0] if args else 1, int
    ):  # places of cuts, lengths of parts
        remedy = "corereg.autograd.ops.split takes the lengths of the parts"
    elif name == "norm":
        ord, axis = [*args, *[None] * 2][:2]
        ord, axis = kwargs.get("ord", ord), kwargs.get("axis", axis)
        if ord is not None and (x.ndim > 1 if axis is None else isinstance(axis, tuple)):
            remedy = "corereg.ops.norm takes norms of matrices, the op takes that of a vector"
    if remedy:
        raise TypeError(f"Tensor: np.{name} with these arguments is not for tensors: {remedy}")


def plain(who: str, value: Any) -> Any:
    """value with arrays for Tensors, which must not require grad."""
    if isinstance(value, Tensor):
        if value.requires_grad and state.enabled:
            raise TypeError(
                f"{who}: no op of this name, and a tensor that requires grad does not turn into "
                "an array by itself; use t.detach(), or write an op (see corereg.autograd.Op)"
            )
        return value.data
    if isinstance(value, tuple | list):
        parts = [plain(who, x) for x in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value
