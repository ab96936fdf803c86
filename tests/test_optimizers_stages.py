"""What optimizers do around their rules: schedules, averages, accumulated and scaled gradients,
multipliers, constraints; recorded, saved, refused."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from small import bits, data, watched

import corereg
from corereg import Parameter, constraints, layers, optimizers
from corereg.callbacks import LearningRateScheduler, ReduceLROnPlateau
from corereg.models import Sequential, load_model
from corereg.optimizers import SGD, Adam, AdamW, Ftrl, Lion, Optimizer, schedules


class Halving(schedules.LearningRateSchedule):
    """A schedule of a user's own."""

    def __init__(self, first=0.1):
        self.first = first

    def __call__(self, step):
        return self.first / (1 + int(step) // 4)

    def get_config(self):
        return {"first": self.first}


class Descent(Optimizer):
    """A rule in Python."""

    def update_step(self, gradient, variable, learning_rate):
        variable.assign_sub(gradient * learning_rate)


def halved(w):
    return w * 0.5


EVERYTHING = {
    "weight_decay": 0.1,
    "clipnorm": 1.0,
    "use_ema": True,
    "ema_overwrite_frequency": 3,
    "gradient_accumulation_steps": 2,
    "loss_scale_factor": 4.0,
    "learning_rate_multipliers": {"second": 0.5},
}
KINDS = {
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "adamax": lambda: optimizers.Adamax(0.05),
    "nadam": lambda: optimizers.Nadam(0.05),
    "ftrl": lambda: Ftrl(0.1, l1_regularization_strength=0.01),
    "lion": lambda: Lion(0.01),
    "everything": lambda: Adam(schedules.CosineDecay(0.1, 20), **EVERYTHING),
    "everything at once": lambda: SGD(0.1, 0.9, **(EVERYTHING | {"clipnorm": None})),
    "own schedule": lambda: SGD(Halving()),
}


def net(optimizer, kernel_constraint="max_norm", bias_constraint=None):
    corereg.set_random_seed(3)
    first = layers.Dense(
        5,
        "relu",
        kernel_regularizer="l2",
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        name="first",
    )
    second = layers.Dense(1, kernel_constraint=constraints.UnitNorm(axis=-1), name="second")
    model = Sequential([layers.Input((6,)), first, second])
    model.compile(optimizer, "mse")
    return model


def fit(model, epochs=3, **options):
    x, y = data()
    options = {"batch_size": 16, "shuffle": False, "verbose": 0, **options}
    return model.fit(x, y, epochs=epochs, **options).history


def state(model):
    return [*bits(model), *(a.tobytes() for a in model.optimizer.state), model.optimizer.steps]


@pytest.mark.parametrize("kind", KINDS)
def test_replayed_is_eager_and_goes_on_from_a_file(kind, tmp_path, monkeypatch):
    found = []
    for threads in (1, 2, 0):  # 0: through Python
        corereg.set_num_threads(max(threads, 1))
        try:
            model = net(KINDS[kind]())
            model.run_eagerly = threads == 0
            taken = watched(monkeypatch)
            history = fit(model)
            found.append((history["loss"], state(model)))
            assert (len(taken) == 2) == bool(threads)  # a whole batch and the last
        finally:
            corereg.set_num_threads(0)
            monkeypatch.undo()
    assert found[0] == found[1] == found[2]
    model = net(KINDS[kind]())
    fit(model, 1)
    path = tmp_path / "model.corereg"
    model.save(path)
    again = load_model(path, custom_objects={"Halving": Halving})
    assert state(again) == state(model)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert fit(again, 2)["loss"] == fit(model, 2)["loss"]
    assert state(again) == state(model)


@pytest.mark.parametrize(
    "rate", [lambda: Halving(0.05), lambda: lambda: 0.05, lambda: lambda step: 0.1 / (2 + step)]
)
def test_rates_of_python_are_replayed_in_fit_alone(rate, monkeypatch):
    """corereg.record has nobody to ask for the next rate: there the step is refused."""
    model, eager = net(SGD(rate())), net(SGD(rate()))
    eager.run_eagerly = True
    taken = watched(monkeypatch)
    fit(model)
    assert len(taken) == 2
    fit(eager)
    assert state(model) == state(eager)
    w = Parameter(np.ones(3, "f4"))
    optimizer = SGD(rate())
    optimizer.build([w])

    @corereg.record
    def step(x):
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    call = lambda: [step(np.ones(3, "f4")) for _ in range(3)]  # noqa: E731
    with pytest.raises(RuntimeError, match=r"learning rate \S+ is computed in Python"):
        call()


def test_rates_of_a_schedule_that_is_set_anew():
    """An attribute of a schedule counts from the next step on, replayed or not."""
    model, eager = (net(SGD(schedules.ExponentialDecay(0.1, 5, 0.5))) for _ in "ab")
    eager.run_eagerly = True
    for one in (model, eager):
        fit(one, 2)
        one.optimizer._schedule.decay_rate = 0.9
        fit(one, 2)
        one.optimizer.learning_rate = schedules.CosineDecay(0.2, 50)
        fit(one, 2)
    assert state(model) == state(eager)
    np.testing.assert_allclose(
        float(model.optimizer.learning_rate), schedules.CosineDecay(0.2, 50)(24)
    )


def test_a_schedule_cannot_be_set_to_a_number(fails):
    optimizer = SGD(schedules.CosineDecay(0.1, 10))
    assert optimizer.learning_rate == 0.1
    fails(lambda: setattr(optimizer, "learning_rate", 0.5), TypeError, "is the schedule CosineDec")
    fails(lambda: optimizer.learning_rate.assign(0.5), TypeError, "make the optimizer with a num")
    assert [v.name for v in optimizer.variables] == ["iterations"]
    for callback in (LearningRateScheduler(lambda e: 0.1), ReduceLROnPlateau("loss", patience=0)):
        model = net(SGD(schedules.CosineDecay(0.0001, 10)))
        with pytest.raises(TypeError, match="is the schedule"):
            fit(model, 5, callbacks=[callback])


def test_multipliers():
    """A variable's own learning rate, weight decay included."""
    rng = np.random.default_rng(1)
    for kind in (SGD, Adam, Ftrl, Descent):
        values, grads = rng.standard_normal((2, 3, 7)).astype("f4")
        together = [Parameter(values[i], name) for i, name in enumerate(("a/w", "b/w", "b/v"))]
        optimizer = kind(0.1, weight_decay=0.5, learning_rate_multipliers={"^b/": 0.5, "v$": 3})
        optimizer.apply_gradients(zip(grads, together, strict=True))
        for i, rate in enumerate((0.1, 0.05, 0.15)):
            alone = Parameter(values[i], "w")
            kind(rate, weight_decay=0.5).apply_gradients([(grads[i], alone)])
            np.testing.assert_allclose(together[i].data, alone.data, rtol=1e-5, atol=1e-7)


def test_python_rules_have_the_stages():
    """The same steps by a rule in Python and by the kernels."""
    made = []
    for kind in (SGD, Descent):
        model = net(kind(schedules.PolynomialDecay(0.1, 8), **EVERYTHING), "non_neg", "unit_norm")
        fit(model)
        made.append(model)
    for one, other in zip(made[0].get_weights(), made[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert made[0].optimizer.iterations == made[1].optimizer.iterations == 6
    assert made[0].optimizer.steps == 12


def test_weights_are_kept_from_decay():
    kernel, bias, other = (Parameter(np.ones(2), name) for name in ("d/kernel", "d/bias", "e/k"))
    optimizer = AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([other], ["bias"])
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    for one in (optimizer, again):
        variables = [Parameter(p.data, p.name) for p in (kernel, bias, other)]
        if one is optimizer:
            variables[2] = other
        zeros = [np.zeros(2)] * 3
        one.apply_gradients(zip(zeros, variables, strict=True))
        assert [float(p.data[0]) for p in variables] == [0.95, 1, 1]


def test_averages_of_frozen_weights_stay():
    model = net(SGD(0.1, use_ema=True))
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()
    fit(model, 1)
    for one, other in zip(before, model.layers[0].get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_constraints_of_functions():
    model = net(SGD(0.01), halved, lambda w: corereg.ops.clip(w, -0.01, 0.01))
    eager = net(SGD(0.01), halved, lambda w: corereg.ops.clip(w, -0.01, 0.01))
    eager.run_eagerly = True
    fit(model)
    fit(eager)
    assert bits(model) == bits(eager)
    assert np.abs(model.layers[0].get_weights()[1]).max() <= np.float32(0.01)
    model.layers[0].bias_constraint = "non_neg"  # counts from the next step, recorded or not
    fit(model, 1)
    assert model.layers[0].get_weights()[1].min() >= 0
    assert copy.deepcopy(model.layers[0].kernel).constraint is halved


def test_constraints_that_give_something_else(fails):
    w = Parameter(np.ones((2, 3), "f4"), "w", constraint=lambda w: w.sum())
    optimizer = SGD(0.1)
    fails(lambda: optimizer.apply_gradients([(np.ones((2, 3)), w)]), ValueError, "of the shape")
    w.constraint = constraints.MaxNorm(axis=2)
    fails(lambda: optimizer.apply_gradients([(np.ones((2, 3)), w)]), ValueError, "axes of a weight")


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: AdamW(weight_decay=None), ValueError, "weight_decay as a number, received None"),
        (lambda: Adam(use_ema=True, ema_momentum=2.0), ValueError, r"ema_momentum in \[0, 1\]"),
        (lambda: Adam(use_ema=True, ema_overwrite_frequency=2.5), ValueError, "an integer >= 1"),
        (lambda: Adam(gradient_accumulation_steps=1), ValueError, "an integer >= 2 or None"),
        (lambda: Adam(loss_scale_factor=0.0), ValueError, "loss_scale_factor > 0"),
        (lambda: Adam(learning_rate_multipliers={"(": 1}), ValueError, "a regular expression"),
        (lambda: Adam(learning_rate_multipliers=2), TypeError, "a dict of part of a variable's"),
        (lambda: Ftrl(learning_rate_power=1.0), ValueError, "learning_rate_power <= 0"),
        (lambda: Ftrl(initial_accumulator_value=-1.0), ValueError, "initial_accumulator_value >="),
        (lambda: Lion(beta_1=0.0), ValueError, "beta_1 above 0 and <= 1, received 0.0"),
        (lambda: SGD().exclude_from_weight_decay(var_names="bias"), TypeError, "as a list"),
        (lambda: SGD().exclude_from_weight_decay(["bias"]), TypeError, "give names as var_names"),
        (lambda: schedules.CosineDecay(0.1, 0), ValueError, "decay_steps > 0, received 0"),
        (lambda: schedules.ExponentialDecay("a", 1, 1), TypeError, "initial_learning_rate as a nu"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), ValueError, "one value more than"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), ValueError, "that ascend"),
        (lambda: schedules.LearningRateSchedule()(1), NotImplementedError, "__call__.step. is not"),
        (lambda: schedules.LearningRateSchedule().get_config(), NotImplementedError, "get_config"),
        (lambda: schedules.deserialize("relu6"), ValueError, "the description of a schedule"),
        (lambda: float(SGD(lambda: -1.0).learning_rate), ValueError, "learning rate >= 0"),
        (lambda: constraints.get("maxnorm"), ValueError, "unknown constraint 'maxnorm'"),
        (lambda: layers.Dense(3, kernel_constraint=3), ValueError, "a Constraint or a callable"),
        (lambda: constraints.MaxNorm(-1), ValueError, "MaxNorm: expected a finite max_value >= 0"),
        (lambda: constraints.UnitNorm(axis=1.5), TypeError, "UnitNorm: expected axis as an int"),
        (lambda: optimizers.MultiOptimizer, AttributeError, "use learning_rate_multipliers="),
    ],
)
def test_refused(call, exception, message, fails):
    fails(call, exception, message)


