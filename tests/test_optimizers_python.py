"""Optimizers whose rule is written in Python, beside the built-in ones with the same rule."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from small import bits, data

import corereg
from corereg import Parameter, Tensor, layers, losses, optimizers, registry
from corereg.models import Sequential, load_model
from corereg.optimizers import SGD, Adam, Optimizer
from corereg.regularizers import L1L2, L2

EPS = {"float32": 3e-7, "float64": 1e-15}


class PlainSGD(Optimizer):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, gradient * learning_rate)


class Momentum(Optimizer):
    """Written as Keras's own are."""

    def __init__(self, learning_rate=0.01, momentum=0.9, name="momentum", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, "momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, self.momentum * m - learning_rate * gradient)
        self.assign_add(variable, m)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


class PythonAdam(Optimizer):
    """Uses the step's number and state for all variables at once."""

    def build(self, variables):
        super().build(variables)
        names = ["momentum", "velocity"]
        self.ms, self.vs = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient, variable, learning_rate):
        i, t = self._get_variable_index(variable), self.iterations + 1
        m, v = self.ms[i], self.vs[i]
        m.assign_add((gradient - m) * (1 - 0.9))
        v.assign_add((gradient * gradient - v) * (1 - 0.999))
        alpha = learning_rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
        variable.assign_sub(alpha * m / (v**0.5 + 1e-7))


PAIRS = {
    "sgd": (PlainSGD, SGD, {}),
    "momentum": (Momentum, SGD, {"momentum": 0.9}),
    "adam": (PythonAdam, Adam, {}),
}
OPTIONS = {
    "plain": {},
    "weight decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.1, "weight_decay": 0.1},
    "clipvalue": {"clipvalue": 0.01},
    "global_clipnorm": {"global_clipnorm": 0.1},
}


@pytest.fixture(autouse=True)
def as_before():
    """Each test leaves the floats as they were."""
    before = corereg.config.floatx()
    yield
    corereg.config.set_floatx(before)


