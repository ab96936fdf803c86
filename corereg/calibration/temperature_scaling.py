"""TemperatureScaling (Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks,
2017)."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np

from corereg.calibration.arguments import as_classes, as_predictions, as_probabilities
from corereg.calibration.folding import last_dense
from corereg.models.model import Model
from corereg.shown import as_words
from corereg.training.likelihood import sigmoid, softmax
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]

COLDEST, HOTTEST = 1e-2, 1e2  # the temperatures that are tried
LEAST = 1e-30  # probabilities are not taken for less
STEPS = 200  # of the search, at most; about ten are the rule


class TemperatureScaling:
    """Divides the logits z of a trained model by one number T, so that its probabilities become
    those which make held-out targets the likeliest:

        softmax(z / T)      of two classes with one probability: sigmoid(z / T)

    Which class is the most probable stays the same. T > 1 makes a model less sure of itself.

    temperature: T, until `fit` finds it; from_logits: whether predictions are logits. Else they are
    probabilities, and z is log p, or log(p / (1-p)) of two classes: the same T, as far as
    probabilities near 1 are not rounded. ValueError for a temperature that is not above 0.

    >>> logits = np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> scaling = calibration.TemperatureScaling(from_logits=True).fit([0, 0, 1, 1], logits)
    >>> round(scaling.temperature, 3)  # right three times of four: 2 / log(3)
    1.82
    """

    def __init__(self, temperature: float = 1.0, from_logits: bool = False) -> None:
        number = isinstance(temperature, int | float | np.number)
        if isinstance(temperature, bool) or not number or not 0 < temperature < np.inf:
            raise ValueError(
                f"TemperatureScaling: expected a temperature above 0, received {temperature!r}"
            )
        self.temperature = float(temperature)
        self.from_logits = bool(from_logits)

    def fit(self, y: Any, predictions: Any) -> Self:
        """Finds T by the likelihood of validation rows; returns self.

        y: classes, (rows,) or (rows, 1), or one-hot rows; predictions: what the model gives for
        these rows, (rows, classes), or (rows,) or (rows, 1) of two classes. The rows must not be
        those that the model was trained on.

        -log likelihood is convex in b = 1/T, and its derivative, mean(E_b[z] - z_y), is brought to
        0 by Newton's steps, in float64, with a bisection where one would leave the interval. T
        stays in [0.01, 100]; a warning says so if the rows want more: all of them are predicted
        right, or the predictions are no better than chance. ValueError for what does not fit.
        """
        who = "TemperatureScaling.fit"
        z = self._logits(who, predictions)
        classes = as_classes(who, y, z)
        if z.ndim == 1:
            z = np.stack([np.zeros_like(z), z], axis=1)
        z = z - z.max(axis=1, keepdims=True)
        right = np.take_along_axis(z, classes[:, None], 1).mean()
        low, high = 1 / HOTTEST, 1 / COLDEST
        if _slope(z, right, low)[0] >= 0 or _slope(z, right, high)[0] <= 0:
            chance = _slope(z, right, low)[0] >= 0
            self.temperature = HOTTEST if chance else COLDEST
            why = "are no better than chance" if chance else "are all right, however sure"
            warn_user(
                f"{who}: these {len(z)} rows do not determine the temperature, for the predictions "
                f"{why}; it is set to {self.temperature:g}"
            )
            return self
        b = 1.0
        for _ in range(STEPS):
            slope, curvature = _slope(z, right, b)
            low, high = (b, high) if slope < 0 else (low, b)
            step = b - slope / curvature if curvature > 0 else low
            new = step if low < step < high else (low + high) / 2
            if abs(new - b) <= 1e-13 * b or slope == 0:
                break
            b = new
        self.temperature = float(1 / b)
        return self

    def transform(self, predictions: Any) -> Array:
        """Calibrated probabilities (float64) for predictions of the shapes that `fit` takes."""
        who = "TemperatureScaling.transform"
        z = self._logits(who, predictions) / self.temperature
        if z.ndim == 1:
            return sigmoid(z).reshape(np.shape(predictions))
        return softmax(z)

    def calibrated(self, model: Model) -> Model:
        """A copy of a model that gives calibrated probabilities (of a model that gives logits:
        logits / T), to be used, saved and exported like any other: the weights of its last Dense
        are divided by T, so that it is as fast as before.

        ValueError if the model has several outputs, or does not end with a Dense, with or without
        a softmax or sigmoid: use `transform` on what it predicts then.
        """
        last_dense(model)
        made = copy.deepcopy(model)
        for weight in last_dense(made).weights:
            weight.assign(weight.data / np.asarray(self.temperature, weight.data.dtype))
        return made

    def _logits(self, who: str, predictions: Any) -> Array:
        if self.from_logits:
            return as_predictions(who, predictions)
        p = as_probabilities(who, predictions)
        if p.ndim == 2:
            found: Array = np.log(np.maximum(p, LEAST))
            return found
        given = np.asarray(getattr(predictions, "data", predictions)).dtype
        rounding = np.finfo(given).epsneg if given.kind == "f" else np.finfo(float).epsneg
        odds: Array = np.log(np.maximum(p, LEAST)) - np.log(np.maximum(1 - p, rounding))
        return odds

    __repr__ = as_words(lambda self: f"temperature={self.temperature:.6g}")


def _slope(z: Array, right: float, b: float) -> tuple[float, float]:
    """The first and the second derivative of the mean -log likelihood at b = 1/T; right: the mean
    logit of the right classes."""
    e = np.exp(b * z)
    p = e / e.sum(axis=1, keepdims=True)
    mean = (p * z).sum(axis=1)
    variance = (p * z * z).sum(axis=1) - mean**2
    return float(mean.mean() - right), float(variance.mean())
