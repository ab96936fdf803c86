"""Numbers that go wrong: what is said, and what is done about it."""

import warnings

import numpy as np
import pytest

from corereg import (
    Input,
    Model,
    Parameter,
    Sequential,
    Tensor,
    activations,
    backend,
    layers,
    losses,
    ops,
    optimizers,
)
from corereg.callbacks import LambdaCallback
from corereg.training import diagnosis
from corereg.training.data.arrays import Batch
from corereg.warn import NotFiniteWarning

X = np.random.default_rng(0).random((200, 4), dtype=np.float32)
Y = X.sum(axis=1, keepdims=True)
OBSERVER = LambdaCallback(on_train_batch_end=lambda batch, logs: None)


def network():
    return Sequential(
        [
            Input((4,)),
            layers.Dense(8, "relu", name="first"),
            layers.Dense(8, "relu", name="second"),
            layers.Dense(1, name="last"),
        ]
    )


def told(run):
    """The one warning that a run gives."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        run()
    assert [one.category for one in found] == [NotFiniteWarning]
    assert found[0].filename == __file__
    return str(found[0].message)


def first_bad_batch(model, x, y, size=32):
    """In which batch a loss is not finite first, found step by step."""
    for i in range(0, len(x), size):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if not np.isfinite(model.train_on_batch(x[i : i + size], y[i : i + size])):
                return i // size + 1
    raise AssertionError("all are finite")


def compiled(model, rate=1e6, **options):
    model.compile(optimizers.SGD(rate), "mse", **options)
    return model


@pytest.mark.parametrize("eagerly", [False, True])
def test_fit_names_the_batch_where_each_is_observed(eagerly):
    model = compiled(network(), run_eagerly=eagerly)
    weights = model.get_weights()
    message = told(
        lambda: model.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[OBSERVER])
    )
    model.set_weights(weights)
    assert f"fit: in epoch 1, batch {first_bad_batch(model, X, Y)}, the loss became" in message


def test_fit_names_batches_between_which_it_happened():
    model = compiled(network())
    weights = model.get_weights()
    message = told(lambda: model.fit(X, Y, epochs=3, shuffle=False, verbose=0))
    model.set_weights(weights)
    first, last = message.split("one of the batches ")[1].split(",")[0].split(" to ")
    assert int(first) <= first_bad_batch(model, X, Y) <= int(last) <= 7


def test_fit_names_the_epoch_of_fused_epochs():
    x, y = X[:32], Y[:32]
    model = compiled(network(), 30.0)
    weights = model.get_weights()
    message = told(lambda: model.fit(x, y, epochs=60, verbose=0))
    losses = model.history.history["loss"]
    bad = next(i for i, loss in enumerate(losses) if not np.isfinite(loss))
    assert bad > 0
    assert f"in epoch {bad + 1}, batch 1, the loss became" in message
    model.set_weights(weights)
    again = told(lambda: [model.train_on_batch(x, y) for _ in range(bad + 3)])
    assert "train_on_batch: in update " in again


def test_it_names_the_first_layer_whose_output_is_not_finite():
    model = network()
    model.trainable = False  # else the update spoils the weights of all layers
    compiled(model)
    model.get_layer("second").kernel.assign(np.full((8, 8), 3e38, np.float32))
    model.get_layer("first").bias.assign(np.ones(8, np.float32))
    message = told(lambda: model.fit(X[:32], Y[:32], verbose=0, callbacks=[OBSERVER]))
    assert "the first output that is not finite is that of Dense 'second'" in message


def test_it_names_a_layer_whose_weights_are_gone():
    model = network()
    model.get_layer("first").trainable = False
    compiled(model, 0.0)
    model.get_layer("second").kernel.assign(np.full((8, 8), np.nan, np.float32))
    message = told(lambda: model.fit(X, Y, verbose=0))
    assert "Dense 'second', whose weights second/kernel" in message


def test_it_looks_into_graphs_and_models_inside_them():
    inner = Sequential([Input((4,)), layers.Dense(4, name="inside")])
    inner.get_layer("inside").kernel.assign(np.full((4, 4), np.inf, np.float32))
    x = Input((4,))
    model = compiled(Model(x, layers.Dense(1)(ops.exp(x) + inner(x))), 0.0)
    assert "is that of Dense 'inside', whose weights" in told(lambda: model.fit(X, Y, verbose=0))


def test_a_model_with_its_own_call_counts_as_one_layer():
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    assert "is that of Own 'own'" in told(lambda: compiled(Own()).fit(X, Y, epochs=9, verbose=0))


def test_it_says_where_only_the_loss_or_a_gradient_is_not_finite():
    model = network()
    model.trainable = False
    model.compile(optimizers.SGD(0.0), lambda t, p: ops.mean(ops.exp((t - p) * 0 + 200)))
    assert "outputs are finite, and the loss of them is not" in told(
        lambda: model.fit(X[:32], Y[:32], verbose=0)
    )


def test_a_look_that_fails_does_not_end_the_training():
    class Failing(layers.Layer):
        fails = False

        def call(self, x, training=False):
            if self.fails and not training:
                raise RuntimeError("only for training")
            with np.errstate(over="ignore"):
                return x * 1e38 * 1e38

    model = Sequential([Failing(), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.build((None, 4))
    model.layers[0].fails = True
    message = told(lambda: model.fit(X, Y, epochs=2, verbose=0))
    assert "the look at the layers ended with RuntimeError: only for training" in message
    assert len(model.history.history["loss"]) == 2


def test_a_look_changes_nothing():
    model = Sequential([Input((4,)), layers.BatchNormalization(), layers.Dropout(0.5)])
    model.add(layers.Dense(1))
    model.compile(optimizers.SGD(0.0), "mse")
    y = Y.copy()
    y[3] = 3e38  # its square overflows
    model.fit(X, Y, verbose=0)
    twin = model.__class__.from_config(model.get_config())
    twin.compile(optimizers.SGD(0.0), "mse")
    twin.fit(X, Y, verbose=0)
    twin.set_weights(model.get_weights())
    told(lambda: model.fit(X, y, verbose=0))
    with pytest.warns(NotFiniteWarning):
        twin.fit(X, y, verbose=0)
    assert model.optimizer.iterations == twin.optimizer.iterations == 14


def test_custom_steps_are_watched():
    class Own(Sequential):
        def train_step(self, data):
            return super().train_step(data)

    model = Own([Input((4,)), layers.Dense(1)])
    assert "fit: in epoch 1" in told(lambda: compiled(model, 1e30).fit(X, Y, epochs=3, verbose=0))


def test_weights_that_are_all_zero_are_told_of_once():
    model = compiled(network(), 0.1)
    zeros = np.zeros(len(X))
    with pytest.warns(UserWarning, match="fit: all sample weights are 0"):
        model.fit(X, Y, sample_weight=zeros, verbose=0)
    model.fit(X, Y, sample_weight=zeros, verbose=0)  # a warning would be an error
    some = zeros.copy()
    some[3] = 1
    compiled(network(), 0.1).fit(X, Y, sample_weight=some, verbose=0)


def test_softmax_over_one_unit_is_told_of():
    with pytest.warns(UserWarning, match=r"Dense 'one': softmax over 1 unit is always 1"):
        model = Sequential([Input((4,)), layers.Dense(1, "softmax", name="one")])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.warns(SyntaxWarning, match="expected predictions of more than 1 class"):
        model.fit(X, np.ones((len(X), 1)), verbose=0)
    for call in (activations.softmax, ops.softmax, layers.Softmax(), layers.Activation("softmax")):
        with pytest.warns(UserWarning, match="softmax over an axis of 1 is always 1"):
            call(np.ones((3, 1), np.float32))
    for loss in ("categorical_crossentropy", "categorical_focal_crossentropy"):
        with pytest.warns(SyntaxWarning, match="expected predictions of more than 1 class"):
            losses.get(loss)(np.ones((3, 1)), np.ones((3, 1)))


def test_predict_refuses_numbers_beyond_float32_as_fit_does():
    model = compiled(network(), 0.1)
    x = X.astype(np.float64)
    x[7, 1] = -1e39
    for run in (lambda: model.fit(x, Y), lambda: model.evaluate(x, Y), lambda: model.predict(x)):
        with pytest.raises(ValueError, match=r"finite as float32.*too large\) in row 7, column 1;"):
            run()
    with pytest.raises(ValueError, match=r"predict: batch 0: .*too large\) in row 7, column 1"):
        model.predict(iter([x]))


def test_predict_passes_on_what_is_not_finite_in_the_data_itself():
    model = compiled(network(), 0.1)
    x = X.astype(np.float64)
    x[5, 0] = np.nan
    found = model.predict(x)
    assert np.isnan(found[5]).all()
    assert np.isfinite(np.delete(found, 5)).all()


def test_float64_models_take_large_numbers():
    model = Sequential([Input((4,), dtype="float64"), layers.Dense(1, dtype="float64")])
    assert np.isfinite(model.predict(np.full((2, 4), 1e39))).all()


HUGE = {"float32": (1e19, 1e25, 3e38, np.inf), "float64": (1e160, 1e300, np.inf)}


def stepped(name, gradients, dtype, **options):
    """The weights after steps with these gradients."""
    optimizer = getattr(optimizers, name)(0.01, **options)
    w = Parameter(np.ones(37, dtype))
    optimizer.build([w])
    for g in gradients:
        optimizer.apply([np.full(37, g, dtype)])
    return w.data


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Ftrl"])
def test_huge_gradients_make_bounded_steps(name, dtype):
    check_bounded(name, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["Nadam", "RMSprop", "Lion"])
def test_huge_gradients_make_bounded_steps_too(name, dtype):
    check_bounded(name, dtype)


def check_bounded(name, dtype):
    for g in HUGE[dtype]:
        for gradients in ([g] * 6, [g, -g, g, -g], [0.5, g, 0.5]):
            w = stepped(name, gradients, dtype)
            assert np.isfinite(w).all(), (g, gradients)
            assert np.abs(w - 1).max() < 2, (g, gradients)  # Ftrl begins anew from 0


@pytest.mark.parametrize("options", [{"amsgrad": True}, {"clipvalue": 1e38}, {"weight_decay": 0.1}])
def test_huge_gradients_with_options_of_adam(options):
    w = stepped("Adam", [1e38, 1e38, -1e38], "float32", **options)
    assert np.isfinite(w).all()
    assert np.abs(w - 1).max() < 0.1


def test_nan_gradients_are_not_hidden():
    for name in ("Adagrad", "Adadelta", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"):
        assert np.isnan(stepped(name, [np.nan], "float32")).all()


def test_centered_rmsprop_of_a_gradient_that_stays_the_same():
    """The mean square less the square of the mean is 0 but for rounding, and may be below it."""
    w = stepped("RMSprop", [1e4] * 300, "float32", centered=True)
    assert np.isfinite(w).all()


def test_iterations_do_not_wrap():
    optimizer = optimizers.Adam(optimizers.schedules.PiecewiseConstantDecay([2**40], [0.5, 0.25]))
    w = Parameter(np.ones(3, np.float32))
    optimizer.build([w])
    optimizer.iterations = 2**40
    rates = []
    for _ in range(3):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply([np.ones(3, np.float32)])
    assert rates == [0.5, 0.25, 0.25]
    assert optimizer.iterations == 2**40 + 3
    with pytest.raises((ValueError, OverflowError)):
        optimizer.iterations = 2**63


def test_why_an_optimizer_in_python_is_not_replayed():
    class Plain(optimizers.Optimizer):
        recordable = True

        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(gradient * learning_rate)

    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile(Plain(0.1), "mse")
    with pytest.warns(UserWarning, match="no update_step is replayed, whatever recordable says"):
        model.fit(X, Y, verbose=0)


def test_a_model_that_says_built_when_it_is_made():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)
            self.built = True  # as programs for Keras write

        def call(self, x):
            return self.dense(x)

    for use in (lambda m: m.fit(X, Y, verbose=0), lambda m: m.predict(X, verbose=0)):
        model = compiled(Own(), 0.01)
        use(model)
        assert [w.shape for w in model.weights] == [(4, 1), (1,)]


def test_backend_has_what_programs_ask_for_every_day():
    assert backend.epsilon() == 1e-7
    assert backend.floatx() == "float32"
    assert backend.image_data_format() == "channels_last"
    assert backend.backend() == "corereg"
    backend.clear_session()
    assert layers.Dense(1).name == "dense"
    with pytest.raises(AttributeError, match=r"corereg\.backend has no 'eval'"):
        getattr(backend, "eval")  # noqa: B009


def cause(model, x, y=None):
    y = np.ones((len(x), 1), np.float32) if y is None else y
    return diagnosis._cause(model, Batch(Tensor(x), (y,), (None,), len(x), (x, y)))


def trained(*middle):
    model = compiled(Sequential([Input((4,)), *middle, layers.Dense(1, name="last")]), 0.0)
    model.fit(np.full((2, 4), 2, np.float32), np.ones((2, 1)), verbose=0)
    return model


def test_each_cause_is_said():
    x = np.ones((2, 4), np.float32)
    model = trained(layers.Dense(3))
    assert cause(model, x) == "the loss, all outputs and gradients are finite there"
    assert cause(model, np.full_like(x, np.nan)) == "the batch itself is not finite"
    assert cause(model, x, np.full((2, 1), np.inf, "f4")) == "the batch itself is not finite"


def test_the_last_layer_whose_gradient_is_not_finite_is_said():
    root = layers.Lambda(lambda t: ops.sqrt(t - 1), name="root")
    model = trained(layers.Dense(4, name="before", kernel_initializer="identity"), root)
    said = cause(model, np.ones((2, 4), np.float32))
    assert said == (
        "all outputs are finite, and the first gradient that is not is that of Dense 'before'"
    )


class Spare(layers.Layer):
    def build(self, input_shape):
        self.spare = self.add_weight((1,), "zeros", name="spare", trainable=False)

    def call(self, x):
        return x * 2


def test_weights_that_no_output_shows_are_said():
    model = trained(Spare(name="own"))
    model.get_layer("own").spare.assign([np.nan])
    said = cause(model, np.ones((2, 4), np.float32))
    assert said == "outputs and gradients are finite, and these weights are not: own/spare"
