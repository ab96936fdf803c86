"""Layers that put the elements of a tensor elsewhere."""

from __future__ import annotations

import numpy as np

from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.flatten import Flatten
from corereg.layers.reshaping.permute import Permute
from corereg.layers.reshaping.repeat_vector import RepeatVector
from corereg.layers.reshaping.reshape import Reshape
from corereg.layers.select_columns import SelectColumns


@converts(Flatten)
def flatten(graph: OnnxGraph, call: Call, x: Term) -> Term:
    rank = len(call.inputs[0].shape)
    if rank > 2 and call.operation.data_format == "channels_first":
        x = graph.transpose(x, (0, *range(2, rank), 1))
    return x if rank == 2 else graph.reshape(x, (0, -1) if rank > 1 else (-1, 1))


@converts(Permute)
def permute(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return graph.transpose(x, (0, *call.operation.dims))


@converts(RepeatVector)
def repeat_vector(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return graph.unsqueeze(x, 1).op("Tile", graph.ints(1, call.operation.n, 1))


@converts(Reshape)
def reshape(graph: OnnxGraph, call: Call, x: Term) -> Term:
    sizes = call.output.shape[1:]
    open_sizes = sizes.count(None)
    wanted = sizes if open_sizes < 2 else call.operation.target_shape
    return graph.reshape(x, (0, *(-1 if n is None else n for n in wanted)))


@converts(SelectColumns)
def select_columns(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return x.op("Gather", graph.constant(np.array(call.operation.columns, np.int64)), axis=-1)
