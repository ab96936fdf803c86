"""Normalization: features with mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Parameter, Tensor, ops
from corereg.layers.base import Layer, Shape, assign_all
from corereg.layers.preprocessing.batches import batches_of, pieces
from corereg.registry import register

Array = np.ndarray[Any, Any]
PIECE = 1 << 22  # numbers that are taken at a time
LEAST = 1e-7  # of the standard deviation that is divided by, as Keras has it


@register("layer")
class Normalization(Layer):
    """(x - mean) / max(sqrt(variance), 1e-7), for each feature by itself.

    axis: the axis or axes along which each place has its own mean and variance, the last by
    default; None: one for all numbers. mean, variance: given, both of them, they are constants that
    broadcast along these axes; left out, `adapt` finds them, and until then they are 0 and 1.
    invert: the other way round, x * max(sqrt(variance), 1e-7) + mean.

    Found by `adapt`, they are two weights that training leaves as they are. Input and output have
    one shape. ValueError for axes that the input does not have, or whose size is open.

    >>> layer = layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 10.0], [2.0, 30.0]]))
    >>> layer(np.array([[2.0, 20.0]]))
    Tensor([[1., 0.]])
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True
    mean: Any
    variance: Any

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if axis is None:
            axis = ()
        axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
        if any(isinstance(one, bool) or not hasattr(one, "__index__") for one in axes):
            raise ValueError(f"{self.who}: expected axis as integers or None, received {axis!r}")
        if (mean is None) != (variance is None):
            raise ValueError(
                f"{self.who}: expected both mean and variance or neither, received mean={mean!r} "
                f"and variance={variance!r}"
            )
        self.axis = tuple(int(one) for one in axes)
        self.invert = bool(invert)
        self.input_mean = None if mean is None else np.asarray(mean, float).tolist()
        self.input_variance = None if variance is None else np.asarray(variance, float).tolist()

    def build(self, input_shape: Shape) -> None:
        axes, count = self.axis, len(input_shape)
        if any(not -count <= axis < count for axis in axes):
            raise ValueError(
                f"{self.who}: expected axes that inputs of shape {tuple(input_shape)} have, "
                f"received axis {axes}"
            )
        self._kept = sorted(axis % count for axis in axes)
        sizes = [input_shape[axis] for axis in self._kept]
        if any(n is None for n in sizes):
            raise ValueError(
                f"{self.who}: expected axes of known sizes, received axis {axes} of inputs of "
                f"shape {tuple(input_shape)}"
            )
        self._shown = tuple((input_shape[i] or 1) if i in self._kept else 1 for i in range(count))
        if self.input_mean is None:
            shape = tuple(n for n in sizes if n is not None)
            self.mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.variance = self.add_weight(shape, "ones", trainable=False, name="variance")
        else:
            self.mean = self._constant(self.input_mean)
            self.variance = self._constant(self.input_variance)

    def _constant(self, value: Any) -> Array:
        array = np.asarray(value, self._dtype)
        try:
            return np.broadcast_to(array, self._shown).copy()
        except ValueError:
            raise ValueError(
                f"{self.who}: expected mean and variance that broadcast to {self._shown}, received "
                f"shape {array.shape}"
            ) from None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        mean, variance = self.mean, self.variance
        if isinstance(mean, Parameter):
            mean, variance = (ops.reshape(one, self._shown) for one in (mean, variance))
        least = np.asarray(LEAST, self._dtype)
        deviation = ops.maximum(ops.sqrt(variance), least)
        found: Tensor = x * deviation + mean if self.invert else (x - mean) / deviation
        return found

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Finds mean and variance of data: an array or table (rows, ...), or an iterable of such
        batches, each of which counts by its rows. What an earlier `adapt` found is forgotten.
        ValueError if mean and variance were given, or for other shapes than before."""
        if self.input_mean is not None:
            raise ValueError(
                f"{self.who}.adapt: mean and variance were given to the layer; leave them out"
            )
        count, mean, second = 0, np.zeros(()), np.zeros(())  # Chan, Golub, LeVeque 1983
        batches = batches_of(self.who, data, batch_size, steps, PIECE)
        for batch in (piece for whole in batches for piece in pieces(whole, PIECE)):
            if batch.dtype.kind not in "fiub" or not batch.ndim:
                raise ValueError(
                    f"{self.who}.adapt: expected rows of numbers, received dtype {batch.dtype} of "
                    f"shape {batch.shape}"
                )
            if not self.built:
                self.build((None, *batch.shape[1:]))
            if len(batch.shape) != len(self._shown) or any(
                n not in (m, 1) and i in self._kept
                for i, (m, n) in enumerate(zip(batch.shape, self._shown, strict=True))
            ):
                raise ValueError(
                    f"{self.who}.adapt: expected data of shape {('rows', *self._shown[1:])}, "
                    f"received {batch.shape}"
                )
            reduced = tuple(i for i in range(batch.ndim) if i not in self._kept)
            rows = int(np.prod([batch.shape[i] for i in reduced]))
            if not rows:
                continue
            own = batch.mean(axis=reduced, dtype=np.float64)
            own_second = batch.var(axis=reduced, dtype=np.float64) * rows
            apart = own - mean
            second = second + own_second + apart * apart * (count * rows / (count + rows))
            mean = mean + apart * (rows / (count + rows))
            count += rows
        if not count:
            raise ValueError(f"{self.who}.adapt: expected at least one row, received none")
        assign_all(self.who, [self.mean, self.variance], [mean, second / count])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": list(self.axis) or None,
            "invert": self.invert,
            "mean": self.input_mean,
            "variance": self.input_variance,
        }
