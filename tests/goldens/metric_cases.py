"""The metrics that are compared with Keras's: each a stream of three batches, and its result after
each. make_metric_goldens.py writes what Keras gives."""

from __future__ import annotations

from typing import Any

import numpy as np

BATCHES = (slice(0, 17), slice(17, 18), slice(18, 40))
ROWS = 40


def arrays(kind: str, weights: str | None) -> tuple[Any, Any, Any]:
    """y_true, y_pred and sample_weight of a kind of data."""
    rng = np.random.RandomState(7)  # the same numbers in every NumPy
    columns = {"binary": 1, "positive": 1, "negative": 1, "several": 3, "classes": 6}.get(kind, 6)
    p = rng.random_sample((ROWS, columns))
    p[::3] = np.round(p[::3] * 20) / 20  # some of them on thresholds
    y: Any = (rng.random_sample((ROWS, columns)) < 0.3 + 0.4 * p).astype(float)
    if kind == "positive":
        y[:] = 1
    elif kind == "negative":
        y[:] = 0
    elif kind in ("classes", "labels"):
        p[1::4, 2] = p[1::4, 1]  # ties
        labels = np.where(
            rng.random_sample(ROWS) < 0.5, p.argmax(axis=1), rng.randint(6, size=ROWS)
        )
        y = labels if kind == "labels" else np.eye(6)[labels]
        p = p / p.sum(axis=1, keepdims=True)
    elif kind == "values":
        p = rng.standard_normal((ROWS, 3))
        y = p + rng.standard_normal((ROWS, 3)) * [0.2, 0.7, 3]
    elif kind == "shares":
        p = p / p.sum(axis=1, keepdims=True)
        y = rng.random_sample((ROWS, 6))
        y = y / y.sum(axis=1, keepdims=True)
    elif kind == "integers":
        p, y = rng.randint(4, size=(2, ROWS, 3)).astype(float)
    elif kind == "ids":
        p = np.stack([rng.permutation(6) for _ in range(ROWS)]).astype(float)
        y = rng.randint(6, size=ROWS)
    w = None
    if weights == "rows":
        w = np.round(rng.random_sample(ROWS) * 4) / 4
    elif weights == "each":
        w = np.round(rng.random_sample(p.shape) * 4) / 4
    return y, p, w


