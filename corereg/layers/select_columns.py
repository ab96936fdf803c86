"""SelectColumns: some of the numbers of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.columns import select_columns
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class SelectColumns(Layer):
    """x[..., columns]: some of the numbers along the last axis, in the order of `columns`.

    columns: whole numbers of 0 or more, each once, at least one. Input (batch, ..., inputs), output
    (batch, ..., len(columns)). ValueError for other columns, and for inputs that do not have them.
    `corereg.pruning.compact` puts this layer in front of a network that uses some inputs only.

    >>> layers.SelectColumns([2, 0])(np.array([[10.0, 11.0, 12.0]]))
    Tensor([[12., 10.]])
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True

    def __init__(self, columns: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        array = np.asarray(columns)
        if (
            array.ndim != 1
            or array.dtype.kind not in "iu"
            or not array.size
            or array.min() < 0
            or len(np.unique(array)) < len(array)
        ):
            raise ValueError(
                f"{self.who}: expected columns as whole numbers of 0 or more, each once, received "
                f"{columns!r}"
            )
        self._columns = array.astype(np.int64)

    @property
    def columns(self) -> list[int]:
        """Which numbers of a row are given on."""
        found: list[int] = self._columns.tolist()
        return found

    def build(self, input_shape: Shape) -> None:
        self._check(input_shape)

    def _check(self, shape: Shape) -> None:
        least = int(self._columns.max()) + 1
        inputs = shape[-1] if len(shape) > 1 else None
        if inputs is None or inputs < least:
            raise ValueError(
                f"{self.who}: expected inputs of shape (batch, ..., {least} or more), received "
                f"{tuple(shape)}"
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        self._check(x.shape)
        if x.ndim == 2:
            return select_columns(x, self._columns)
        flat = select_columns(ops.reshape(x, (-1, x.shape[-1])), self._columns)
        return ops.reshape(flat, (*x.shape[:-1], len(self._columns)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check(input_shape)
        return (*input_shape[:-1], len(self._columns))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "columns": self.columns}
