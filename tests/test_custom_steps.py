"""train_step, test_step, predict_step and compute_loss of the user's own, and what proves that code
of the user's own may be replayed."""

from __future__ import annotations

import numpy as np
import pytest
from small import bits, data, fit

import corereg
from corereg import layers, losses, metrics, utils
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential

FACTOR = 1.0


def parts():
    corereg.set_random_seed(5)
    first = layers.Dense(5, activation="relu", input_dim=6, kernel_regularizer="l2")
    return [first, layers.Dense(1)]


class LikeBuiltIn(Sequential):
    """Keras's own example of a train_step, for a backend with gradients by backward()."""

    steps = 0

    def train_step(self, data):
        LikeBuiltIn.steps += 1
        x, y, sample_weight = utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self.zero_grad()
        loss.backward()
        trainable = self.trainable_weights
        self.optimizer.apply([weight.grad for weight in trainable], trainable)
        return {"loss": loss}


class Tripled(Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) * 3.0


class Shifted(Sequential):
    def predict_step(self, data):
        return super().predict_step(data) + 1.0

    def test_step(self, data):
        x, y = data
        return {"distance": (self(x) - y).abs().mean()}


def test_a_train_step_like_keras_does_what_fit_does():
    x, y = data()
    outcomes = []
    for kind in (Sequential, LikeBuiltIn):
        model = kind(parts())
        model.compile(corereg.optimizers.SGD(0.1), "mse")
        history = fit(model, x, y, epochs=3, batch_size=50)
        outcomes.append((model.get_weights(), history["loss"]))
    assert LikeBuiltIn.steps
    for one, other in zip(*(weights for weights, _ in outcomes), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert outcomes[0][1] == pytest.approx(outcomes[1][1], rel=1e-5)


class WithMetrics(LikeBuiltIn):
    """The same, with the results of metrics as logs."""

    def train_step(self, data):
        logs = super().train_step(data)
        x, y = data
        y_pred = self(x)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(logs["loss"])
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.parametrize("kind", [LikeBuiltIn, WithMetrics, Tripled])
def test_steps_of_ones_own_are_replayed(kind):
    x, y = data()
    model = kind(parts())
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, batch_size=25, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


@pytest.mark.parametrize("kind", [LikeBuiltIn, WithMetrics, Tripled])
def test_replayed_and_eager_steps_of_ones_own_are_the_same(kind):
    x, y = data()
    outcomes = []
    for eagerly in (True, False):
        model = kind(parts())
        model.compile("adam", "mse", metrics=["mae"], run_eagerly=eagerly)
        history = fit(model, x, y, epochs=3, batch_size=8, validation_data=(x, y))
        outcomes.append((bits(model), history, model.evaluate(x, y, verbose=0)))
    assert outcomes[0] == outcomes[1]


def test_compute_loss_before_any_data():
    one = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    one.compile("sgd", "mse")
    assert one.compute_loss(y=np.ones((1, 1)), y_pred=corereg.Tensor([[3.0]])).item() == 4
    x = corereg.Input((2,))
    two = corereg.Model(x, [layers.Dense(1, name=name)(x) for name in "ab"])
    two.compile("sgd", {"a": "mse", "b": "mae"}, loss_weights={"a": 2, "b": 1})
    zeros, predicted = np.zeros((1, 1)), [corereg.Tensor([[3.0]]), corereg.Tensor([[4.0]])]
    assert two.compute_loss(None, [zeros, zeros], predicted).item() == 2 * 9 + 4


def test_metrics_and_steps_before_any_data():
    def made():
        layer = layers.Dense(1, kernel_initializer="ones")
        model = corereg.Sequential([corereg.Input((1,)), layer])
        model.compile(corereg.optimizers.SGD(0.0), "mse", metrics=["mae"])
        return model

    x, y = np.full((2, 1), 3, "float32"), np.zeros((2, 1), "float32")
    assert made().compute_metrics(x, y, corereg.Tensor(x)) == {"loss": 0, "mae": 3}  # as Keras
    for step in ("train_step", "test_step"):
        model = made()
        assert getattr(model, step)((x, y)) == {"loss": 9, "mae": 3}
        assert model.evaluate(x, y, verbose=0) == [9, 3]
    inputs = corereg.Input((1,))
    outputs = [layers.Dense(1, kernel_initializer="ones", name=name)(inputs) for name in "ab"]
    two = corereg.Model(inputs, outputs)
    two.compile("sgd", ["mse", "mse"], metrics={"b": "mae"})
    assert two.compute_metrics(x, [y, y], two(x)) == {"loss": 0, "b_mae": 3}


def test_compute_loss_is_called():
    x, y = data()
    plain, tripled = Sequential(parts()), Tripled(parts())
    for model in (plain, tripled):
        model.compile("sgd", "mse", metrics=["mse"])
    loss, mse = plain.evaluate(x, y, verbose=0)
    assert tripled.evaluate(x, y, verbose=0) == pytest.approx([3 * loss, mse], rel=1e-5)
    logs = tripled.train_on_batch(x, y, return_dict=True)
    assert logs["loss"] == pytest.approx(3 * loss, rel=1e-5)


def test_test_step_and_predict_step_are_called():
    x, y = data()
    plain, own = Sequential(parts()), Shifted(parts())
    own.compile("sgd", "mse")
    assert np.array_equal(own.predict(x, verbose=0), plain.predict(x, verbose=0) + 1)
    distance = np.abs(plain.predict(x, verbose=0) - y).mean()
    found = own.evaluate(x, y, batch_size=len(x), verbose=0, return_dict=True)
    assert found == {"distance": pytest.approx(distance, rel=1e-5)}


def test_what_a_train_step_may_not_return(fails):
    class Bad(Sequential):
        def train_step(self, data):
            return 3.0

    model = Bad(parts())
    model.compile("sgd", "mse")
    x, y = data()
    fails(
        lambda: model.fit(x, y, verbose=0), TypeError, "train_step: expected a dict of logs.*float"
    )


def test_metrics_that_are_attributes_take_part():
    class Counts(Sequential):
        def __init__(self, *args):
            super().__init__(*args)
            self.largest = metrics.Mean(name="largest")

        def train_step(self, data):
            logs = super().train_step(data)
            self.largest.update_state(self(data[0]))
            return {**logs, "largest": self.largest.result()}

    x, y = data()
    model = Counts(parts())
    model.compile("sgd", "mse")
    assert model.largest in model.metrics
    logs = fit(model, x, y, epochs=2, batch_size=50)
    assert set(logs) == {"loss", "largest"}
    assert logs["largest"][1] == pytest.approx(model.predict(x, verbose=0).mean(), rel=1e-4)


def test_unpack_and_pack(fails):
    unpack, pack = utils.unpack_x_y_sample_weight, utils.pack_x_y_sample_weight
    assert unpack((1, 2, 3)) == (1, 2, 3)
    assert unpack([1, 2]) == (1, 2, None)
    assert unpack((1,)) == unpack(1) == (1, None, None)
    fails(lambda: unpack((1, 2, 3, 4)), ValueError, "expected data as x, .* a tuple of 4")
    assert pack(1) == 1
    assert pack((1, 2)) == ((1, 2),)
    assert pack(1, 2) == (1, 2)
    assert pack(1, 2, 3) == (1, 2, 3)


# ---- compile -------------------------------------------------------------------------------------


def test_without_a_loss_penalties_train():
    x, _ = data()
    model = Sequential(parts())
    model.compile("sgd")
    kernel = np.abs(model.get_weights()[0]).sum()
    history = fit(model, x, epochs=3)
    assert history["loss"] == history["penalty"]
    assert history["loss"][2] < history["loss"][0]
    assert np.abs(model.get_weights()[0]).sum() < kernel


def test_without_a_loss_and_penalties_a_warning_says_so():
    model = Sequential([layers.Dense(1, input_dim=6)])
    model.compile("sgd")
    with pytest.warns(UserWarning, match="the model has no loss and no penalties"):
        assert fit(model, data()[0])["loss"] == [0.0]


def test_the_third_argument_is_loss_weights(fails):
    model = Sequential(parts())
    fails(
        lambda: model.compile("sgd", "mse", ["mae"]),
        TypeError,
        "expected loss_weights as numbers, received 'mae'.*use metrics=",
    )
    fails(lambda: model.compile("sgd", "mse", [np.inf]), ValueError, "expected finite loss_weights")
    model.compile("sgd", "mse", loss_weights=[2.0])
    plain = Sequential(parts())
    plain.compile("sgd", "mse")
    x, y = data()
    penalty = sum(float(loss) for loss in model.losses)
    weighted, alone = (m.evaluate(x, y, verbose=0) for m in (model, plain))
    assert weighted - penalty == pytest.approx(2 * (alone - penalty), rel=1e-5)


def test_the_same_metric_twice_and_weighted_has_names_of_its_own():
    x, y = data()
    model = Sequential(parts())
    model.compile("sgd", "mse", metrics=["mse", "mse", "mae"], weighted_metrics=["mse"])
    weight = np.arange(len(x))
    logs = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "penalty", "mse", "mse_1", "mae", "weighted_mse"]
    assert logs["mse"] == logs["mse_1"] != logs["weighted_mse"]


