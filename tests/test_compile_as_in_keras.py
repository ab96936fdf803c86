"""What `compile` and data sets allow as Keras does: steps_per_execution, several losses of one
output, outputs without a loss, the names of weighted metrics, data sets without a length."""

from __future__ import annotations

import io

import numpy as np
import pytest

import corereg
from corereg import layers

X = np.random.default_rng(0).normal(size=(21, 3))
Y = X.sum(axis=1, keepdims=True)


def model_of_one(**options):
    corereg.set_random_seed(1)
    model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


class Calls(corereg.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.outputs = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(("end", batch))

    def on_test_batch_begin(self, batch, logs=None):
        self.seen.append(("test begin", batch))

    def on_test_batch_end(self, batch, logs=None):
        self.seen.append(("test end", batch))

    def on_predict_batch_begin(self, batch, logs=None):
        self.seen.append(("predict begin", batch))

    def on_predict_batch_end(self, batch, logs=None):
        self.seen.append(("predict end", batch))
        self.outputs.append(logs["outputs"])


def batches():
    return ((X[i : i + 3], Y[i : i + 3]) for i in range(0, 21, 3))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("eager", [False, True])
def test_callbacks_are_called_once_an_execution(stream, eager):
    """7 batches in executions of 3: 0 to 2, 3 to 5 and 6, which Keras calls 6 to 8."""
    numbers = [("begin", 0), ("end", 2), ("begin", 3), ("end", 5), ("begin", 6), ("end", 8)]
    calls, model = Calls(), model_of_one(steps_per_execution=3, run_eagerly=eager)
    rows = {"x": batches()} if stream else {"x": X, "y": Y, "batch_size": 3}
    model.fit(**rows, shuffle=False, verbose=0, callbacks=[calls])
    assert calls.seen == numbers
    plain = model_of_one()
    plain.fit(X, Y, batch_size=3, shuffle=False, verbose=0)
    assert [w.tolist() for w in model.get_weights()] == [w.tolist() for w in plain.get_weights()]
    calls.seen.clear()
    rows = {"x": batches()} if stream else rows
    loss = model.evaluate(**rows, verbose=0, callbacks=[calls])
    assert calls.seen == [(f"test {what}", number) for what, number in numbers]
    assert loss == plain.evaluate(X, Y, batch_size=3, verbose=0)


def test_executions_of_predict():
    calls, model = Calls(), model_of_one(steps_per_execution=3)
    found = model.predict(X, batch_size=3, verbose=0, callbacks=[calls])
    assert calls.seen == [
        *(("predict begin", 0), ("predict end", 2), ("predict begin", 3), ("predict end", 5)),
        *(("predict begin", 6), ("predict end", 8)),
    ]
    assert [len(one) for one in calls.outputs] == [9, 9, 3]
    assert np.array_equal(np.concatenate(calls.outputs), found)


def test_steps_per_execution_is_kept(fails):
    model = model_of_one(steps_per_execution=3)
    copy = corereg.models.clone_model(model)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    again = corereg.saving.load_model(file)
    for one in (copy, again):
        calls = Calls()
        one.fit(X, Y, batch_size=3, verbose=0, callbacks=[calls])
        assert len(calls.seen) == 6
    for bad in (0, -1, 1.5, True):
        fails(lambda bad=bad: model_of_one(steps_per_execution=bad), ValueError, "integer >= 1")


# ---- losses ------------------------------------------------------------------------------------


def model_of_two():
    corereg.set_random_seed(1)
    x = corereg.Input((3,))
    outputs = {name: layers.Dense(1, name=name)(x) for name in ("a", "b")}
    return corereg.Model(x, outputs)


def test_a_list_of_losses_for_an_output():
    model = model_of_one()
    model.compile(corereg.optimizers.SGD(0.0), [["mse", "mae"]])
    errors = model.predict(X, verbose=0) - Y
    history = model.fit(X, Y, batch_size=21, verbose=0).history
    wanted = (errors**2).mean() + abs(errors).mean()
    assert history["loss"] == pytest.approx([wanted], rel=1e-5)
    model.compile(corereg.optimizers.SGD(0.0), [["mse", "mae"]], loss_weights=[[2.0, 0.5]])
    wanted = 2 * (errors**2).mean() + 0.5 * abs(errors).mean()
    assert model.fit(X, Y, batch_size=21, verbose=0).history["loss"] == pytest.approx(
        [wanted], rel=1e-5
    )


@pytest.mark.parametrize("eager", [False, True])
def test_a_list_with_one_loss_is_that_loss(eager):
    found = []
    for loss in ({"a": "mse", "b": "mae"}, {"a": ["mse"], "b": ["mae"]}, ["mse", ["mae"]]):
        model = model_of_two()
        model.compile("sgd", loss, run_eagerly=eager)
        found.append(model.fit(X, {"a": Y, "b": Y}, verbose=0, epochs=2).history)
    assert set(found[0]) == {"loss", "a_loss", "b_loss"}
    assert found[0] == found[1] == found[2]


def test_outputs_without_a_loss():
    model = model_of_two()
    model.compile("sgd", {"b": ["mse"]}, metrics={"b": ["mae"]}, weighted_metrics={"b": ["mae"]})
    before = [w.copy() for w in model.get_weights()]
    history = model.fit(X, {"a": Y, "b": Y}, verbose=0).history
    assert set(history) == {"loss", "b_mae", "b_weighted_mae"}
    after = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [
        *(True, True),
        *(False, False),
    ]


def test_losses_that_do_not_fit(fails):
    model = model_of_two()
    for loss, weights in (([["mse", ["mae"]], "mse"], None), (["mse", ["mse", "mae"]], [1, [1]])):
        model.compile("sgd", loss, loss_weights=weights)
        fails(lambda: model.fit(X, [Y, Y], verbose=0), ValueError, "the losses of one output")
    model.compile("sgd", {"a": "mse", "c": "mse"})
    fails(lambda: model.fit(X, [Y, Y], verbose=0), ValueError, "as keys")


# ---- data sets ---------------------------------------------------------------------------------


class Batches(corereg.utils.PyDataset):
    def __init__(self, count, **options):
        super().__init__(**options)
        self._count = count

    @property
    def num_batches(self):
        return self._count

    def __getitem__(self, index):
        at = index % 7 * 3
        return X[at : at + 3], Y[at : at + 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_data_set_that_says_num_batches(workers, fails):
    found = []
    for data, steps in ((Batches(7, workers=workers), None), (Batches(None, workers=workers), 7)):
        model = model_of_one()
        history = model.fit(data, epochs=2, steps_per_epoch=steps, verbose=0).history
        found.append(history["loss"])
    assert found[0] == found[1]
    assert len(Batches(7)) == 7
    assert len(list(Batches(7))) == 7  # iteration has an end
    seen = layers.Normalization()
    seen.adapt(x for x, _ in Batches(7))
    assert np.allclose(seen.mean, X.mean(axis=0), atol=1e-6)

    class Nothing(corereg.utils.PyDataset):
        pass

    fails(lambda: len(Nothing()), NotImplementedError, "the number of batches")


def test_an_older_compute_loss_without_training():
    class Doubled(corereg.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight)

    corereg.set_random_seed(1)
    model = Doubled([corereg.Input((3,)), layers.Dense(1)])
    model.compile(corereg.optimizers.SGD(0.0), "mse")
    plain = corereg.Sequential(model.layers)
    plain.compile("sgd", "mse")
    wanted = 2 * plain.evaluate(X, Y, verbose=0)
    assert model.fit(X, Y, batch_size=21, verbose=0).history["loss"] == pytest.approx([wanted])
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(wanted)