def net(optimizer, dtype="float32"):
    corereg.config.set_floatx(dtype)
    corereg.set_random_seed(21)
    model = Sequential(
        [
            layers.Dense(9, "relu", kernel_regularizer=L1L2(0.01, 0.02), bias_regularizer=L2(0.05)),
            layers.Dropout(0.3),
            layers.Dense(7, "tanh", activity_regularizer="l2"),
            layers.Dense(3, "softmax", kernel_regularizer="l1"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model, **options):
    corereg.set_random_seed(22)
    x, y = data(3)
    return model.fit(x, y, batch_size=8, epochs=3, verbose=0, **options).history


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_fit_gives_what_the_built_in_one_gives(name, option, dtype):
    python, built_in, own = PAIRS[name]
    models = [
        net(python(0.05, **OPTIONS[option]), dtype),
        net(built_in(0.05, **own, **OPTIONS[option]), dtype),
    ]
    options = {"validation_split": 0.2, "sample_weight": np.linspace(0, 2, 50)}
    found, expected = (fit(model, **options) for model in models)
    assert list(found) == list(expected)
    for key, values in expected.items():  # 15 steps amplify what the first rounds differently
        assert found[key] == pytest.approx(values, rel=100 * EPS[dtype], abs=1e-30)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=300 * EPS[dtype])
    assert models[0].optimizer.iterations == models[1].optimizer.iterations == 15


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_one_step_is_the_built_in_ones_to_rounding(name, option, dtype):
    python, built_in, own = PAIRS[name]
    rng = np.random.default_rng(3)
    start = [rng.standard_normal(shape).astype(dtype) for shape in ((7, 5), (5,), ())]
    outcomes = []
    for optimizer in (python(0.05, **OPTIONS[option]), built_in(0.05, **own, **OPTIONS[option])):
        params = [
            Parameter(w, regularizer=r)
            for w, r in zip(start, (L1L2(0.1, 0.2), None, L2(0.3)), strict=True)
        ]
        optimizer.build(params)
        values = []
        for step in range(3):
            for i, p in enumerate(params):
                p.grad = None if i == 1 and step == 1 else np.cos(start[i] * (2 + step))
            values.append(optimizer.step(penalties=step != 2))
            optimizer.zero_grad()
        outcomes.append((values, [p.numpy() for p in params], optimizer.state))
    (found, weights, state), (expected, *others) = outcomes
    assert found == pytest.approx(expected, rel=4 * EPS[dtype])
    assert found[2] == 0 < found[1]
    for a, b in zip([*weights, *state], [*others[0], *others[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=4 * EPS[dtype])


def test_fit_runs_it_eagerly_and_record_refuses_it():
    model = net(PlainSGD(0.1))
    fit(model)
    optimizer = model.optimizer
    x, y = data(3)
    loss_function = losses.SparseCategoricalCrossentropy()

    @corereg.record
    def step(x, y):
        loss = loss_function(y, model(x, training=True))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    before = bits(model)
    with pytest.raises(RuntimeError, match="PlainSGD computes its steps in Python, which no re"):
        step(x, y)
    assert bits(model) == before


def test_frozen_parameters_stay():
    for optimizer in (Momentum(0.1), SGD(0.1, momentum=0.9)):
        params = [Parameter(np.ones(3)), Parameter(np.ones(3))]
        optimizer.build(params)
        params[1].trainable = False
        params[0].grad = np.ones(3)
        optimizer.step()
        assert params[0].numpy().tolist() == [0.9] * 3
        assert params[1].numpy().tolist() == [1] * 3
        assert [a.any() for a in optimizer.state] == [True, False]


# ---- state and files -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Momentum, PythonAdam])
def test_saved_and_loaded_it_goes_on_bit_for_bit(kind, tmp_path):
    straight, paused = net(kind(0.05)), net(kind(0.05))
    for model in (straight, paused):
        fit(model)
    paused.save(tmp_path / "model.corereg")
    loaded = load_model(tmp_path / "model.corereg", custom_objects={kind.__name__: kind})
    assert type(loaded.optimizer) is kind
    assert loaded.optimizer.iterations == 21
    assert loaded.optimizer.get_config() == paused.optimizer.get_config()
    for a, b in zip(loaded.optimizer.state, paused.optimizer.state, strict=True):
        np.testing.assert_array_equal(a, b)
    assert fit(loaded) == fit(straight)
    assert bits(loaded) == bits(straight)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("kind", [Momentum, PythonAdam])
def test_a_copy_goes_on_bit_for_bit(kind, copied):
    model = net(kind(0.05))
    fit(model)
    other = copied(model)
    before = [a.tobytes() for a in model.optimizer.state]
    history = fit(other)
    assert [a.tobytes() for a in model.optimizer.state] == before
    assert history == fit(model)
    assert bits(other) == bits(model)


def test_by_name_and_config():
    with registry.custom_object_scope({"Momentum": Momentum}):
        assert type(optimizers.get("Momentum")) is Momentum
    config = optimizers.serialize(Momentum(0.5, 0.8, clipnorm=1.0))
    again = optimizers.deserialize(config, custom_objects={"Momentum": Momentum})
    assert (float(again.learning_rate), again.momentum, again.clipnorm) == (0.5, 0.8, 1.0)
    assert again.get_config() == config["config"]
    assert type(Momentum.from_config(config["config"])) is Momentum


def test_other_variables_begin_anew_although_build_says_if_built():
    optimizer = Momentum(0.1)
    first, second = [Parameter(np.ones(3))], [Parameter(np.ones(2)), Parameter(np.ones(4))]
    optimizer.build(first)
    first[0].grad = np.ones(3)
    optimizer.step()
    optimizer.build(first)  # the same: as it was
    assert optimizer.iterations == 1
    assert optimizer.state[0].any()
    optimizer.build(second)
    assert optimizer.iterations == 0
    assert [a.shape for a in optimizer.state] == [(2,), (4,)]
    assert not any(a.any() for a in optimizer.state)
    model = net(Momentum(0.1))
    fit(model)
    model.pop()
    model.add(layers.Dense(3, "softmax"))
    fit(model)
    assert [p is q for p, q in zip(model.weights, model.optimizer.parameters, strict=True)]
    assert model.optimizer.iterations == 21


def test_state_of_any_shape_and_start():
    class Counting(Optimizer):
        def build(self, variables):
            super().build(variables)
            self.count = self.add_variable((), "ones", "int64", name="count")
            self.rows = self.add_variable([2, 3], name="rows")
            self.own = self.add_variable_from_reference(variables[0], initializer="ones")
            self.drawn = self.add_variable((4,), lambda shape, dtype: np.full(shape, 5, dtype))

        def update_step(self, gradient, variable, learning_rate):
            self.count.assign_add(1)

    optimizer = Counting(0.1)
    optimizer.build([Parameter(np.ones(3), "dense/kernel"), Parameter(np.ones(2))])
    assert [v.name for v in optimizer.variables[2:]] == [
        *("count", "rows", "dense_kernel_var", "variable_3")
    ]
    assert [str(v.dtype) for v in optimizer.variables[2:]] == [
        *("int64", "float32", "float64", "float32")
    ]
    assert optimizer.drawn.numpy().tolist() == [5] * 4
    optimizer.step()
    assert optimizer.count.numpy() == 3
    optimizer.restore(7, [a + 1 for a in optimizer.state])
    assert (optimizer.iterations, optimizer.count.numpy()) == (7, 4)


# ---- subclasses of built-in optimizers -----------------------------------------------------------


class Noisy(Adam):
    """Changes the gradient and leaves the rest to the rule."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * 1.0 + 0.0, variable, learning_rate)


@pytest.mark.parametrize("option", OPTIONS)
def test_a_subclass_may_call_the_built_in_rule(option, dtype):
    outcomes = []
    for kind in (Noisy, Adam):
        model = net(kind(0.01, amsgrad=True, **OPTIONS[option]), dtype)
        outcomes.append((fit(model), model.get_weights(), model.optimizer.state))
        assert model.optimizer.iterations == 21
    (history, *arrays), (expected, *others) = outcomes
    assert history["loss"] == pytest.approx(expected["loss"], rel=100 * EPS[dtype])
    for found, wanted in zip(arrays, others, strict=True):
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=300 * EPS[dtype])


class Counting(Adam):
    """Has state beside that of its rule."""

    def build(self, variables):
        super().build(variables)
        self.largest = self.add_optimizer_variables(variables, "largest")

    def update_step(self, gradient, variable, learning_rate):
        largest = self.largest[self._get_variable_index(variable)]
        largest.assign(np.maximum(largest.numpy(), gradient.abs().numpy()))
        super().update_step(gradient / (1 + largest), variable, learning_rate)


def test_a_subclass_may_have_more_state(tmp_path):
    straight, paused = net(Counting(0.05)), net(Counting(0.05))
    for model in (straight, paused):
        fit(model)
    assert len(paused.optimizer.state) == 3 * 6
    assert all(v.data.ctypes.data % 64 == 0 for v in paused.optimizer.variables[2:])
    paused.save(tmp_path / "model.corereg")
    loaded = load_model(tmp_path / "model.corereg", custom_objects={"Counting": Counting})
    assert fit(loaded) == fit(straight)
    assert bits(loaded) == bits(straight)


class Halved(SGD):
    recordable = True

    def __init__(self, learning_rate=0.01, **options):
        super().__init__(learning_rate / 2, **options)


def test_a_subclass_is_recorded_only_if_it_says_so(monkeypatch):
    assert Adam.recordable
    assert not Noisy.recordable
    called = []
    step = SGD.take_step
    monkeypatch.setattr(SGD, "take_step", lambda *args: called.append(0) or step(*args))
    model = net(Halved(0.2))
    fit(model)
    assert len(called) < 5
    wanted = net(SGD(0.1))
    assert fit(wanted) == net_history(Halved(0.2))
    assert bits(model) == bits(wanted)


def net_history(optimizer):
    return fit(net(optimizer))


# ---- errors -------------------------------------------------------------------------------------


def test_what_is_not_written_says_so(fails):
    class Empty(Optimizer):
        pass

    p = Parameter(np.ones(3))
    optimizer = Empty(0.1)
    optimizer.build([p])
    message = r"Empty: update_step\(gradient, variable, learning_rate\) is not written"
    fails(optimizer.step, NotImplementedError, message, p.data)
    assert optimizer.iterations == 0


def test_a_variable_that_build_was_not_given(fails):
    for optimizer in (Momentum(0.1), SGD(0.1)):
        optimizer.build([Parameter(np.ones(3))])
        other = Parameter(np.ones(3), "other")
        message = r"expected a variable that build\(\) was given, received 'other'; call build"
        fails(
            lambda o=optimizer, p=other: o.update_step(Tensor(np.ones(3)), p, 0.1),
            ValueError,
            message,
            other.data,
        )