def cases() -> dict[str, tuple[str, dict[str, Any], str, str | None]]:
    """By name: the class, its arguments, the kind of data, the kind of weights."""
    found: dict[str, tuple[str, dict[str, Any], str, str | None]] = {}

    def add(cls: str, data: str, *weights: str | None, **arguments: Any) -> None:
        for each in weights or (None, "rows"):
            words = [cls, data, *(f"{k}={v}" for k, v in arguments.items()), each or ""]
            found[" ".join(words).strip()] = (cls, arguments, data, each)

    add("Accuracy", "integers")
    add("BinaryAccuracy", "several", None, "rows", "each")
    add("BinaryAccuracy", "binary", threshold=0.3)
    add("CategoricalAccuracy", "classes")
    add("SparseCategoricalAccuracy", "labels")
    for k in (1, 2, 5):
        add("TopKCategoricalAccuracy", "classes", k=k)
        add("SparseTopKCategoricalAccuracy", "labels", k=k)
    add("SparseTopKCategoricalAccuracy", "ids", k=2, from_sorted_ids=True)
    for cls in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"):
        add(cls, "binary")
        add(cls, "several", "rows", "each", thresholds=[0.7, 0.2, 0.5])
        add(cls, "several", None, thresholds=[0.0, 0.25, 0.5, 0.75, 1.0])
    for cls in ("Precision", "Recall"):
        add(cls, "binary")
        add(cls, "negative", None)
        add(cls, "several", thresholds=[0.1, 0.9])
        add(cls, "classes", top_k=2)
        add(cls, "classes", top_k=3, class_id=4)
        add(cls, "classes", class_id=1, thresholds=0.2)
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "minoring", "majoring"):
            add("AUC", "binary", curve=curve, summation_method=method)
        add("AUC", "several", curve=curve, multi_label=True)
    add("AUC", "binary", num_thresholds=3)
    add("AUC", "binary", thresholds=[0.9, 0.1, 0.35])
    add("AUC", "binary", thresholds=[0.25, 0.5, 0.75])
    add("AUC", "several", None, "rows", "each")
    add("AUC", "several", multi_label=True, num_labels=3, label_weights=[1.0, 0.0, 2.5])
    add("AUC", "several", label_weights=[1.0, 0.0, 2.5])
    add("AUC", "values", None, from_logits=True, multi_label=True, thresholds=[0.2, 0.6])
    for data in ("positive", "negative"):
        add("AUC", data, None)
        add("AUC", data, None, curve="PR")
        add("SensitivityAtSpecificity", data, None, specificity=0.5)
    for cls, argument in (
        ("SensitivityAtSpecificity", "specificity"),
        ("SpecificityAtSensitivity", "sensitivity"),
        ("PrecisionAtRecall", "recall"),
        ("RecallAtPrecision", "precision"),
    ):
        add(cls, "binary", **{argument: 0.6})
        add(cls, "several", None, num_thresholds=1, **{argument: 0.4})
        add(cls, "several", None, num_thresholds=7, class_id=2, **{argument: 0.5})
    for average in (None, "micro", "macro", "weighted"):
        add("F1Score", "classes", average=average)
        add("FBetaScore", "several", average=average, beta=2.0, threshold=0.4)
    add("RootMeanSquaredError", "values", None, "rows", "each")
    add("MeanSquaredError", "values")
    add("MeanAbsoluteError", "values")
    for cls in ("MeanAbsolutePercentageError", "LogCoshError", "CosineSimilarity"):
        add(cls, "values", "rows")
    for cls in ("MeanSquaredLogarithmicError", "KLDivergence", "Poisson"):
        add(cls, "shares", "rows")
    for cls in ("Hinge", "SquaredHinge", "CategoricalHinge"):
        add(cls, "classes", "rows")
    add("BinaryCrossentropy", "several", "rows")
    add("BinaryCrossentropy", "values", None, from_logits=True, label_smoothing=0.1)
    add("CategoricalCrossentropy", "classes", "rows", label_smoothing=0.1)
    add("CategoricalCrossentropy", "classes", None, from_logits=True)
    add("SparseCategoricalCrossentropy", "labels", "rows")
    add("SparseCategoricalCrossentropy", "labels", None, from_logits=True)
    add("SparseCategoricalCrossentropy", "labels", "rows", ignore_class=2)
    for aggregation in (None, "uniform_average", "variance_weighted_average"):
        add("R2Score", "values", class_aggregation=aggregation)
    add("R2Score", "values", None, num_regressors=2)
    add("PearsonCorrelation", "values")
    add("ConcordanceCorrelation", "values")
    add("IoU", "integers", None, num_classes=4, target_class_ids=[0, 2])
    add("IoU", "integers", None, num_classes=3, target_class_ids=[1], ignore_class=2)
    add("MeanIoU", "integers", None, "each", num_classes=4)
    add("BinaryIoU", "several", None, threshold=0.4)
    add("OneHotIoU", "classes", None, num_classes=6, target_class_ids=[0, 3])
    add("OneHotMeanIoU", "classes", None, "rows", num_classes=6)
    return found


MEANS = ("Mean", "Root", "LogCosh", "Poisson", "Hinge", "Squared", "Pearson", "Concordance")
MEANS += (
    "Accuracy",
    "BinaryAccuracy several",
    "BinaryCross",
    "CategoricalCrossentropy classes label",
    "SparseCategoricalCross",
)
WORDS = ("multi_label", "average=micro", "average=macro", "uniform_average", "num_regressors")


def exact_in_keras(name: str) -> bool:
    """Whether Keras computes a case in float64 throughout: it takes means in float32."""
    means = name.startswith(MEANS) or any(word in name for word in WORDS)
    return not means and cases()[name][0] not in LOOSE


LOOSE = ("IoU", "MeanIoU", "BinaryIoU", "OneHotIoU", "OneHotMeanIoU")  # float32 in Keras


def trained() -> tuple[Any, ...]:
    """Of a training whose logs are compared: x, y, sample_weight, and the weights to begin with."""
    rng = np.random.RandomState(3)
    x = rng.standard_normal((50, 4)).astype("float32")
    y = (x[:, :1] - x[:, 1:2] + 0.5 * rng.standard_normal((50, 1)) > 0).astype("float32")
    weight = (rng.randint(4, size=50) / 2).astype("float32")
    begin = [rng.standard_normal((4, 1)).astype("float32"), np.zeros(1, "float32")]
    return x, y, weight, begin


def trained_metrics(metrics: Any) -> list[Any]:
    """The metrics of that training, of a module that has them."""
    return [
        "accuracy",
        metrics.AUC(name="auc"),
        metrics.AUC(name="pr", curve="PR", num_thresholds=50),
        metrics.Precision(name="precision"),
        metrics.Recall(name="recall", thresholds=[0.3, 0.6]),
        metrics.FBetaScore(average="micro", beta=2.0, threshold=0.5),
        metrics.RootMeanSquaredError(),
        metrics.BinaryCrossentropy(),
        metrics.SensitivityAtSpecificity(0.6, name="sensitivity"),
    ]
