"""GroupNormalization (Wu, He 2018)."""

from __future__ import annotations

import operator
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.normalization import row_norm
from corereg.layers.base import Shape
from corereg.layers.scale_and_shift import ScaleAndShift
from corereg.registry import register


@register("layer")
class GroupNormalization(ScaleAndShift):
    """Normalizes each sample by the mean and the variance of groups of neighbours along `axis`,
    over all other axes but the batch's, in training and otherwise:

        y = gamma * (x - mean of its group) / sqrt(variance of its group + epsilon) + beta

    groups: how many, a divisor of the input's length along axis; -1 for as many as that length.
    Weights: gamma if `scale`, beta if `center`, of that length. Input (batch, ...), output of the
    same shape. Groups that do not fit, or an axis that the input does not have or that is the
    batch's, raise ValueError.

    >>> layer = layers.GroupNormalization(groups=2, epsilon=0)
    >>> layer(np.array([[1.0, 3.0, 10.0, 30.0]]))
    Tensor([[-1.,  1., -1.,  1.]], op=Add)
    """

    recordable = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **options,
        )
        number = hasattr(groups, "__index__") and not isinstance(groups, bool)
        if not number or not (groups >= 1 or groups == -1):
            raise ValueError(
                f"{self.who}: expected groups as a positive integer, or -1 for a group of each, "
                f"received {groups!r}"
            )
        self.groups = operator.index(groups)
        found = self._check_axes(axis)
        if not isinstance(found, int):
            raise TypeError(f"{self.who}: expected axis as an integer, received {axis!r}")
        self.axis = found

    def build(self, input_shape: Shape) -> None:
        (place,) = self._places(self.axis, len(input_shape))
        if place == 0:
            raise ValueError(
                f"{self.who}: expected an axis behind the batch's, received {self.axis} for inputs "
                f"of shape {input_shape}"
            )
        (n,) = shape = self._sizes(input_shape, [place])
        if self.groups == -1:
            self.groups = n
        if not 1 <= self.groups <= n or n % self.groups:
            raise ValueError(
                f"{self.who}: expected groups as a divisor of {n}, the length along axis "
                f"{self.axis}, received {self.groups}"
            )
        self._make_scale_and_shift(shape)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        (place,) = self._places(self.axis, x.ndim)
        order = [0, place, *(i for i in range(1, x.ndim) if i != place)]
        x = x if x.ndim == 2 else ops.transpose(x, order)
        grouped = ops.reshape(x, (x.shape[0], self.groups, -1)) if x.size else x
        y = ops.reshape(row_norm(grouped, None, None, self.epsilon), x.shape)
        along = (-1, *(1,) * (x.ndim - 2))
        if self.gamma is not None:
            y = y * ops.reshape(self.gamma, along)
        if self.beta is not None:
            y = y + ops.reshape(self.beta, along)
        return y if x.ndim == 2 else ops.transpose(y, [order.index(i) for i in range(x.ndim)])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}
