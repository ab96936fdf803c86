"""Discretization: numbers as the bins that they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.layers.base import Layer, Shape
from corereg.layers.preprocessing.batches import batches_of, sorted_in_pieces
from corereg.layers.preprocessing.encoding import MODES, check_mode, encoded, encoded_shape
from corereg.registry import register

Array = np.ndarray[Any, Any]
Summary = tuple[Array, Array]
"""Values in ascending order, and how many numbers each stands for."""


@register("layer")
class Discretization(Layer):
    """How many boundaries are not above a number: with [0, 1] those below 0 are 0, those from 0 up
    to 1 are 1, others 2, and so is NaN.

    bin_boundaries: given in ascending order; or num_bins: `adapt` finds boundaries between bins of
    about as many numbers each, from a summary with an error of about epsilon in the rank.
    output_mode: "int", the bin's number (int64, the input's shape), or "one_hot", "multi_hot" or
    "count", as CategoryEncoding has them. sparse=True is not supported. ValueError for anything
    else.

    >>> layers.Discretization([0.0, 10.0])(np.array([-5.0, 0.0, 9.9, 10.0]))
    Tensor([0, 1, 1, 2], dtype=int64)
    """

    recordable = True
    _takes_one_tensor = True

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.output_mode = check_mode(self.who, output_mode, ("int", *MODES), sparse)
        if num_bins is not None and (
            isinstance(num_bins, bool) or not hasattr(num_bins, "__index__") or int(num_bins) < 0
        ):
            raise ValueError(f"{self.who}: expected num_bins of 0 or more, received {num_bins!r}")
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                f"{self.who}: expected bin_boundaries or num_bins, received "
                f"{'neither' if num_bins is None else 'both'}"
            )
        self.num_bins, self.epsilon = num_bins, float(epsilon)
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self.bin_boundaries = [float(one) for one in bin_boundaries]
            if sorted(self.bin_boundaries) != self.bin_boundaries:
                raise ValueError(
                    f"{self.who}: expected bin_boundaries in ascending order, received "
                    f"{bin_boundaries!r}"
                )

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Finds the boundaries from data, an array or table or an iterable of batches; forgets
        those of an earlier `adapt`. ValueError if they were given to the layer."""
        if self.num_bins is None:
            raise ValueError(
                f"{self.who}.adapt: bin_boundaries were given to the layer; give num_bins instead"
            )
        found: Summary = np.zeros(0), np.zeros(0)
        for batch in batches_of(self.who, data, batch_size, steps):
            if batch.dtype.kind not in "fiub" or not batch.size:
                raise ValueError(
                    f"{self.who}.adapt: expected numbers, received dtype {batch.dtype} of shape "
                    f"{batch.shape}"
                )
            found = _merged(found, _summary(batch, self.epsilon), self.epsilon)
        values = _compressed(found, 1 / self.num_bins)[0] if self.num_bins else np.zeros(0)
        self.bin_boundaries = [float(one) for one in values[:-1]]

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if self.bin_boundaries is None:
            raise ValueError(f"{self.who}: expected boundaries of bins; call adapt(data) first")
        boundaries = np.asarray(self.bin_boundaries, self._dtype)
        above = ops.logical_not(ops.less(ops.expand_dims(x, -1), boundaries))  # so is NaN
        bins = ops.sum(ops.astype(above, np.int64), -1)
        if self.output_mode == "int":
            return bins
        return encoded(bins, len(boundaries) + 1, self.output_mode, self._dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        known = self.bin_boundaries
        count = self.num_bins if known is None else len(known) + 1
        return encoded_shape(input_shape, count, self.output_mode)

    def _output_dtype(self, x: Any) -> str:
        return "int64" if self.output_mode == "int" else self.dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        """A layer from what get_config gave, which has boundaries that were found, too."""
        own = dict(config)
        found = own.pop("bin_boundaries", None) if own.get("num_bins") is not None else None
        layer = cls(**own)
        if found is not None:
            layer.bin_boundaries = [float(one) for one in found]
        return layer


def _summary(values: Array, epsilon: float) -> Summary:
    """Every n-th of the sorted values from the n-th on, n of about epsilon times their number."""
    ordered = sorted_in_pieces(values.reshape(-1), np.float32)
    each = max(len(ordered) * epsilon, 1.0)
    step = int(each)
    taken = ordered[step - 1 :: step]
    return taken, np.full(len(taken), each)


def _merged(one: Summary, other: Summary, epsilon: float) -> Summary:
    values, counts = (np.concatenate(both) for both in zip(one, other, strict=True))
    order = np.argsort(values, kind="stable")
    return _compressed((values[order], counts[order]), epsilon)


def _compressed(summary: Summary, epsilon: float) -> Summary:
    """The values at the quantiles epsilon, 2 epsilon, ... up to 1, between neighbours by straight
    lines; a summary of no more values than that stays."""
    values, counts = summary
    if len(values) * epsilon < 1:
        return summary
    quantiles = epsilon + np.arange(0.0, 1.0, epsilon)
    below = np.cumsum(counts)
    shares = below / below[-1]
    values = np.interp(quantiles, shares, values)
    below = np.interp(quantiles, shares, below)
    return values, np.diff(below, prepend=0.0)
