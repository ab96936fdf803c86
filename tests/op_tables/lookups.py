"""Ops that look rows up, or choose columns."""

from __future__ import annotations

import numpy as np

from corereg import Tensor
from corereg.autograd.ops.columns import select_columns
from corereg.autograd.ops.embedding import embedding
from op_tables.parts import x

INDEX = np.array([[0, 3], [3, 1], [4, 3]])


def looked_up(index):
    return lambda w: embedding(Tensor(index), w)


COLUMNS = np.array([4, 0, 3])


def chosen(t):
    return select_columns(t, COLUMNS)


GRADIENTS = {
    "SelectColumns": [(chosen, x(3, 5)), (chosen, x(1, 6)), (chosen, x(0, 5))],
    "Embedding": [
        (looked_up(INDEX), x(5, 3)),
        (looked_up(INDEX[0]), x(5, 1)),
        (looked_up(np.array(2)), x(3, 2)),
        (looked_up(INDEX[:0]), x(5, 3)),
    ],
}
VALUES = {
    "embedding": (looked_up(INDEX), lambda w: w[INDEX], x(5, 3)),
    "select_columns": (chosen, lambda a: a[:, COLUMNS], x(3, 5)),
}
