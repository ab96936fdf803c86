"""Metrics against plain formulas, and what "accuracy" means for which shapes."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Tensor, layers, metrics
from corereg.models import Sequential

ROWS = 23


def pair(kind, rng):
    """y_true, y_pred and the metric's value for each row."""
    p = rng.random((ROWS, 4))
    if kind == "binary_accuracy":
        y = rng.integers(0, 2, (ROWS, 4))
        return y, p, ((p > 0.5) == y).mean(axis=1)
    if kind == "categorical_accuracy":
        y = np.eye(4)[rng.integers(0, 4, ROWS)]
        return y, p, y.argmax(axis=1) == p.argmax(axis=1)
    if kind == "sparse_categorical_accuracy":
        y = rng.integers(0, 4, ROWS)
        return y, p, y == p.argmax(axis=1)
    y = rng.random((ROWS, 4))
    rows = (y - p) ** 2 if "squared" in kind else np.abs(y - p)
    return y, p, rows.mean(axis=1)


KINDS = {
    "binary_accuracy": metrics.BinaryAccuracy,
    "categorical_accuracy": metrics.CategoricalAccuracy,
    "sparse_categorical_accuracy": metrics.SparseCategoricalAccuracy,
    "mean_squared_error": metrics.MeanSquaredError,
    "mean_absolute_error": metrics.MeanAbsoluteError,
}


@pytest.mark.parametrize("kind", KINDS)
def test_values(kind, rng, dtype):
    metric = KINDS[kind]()
    assert metric.result() == 0
    y, p, rows = pair(kind, rng)
    p = p.astype(dtype)
    weight = rng.random(ROWS)
    assert metric(y, p) == pytest.approx(rows.mean(), rel=1e-6)
    metric.reset_state()
    assert metric(y, Tensor(p), weight) == pytest.approx(np.average(rows, weights=weight), rel=1e-6)
    metric.reset_state()
    for at in (slice(0, 20), slice(20, None)):  # a short batch counts by its rows
        metric.update_state(y[at], p[at])
    assert metric.result() == pytest.approx(rows.mean(), rel=1e-6)
    assert type(metric.result()) is float


def test_binary_threshold_is_strict():
    y, p = np.array([[1], [0], [1], [0]]), np.array([[0.5], [0.5], [0.7], [0.3]], "float32")
    assert metrics.BinaryAccuracy()(y, p) == 0.75
    assert metrics.BinaryAccuracy(threshold=0.25)(y, p) == 0.5


def test_ties_take_the_first_class():
    p = np.full((2, 3), 1 / 3, "float32")
    assert metrics.SparseCategoricalAccuracy()(np.array([0, 1]), p) == 0.5


@pytest.mark.parametrize(
    ("outputs", "last", "loss", "y", "kind"),
    [
        (1, "sigmoid", "binary_crossentropy", [0, 1, 1, 0], "BinaryAccuracy"),
        (1, "sigmoid", "binary_crossentropy", [[0], [1], [1], [0]], "BinaryAccuracy"),
        (1, None, "mse", [0.0, 1.0, 1.0, 0.0], "BinaryAccuracy"),
        (3, "softmax", "sparse_categorical_crossentropy", [0, 1, 2, 1], "Sparse"),
        (3, "softmax", "sparse_categorical_crossentropy", [[0], [1], [2], [1]], "Sparse"),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[[0, 1, 2, 1]], "CategoricalAccuracy"),
        (3, "sigmoid", "binary_crossentropy", np.eye(3)[[0, 1, 2, 1]], "CategoricalAccuracy"),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_goes_by_the_shapes(outputs, last, loss, y, kind, name):
    model = Sequential([layers.Dense(outputs, activation=last)])
    model.compile("sgd", loss, metrics=[name])
    x = np.eye(4)
    y = np.array(y)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)
    if kind == "BinaryAccuracy":
        hits = (p[:, 0] > 0.5) == y.ravel()
    elif kind == "Sparse":
        hits = p.argmax(axis=1) == y.ravel()
    else:
        hits = p.argmax(axis=1) == y.argmax(axis=1)
    assert list(logs) == ["loss", name]
    assert logs[name] == hits.mean()


