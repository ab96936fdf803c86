"""Metrics given shapes, weights and arguments that are seldom given, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Tensor, metrics, ops
from corereg.metrics.accuracy import accuracy

Y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
P = np.array([[0.9, 0.2], [0.4, 0.3], [0.6, 0.8]])
LABELS = np.array([[1], [0], [1]])


# ---- sums and means of own functions -------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "weight", "expected"),
    [
        (5.0, None, 5),
        ([1, 2.5], None, 3.5),
        ([1, 2.5], 3, 10.5),
        ([[1, 2], [3, 4.0]], [1, 2], 17),
        ([[1, 2], [3, 4.0]], [[1, 0], [0, 2]], 9),
        ([[1, 2], [3, 4.0]], [[1], [2]], 17),
        ([1, 2.0], [[1], [2]], 5),
    ],
)
def test_sum(values, weight, expected):
    """Twice the same batch is twice the sum; a weight for each row counts for all its values."""
    metric = metrics.Sum()
    metric.update_state(values, weight)
    assert metric.result() == expected
    assert type(metric.result()) is float
    metric.update_state(Tensor(np.array(values)), weight)
    assert metric.result() == 2 * expected
    metric.reset_state()
    assert metric.result() == 0


def test_sum_in_a_recorded_function():
    metric = metrics.Sum()
    recorded = corereg.record(lambda x, w: metric.update_state(x, w))
    for _ in range(3):
        recorded(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0]))
    assert metric.result() == 3 * 17


def scaled_error(y_true, y_pred, scale=1.0):
    return ops.abs(y_true - y_pred) * scale


@pytest.mark.usefixtures("registrations_as_before")
def test_mean_metric_wrapper_is_saved_with_a_registered_function():
    corereg.saving.register_keras_serializable("test_metrics_corners")(scaled_error)
    metric = metrics.MeanMetricWrapper(scaled_error, "scaled", scale=3.0)
    again = metrics.deserialize(metrics.serialize(metric))
    assert (again.name, again.get_config()) == ("scaled", metric.get_config())
    assert again([1.0, 2.0], [1.5, 2.0]) == metric([1.0, 2.0], [1.5, 2.0]) == 0.75
    same = metrics.MeanMetricWrapper.from_config({"fn": scaled_error, "name": "same", "scale": 2.0})
    assert same([1.0, 2.0], [1.5, 2.0]) == 0.5


def test_a_function_that_gives_no_tensor_counts_outside_of_recordings():
    metric = metrics.MeanMetricWrapper(lambda y, p: np.abs(y.data - p.data), "own")
    assert metric([1.0, 2.0], [1.5, 2.0]) == 0.25
    metric.update_state([[1.0, 5.0]], [[1.0, 2.0]])  # a row of the mean 1.5
    assert metric.result() == pytest.approx(2 / 3)


def test_a_class_of_metrics_needs_values():
    class Empty(metrics.Metric):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty: write rows\(y_true, y_pred\), or upd"):
        Empty()([1.0], [1.0])


def test_a_name_where_keras_had_a_dtype():
    class Constant(metrics.Metric):
        def rows(self, y_true, y_pred):
            return np.arange(len(y_pred))

    assert Constant("own").name == "own"
    assert Constant("float64").name == "constant"
    assert Constant()([0.0] * 4, [0.0] * 4) == 1.5  # integers count as numbers
    assert Constant()([0.0] * 2, [0.0] * 2, [[1.0, 1.0], [3.0, 3.0]][0]) == 0.5


# ---- functions -----------------------------------------------------------------------------------


def test_functions_of_places():
    one_hot = np.eye(3)[[[0, 1], [2, 2]]]
    p = np.array([[[0.8, 0.1, 0.1], [0.6, 0.2, 0.2]], [[0.1, 0.1, 0.8], [0.3, 0.4, 0.3]]])
    expected = [[1, 0], [1, 0]]
    labels = one_hot.argmax(-1)
    assert metrics.categorical_accuracy(one_hot, p).data.tolist() == expected
    assert metrics.sparse_categorical_accuracy(labels, p).data.tolist() == expected
    assert metrics.top_k_categorical_accuracy(one_hot[0], p[0], k=2).data.tolist() == [1, 1]
    assert metrics.top_k_categorical_accuracy(one_hot[0], p[0], k=1).data.tolist() == [1, 0]
    assert metrics.top_k_categorical_accuracy(one_hot[0], p[0]).data.tolist() == [1, 1]
    assert accuracy([[1], [2]], [1.0, 3.0]).data.tolist() == [1, 0]  # a last axis of 1
    assert accuracy([1, 2], [[1], [2]]).data.tolist() == [[1], [1]]


# ---- shapes and weights --------------------------------------------------------------------------


def test_weights_of_each_value():
    """A row counts the mean of its weighted values, and weighs the mean of their weights."""
    weight = np.array([[1.0, 3.0], [0.0, 2.0], [1.0, 1.0]])
    expected = ((((P > 0.5) == Y) * weight).mean(-1).sum()) / weight.mean(-1).sum()
    assert metrics.BinaryAccuracy()(Y, P, weight) == pytest.approx(expected)
    deep = np.stack([P, P / 2], axis=1)  # (rows, 2, 2): a weight for each of (rows, 2)
    error = ((deep - Y[:, None]) ** 2).mean(-1)
    expected = (error * weight).sum() / weight.sum()
    found = metrics.MeanSquaredError()(np.stack([Y, Y], 1), deep, weight)
    assert found == pytest.approx(expected)
    found = metrics.MeanSquaredError()(np.stack([Y, Y], 1), deep, weight[..., None])
    assert found == pytest.approx(expected)


def test_numbers_in_the_place_of_batches():
    assert metrics.Precision()(1.0, 0.9) == 1
    assert metrics.Recall()(np.array(1.0), np.array(0.2)) == 0
    assert metrics.R2Score()([[1.0], [2.0], [3.0]], [1.0, 2.0, 2.0]) == 0.5
    assert metrics.PearsonCorrelation()([[1, 2, 3]], [[2, 4, 6]]) == pytest.approx(1, abs=1e-6)
    assert metrics.BinaryIoU([1])([1, 0, 1], [1, 1, 0]) == pytest.approx(1 / 3)


def test_counts_with_weights_of_a_last_axis():
    """Weights (rows, 1) of predictions (rows,) are a weight for each row."""
    y, p, w = np.array([1, 0, 1]), np.array([0.9, 0.8, 0.2]), np.array([1.0, 2.0, 4.0])
    for make, expected in ((metrics.Precision, 1 / 3), (metrics.Recall, 1 / 5)):
        assert make()(y, p, w) == pytest.approx(expected)
        assert make()(y, p, w[:, None]) == pytest.approx(expected)
        assert make()(y[:, None], p[:, None], w[:, None, None]) == pytest.approx(expected)


def test_r2_score_with_weights_of_each_value():
    weight = np.array([[1.0, 3.0], [0.5, 2.0], [1.0, 1.0]])
    mean = (Y * weight).sum(0) / weight.sum(0)
    spread = (weight * (Y - mean) ** 2).sum(0)
    expected = 1 - (weight * (Y - P) ** 2).sum(0) / spread
    metric = metrics.R2Score(class_aggregation=None, dtype="float64")
    np.testing.assert_allclose(metric(Y, P, weight), expected, 1e-12)
    with pytest.warns(UserWarning, match="no more targets than num_regressors"):
        metrics.R2Score(num_regressors=5)(Y, P)
    with pytest.warns(UserWarning, match="no more targets than num_regressors"):
        assert metrics.R2Score(num_regressors=5)(Y, P) == pytest.approx(metrics.R2Score()(Y, P))
    adjusted = 1 - (1 - metrics.R2Score()(Y, P)) * 5 / 1
    assert metrics.R2Score(num_regressors=4)(Y, P) == pytest.approx(adjusted)


def test_sparse_crossentropy_with_labels_in_a_last_axis():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    expected = -np.log([0.2, 0.1, 0.2])
    kind = metrics.SparseCategoricalCrossentropy
    assert kind()(LABELS, p) == pytest.approx(expected.mean(), rel=1e-6)
    assert kind()(LABELS[:, 0], p) == pytest.approx(expected.mean(), rel=1e-6)
    weight = np.array([1.0, 5.0, 3.0])
    for labels in (LABELS, LABELS[:, 0]):  # what is ignored weighs nothing
        found = kind(ignore_class=0)(labels, p, weight)
        assert found == pytest.approx(np.average(expected[[0, 2]], weights=[1, 3]), rel=1e-6)


def test_top_k_of_sorted_ids_takes_any_labels():
    """Predictions are labels there, as many as one likes; where they are scores, labels are places
    among them."""
    found = metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True)
    assert found(np.array([9, 1]), np.array([[9, 3, 1], [2, 3, 1]])) == 0.5
    for sorted_ids in (False, True):
        model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dense(3)])
        metric = metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=sorted_ids)
        model.compile("sgd", lambda y, p: ops.mean(p * p, -1), metrics=[metric])
        if sorted_ids:
            assert model.evaluate(np.ones((2, 2)), np.array([9, 1]), verbose=0)[1] == 0
        else:
            with pytest.raises(ValueError, match=r"labels"):
                model.evaluate(np.ones((2, 2)), np.array([9, 1]), verbose=0)


# ---- wrong input ---------------------------------------------------------------------------------

VALUE_ERRORS = {
    "AUC": (lambda: metrics.AUC(num_thresholds=1), "AUC: expected num_thresholds of 2 or more"),
    "operating points": (
        lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0),
        "PrecisionAtRecall: expected num_thresholds of 1 or more, received 0",
    ),
    "aggregation": (
        lambda: metrics.R2Score("mean"),
        r"R2Score: expected class_aggregation as one of .* received 'mean'",
    ),
    "R2Score of three axes": (
        lambda: metrics.R2Score()(Y[None], P[None]),
        r"r2_score: expected y_true and y_pred of shape \(rows, outputs\), received \(1, 3, 2\)",
    ),
    "R2Score's weights": (
        lambda: metrics.R2Score()(Y, P, np.ones((1, 3, 2))),
        r"r2_score: expected sample_weight of a shape that broadcasts to \(3, 2\), received \(1, 3",
    ),
    "average": (lambda: metrics.F1Score("mean"), "F1Score: expected average as one of"),
    "threshold": (lambda: metrics.F1Score(threshold=0.0), r"F1Score: .* float in \(0, 1\] or None"),
    "a threshold above 1": (lambda: metrics.F1Score(threshold=1.5), "received 1.5"),
    "an integer threshold": (lambda: metrics.F1Score(threshold=1), "received 1"),
    "F1Score's shapes": (
        lambda: metrics.F1Score()(Y[0], P[0]),
        r"f1_score: expected y_true and y_pred of shape \(rows, classes\), received",
    ),
    "F1Score's targets": (lambda: metrics.F1Score()(Y[:, :1], P), r"f1_score: expected y_true"),
    "F1Score's weights": (
        lambda: metrics.F1Score()(Y, P, [1.0, 2.0]),
        r"f1_score: expected sample_weight of shape \(3,\), received \(2,\)",
    ),
    "IoU's weights": (
        lambda: metrics.IoU(2, [1])([[0, 1]], [[0, 1]], [1.0, 2.0, 3.0]),
        "io_u: expected sample_weight as a number, one a row, or",
    ),
    "counts' weights": (
        lambda: metrics.Precision()(Y, P, [1.0, 2.0]),
        r"precision: expected sample_weight of a shape that broadcasts to \(3, 2\), received \(2,",
    ),
    "classes": (
        lambda: metrics.CategoricalAccuracy()(1.0, 1.0),
        r"categorical_accuracy: expected y_pred of shape \(..., classes\), received \(\)",
    ),
    "classes of targets": (
        lambda: metrics.CategoricalAccuracy()(Y[:, :1], P),
        r"expected y_true of the shape of y_pred, \(3, 2\), received \(3, 1\)",
    ),
    "labels": (
        lambda: metrics.SparseCategoricalAccuracy()([0, 1], P),
        r"sparse_categorical_accuracy: expected y_true of shape \(3,\), received \(2,\)",
    ),
}
TYPE_ERRORS = {
    "texts": (lambda: metrics.Mean()(["a"]), "mean: expected numbers, received dtype <U1"),
    "weights of texts": (
        lambda: metrics.MeanSquaredError()(Y, P, ["a", "b", "c"]),
        "mean_squared_error: expected sample_weight of numbers, received dtype <U1",
    ),
    "weights of counts": (
        lambda: metrics.Precision()(Y, P, ["a", "b", "c"]),
        "precision: expected sample_weight of numbers, received dtype <U1",
    ),
}


@pytest.mark.parametrize("name", VALUE_ERRORS)
def test_values_that_are_refused(name, fails):
    call, message = VALUE_ERRORS[name]
    fails(call, ValueError, message)


@pytest.mark.parametrize("name", TYPE_ERRORS)
def test_types_that_are_refused(name, fails):
    call, message = TYPE_ERRORS[name]
    fails(call, TypeError, message)
