"""Ops that look rows up."""

from __future__ import annotations

import numpy as np

from corereg import Tensor
from corereg.autograd.ops.embedding import embedding
from op_tables.parts import x

INDEX = np.array([[0, 3], [3, 1], [4, 3]])


def looked_up(index):
    return lambda w: embedding(Tensor(index), w)


GRADIENTS = {
    "Embedding": [
        (looked_up(INDEX), x(5, 3)),
        (looked_up(INDEX[0]), x(5, 1)),
        (looked_up(np.array(2)), x(3, 2)),
        (looked_up(INDEX[:0]), x(5, 3)),
    ],
}
VALUES = {"embedding": (looked_up(INDEX), lambda w: w[INDEX], x(5, 3))}
