"""NumericEncoding: columns of numbers with gaps as features of one scale."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from corereg.autograd import Parameter, Tensor, ops
from corereg.layers.base import Layer, Shape, assign_all
from corereg.layers.preprocessing.batches import batches_of, pieces
from corereg.registry import register

Array = np.ndarray[Any, Any]
METHODS = ("standard", "quantile")
PIECE = 1 << 20  # numbers that are taken at a time
MOST_ROWS = 100_000  # of which quantiles are found; of more rows, as many at even distances


@register("layer")
class NumericEncoding(Layer):
    """Numbers of one scale, by what `adapt` found in each column, with 0 in the place of NaN.

    method: "standard": (x - mean) / deviation, where a column of one value has deviation 1;
    "quantile": what is at the same quantile of the normal distribution, by straight lines between
    num_quantiles quantiles of the data, which outliers and skewed columns need. indicator: whether
    further columns say where NaN was, by 1; left out, `adapt` finds whether there was any.

    Input (batch, n), output (batch, n) or with indicator (batch, 2 n). Outputs before `adapt` are
    the numbers themselves. ValueError for another method and for num_quantiles below 2.

    >>> encoding = layers.NumericEncoding()
    >>> encoding.adapt(np.array([[1.0], [np.nan], [3.0]]))
    >>> encoding(np.array([[3.0], [np.nan]]))
    Tensor([[1., 0.],
            [0., 1.]])
    """

    recordable = True
    _takes_one_tensor = True
    _takes_missing = True
    mean: Parameter
    deviation: Parameter
    starts: Parameter
    widths: Parameter
    rises: Parameter
    least: Parameter

    def __init__(
        self,
        method: str = "standard",
        indicator: bool | None = None,
        num_quantiles: int = 64,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if method not in METHODS:
            raise ValueError(
                f"{self.who}: expected method as one of {list(METHODS)}, received {method!r}"
            )
        whole = hasattr(num_quantiles, "__index__") and not isinstance(num_quantiles, bool)
        if not whole or int(num_quantiles) < 2:
            raise ValueError(
                f"{self.who}: expected num_quantiles of 2 or more, received {num_quantiles!r}"
            )
        self.method, self.num_quantiles = method, int(num_quantiles)
        self.indicator = None if indicator is None else bool(indicator)

    def build(self, input_shape: Shape) -> None:
        columns = input_shape[-1]
        if len(input_shape) != 2 or columns is None:
            raise ValueError(
                f"{self.who}: expected inputs of shape (batch, columns), received {input_shape}"
            )

        def weight(name: str, shape: tuple[int, ...], begin: str = "zeros") -> Parameter:
            return self.add_weight(shape, begin, trainable=False, name=name)

        if self.method == "standard":
            self.mean = weight("mean", (columns,))
            self.deviation = weight("deviation", (columns,), "ones")
            return
        lines = (columns, self.num_quantiles - 1)
        self.starts, self.widths = weight("starts", lines), weight("widths", lines, "ones")
        self.rises, self.least = weight("rises", lines), weight("least", (columns,))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Finds the scale of each column of data, an array or table (rows, columns) or an iterable
        of such batches; NaN counts as missing. What an earlier `adapt` found is forgotten."""
        whole = list(batches_of(self.who, data, batch_size, steps))
        batches = [one.reshape(len(one), -1) if one.ndim else one for one in whole]
        for one in batches:
            if one.dtype.kind not in "fiub" or not one.ndim or one.shape[1] != batches[0].shape[1]:
                raise ValueError(
                    f"{self.who}.adapt: expected rows of numbers, received dtype {one.dtype} of "
                    f"shape {one.shape}"
                )
        if not self.built:
            self.build((None, batches[0].shape[1]))
        if self.indicator is None:
            self.indicator = any(
                bool(np.isnan(piece).any())
                for one in batches
                for piece in pieces(one, PIECE)
                if one.dtype.kind == "f"
            )
        if self.method == "standard":
            self._standardize(batches)
        else:
            self._take_quantiles(batches)

    def _standardize(self, batches: list[Array]) -> None:
        parts = [part.astype(np.float64) for one in batches for part in pieces(one, PIECE)]
        count = sum((~np.isnan(one)).sum(0) for one in parts)
        least = np.maximum(count, 1)
        mean = sum(np.nansum(one, 0) for one in parts) / least
        deviation = np.sqrt(sum(np.nansum((one - mean) ** 2, 0) for one in parts) / least)
        deviation = np.where(deviation > 1e-7 * np.maximum(np.abs(mean), 1e-30), deviation, 1.0)
        assign_all(self.who, [self.mean, self.deviation], [mean, deviation])

    def _take_quantiles(self, batches: list[Array]) -> None:
        rows = sum(map(len, batches))
        step = max(1, -(-rows // MOST_ROWS))
        some = np.concatenate([one[::step] for one in batches]).astype(np.float64)
        places = np.linspace(0, 1, self.num_quantiles)
        inside = np.clip(places, 0.5 / self.num_quantiles, 1 - 0.5 / self.num_quantiles)
        scores = np.array([NormalDist().inv_cdf(one) for one in inside])
        lines = (some.shape[1], self.num_quantiles - 1)
        starts, widths, rises = np.zeros(lines), np.ones(lines), np.zeros(lines)
        least = np.zeros(lines[0])
        for i, column in enumerate(some.T):
            column = column[~np.isnan(column)]
            if not len(column):
                continue
            knots, which = np.unique(np.quantile(column, places), return_inverse=True)
            heights = np.bincount(which, scores) / np.bincount(which)  # where values are equal
            heights[np.abs(heights) < 1e-12] = 0.0  # sums of scores that cancel
            count = len(knots) - 1
            starts[i, :count], widths[i, :count] = knots[:-1], np.diff(knots)
            rises[i, :count], least[i] = np.diff(heights), heights[0]
        weights = [self.starts, self.widths, self.rises, self.least]
        assign_all(self.who, weights, [starts, widths, rises, least])

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        missing = ops.isnan(x)
        known = ops.where(missing, ops.zeros_like(x), x)
        if self.method == "standard":
            found = (known - self.mean) / self.deviation
        else:
            share = (ops.expand_dims(known, -1) - self.starts) / self.widths
            found = ops.sum(ops.clip(share, 0.0, 1.0) * self.rises, -1) + self.least
        found = ops.where(missing, ops.zeros_like(x), found)
        if not self.indicator:
            return found
        return ops.concatenate([found, ops.astype(missing, self._dtype)], -1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        columns = input_shape[-1]
        if not self.indicator or columns is None:
            return input_shape
        return (*input_shape[:-1], 2 * columns)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "method": self.method,
            "indicator": self.indicator,
            "num_quantiles": self.num_quantiles,
        }
