"""KeepsIntegers: what layers have in common that compute nothing, or the same for all dtypes."""

from __future__ import annotations

from typing import Any, ClassVar

from corereg.autograd import Tensor
from corereg.graph.tensor import number_dtype
from corereg.layers.base import Layer


class KeepsIntegers(Layer):
    """Base of layers that take integers and bools as they are and cast floats alone.

    passes_values_on: whether what comes out are the values that went in.
    """

    _takes_one_tensor = True
    passes_values_on: ClassVar[bool] = True

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return x if dtype is None and x.data.dtype.kind != "f" else super()._cast(x, dtype)

    def _output_dtype(self, x: Any) -> str:
        return self.dtype if number_dtype(x.dtype).kind == "f" else str(number_dtype(x.dtype))

    def _check_axes(self, shape: Any, wanted: int, axes: str) -> None:
        """Raises ValueError unless a shape has as many axes as wanted."""
        if len(shape) != wanted:
            raise ValueError(
                f"{self.who}: expected inputs of shape {axes}, received shape {tuple(shape)}"
            )
