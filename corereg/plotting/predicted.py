"""Pictures of predictions: what is taken for what, whether probabilities can be believed, and how
sure a model is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.calibration.arguments import as_classes, as_probabilities
from corereg.calibration.measures import expected_calibration_error, reliability_data
from corereg.plotting.style import (
    BLUE,
    TRAIN,
    VALIDATION,
    axes_of,
    ink,
    legend,
    on,
    readable_on,
    sequential,
    tidy,
)

Array = np.ndarray[Any, Any]
_MOST_NUMBERS = 30  # classes; in a larger matrix numbers are not written


def confusion_matrix(
    y: Any,
    p: Any,
    labels: Sequence[Any] | None = None,
    normalize: bool = False,
    ax: Any = None,
) -> Any:
    """How many rows of each class were taken for which: a row for each true class, a column for
    each predicted one.

    y: classes, (rows,) or (rows, 1), or one-hot rows. p: probabilities, (rows, classes), or (rows,)
    or (rows, 1) of the second of two classes, as `predict` gives them; or integers or texts: the
    predicted classes themselves. labels: names of the classes, in order. normalize: shares of each
    true class instead of numbers of rows. ax: the axes to draw on; None: new ones. Returns the
    axes. ValueError for what does not fit.

    >>> ax = corereg.plotting.confusion_matrix([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.1])
    >>> ax.get_title()
    '75.0 % of 4 rows right'
    """
    who = "plotting.confusion_matrix"
    counts, names = _counted(who, y, p)
    if labels is not None:
        if len(labels) != len(counts):
            raise ValueError(
                f"{who}: expected {len(counts)} labels, one a class, received {len(labels)}"
            )
        names = [str(label) for label in labels]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(2.4 + 0.5 * len(names), 9.0)
    ax = axes_of(who, ax, width=side + 0.4, height=side)
    ax.grid(visible=False)
    colors = sequential(ax)
    ax.imshow(shares, cmap=colors, vmin=0, vmax=1, interpolation="nearest")
    if len(names) <= _MOST_NUMBERS:
        small = "small" if len(names) > 6 else "medium"
        for (row, column), share in np.ndenumerate(shares):
            text = f"{share:.2f}" if normalize else f"{counts[row, column]:,}"
            ax.text(
                *(column, row, text),
                ha="center",
                va="center",
                fontsize=small,
                color=readable_on(colors(share)[:3]),
            )
    places = range(len(names))
    turned = max(map(len, names)) > 3 and len(names) > 4
    ax.set_xticks(places, names, rotation=45 if turned else 0, ha="right" if turned else "center")
    ax.set_yticks(places, names)
    ax.tick_params(length=0)
    ax.set(xlabel="predicted", ylabel="true")
    right = np.trace(counts) / max(counts.sum(), 1)
    ax.set_title(f"{100 * right:.1f} % of {counts.sum():,} rows right")
    return ax


def calibration_curve(y: Any, p: Any, bins: int = 15, ax: Any = None) -> Any:
    """A reliability diagram (`corereg.calibration.reliability_data`): how often predictions come
    true, by their confidence. On the diagonal, confidence can be believed; below it the model is
    too sure. The area of a point, and the bar below it, tell how many predictions it stands for;
    the legend has the expected calibration error.

    y, p, bins: as for `reliability_data`. ax: the axes to draw on; None: new ones. Returns the
    axes. ValueError for what does not fit.

    >>> ax = corereg.plotting.calibration_curve([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.1], bins=5)
    >>> ax.get_ylabel()
    'share that came true'
    """
    who = "plotting.calibration_curve"
    found = reliability_data(y, p, bins)
    error = expected_calibration_error(y, p, bins)
    ax = axes_of(who, ax, width=5.2, height=4.6)
    there = found.count > 0
    confidence, accuracy = found.confidence[there], found.accuracy[there]
    share = found.count[there] / found.count.sum()
    width = np.diff(found.edges)[there]
    ax.bar(
        (found.edges[:-1])[there],
        share,
        width,
        align="edge",
        color=ink(),
        alpha=0.14,
        lw=0,
        label="share of predictions",
    )
    ax.plot([0, 1], [0, 1], color=ink(), alpha=0.6, lw=1, ls="--", label="can be believed")
    ax.vlines(confidence, accuracy, confidence, color=VALIDATION, alpha=0.8, lw=1.6)
    ax.plot(confidence, accuracy, color=on(ax, TRAIN), lw=1.6, label=f"model (ECE {error:.3f})")
    ax.scatter(confidence, accuracy, s=18 + 220 * share, color=on(ax, TRAIN), zorder=3)
    start = max(0.0, min(float(found.edges[:-1][there].min(initial=1.0)), 0.5) - 0.02)
    ax.set(xlabel="confidence", ylabel="share that came true", xlim=(start, 1.02), ylim=(0, 1.03))
    tidy(ax)
    legend(ax)
    return ax


def uncertainty(prediction: Any, x: Any = None, y: Any = None, ax: Any = None) -> Any:
    """What `model.predict_mc` says of a model's uncertainty.

    Of a classifier: a point for each row, its predictive entropy to the right, and upwards how much
    of that the samples disagree about (mutual information): what more data could teach. y: classes
    or one-hot rows; then wrong predictions have a mark of their own.

    Of a regression: the mean, with bands of one and two standard deviations. x: one number for each
    row, to the right; None: the rows in the order of their means. y: targets, as points.

    prediction: an `MCPrediction` of a model with one output. ax: the axes to draw on; None: new
    ones. Returns the axes. ValueError for what does not fit.

    >>> model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dropout(0.5)])
    >>> model.add(corereg.layers.Dense(1))
    >>> corereg.plotting.uncertainty(model.predict_mc([[0.0, 1.0], [1.0, 2.0]])).get_ylabel()
    'prediction'
    """
    who = "plotting.uncertainty"
    fields = ("mean", "std", "entropy", "mutual_information")
    if not all(hasattr(prediction, name) for name in fields):
        raise TypeError(
            f"{who}: expected what model.predict_mc gives, received {type(prediction).__name__}"
        )
    if isinstance(prediction.mean, dict | list | tuple):
        raise ValueError(
            f"{who}: expected a prediction of one output, received {len(prediction.mean)} outputs; "
            "draw each by itself"
        )
    if prediction.entropy is None:
        return _regression(who, prediction, x, y, ax)
    if x is not None:
        raise ValueError(f"{who}: expected no x beside a prediction of classes")
    return _classes(who, prediction, y, ax)


def _classes(who: str, prediction: Any, y: Any, ax: Any) -> Any:
    entropy = np.ravel(prediction.entropy)
    mutual = np.ravel(prediction.mutual_information)
    wrong = np.zeros(len(entropy), bool)
    if y is not None:
        p = as_probabilities(who, prediction.mean)
        predicted = (p > 0.5).astype(int) if p.ndim == 1 else p.argmax(axis=1)
        wrong = predicted != as_classes(who, y, p)
    ax = axes_of(who, ax, width=5.6)
    highest = float(entropy.max(initial=0.0)) or 1.0
    label = "rows" if y is None else f"right ({int((~wrong).sum()):,})"
    size = 26 if len(entropy) < 500 else 12
    ax.plot([0, highest], [0, highest], color=ink(), alpha=0.35, lw=1, ls="--")
    ax.scatter(
        *(entropy[~wrong], mutual[~wrong]),
        s=size,
        color=on(ax, BLUE),
        alpha=0.55,
        lw=0,
        label=label,
    )
    if y is not None:
        ax.scatter(
            *(entropy[wrong], mutual[wrong]),
            s=1.8 * size,
            color=VALIDATION,
            marker="x",
            lw=1.4,
            label=f"wrong ({int(wrong.sum()):,})",
        )
        legend(ax)
    top = 1.15 * (float(mutual.max(initial=0.0)) or highest)
    ax.set(
        xlabel="predictive entropy (nats)",
        ylabel="mutual information (nats)",
        xlim=(-0.02 * highest, 1.04 * highest),
        ylim=(-0.02 * top, top),
    )
    tidy(ax)
    return ax


def _regression(who: str, prediction: Any, x: Any, y: Any, ax: Any) -> Any:
    mean, std = np.asarray(prediction.mean), np.asarray(prediction.std)
    rows = len(mean)
    if mean.size != rows:
        raise ValueError(
            f"{who}: expected one number a row, received predictions of shape {mean.shape}; draw a "
            "column by itself: prediction._replace(mean=prediction.mean[:, 0], "
            "std=prediction.std[:, 0])"
        )
    mean, std = mean.ravel(), std.ravel()
    places = np.argsort(mean, kind="stable")
    at = np.arange(1, rows + 1)
    if x is not None:
        at = _one_a_row(who, "x", x, rows)
        places = np.argsort(at, kind="stable")
        at = at[places]
    ax = axes_of(who, ax)
    mean, std = mean[places], std[places]
    for times, alpha in ((2, 0.16), (1, 0.28)):
        ax.fill_between(
            *(at, mean - times * std, mean + times * std),
            color=on(ax, BLUE),
            alpha=alpha,
            lw=0,
            label=f"{times} standard deviation{'s' if times > 1 else ''}",
        )
    ax.plot(at, mean, color=on(ax, BLUE), lw=1.6, label="mean")
    if y is not None:
        targets = _one_a_row(who, "y", y, rows)[places]
        ax.scatter(at, targets, s=12, color=VALIDATION, alpha=0.8, lw=0, label="targets", zorder=3)
    ax.set(xlabel="rows, by their mean" if x is None else "x", ylabel="prediction")
    tidy(ax)
    legend(ax)
    return ax


def _one_a_row(who: str, what: str, values: Any, rows: int) -> Array:
    array = np.asarray(getattr(values, "data", values) if hasattr(values, "node") else values)
    if array.size != rows:
        raise ValueError(
            f"{who}: expected {what} as one number for each of {rows} rows, received shape "
            f"{array.shape}"
        )
    return array.reshape(rows).astype(float)


def _counted(who: str, y: Any, p: Any) -> tuple[Array, list[str]]:
    """The numbers of rows by true and predicted class, and the classes' names."""
    given = np.asarray(p)
    if given.ndim and given.dtype.kind in "iubUSO":
        true, predicted = np.asarray(y), given
        one_each = all(one.ndim and one.size == len(one) for one in (true, predicted))
        if not one_each or len(predicted) != len(true) or not len(true):
            raise ValueError(
                f"{who}: expected as many true as predicted classes, (rows,) each, received "
                f"{np.shape(y)} and {given.shape}"
            )
        both = np.concatenate([true.reshape(-1), predicted.reshape(-1)])
        classes, places = np.unique(both, return_inverse=True)
        true, predicted = places[: len(true)], places[len(true) :]
        names = [str(one) for one in classes]
    else:
        probabilities = as_probabilities(who, p)
        true = as_classes(who, y, probabilities)
        pair = probabilities.ndim == 1
        predicted = (probabilities > 0.5).astype(int) if pair else probabilities.argmax(axis=1)
        names = [str(one) for one in range(2 if pair else probabilities.shape[1])]
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (true.astype(np.int64), predicted), 1)
    return counts, names
