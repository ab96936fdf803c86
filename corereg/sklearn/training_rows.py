"""TrainingRows: what a network trains on, and how rows are held back from it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from corereg.wrappers.scikit_learn import train_test_split

Array = np.ndarray[Any, Any]


class TrainingRows(NamedTuple):
    """x (rows, inputs), what each head of the network is to give, and what each row counts (None:
    all alike). strata (None: none): the class of each row, of which rows held back have the same
    shares."""

    x: Array
    heads: list[Array]
    weight: Array | None = None
    strata: Array | None = None

    def take(self, places: Array | None) -> TrainingRows:
        """Some of the rows; None: all."""
        if places is None:
            return self
        return TrainingRows(
            self.x[places],
            [y[places] for y in self.heads],
            None if self.weight is None else self.weight[places],
            None if self.strata is None else self.strata[places],
        )

    @property
    def y(self) -> Any:
        """As `fit` of a model takes it."""
        return self.heads[0] if len(self.heads) == 1 else self.heads

    def held_back(self, who: str, fraction: float, seed: int) -> tuple[TrainingRows, TrainingRows]:
        """Rows to train on, and a fraction to validate with, drawn by a seed. ValueError if none
        are left to train on."""
        count = len(self.x)
        held = math.ceil(fraction * count)
        if held >= count:
            raise ValueError(
                f"{who}: expected rows to train on beside those that early_stopping holds back, "
                f"received n_samples={count} and validation_fraction={fraction!r}"
            )
        strata = self.strata
        if strata is not None:
            counts = np.unique(strata, return_counts=True)[1]
            if counts.min() < 2 or min(held, count - held) < len(counts):
                strata = None  # no row for each class on both sides
        train, test = train_test_split(
            np.arange(count), test_size=held, random_state=seed, stratify=strata
        )
        return self.take(train), self.take(test)
