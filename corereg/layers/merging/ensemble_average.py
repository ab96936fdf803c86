"""EnsembleAverage: the mean of what the models of an ensemble give."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.base import Shape
from corereg.layers.merging.base import Merge
from corereg.registry import register


@register("layer")
class EnsembleAverage(Merge):
    """The mean of a list of tensors of one shape, each counted by its share; part of
    `corereg.models.Ensemble`.

    shares: numbers that add up to 1, one for each tensor; None: all alike. probabilities: takes
    logits, whose probabilities it averages: softmax over the last axis, or sigmoid if that has one
    element. ValueError for shapes that differ, and for another number of tensors than of shares.
    """

    recordable = True

    def __init__(
        self, shares: Sequence[float] | None = None, probabilities: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.shares = None if shares is None else tuple(float(share) for share in shares)
        self.probabilities = bool(probabilities)
        if self.shares is not None:
            self._least = self._most = len(self.shares)  # type: ignore[misc]

    def averaged(self, x: Tensor) -> Tensor:
        """What of a model's output is averaged."""
        if not self.probabilities:
            return x
        return ops.sigmoid(x) if x.shape[-1] == 1 else ops.softmax(x)

    def call(self, x: Any, training: bool = False) -> Tensor:
        tensors = [self.averaged(one) for one in self.check_inputs(x)]
        if self.shares is not None:
            pairs = zip(tensors, self.shares, strict=True)
            return reduce(lambda a, b: a + b, [one * share for one, share in pairs])
        whole: Tensor = reduce(lambda a, b: a + b, tensors)
        return whole / len(tensors)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = self.check_shapes(input_shape)
        if len({shape[1:] for shape in shapes}) > 1:
            raise ValueError(f"{self.who}: expected inputs of one shape, received {shapes}")
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        shares = None if self.shares is None else list(self.shares)
        own = {"shares": shares, "probabilities": self.probabilities}
        return {**super().get_config(), **own}