def test_accuracy_is_settled_anew_when_the_last_layer_changes():
    x = np.eye(4)
    model = Sequential([layers.Dense(1, input_dim=4)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.fit(x, np.zeros(4), verbose=0)
    model.pop()
    model.add(layers.Dense(3))
    model.build((None, 4))
    model.set_weights([np.eye(4)[:, :3] * 0.4, np.zeros(3)])
    assert model.evaluate(x, np.eye(4)[:, :3], verbose=0)[1] == 1.0


def test_metrics_are_of_the_weights_before_each_step():
    x = np.ones((4, 1))
    model = Sequential([layers.Dense(1, kernel_initializer="zeros")])
    model.compile(corereg.optimizers.SGD(0.25), "mse", metrics=["mae"])
    assert model.train_on_batch(x, x) == [1.0, 1.0]
    assert model.train_on_batch(x, x) == [0.0, 0.0]


def test_metrics_ignore_weights_and_weighted_metrics_use_them(rng):
    x, y, weight = rng.random((ROWS, 3)), rng.random(ROWS), rng.random(ROWS)
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    logs = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    errors = y - model.predict(x, verbose=0)[:, 0]
    assert logs["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert logs["mse"] == pytest.approx(np.average(errors**2, weights=weight), rel=1e-5)
    assert logs["loss"] == pytest.approx((errors**2 * weight).mean(), rel=1e-5)


def test_several_metrics_keep_their_order_and_names():
    model = Sequential([layers.Dense(2)])
    wanted = ["mse", metrics.MeanAbsoluteError(name="mine"), metrics.CategoricalAccuracy]
    model.compile("sgd", "mse", metrics=wanted)
    logs = model.evaluate(np.eye(2), np.eye(2), verbose=0, return_dict=True)
    assert list(logs) == ["loss", "mse", "mine", "categorical_accuracy"]
    assert len(model.evaluate(np.eye(2), np.eye(2), verbose=0)) == 4
    assert model.metrics_names == ["loss", "mse", "mine", "categorical_accuracy"]


def test_functions_and_subclasses_as_metrics():
    def largest(y_true, y_pred):
        assert isinstance(y_true, Tensor)
        return np.abs(y_true.data - y_pred.data).max(axis=1)

    class Largest(metrics.Metric):
        def rows(self, y_true, y_pred):
            return np.abs(y_true - y_pred).max(axis=1)

    x, y = np.eye(3), np.arange(9.0).reshape(3, 3)
    model = Sequential([layers.Dense(3, kernel_initializer="zeros")])
    model.compile(corereg.optimizers.SGD(0.0), "mse", metrics=[largest, Largest(name="own")])
    logs = model.fit(x, y, batch_size=2, verbose=0).history
    assert logs["largest"] == logs["own"] == [5.0]
    by_batch = metrics.get(lambda y_true, y_pred: (y_true - y_pred).abs().mean())
    assert by_batch(y, np.zeros((3, 3))) == y.mean()


def test_names_and_objects():
    for name, make in KINDS.items():
        assert type(metrics.get(name)) is make
        assert type(metrics.get(make.__name__)) is make
        made = make(name="x")
        assert metrics.get(made) is made
        assert metrics.get({"class_name": make.__name__, "config": {"name": "x"}}).name == "x"
    assert metrics.get("mae").name == "mae"
    assert metrics.BinaryAccuracy(threshold=0.3).get_config()["threshold"] == 0.3


def test_what_is_no_metric(fails):
    fails(
        lambda: metrics.get("acuracy"), ValueError, "unknown metric 'acuracy'; known are .*accuracy"
    )
    fails(lambda: metrics.get(3), TypeError, "metric: expected a name, a Metric or a function")


@pytest.mark.parametrize(
    ("metric", "y", "message"),
    [
        ("sparse_categorical_accuracy", np.zeros((4, 3)), "expected integer labels of shape"),
        ("sparse_categorical_accuracy", np.full(4, 3), r"expected labels in \[0, 3\)"),
        ("categorical_accuracy", np.zeros(4), r"expected y of shape \(rows, 3\)"),
        ("binary_accuracy", np.zeros((4, 2)), r"expected y of shape \(rows, 3\)"),
        ("mse", np.zeros(4), r"expected y of shape \(rows, 3\)"),
    ],
)
def test_targets_that_do_not_fit_a_metric_raise_before_the_first_step(metric, y, message, fails):
    model = Sequential([layers.Dense(3, input_dim=4)])
    model.compile("sgd", lambda y_true, y_pred: y_pred.mean(), metrics=[metric])
    arrays = [p.data for p in model.weights]
    fails(lambda: model.fit(np.eye(4), y, verbose=0), ValueError, message, *arrays)


@pytest.mark.parametrize("sparse", [False, True])
def test_class_metrics_of_outputs_with_more_axes_count_every_place(sparse, rng):
    x = rng.standard_normal((5, 2, 4)).astype("float32")
    labels = rng.integers(0, 3, (5, 2))
    y = labels if sparse else np.eye(3)[labels]
    model = Sequential([layers.Dense(3, activation="softmax", input_shape=(2, 4))])
    kind = "sparse_categorical_crossentropy" if sparse else "categorical_crossentropy"
    model.compile("sgd", kind, metrics=["accuracy"])
    loss, accuracy = model.evaluate(x, y, verbose=0)
    p = model.predict(x, verbose=0)
    assert accuracy == pytest.approx((p.argmax(axis=-1) == labels).mean())
    expected = -np.log(np.take_along_axis(p, labels[..., None], axis=-1)).mean()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert model.fit(x, y, epochs=2, verbose=0).history["loss"][1] < loss


def test_mean_of_values_with_weights():
    mean = metrics.Mean(name="m")
    mean.update_state([1, 3])
    assert mean.result() == 2
    mean.update_state(np.array([8.0]), sample_weight=2.0)
    assert mean.result() == pytest.approx((1 + 3 + 16) / 4)
    mean.reset_state()
    mean.update_state(np.array([[1.0, 3.0], [5.0, 7.0]]), sample_weight=np.array([[0.0], [2.0]]))
    assert mean.result() == 6


def test_integers_lists_and_bools():
    assert metrics.MeanSquaredError()([1, 2], [1, 3]) == 0.5
    assert metrics.MeanSquaredError()([[True, False]], [[1, 0]]) == 0
    assert metrics.BinaryAccuracy()([[1, 0], [1, 0]], [[1, 0], [0, 0]], [[1, 2], [3, 4]]) == 0.7
    assert metrics.AUC()([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]) == 0.75
    assert metrics.get(None) is None
    assert type(metrics.get("accuracy")) is metrics.Accuracy
    assert metrics.binary_accuracy([[1], [0]], [[0.6], [0.7]]).data.tolist() == [[1], [0]]
    assert metrics.sparse_top_k_categorical_accuracy([2], [[0.1, 0.9, 0.8]], k=2).data == [1]


@pytest.mark.filterwarnings("error")
def test_corners():
    for make in (metrics.AUC, metrics.Precision, metrics.F1Score, metrics.R2Score, metrics.Sum):
        assert make().result() == 0
    empty = np.zeros((0, 2), "float32")
    for made in (metrics.AUC(multi_label=True), metrics.Recall(), metrics.RootMeanSquaredError()):
        assert made(empty, empty) == 0
    assert np.isnan(metrics.PearsonCorrelation()([[1.0, 1.0]], [[1.0, 2.0]]))
    assert metrics.R2Score()([[1.0], [1.0]], [[1.0], [2.0]]) == 0  # of equal targets
    assert np.isnan(metrics.MeanSquaredError()([[1.0]], [[np.nan]]))
    assert metrics.Precision()([[1.0]], [[np.nan]]) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.AUC(curve="x"), "AUC: expected curve as one of"),
        (lambda: metrics.AUC(num_labels=2), "AUC: expected num_labels only with multi_label"),
        (
            lambda: metrics.AUC(multi_label=True)([1], [0.2]),
            r"auc: expected y_pred of shape \(rows",
        ),
        (lambda: metrics.Precision([0.1, 2]), r"Precision: expected thresholds in \[0, 1\], rec"),
        (
            lambda: metrics.Precision(top_k=4)(np.eye(3), np.eye(3)),
            "precision: expected y_pred with",
        ),
        (lambda: metrics.Recall(class_id=3)(np.eye(3), np.eye(3)), "recall: expected y_pred of"),
        (lambda: metrics.PrecisionAtRecall(2), r"PrecisionAtRecall: expected recall in \[0, 1\]"),
        (lambda: metrics.MeanSquaredError()([[1, 2]], [[1, 2, 3]]), "expected y_true of the shape"),
        (lambda: metrics.MeanSquaredError()([[1]], [[1]], [1, 2]), "expected sample_weight of a"),
        (
            lambda: metrics.MeanSquaredError(dtype="float16"),
            "expected dtype 'float32' or 'float64'",
        ),
        (lambda: metrics.FBetaScore(beta=1), "FBetaScore: expected beta as a float above 0"),
        (lambda: metrics.R2Score(num_regressors=-1), "expected num_regressors of 0 or more"),
        (lambda: metrics.MeanIoU(2)([0, 1], [0, 1, 1]), "mean_io_u: expected as many labels as"),
        (lambda: metrics.IoU(2, [2]), r"IoU: expected target_class_ids in \[0, 2\), received"),
        (lambda: metrics.TopKCategoricalAccuracy(0), "expected k as an integer from 1 on"),
    ],
)
def test_bad_arguments(call, message, fails):
    fails(call, ValueError, message)