# ---- code of the user's own, replayed or not -----------------------------------------------------


class Passing(layers.Layer):
    """A layer that says nothing of whether it may be recorded, and calls ops with kernels only."""

    def call(self, x):
        return x + x


class Peeking(Passing):
    """A layer that looks at values."""

    def call(self, x):
        return x + x if x.numpy().mean() > 0 else x


class Drawing(Passing):
    """A layer that draws numbers in Python."""

    def call(self, x):
        noise = np.random.default_rng().normal(size=x.shape).astype("float32")
        return x + corereg.Tensor(noise)


class Branching(Passing):
    """A layer that does not do the same at each call."""

    def __init__(self):
        super().__init__()
        self.calls = [0]

    def call(self, x):
        self.calls[0] += 1
        return x + x if self.calls[0] % 2 else x


@pytest.mark.parametrize("kind", [Peeking, Drawing, Branching])
@pytest.mark.filterwarnings("ignore::corereg.PerformanceWarning")
def test_what_cannot_be_replayed_runs_through_python(kind):
    model = Sequential([corereg.Input((6,)), kind(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = data()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.predict(x, verbose=0)
    report = model.execution_report()
    assert report["fit"].mode == "eager"
    assert report["predict"].mode == "eager"
    assert kind.__name__ in report["fit"].reason


def test_what_passes_the_proof_is_replayed():
    model = Sequential([corereg.Input((6,)), Passing(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = data()
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert model.execution_report()["evaluate"].reason == "its first two runs go through Python"
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    assert [entry.mode for entry in model.execution_report()] == ["replayed"] * 3


def test_a_global_set_anew_is_seen():
    global FACTOR
    x, y = data()

    class Global(Passing):
        def call(self, x):
            return x + x if FACTOR > 1 else x

    outcomes = []
    for eagerly in (True, False):
        FACTOR = 1.0

        def change(epoch, logs):
            global FACTOR
            FACTOR = 1.0 + epoch

        corereg.set_random_seed(1)
        model = Sequential([corereg.Input((6,)), Global(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        watch = LambdaCallback(on_epoch_end=change)
        outcomes.append((fit(model, x, y, epochs=4, callbacks=watch), bits(model)))
    assert outcomes[0] == outcomes[1]


def test_a_variable_of_the_function_around_is_seen():
    x, y = data()
    outcomes = []
    for eagerly in (True, False):
        twice = False

        def loss(y_true, y_pred):
            kernel_loss = losses.MeanSquaredError()(y_true.data, y_pred)
            return kernel_loss + kernel_loss if twice else kernel_loss  # noqa: B023

        def change(epoch, logs):
            nonlocal twice
            twice = epoch == 0

        corereg.set_random_seed(1)
        model = Sequential([layers.Dense(1, input_dim=6)])
        model.compile("sgd", loss, run_eagerly=eagerly)
        watch = LambdaCallback(on_epoch_end=change)
        outcomes.append((fit(model, x, y, epochs=4, callbacks=watch), bits(model)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.filterwarnings("ignore::corereg.PerformanceWarning")
def test_functions_as_metrics_are_replayed_and_stay_right():
    """A metric that is alike in the first two steps, and another one later."""
    x, y = data()
    outcomes = []
    for eagerly in (True, False):
        corereg.set_random_seed(2)
        model = Sequential([layers.Dense(1, input_dim=6)])
        near = lambda t, p: ((t - p).abs() < 0.5).astype("float32")  # noqa: E731
        model.compile(corereg.optimizers.SGD(0.05), "mse", metrics=[near], run_eagerly=eagerly)
        outcomes.append(fit(model, x, y, epochs=20, batch_size=10))
        if not eagerly:
            assert model.execution_report()["fit"].mode == "replayed"
    assert outcomes[0] == outcomes[1]
    assert len({*outcomes[0]["lambda"]}) > 2


# ---- the general forms by themselves ------------------------------------------------------------


def test_the_result_of_metrics_is_that_of_the_last_run():
    x, y = data()
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    with pytest.raises(ValueError, match=r"get_metrics_result: expected metrics that have seen"):
        model.get_metrics_result()
    for _ in range(3):  # the last one is replayed
        assert model.train_on_batch(x, y, return_dict=True) == model.get_metrics_result()
    assert model.test_on_batch(x[:3], y[:3], return_dict=True) == model.get_metrics_result()
    history = model.fit(x, y, epochs=3, batch_size=8, verbose=0).history
    assert model.get_metrics_result() == {"loss": history["loss"][-1], "mae": history["mae"][-1]}
    assert model.evaluate(x, y, verbose=0, return_dict=True) == model.get_metrics_result()
    history = model.fit(x, y, validation_data=(x[:5], y[:5]), verbose=0).history
    found = {"loss": history["val_loss"][-1], "mae": history["val_mae"][-1]}
    assert model.get_metrics_result() == found  # as in Keras
    model.reset_metrics()
    assert model.get_metrics_result() == {"loss": 0.0, "mae": 0.0}


def test_the_general_steps_may_be_called_by_hand():
    x, y = data()
    model = Sequential(parts())
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(x, y, verbose=0)
    model.reset_metrics()
    before = bits(model)
    tensors = corereg.Tensor(x), corereg.Tensor(y.astype("float32"))
    logs = model.test_step(tensors)
    assert set(logs) == {"loss", "mae"}
    assert bits(model) == before
    assert logs["mae"] == pytest.approx(np.abs(y - model.predict(x, verbose=0)).mean(), rel=1e-5)
    assert model.get_metrics_result() == logs
    model.train_step(tensors)
    assert bits(model) != before
    model.trainable = False
    frozen = bits(model)
    model.train_step(tensors)
    assert bits(model) == frozen
    model.zero_grad()
    assert all(weight.grad is None for weight in model.weights)


def test_compute_loss_without_targets_is_the_penalty():
    x, _ = data()
    model = Sequential(parts())
    model.compile("sgd")
    model.fit(x, verbose=0)
    penalty = sum(float(loss) for loss in model.losses)
    assert float(model.compute_loss(y_pred=model(x))) == pytest.approx(penalty, rel=1e-6)
    plain = Sequential([layers.Dense(1, input_dim=6)])
    plain.compile("sgd")
    assert float(plain.compute_loss(y_pred=plain(x))) == 0


def test_several_outputs_in_steps_of_ones_own():
    class Own(corereg.Model):
        def train_step(self, data):
            return super().train_step(data)

    x, y = data()
    source = corereg.Input((6,))
    outputs = [layers.Dense(1, name="one")(source), layers.Dense(1, name="two")(source)]
    found = []
    for kind in (corereg.Model, Own):
        corereg.set_random_seed(4)
        model = kind(source, outputs)
        model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
        model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 0.5], metrics=[["mae"], None])
        found.append(fit(model, x, [y, y], epochs=2, batch_size=25, sample_weight=y[:, 0] ** 2))
    assert found[0].keys() == found[1].keys()
    for name in found[0]:
        assert found[1][name] == pytest.approx(found[0][name], rel=1e-5)


class Fussy(Passing):
    """A layer that does not take negative numbers."""

    def call(self, x):
        if x.numpy().min() < 0:
            raise ValueError("too low")
        return x + x


class Same(Passing):
    """A layer that gives its input itself."""

    def call(self, x):
        return x


@pytest.mark.filterwarnings("ignore::corereg.PerformanceWarning")
def test_predict_of_layers_that_cannot_be_tried_on_other_values():
    x = np.abs(data()[0])
    fussy = Sequential([corereg.Input((6,)), Fussy()])
    assert np.array_equal(fussy.predict(x, verbose=0), 2 * x)
    same = Sequential([corereg.Input((6,)), Same()])
    assert np.array_equal(same.predict(x, verbose=0), x)
    assert same.execution_report()["predict"].mode == "eager"
    assert "predict: eager, because" in str(same.execution_report())
    assert "Cure: " in repr(same.execution_report())


def test_globals_of_helpers_and_properties_count():
    x, y = data()
    outcomes = []
    for eagerly in (True, False):
        values = {"factor": 1.0}

        def helper(z, values=values):
            return z * values["factor"]

        class Helped(Passing):
            @property
            def twice(self):
                return helper

            def call(self, z):
                return helper(z)

        corereg.set_random_seed(1)
        model = Sequential([corereg.Input((6,)), Helped(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        outcomes.append((fit(model, x, y, epochs=3), bits(model)))
    assert outcomes[0] == outcomes[1]


def test_a_model_that_nobody_calls():
    """Its train_step calls the models inside, as in Keras's examples of autoencoders and GANs; it
    writes no `call`, and the shape of what it would give does not matter."""

    class Outer(corereg.Model):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def train_step(self, data):
            self.zero_grad()
            loss = corereg.ops.mean(corereg.ops.square(self.inner(data) - data[:, :1]))
            loss.backward()
            weights = self.trainable_weights
            self.optimizer.apply([w.grad for w in weights], weights)
            return {"loss": loss}

    inner = corereg.Sequential([corereg.Input((3,)), corereg.layers.Dense(1)])
    model = Outer(inner)
    model.compile(corereg.optimizers.SGD(0.1))
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    losses = model.fit(x, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    assert "replayed" in str(model.execution_report())
    with pytest.raises(NotImplementedError, match="writes call"):
        model.predict(x, verbose=0)

    class NoSteps(corereg.Model):
        pass

    empty = NoSteps()
    empty.compile("sgd", "mse")
    with pytest.raises(ValueError, match="writes call"):
        empty.fit(x, x, verbose=0)
