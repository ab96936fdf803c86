"""Scores of predictions by their names in scikit-learn: greater is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.training.likelihood import BERNOULLI, CATEGORICAL, figure_of_merit
from corereg.tuning.space import WHO

Array = np.ndarray[Any, Any]
Score = Callable[[str | None, Array, Array, Array | None], float]
"""Of what outputs are (see corereg.training.likelihood), predictions, targets and weights."""


def _neg_loss(kind: str | None, p: Array, y: Array, weight: Array | None) -> float:
    return -figure_of_merit(kind, p, y, weight)


def _neg_mean_absolute_error(kind: str | None, p: Array, y: Array, weight: Array | None) -> float:
    rows = np.abs(np.asarray(y, float).reshape(p.shape) - p).reshape(len(p), -1).mean(axis=1)
    return -float(np.average(rows, weights=weight))


def _accuracy(kind: str | None, p: Array, y: Array, weight: Array | None) -> float:
    if kind == CATEGORICAL:
        labels = y.argmax(axis=-1) if y.shape == p.shape else y.reshape(p.shape[:-1])
        right = labels == p.argmax(axis=-1)
    else:
        right = (y.reshape(p.shape) > 0.5) == (p > 0.5)
    return float(np.average(right.reshape(len(right), -1).mean(axis=1), weights=weight))


def _r2(kind: str | None, p: Array, y: Array, weight: Array | None) -> float:
    y = np.asarray(y, float).reshape(len(p), -1)
    p = p.reshape(len(p), -1)
    residual = np.average((y - p) ** 2, axis=0, weights=weight)
    total = np.average((y - np.average(y, axis=0, weights=weight)) ** 2, axis=0, weights=weight)
    return float(np.mean(1 - residual / np.where(total == 0, 1, total)))


_PROBABILITIES = (CATEGORICAL, BERNOULLI)
SCORES: dict[str, tuple[Score, tuple[str | None, ...]]] = {
    "accuracy": (_accuracy, _PROBABILITIES),
    "neg_log_loss": (_neg_loss, _PROBABILITIES),
    "neg_mean_absolute_error": (_neg_mean_absolute_error, (None,)),
    "neg_mean_squared_error": (_neg_loss, (None,)),
    "r2": (_r2, (None,)),
}
"""The scores of models, and what outputs each is for."""


def default_scoring(kind: str | None) -> str:
    """The log-likelihood of probabilities, the squared error of values."""
    return "neg_mean_squared_error" if kind is None else "neg_log_loss"


def check_scoring(scoring: Any, kind: str | None) -> Any:
    """A name in SCORES for outputs of this kind, or a function; ValueError for others."""
    if scoring is None:
        return default_scoring(kind)
    if callable(scoring):
        return scoring
    able = sorted(name for name, (_, kinds) in SCORES.items() if kind in kinds)
    if scoring not in able:
        raise ValueError(
            f"{WHO}: expected scoring of a model with {'values' if kind is None else 'classes'} as "
            f"one of {able}, or a function (model, x, y) that gives a number, greater being better;"
            f" received {scoring!r}"
        )
    return scoring
