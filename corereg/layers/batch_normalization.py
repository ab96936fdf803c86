"""BatchNormalization (Ioffe, Szegedy 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import initializers
from corereg.autograd import Parameter, Tensor, ops
from corereg.autograd.mode import state
from corereg.autograd.ops.normalization import batch_norm, batch_norm_given
from corereg.graph.inference import trial
from corereg.layers.base import Shape
from corereg.layers.kept_statistics import normalize_kept
from corereg.layers.renormalization import checked_clipping, renormalize
from corereg.layers.scale_and_shift import ScaleAndShift
from corereg.registry import register


@register("layer")
class BatchNormalization(ScaleAndShift):
    """In training, normalizes each place along `axis` by the mean and the variance of the batch (of
    all other axes, the variance being that of the population), and keeps moving averages of both:

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
        moving = moving * momentum + batch's * (1 - momentum)

    Otherwise, and in training while `trainable` is False, it normalizes by the moving averages.
    renorm: True corrects the batch's mean and deviation by averages of their own, which
    renorm_momentum moves, within the limits renorm_clipping (rmax, rmin, dmax): see
    corereg/layers/renormalization.py.
    A mask of the input, or one given as `layer(x, mask=mask)`, bools of all its axes but the last:
    mean and variance are over the places that it keeps. Another rank of it raises ValueError.

    Weights: gamma if `scale`, beta if `center`, moving_mean and moving_variance, which are not
    trained, each of shape (input's length along axis,), and with renorm moving_stddev, renorm_mean
    and renorm_stddev; *_initializer and *_regularizer are for them. Input (batch, ...), output of
    the same shape. An axis whose length is unknown, or that the input does not have, raises
    ValueError; so does synchronized, which is not available. A batch without rows leaves the moving
    averages as they are.

    >>> layer = layers.BatchNormalization(epsilon=0)
    >>> layer(np.array([[1.0], [3.0]]), training=True)
    Tensor([[-1.],
            [ 1.]], op=BatchNorm)
    >>> [w.name.split("/")[-1] for w in layer.weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    recordable = True
    moving_mean: Parameter
    moving_variance: Parameter
    moving_stddev: Parameter  # this and what follows only with renorm
    renorm_mean: Parameter
    renorm_stddev: Parameter

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
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
        found = self._check_axes(axis)
        if not isinstance(found, int):
            raise TypeError(f"{self.who}: expected axis as an integer, received {axis!r}")
        if isinstance(momentum, bool) or not isinstance(momentum, int | float):
            raise ValueError(f"{self.who}: expected momentum as a number, received {momentum!r}")
        if synchronized:
            raise ValueError(
                f"{self.who}: expected synchronized=False, the only kind there is here, received "
                f"{synchronized!r}"
            )
        self.axis, self.momentum = found, float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized, self.renorm = False, bool(renorm)
        self.renorm_clipping = checked_clipping(self.who, renorm_clipping) if renorm else None
        self.renorm_momentum = float(renorm_momentum)

    def build(self, input_shape: Shape) -> None:
        shape = self._sizes(input_shape, self._places(self.axis, len(input_shape)))
        self._make_scale_and_shift(shape)
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        if self.renorm:
            root = initializers.get(np.sqrt(self.moving_variance.data))
            for name, initializer in (
                ("moving_stddev", root),
                ("renorm_mean", self.moving_mean_initializer),
                ("renorm_stddev", root),
            ):
                made = self.add_weight(shape, initializer, trainable=False, name=name)
                setattr(self, name, made)

    def call(self, x: Tensor, training: bool = False, mask: Any = None) -> Tensor:
        (place,) = self._places(self.axis, x.ndim)
        if x.shape[place] != self.moving_mean.shape[0]:
            raise ValueError(
                f"{self.who}: expected {self.moving_mean.shape[0]} numbers along axis {self.axis}, "
                f"for which it was built, received {x.shape}"
            )
        kept = None if mask is None else self._kept(mask, x)
        if place != x.ndim - 1:
            x = ops.swapaxes(x, place, -1)
            kept = None if kept is None else ops.swapaxes(kept, place, -1)
            return ops.swapaxes(self._normalize(x, training, kept), place, -1)
        return self._normalize(x, training, kept)

    def _kept(self, mask: Any, x: Tensor) -> Tensor:
        """A mask as bools of the shape of x."""
        if len(mask.shape) != x.ndim - 1:
            raise ValueError(
                f"{self.who}: expected a mask with one axis less than x of shape {x.shape}, "
                f"received one of shape {tuple(mask.shape)}"
            )
        return ops.broadcast_to(ops.expand_dims(ops.not_equal(mask, 0), -1), x.shape)

    def _normalize(self, x: Tensor, training: bool, kept: Tensor | None) -> Tensor:
        """Along the last axis."""
        weights = self.gamma, self.beta
        mean, variance = self.moving_mean, self.moving_variance
        if training and self._trainable:
            if self.renorm:
                return renormalize(self, x, kept)
            if kept is not None:
                return normalize_kept(self, x, kept)
            moving = (None, None) if trial.under_way else (mean.data, variance.data)
            return batch_norm(x, *weights, self.epsilon, self.momentum, moving)
        if mean.requires_grad or variance.requires_grad:  # somebody made it so
            return self._composed(x)
        return batch_norm_given(
            x, mean.data, variance.data, *weights, self.epsilon, keep=state.enabled
        )

    def _composed(self, x: Tensor) -> Tensor:
        """Of ops that know the derivatives by the moving averages, too."""
        y = (x - self.moving_mean) * ops.rsqrt(self.moving_variance + self.epsilon)
        if self.gamma is not None:
            y = y * self.gamma
        return y if self.beta is None else y + self.beta

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }
