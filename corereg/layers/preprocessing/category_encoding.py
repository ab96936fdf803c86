"""CategoryEncoding: categories as rows of ones and zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, tensor
from corereg.layers.base import Layer, Shape
from corereg.layers.preprocessing.encoding import MODES, check_mode, encoded, encoded_shape
from corereg.registry import register


@register("layer")
class CategoryEncoding(Layer):
    """Whole numbers 0 to num_tokens - 1 as floats; other numbers count as none.

    output_mode: "one_hot": (..., n) as (..., n, num_tokens), (..., 1) as (..., num_tokens);
    "multi_hot", the default: (batch, n) as (batch, num_tokens), 1 for each number that is among
    the n; "count": how often, or the sum of count_weights of the input's shape, which the call may
    be given. sparse=True is not supported. ValueError for anything else.

    >>> layers.CategoryEncoding(4, output_mode="one_hot")(np.array([2, 0]))
    Tensor([[0., 0., 1., 0.],
            [1., 0., 0., 0.]])
    >>> layers.CategoryEncoding(4)(np.array([[0, 3]]))
    Tensor([[1., 0., 0., 1.]])
    """

    recordable = True
    _takes_one_tensor = True
    _input_dtype = "int64"

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.output_mode = check_mode(self.who, output_mode, MODES, sparse)
        if isinstance(num_tokens, bool) or not hasattr(num_tokens, "__index__"):
            raise ValueError(
                f"{self.who}: expected an integer for num_tokens, received {num_tokens!r}; use "
                "IntegerLookup where the numbers are not known"
            )
        self.num_tokens = int(num_tokens)  # type: ignore[arg-type]
        if self.num_tokens < 1:
            raise ValueError(
                f"{self.who}: expected num_tokens of 1 or more, received {num_tokens!r}"
            )

    def call(self, x: Tensor, training: bool = False, count_weights: Any = None) -> Tensor:
        if count_weights is not None:
            if self.output_mode != "count":
                raise ValueError(
                    f"{self.who}: expected count_weights for output_mode 'count' only, which is "
                    f"{self.output_mode!r}"
                )
            count_weights = self._cast_other(tensor(count_weights))
        return encoded(x, self.num_tokens, self.output_mode, self._dtype, count_weights)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return encoded_shape(input_shape, self.num_tokens, self.output_mode)

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return super()._cast(x, np.int64 if dtype is None else dtype)

    def _cast_other(self, x: Tensor) -> Tensor:
        return super()._cast(x)

    def get_config(self) -> dict[str, Any]:
        own = {"num_tokens": self.num_tokens, "output_mode": self.output_mode}
        return {**super().get_config(), **own}
