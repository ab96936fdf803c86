"""GlobalAveragePooling1D and GlobalMaxPooling1D: the steps of each row as one."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.base import Layer, Shape
from corereg.layers.data_format import as_data_format
from corereg.registry import register


class _GlobalPooling1D(Layer):
    """Base of layers that make one step of all steps of a row.

    data_format: "channels_last" for inputs (batch, steps, features), or "channels_first" for
    (batch, features, steps); keepdims: whether the steps' axis stays, with one element.
    """

    _takes_one_tensor = True
    _has_no_weights = True

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.data_format = as_data_format(self.who, data_format)
        self.keepdims = bool(keepdims)

    @property
    def _axis(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def _check(self, shape: Any) -> None:
        if len(shape) != 3:
            raise ValueError(
                f"{self.who}: expected inputs of shape (batch, steps, features), received shape "
                f"{tuple(shape)}"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check(input_shape)
        found: list[int | None] = list(input_shape)
        found[self._axis : self._axis + 1] = [1] if self.keepdims else []
        return tuple(found)

    def get_config(self) -> dict[str, Any]:
        own = {"data_format": self.data_format, "keepdims": self.keepdims}
        return {**super().get_config(), **own}


@register("layer")
class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean over the steps: (batch, steps, features) as (batch, features).

    Where the input has a mask (batch, steps), or one is given to the call, the mean is over the
    steps that it keeps, NaN if it keeps none. The output has no mask.

    >>> layers.GlobalAveragePooling1D()(np.array([[[1.0, 2.0], [3.0, 6.0]]]))
    Tensor([[2., 4.]])
    """

    recordable = True
    _makes_masks = False

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        self._check(x.shape)
        if mask is None:
            return ops.mean(x, self._axis, keepdims=self.keepdims)
        kept = ops.not_equal(ops.expand_dims(mask, 3 - self._axis), 0)
        total = ops.sum(ops.where(kept, x, 0.0), self._axis, keepdims=self.keepdims)
        count = ops.sum(ops.astype(kept, x.dtype), self._axis, keepdims=self.keepdims)
        return total / count

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: what comes out has no steps."""


@register("layer")
class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest of the steps: (batch, steps, features) as (batch, features).

    >>> layers.GlobalMaxPooling1D()(np.array([[[1.0, 7.0], [3.0, 6.0]]]))
    Tensor([[3., 7.]])
    """

    recordable = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        self._check(x.shape)
        return ops.max(x, self._axis, keepdims=self.keepdims)


GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
