"""Layers that normalize each row, and Softmax."""

from __future__ import annotations

from math import prod
from typing import Any

from corereg.export.c.array import REAL, Array
from corereg.export.c.operands import Operand, elementwise, operand
from corereg.export.c.reductions import along, over_rows, put_back
from corereg.export.c.rows import axes_of, turned, turned_back
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.layers.activations.softmax import Softmax
from corereg.layers.group_normalization import GroupNormalization
from corereg.layers.layer_normalization import LayerNormalization
from corereg.layers.rms_normalization import RMSNormalization
from corereg.layers.unit_normalization import LEAST, UnitNormalization


def _scaled(w: Writer, call: Call, y: Array, shape: tuple[int, ...], own: Any) -> None:
    """Writes y = y * gamma + beta, with the weights that the layer has. shape: as which y is taken;
    own: that of each weight, which broadcasts with it."""
    names = [name for name in ("gamma", "scale", "beta") if name in call.weights]
    if not names:
        return
    seen = y.reshaped(shape)
    weights = [call.weights[name].reshape(own) for name in names]
    given = [Operand(seen, None, REAL), *(operand(w, one, len(shape) + 1) for one in weights)]
    signs = [f" {'+' if name == 'beta' else '*'} {{{i + 1}}}" for i, name in enumerate(names)]
    elementwise(w, seen, given, "{0}" + "".join(signs))


def _normalized(w: Writer, call: Call, line: str) -> None:
    """Normalizes along the layer's axes, and applies its weights."""
    value = call.args[0]
    axes = axes_of(w, call.operation.axis, len(value.shape))
    rows = along(w, call, axes, line)
    n = prod(w.of(value).shape[axis] for axis in axes)
    _scaled(w, call, rows, (rows.size // n, n), -1)
    put_back(w, call, rows, axes)


@converts(LayerNormalization)
def layer_normalization(w: Writer, call: Call) -> None:
    epsilon = w.number(call.operation.epsilon)
    _normalized(w, call, f"$standardize({{y}}, {{n}}, {epsilon});")


@converts(RMSNormalization)
def rms_normalization(w: Writer, call: Call) -> None:
    epsilon = w.number(call.operation.epsilon)
    _normalized(w, call, f"$divide_by_root_mean_square({{y}}, {{n}}, {epsilon});")


@converts(UnitNormalization)
def unit_normalization(w: Writer, call: Call) -> None:
    _normalized(w, call, f"$divide_by_norm({{y}}, {{n}}, {w.number(LEAST)});")


@converts(*keys("normalize"))
def normalize(w: Writer, call: Call) -> None:
    given = call.arguments
    if given["order"] != 2:
        raise w.refuse(f"it takes the norm of order={given['order']!r}")
    axes = axes_of(w, given["axis"], len(call.output.shape))
    least = w.number(1e-7 if given["epsilon"] is None else given["epsilon"])
    put_back(w, call, along(w, call, axes, f"$divide_by_norm({{y}}, {{n}}, {least});"), axes)


@converts(GroupNormalization)
def group_normalization(w: Writer, call: Call) -> None:
    """The axis of groups comes first, so that a group's numbers follow each other."""
    layer, value = call.operation, call.args[0]
    x = w.of(value)
    (axis,) = axes_of(w, layer.axis, len(value.shape))
    others = [i for i in range(len(x.shape)) if i != axis]
    rows = turned(w, x, others)
    in_place = rows is x
    if in_place:
        rows = along(w, call, list(range(len(x.shape))), "")
    n = x.size // layer.groups
    over_rows(w, rows, n, f"$standardize({{y}}, {{n}}, {w.number(layer.epsilon)});")
    channels = x.shape[axis]
    _scaled(w, call, rows, (channels, x.size // channels), (-1, 1))
    if not in_place:
        turned_back(w, w.new(call.output), rows, others)


@converts(Softmax)
def softmax(w: Writer, call: Call) -> None:
    value = call.args[0]
    axes = axes_of(w, call.operation.axis, len(value.shape))
    put_back(w, call, along(w, call, axes, "$softmax({y}, {n});"), axes)