def test_names_and_arguments_in_keras_order():
    assert optimizers.get(None) is None
    first, second = (optimizers.get("RMSprop") for _ in "ab")
    assert first.name.startswith("rm_sprop")
    assert second.name != first.name
    made = AdamW(0.1, 0.2, 0.8, 0.9, 1e-3, True, 1.5, None, None, True, 0.5, 7, 2.0, 3, "mine")
    assert made.get_config() == {
        "name": "mine",
        "learning_rate": 0.1,
        "weight_decay": 0.2,
        "clipnorm": 1.5,
        "clipvalue": None,
        "global_clipnorm": None,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 7,
        "loss_scale_factor": 2.0,
        "gradient_accumulation_steps": 3,
        "beta_1": 0.8,
        "beta_2": 0.9,
        "epsilon": 1e-3,
        "amsgrad": True,
    }
    assert (
        Adam.from_config(Adam(Halving()).get_config(), {"Halving": Halving})._schedule.first == 0.1
    )


# ---- options of weights, in every layer that has them -------------------------------------------


@pytest.mark.parametrize(
    ("layer", "weight", "shape"),
    [
        (lambda **options: layers.Dense(3, **options), "kernel", (4,)),
        (lambda **options: layers.Dense(3, **options), "bias", (4,)),
        (layers.BatchNormalization, "gamma", (4,)),
        (layers.LayerNormalization, "beta", (4,)),
        (lambda **options: layers.GroupNormalization(2, **options), "gamma", (4,)),
        (layers.PReLU, "alpha", (4,)),
        (lambda **options: layers.Embedding(5, 4, **options), "embeddings", (4,)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_of_a_weight_hold_at_any_time(layer, weight, shape):
    made = layer(**{f"{weight}_constraint": "non_neg", f"{weight}_regularizer": "l1"})
    again = type(made).from_config(made.get_config())
    for one in (made, again):
        one.build((None, *shape))
        parameter = getattr(one, weight)
        assert type(parameter.constraint) is constraints.NonNeg
        assert parameter.regularizer is getattr(one, f"{weight}_regularizer")
        setattr(one, f"{weight}_constraint", "max_norm")
        assert parameter.constraint is getattr(one, f"{weight}_constraint")
        assert type(parameter.constraint) is constraints.MaxNorm
        parameter.regularizer = None
        assert getattr(one, f"{weight}_regularizer") is None


def test_steps_run_ahead_as_far_as_is_asked_where_no_python_gives_the_rate():
    """A rate that is a number, or that a kernel works out, holds nothing up; a function is asked
    at each step, a schedule of the user's own for some steps at once."""

    class Own(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1

    for rate, ahead in (
        (0.1, 1000),
        (schedules.ExponentialDecay(0.1, 10, 0.9), 1000),
        (Own(), 256),
        (lambda: 0.1, 1),
    ):
        with Adam(rate).rates_ahead(1000) as most:
            assert most == ahead
