"""How far predicted probabilities are from how often they come true."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from corereg.calibration.arguments import as_classes, as_probabilities

Array = np.ndarray[Any, Any]


class ReliabilityData(NamedTuple):
    """Predictions in bins of equal width by confidence; see `reliability_data`.

    confidence: the mean confidence in each bin; accuracy: the share of right predictions; both NaN
    in empty bins; count: how many predictions; edges: of the bins, one more than there are bins.

    >>> calibration.reliability_data([1, 0], [0.9, 0.2], bins=2).edges
    array([0. , 0.5, 1. ])
    """

    confidence: Array
    accuracy: Array
    count: Array  # type: ignore[assignment]  # tuples have a method of this name
    edges: Array


def reliability_data(y: Any, p: Any, bins: int = 15) -> ReliabilityData:
    """What a reliability diagram shows (DeGroot and Fienberg 1983; Guo et al. 2017).

    The confidence of a prediction is the probability of the class that it takes for the most
    probable; bin m has those with confidence in (m/bins, (m+1)/bins].

    y: classes, (rows,) or (rows, 1), or one-hot rows; p: probabilities, (rows, classes), or (rows,)
    or (rows, 1) of the second of two classes; bins: how many. ValueError for what does not fit.

    >>> found = calibration.reliability_data([1, 1, 1, 0], [0.9, 0.9, 0.9, 0.9], bins=2)
    >>> found.accuracy[1], found.confidence[1].round(4), found.count
    (np.float64(0.75), np.float64(0.9), array([0, 4]))
    """
    return _reliability("reliability_data", y, p, bins)


def expected_calibration_error(y: Any, p: Any, bins: int = 15) -> float:
    """ECE (Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017), in [0, 1], 0 being best:

        sum_m count_m / rows * |accuracy_m - confidence_m|

    with bins and arguments as for `reliability_data`. Two classes give the same whether p is
    (rows, 2) or (rows,).

    >>> round(calibration.expected_calibration_error([1, 1, 1, 0], [0.9, 0.9, 0.9, 0.9]), 4)
    0.15
    """
    found = _reliability("expected_calibration_error", y, p, bins)
    gaps = np.abs(found.accuracy - found.confidence)
    return float(np.nansum(found.count * gaps) / found.count.sum())


def brier_score(y: Any, p: Any) -> float:
    """The mean squared distance of probabilities from what came true (Brier 1950), 0 being best:

        mean over rows of sum_k (p_k - [y = k])^2     p (rows, classes), in [0, 2]
        mean over rows of (p - y)^2                   p (rows,) or (rows, 1), in [0, 1]

    So two classes give twice as much by (rows, 2) as by (rows,). y as for `reliability_data`.

    >>> round(calibration.brier_score([1, 0], [0.9, 0.2]), 4)
    0.025
    """
    who = "brier_score"
    given = as_probabilities(who, p)
    classes = as_classes(who, y, given)
    if given.ndim == 1:
        return float(np.mean((given - classes) ** 2))
    right = np.take_along_axis(given, classes[:, None], 1)[:, 0]
    return float(np.mean((given**2).sum(axis=1) - 2 * right + 1))


def _reliability(who: str, y: Any, p: Any, bins: int) -> ReliabilityData:
    if isinstance(bins, bool) or not hasattr(bins, "__index__") or bins < 1:
        raise ValueError(f"{who}: expected bins as an integer >= 1, received {bins!r}")
    given = as_probabilities(who, p)
    classes = as_classes(who, y, given)
    if given.ndim == 1:
        given = np.stack([1 - given, given], axis=1)
    predicted = given.argmax(axis=1)
    confidence = given.max(axis=1)
    edges = np.linspace(0, 1, int(bins) + 1)
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(places, minlength=bins)
    sums = [
        np.bincount(places, values, minlength=bins) for values in (confidence, predicted == classes)
    ]
    with np.errstate(invalid="ignore"):
        return ReliabilityData(sums[0] / count, sums[1] / count, count, edges)
