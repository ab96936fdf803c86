"""Metrics within fit: replayed as through Python to the bit, and logs as Keras's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.metric_cases import trained, trained_metrics

import corereg
from corereg import layers, metrics, ops
from corereg.models import Sequential, load_model

GOLDENS = np.load(Path(__file__).parent / "goldens" / "metrics.npz")


def fit(eager, own, weighted=None, outputs=1, y=None, **options):
    x, labels, weight, _ = trained()
    corereg.set_random_seed(1)
    model = Sequential([layers.Input((4,)), layers.Dense(outputs, "sigmoid")])
    model.compile("sgd", "mse", metrics=own(), weighted_metrics=weighted, run_eagerly=eager)
    y = labels if y is None else y
    logs = model.fit(
        x, y, sample_weight=weight, epochs=3, batch_size=16, verbose=0, **options
    ).history
    return model, logs


def check_replayed(own, weighted=None, **options):
    """Logs of a replayed training, which are those of one through Python to the bit."""
    (_, eager), (model, logs) = (fit(e, own, weighted, **options) for e in (True, False))
    assert model.execution_report()["fit"].mode == "replayed", model.execution_report()["fit"]
    assert list(logs) == list(eager)
    for name, values in logs.items():
        assert np.array_equal(values, eager[name]), name
    return logs


def test_logs_are_as_in_keras():
    x, y, weight, begin = trained()
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
    model.set_weights(begin)
    model.compile(
        corereg.optimizers.SGD(0.5),
        "binary_crossentropy",
        metrics=trained_metrics(metrics),
        weighted_metrics=["accuracy", metrics.AUC(name="weighted_auc")],
    )
    options = {"epochs": 4, "batch_size": 16, "shuffle": False, "verbose": 0}
    logs = model.fit(x, y, sample_weight=weight, **options).history
    assert model.execution_report()["fit"].mode == "replayed"
    expected = {name[4:]: GOLDENS[name] for name in GOLDENS.files if name.startswith("fit ")}
    assert logs.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(logs[name], values, 1e-5, err_msg=name)


def test_many_metrics_are_replayed():
    logs = check_replayed(lambda: trained_metrics(metrics), ["accuracy", metrics.Recall])
    assert {"accuracy", "weighted_accuracy"} <= logs.keys()
    assert logs["recall"][-1].shape == (2,)


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.F1Score(),
        lambda: metrics.R2Score(),
        lambda: metrics.AUC(multi_label=True, from_logits=True),
        lambda: metrics.Precision(top_k=2, class_id=1),
        lambda: metrics.TopKCategoricalAccuracy(2),
        lambda: metrics.OneHotMeanIoU(3),
        lambda: metrics.ConcordanceCorrelation(),
        lambda: metrics.Accuracy(),
        lambda: metrics.MeanMetricWrapper(lambda y, p: (y - p).abs(), "wrapped"),
        lambda: metrics.KLDivergence(),
        lambda: metrics.CosineSimilarity(),
        lambda: metrics.CategoricalHinge(dtype="float64"),
    ],
)
def test_metrics_of_classes_are_replayed(make):
    x = trained()[0]
    y = np.eye(3, dtype="float32")[(x[:, 0] * 3).astype(int) % 3]
    check_replayed(lambda: [make()], [make()], outputs=3, y=y, validation_data=(x, y))


class BinaryTruePositives(metrics.Metric):
    """As Keras's documentation writes a metric."""

    def __init__(self, name="binary_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_variable(
            shape=(), initializer="zeros", name="true_positives"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.astype(y_true, "bool")
        y_pred = ops.greater(y_pred, 0.5)
        values = ops.logical_and(ops.equal(y_true, True), ops.equal(y_pred, True))
        values = ops.astype(values, self.dtype)
        if sample_weight is not None:
            weight = ops.broadcast_to(ops.reshape(sample_weight, (-1, 1)), values.shape)
            values = ops.multiply(values, weight)
        self.true_positives.assign(self.true_positives + ops.sum(values))

    def result(self):
        return self.true_positives


class Harmonic(metrics.Metric):
    """A metric made of two, with a dict as its result."""

    def __init__(self, name="harmonic", **kwargs):
        super().__init__(name=name, **kwargs)
        self.precision, self.recall = metrics.Precision(), metrics.Recall()

    def update_state(self, y_true, y_pred, sample_weight=None):
        for one in (self.precision, self.recall):
            one.update_state(y_true, y_pred, sample_weight)

    def result(self):
        p, r = self.precision.result(), self.recall.result()
        return {"harmonic": 2 * p * r / (p + r + 1e-7), "both": p * r}


class SquaredMean(metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(ops.square(y_true - y_pred), sample_weight)


def test_subclasses_in_keras_words_are_replayed():
    own = lambda: [BinaryTruePositives(), Harmonic(), SquaredMean("squared")]  # noqa: E731
    logs = check_replayed(own, [BinaryTruePositives("weighted")])
    counts = lambda: [metrics.TruePositives(), metrics.F1Score("micro", 0.5), "mse"]  # noqa: E731
    same = check_replayed(counts, [metrics.TruePositives(name="weighted")])
    assert logs["binary_true_positives"] == same["true_positives"]
    assert logs["weighted"] == same["weighted"]
    np.testing.assert_allclose(logs["harmonic"], same["f1_score"], 1e-6)
    np.testing.assert_allclose(logs["squared"], same["mse"], 1e-6)
    assert "both" in logs


def test_variables_of_a_subclass():
    metric = BinaryTruePositives()
    y, p = [[0], [1], [1]], [[0.9], [0.8], [0.2]]
    assert float(metric(y, p)) == 1
    assert [v.name for v in metric.variables] == ["true_positives"]
    assert metric.true_positives.dtype == np.float32
    assert BinaryTruePositives(dtype="float64").true_positives.dtype == np.float64
    metric.reset_state()
    assert float(metric.result()) == 0
    both = Harmonic()
    both(y, p)
    assert len(both.variables) == 4
    both.reset_state()
    assert both.result()["both"] == 0
    ones = metrics.Metric(name="ones").add_weight((2,), "ones", "int64", "n")
    assert ones.data.tolist() == [1, 1]
    assert (ones.data.dtype, ones.name) == (np.int64, "n")


def test_a_subclass_that_forgets_its_base(fails):
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.add_variable((), "zeros")

    fails(Forgetful, RuntimeError, r"^Forgetful: call super\(\).__init__\(\) before add_variable")


def test_custom_steps_compute_results_in_replays():
    class Own(Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {"loss": logs["loss"], "auc": self.metrics[1].metrics[0].result()}

    outcomes = []
    for eager in (True, False):
        x, y, _, _ = trained()
        corereg.set_random_seed(2)
        model = Own([layers.Input((4,)), layers.Dense(1, "sigmoid")])
        model.compile("sgd", "mse", metrics=[metrics.AUC(), Harmonic()], run_eagerly=eager)
        outcomes.append(model.fit(x, y, epochs=3, batch_size=16, verbose=0).history)
    assert model.execution_report()["fit"].mode == "replayed"
    assert outcomes[0] == outcomes[1]


def test_files_keep_metrics(tmp_path):
    x, y, _, _ = trained()
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
    own = [metrics.AUC(thresholds=[0.2, 0.5]), metrics.Recall(0.3), "mape", metrics.R2Score()]
    model.compile("sgd", "mse", metrics=own)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.corereg")
    again = load_model(tmp_path / "m.corereg")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_two_lambdas_and_the_progress_bar(capsys):
    x, y, _, _ = trained()
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
    own = [lambda t, p: t - p, lambda t, p: t + p, metrics.Recall([0.2, 0.9], name="r")]
    model.compile("sgd", "mse", metrics=own)
    logs = model.fit(x, y, verbose=2).history
    assert [*logs] == ["lambda", "lambda_1", "loss", "r"]
    shown = capsys.readouterr().out
    assert f"r: {logs['r'][0].mean():.4f}" in shown
