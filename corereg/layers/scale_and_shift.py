"""What the normalizing layers share: axes, and the weights gamma and beta."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from corereg import constraints, initializers, regularizers
from corereg.autograd import Parameter, Tensor, ops
from corereg.layers.base import Layer, Shape
from corereg.layers.weight_option import WeightOption


class NormalizingLayer(Layer):
    """Base of layers that normalize and have the shape of their input."""

    _takes_one_tensor = True
    epsilon: float

    def _check_epsilon(self, epsilon: Any) -> float:
        """A number of 0 or more; ValueError otherwise."""
        try:
            found = float(epsilon)
        except (TypeError, ValueError):
            found = -1.0
        if not found >= 0:
            raise ValueError(
                f"{self.who}: expected epsilon as a number of 0 or more, received {epsilon!r}"
            )
        return found

    def _check_axes(self, axis: Any) -> int | list[int]:
        """An axis, or several of them as a list; TypeError for what is no integer."""
        several = isinstance(axis, list | tuple)
        try:
            found = [operator.index(one) for one in (axis if several else [axis])]
        except TypeError:
            raise TypeError(
                f"{self.who}: expected axis as an integer or a list of them, received {axis!r}"
            ) from None
        return found if several else found[0]

    def _places(self, axis: int | Sequence[int], rank: int) -> list[int]:
        """Axes counted from 0, in order; ValueError for one that an input of this rank lacks."""
        axes = [axis] if isinstance(axis, int) else list(axis)
        wrong = [one for one in axes if not -rank <= one < rank]
        if wrong or not axes:
            raise ValueError(
                f"{self.who}: expected an input that has axis {wrong[0] if wrong else axes}, "
                f"received one of {rank} dimensions"
            )
        return sorted({one % rank for one in axes})

    def _sizes(self, shape: Shape, places: Sequence[int]) -> tuple[int, ...]:
        """The lengths along some axes, which have to be known; ValueError otherwise."""
        found = [shape[place] for place in places]
        known = tuple(n for n in found if n is not None)
        if len(known) < len(found):
            raise ValueError(
                f"{self.who}: expected inputs whose lengths along axis {list(places)} are known, "
                f"received {shape}; give input_shape, or an Input before the layer"
            )
        return known

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


class ScaleAndShift(NormalizingLayer):
    """A layer with weights gamma (if `scale`) and beta (if `center`)."""

    supports_masking = True
    gamma: Parameter | None
    beta: Parameter | None
    gamma_regularizer, beta_regularizer = WeightOption(), WeightOption()
    gamma_constraint, beta_constraint = WeightOption(), WeightOption()

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.epsilon = self._check_epsilon(epsilon)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.gamma = self.beta = None

    def _make_scale_and_shift(self, shape: tuple[int, ...]) -> None:
        """gamma and beta of this shape, in that order, as far as they are wanted."""
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def _flat(self, weight: Tensor | None) -> Tensor | None:
        """A weight as a vector."""
        return weight if weight is None or weight.ndim == 1 else ops.reshape(weight, (-1,))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def to_the_end(x: Tensor, places: Sequence[int]) -> tuple[Tensor, list[int]]:
    """x with these axes moved to its end, in this order, and the order that undoes it."""
    order = [i for i in range(x.ndim) if i not in places] + list(places)
    if order == list(range(x.ndim)):
        return x, order
    back = [order.index(i) for i in range(x.ndim)]
    return ops.transpose(x, order), back


def moved_back(x: Tensor, back: list[int]) -> Tensor:
    """Undoes `to_the_end`."""
    return x if back == list(range(x.ndim)) else ops.transpose(x, back)
