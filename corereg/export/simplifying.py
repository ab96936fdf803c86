"""What exporters do to a `Network` before they write it; each function changes it in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.network import Array, Call, Network, Value
from corereg.layers.batch_normalization import BatchNormalization
from corereg.layers.preprocessing.normalization import LEAST

AFFINE = "affine"
"""The kind of calls that `as_affine` makes: y = (x - shift) * scale + offset, arrays of the values'
dtype that broadcast with x; those that change nothing are left out of the weights."""

MOST_DEVIATIONS = 4.0
"""How many deviations a mean may lie from 0 for a normalization to be folded into the layer behind
it: x - mean is exact where x @ kernel - mean @ kernel is not."""

_PROBABILITIES = ("sigmoid", "softmax")


def cut_probabilities(network: Network) -> None:
    """Has the outputs give logits: takes away the sigmoid or softmax that an output ends with.
    ValueError if none does."""
    found = 0
    for place, (name, value) in enumerate(network.outputs):
        call = network.maker_of(value)
        if call is None or not _is_probability(call):
            continue
        found += 1
        network.outputs[place] = name, call.inputs[0]
    if not found:
        ends = [name for name, _ in network.outputs]
        raise ValueError(
            f"export: expected an output that ends with sigmoid or softmax for logits=True, "
            f"received {ends}, which do not; leave logits out"
        )
    network.drop_unused()


def _is_probability(call: Call) -> bool:
    if call.kind == "Softmax":
        return True
    return "." in call.kind and call.word in _PROBABILITIES


def fold_normalizations(network: Network) -> None:
    """Makes normalizations `AFFINE`, and folds those into a Dense that cost no precision there."""
    as_affine(network)
    fold_affine(network)


def as_affine(network: Network) -> None:
    """Makes BatchNormalization, Normalization and Rescaling calls of the kind `AFFINE`."""
    for call in network.calls:
        terms = _TERMS.get(call.kind)
        if terms is not None:
            dtype = call.output.dtype
            found = zip(("shift", "scale", "offset"), (0.0, 1.0, 0.0), terms(call), strict=True)
            call.weights = {
                name: np.asarray(value, dtype)
                for name, nothing, value in found
                if np.any(np.asarray(value) != nothing)
            }
            call.kind = AFFINE


def fold_affine(network: Network, everything: bool = False) -> None:
    """Folds calls of the kind `AFFINE` that are along the last axis into the Dense before them,
    whose only user they are, or else into the Dense behind, which is their only user.

    Into the one behind only where that costs no precision (`MOST_DEVIATIONS`), unless `everything`.
    """
    for call in [call for call in network.calls if call.kind == AFFINE]:
        value = call.inputs[0]
        columns = _columns(call, value)
        if columns is None:
            continue
        before = network.maker_of(value)
        if before is not None and before.kind == "Dense" and network.only_user_of(value) is call:
            _fold_into_before(before, *columns)
            network.drop(call, value)
            continue
        behind = network.only_user_of(call.output)
        if behind is None or behind.kind != "Dense" or behind.inputs != [call.output]:
            continue
        shift, scale, offset = columns
        apart = np.abs(offset - shift * scale).max(initial=0.0)
        if everything or apart <= MOST_DEVIATIONS:
            _fold_into_behind(behind, shift, scale, offset)
            network.drop(call, value)


def _columns(call: Call, value: Value) -> tuple[Array, Array, Array] | None:
    """shift, scale and offset as float64 of the size of the last axis; None if they differ along
    another one."""
    size = value.shape[-1]
    if size is None or len(value.shape) < 2 or call.output.shape != value.shape:
        return None
    found = []
    for name, nothing in (("shift", 0.0), ("scale", 1.0), ("offset", 0.0)):
        array = np.asarray(call.weights.get(name, nothing), np.float64)
        if array.size != (array.shape[-1] if array.ndim else 1):
            return None
        found.append(np.broadcast_to(array.reshape(-1), (size,)))
    return found[0], found[1], found[2]


def _fold_into_before(dense: Call, shift: Array, scale: Array, offset: Array) -> None:
    kernel = dense.weights["kernel"]
    bias = np.asarray(dense.weights.get("bias", 0.0), np.float64)
    dense.weights = {
        **dense.weights,
        "kernel": (kernel * scale).astype(kernel.dtype),
        "bias": ((bias - shift) * scale + offset).astype(kernel.dtype),
    }


def _fold_into_behind(dense: Call, shift: Array, scale: Array, offset: Array) -> None:
    kernel = dense.weights["kernel"]
    bias = np.asarray(dense.weights.get("bias", 0.0), np.float64)
    added = (offset - shift * scale) @ kernel.astype(np.float64)
    dense.weights = {
        **dense.weights,
        "kernel": (kernel * scale[:, None]).astype(kernel.dtype),
        "bias": (bias + added).astype(kernel.dtype),
    }


# ---- the terms of (x - shift) * scale + offset ---------------------------------------------------


def _of_batch_normalization(call: Call) -> tuple[Any, Any, Any]:
    layer: BatchNormalization = call.operation
    weights = {name: array.astype(np.float64) for name, array in call.weights.items()}
    scale = 1.0 / np.sqrt(weights["moving_variance"] + layer.epsilon)
    scale = scale * weights.get("gamma", 1.0)
    axes = len(call.output.shape)
    shape = [1] * axes
    shape[layer.axis % axes] = -1
    offset = weights.get("beta", np.zeros(1))
    return tuple(one.reshape(shape) for one in (weights["moving_mean"], scale, offset))  # type: ignore[return-value]


def _of_normalization(call: Call) -> tuple[Any, Any, Any]:
    layer = call.operation
    mean, variance = (
        np.asarray(call.weights.get(name, getattr(layer, name)), np.float64).reshape(layer._shown)
        for name in ("mean", "variance")
    )
    deviation = np.maximum(np.sqrt(variance), LEAST)
    return (0.0, deviation, mean) if layer.invert else (mean, 1.0 / deviation, 0.0)


def _of_rescaling(call: Call) -> tuple[Any, Any, Any]:
    scale, offset = (np.asarray(one) for one in (call.operation.scale, call.operation.offset))
    return 0.0, scale, offset


_TERMS = {
    "BatchNormalization": _of_batch_normalization,
    "Normalization": _of_normalization,
    "Rescaling": _of_rescaling,
}
