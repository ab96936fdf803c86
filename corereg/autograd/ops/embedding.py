"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.indexing import AddAt
from corereg.autograd.tensor import Tensor, apply


class Embedding(Op):
    """w[index]: index of int64 and any shape, w (rows, n)."""

    __slots__ = ()
    returns_new_arrays = recordable = True

    def forward(self, index: Any, w: Any) -> Any:
        return _kernels.embedding_forward(index, w)

    def backward(self, grad: Any, out: Any, index: Any, w: Any) -> tuple[Any, ...]:
        assert self.inputs is not None
        rows = getattr(self.inputs[1], "row_gradients", None)
        if rows is not None:
            rows.append((index, grad))
            return None, None
        return None, _kernels.embedding_backward(index, grad, self._gradient_array(w))

    def derivative(self, grad: Any, out: Any, index: Any, w: Any) -> tuple[Any, ...]:
        zeros = Tensor(np.zeros(w.shape, grad.dtype))
        return None, apply(AddAt(index.data), zeros, grad)

    def _gradient_array(self, like: Any) -> Any:
        """Where the gradient of w may be written: a parameter's own buffer if it is free."""
        assert self.inputs is not None
        leaf = self.inputs[1]
        if leaf.buffer is not None and leaf._grad is None:
            return leaf.buffer
        return np.empty(like.shape, like.dtype)


def embedding(index: Any, w: Any) -> Tensor:
    """The rows of w (rows, n) that index names, an int64 tensor or array of any shape: (..., n).
    IndexError for numbers outside the table."""
    return apply(Embedding(), index, w)
