"""PReLU: a leaky rectified linear unit that learns its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import constraints, initializers, regularizers
from corereg.autograd import Parameter, Tensor, ops
from corereg.layers.activations.base import ActivationLayer
from corereg.layers.base import Shape
from corereg.layers.weight_option import WeightOption
from corereg.registry import register


@register("layer")
class PReLU(ActivationLayer):
    """y = max(x, 0) + alpha * min(x, 0), with a weight alpha for each place of the input but its
    batch (He, Zhang, Ren, Sun 2015). The derivative at 0 is 0, by x and by alpha.

    alpha_initializer, alpha_regularizer, alpha_constraint: of alpha; shared_axes: an axis or
    several, 1 being the first behind the batch, along which alpha is the same. Any input shape
    whose lengths are known but for the batch and shared axes; the output has the same.

    >>> layer = layers.PReLU(alpha_initializer=initializers.Constant(0.5))
    >>> layer(np.array([[-2.0, 2.0]]))
    Tensor([[-1.,  2.]], op=Subtract)
    """

    recordable = True
    alpha: Parameter
    alpha_regularizer, alpha_constraint = WeightOption(), WeightOption()

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer, self.alpha_constraint = alpha_regularizer, alpha_constraint
        given = (shared_axes,) if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if given is None else [self._axis(axis) for axis in given]

    def _axis(self, axis: Any) -> int:
        if isinstance(axis, bool) or not hasattr(axis, "__index__") or int(axis) < 1:
            raise ValueError(
                f"{self.who}: expected shared_axes of integers from 1 on, received {axis!r}"
            )
        return int(axis)

    def build(self, input_shape: Shape) -> None:
        shared = self.shared_axes or []
        if any(axis >= len(input_shape) for axis in shared):
            raise ValueError(
                f"{self.who}: expected shared_axes of an input of shape {input_shape}, received "
                f"{shared}"
            )
        shape = [1 if i in shared else n for i, n in enumerate(input_shape)][1:]
        if None in shape:
            raise ValueError(
                f"{self.who}: expected inputs of known lengths but for the batch and shared_axes, "
                f"received {input_shape}"
            )
        self.alpha = self.add_weight(
            [n for n in shape if n is not None],
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return ops.relu(x) - self.alpha * ops.relu(-x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
