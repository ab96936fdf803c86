"""MixUp (Zhang, Cisse, Dauphin, Lopez-Paz: mixup: beyond empirical risk minimization, 2018)."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.layers.batch_mixing import Array, BatchMixing, Mixture
from corereg.registry import register


@register("layer")
class MixUp(BatchMixing):
    """In training, s x[i] + (1-s) x[j] in the place of each row x[i], and the same of its labels:
    j from a random order of the batch's rows, s from the distribution Beta(alpha, alpha), one for
    each row. Otherwise passes its input on.

    Input (rows, ...) of any shape: rows of a table, images; or a dict, see `BatchMixing`.
    alpha: positive; the smaller, the more rows stay nearly as they are. data_format is Keras's and
    changes nothing. seed: fixes the sequence (by default drawn from the global seed). The numbers
    are the same for any number of threads, and on every machine. ValueError for other arguments.

    >>> mixed = layers.MixUp(alpha=0.4, seed=1)(np.array([[0.0], [1.0]]), training=True).numpy()
    >>> bool((mixed >= 0).all() and (mixed <= 1).all())
    True
    """

    recordable = True

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, seed, **options)
        number = isinstance(alpha, int | float | np.number) and not isinstance(alpha, bool)
        if not number or not alpha > 0 or not isfinite(alpha):
            raise ValueError(f"{self.who}: expected alpha > 0, received {alpha!r}")
        self.alpha = float(alpha)

    @property
    def _beta_range(self) -> tuple[float, float]:
        return self.alpha, self.alpha

    def mix_inputs(self, x: Array, mixture: Mixture) -> Array:
        return _kernels.mix_rows(x, mixture.order, mixture.share)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}
