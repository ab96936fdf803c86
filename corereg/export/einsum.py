"""EinsumDense in the network that is exported: a dense product between two reshapes, or where the
equation is of another kind an einsum."""

from __future__ import annotations

from math import prod
from typing import Any

from corereg.export.network import Array, Value
from corereg.graph.node import Spec


def as_dense(walk: Any, layer: Any, x: Value, arrays: dict[str, Array]) -> Value:
    """The calls of an EinsumDense without its activation; arrays: its weights by name."""
    n = layer._equation.dense
    kernel, bias = arrays["kernel"], arrays.get("bias")
    inputs, units = kernel.shape[:n], kernel.shape[n:]
    before = x.shape[: len(x.shape) - n]
    weights: dict[str, Array] = {"kernel": kernel.reshape(prod(inputs), prod(units))}
    apart = bias is not None and bias.shape != units
    if bias is not None and not apart:
        weights["bias"] = bias.reshape(-1)
    if n > 1:
        x = walk._operation("keras.reshape", x, _sizes(before, prod(inputs)))
    spec = Spec((*before, prod(units)), x.dtype)
    y: Value = walk._add("Dense", layer, (x,), {}, spec, weights)
    if len(units) > 1:
        y = walk._operation("keras.reshape", y, _sizes(before, *units))
    return walk._operation("keras.add", y, bias) if apart else y


def as_operation(walk: Any, layer: Any, x: Value, arrays: dict[str, Array]) -> Value:
    """The same as an operation, which formats have as far as they can."""
    found = layer._equation
    text = f"{found.x},{found.kernel}->{found.y}"
    y: Value = walk._operation("keras.einsum", text, x, arrays["kernel"])
    return walk._operation("keras.add", y, arrays["bias"]) if "bias" in arrays else y


def _sizes(before: tuple[int | None, ...], *behind: int) -> tuple[int, ...]:
    """A shape for reshape, with -1 for the rows."""
    return tuple(-1 if size is None else size for size in (*before, *behind))
