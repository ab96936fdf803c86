"""Optimizers against their rules in plain NumPy, step by step, and their state and arguments."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from corereg import Parameter, optimizers
from corereg.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from corereg.regularizers import L1, L2

SHAPES = [(7, 5), (5,), (33,)]
STEPS = 6


# The rules of Keras 3: w, g and the state s of one parameter at step t (from 1); lr, wd, ...


def sgd(w, g, s, t, lr=0.01, momentum=0.0, nesterov=False):
    if not momentum:
        return w - lr * g
    s["m"] = momentum * s.get("m", 0) - lr * g
    return w + (momentum * s["m"] - lr * g if nesterov else s["m"])


def rmsprop(w, g, s, t, lr=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    variance = s["v"]
    if centered:
        s["g"] = rho * s.get("g", 0) + (1 - rho) * g
        variance = variance - s["g"] ** 2
    step = lr * g / np.sqrt(variance + epsilon)
    if momentum:
        s["m"] = step = momentum * s.get("m", 0) + step
    return w - step


def adam(w, g, s, t, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2
    v = s["v"]
    if amsgrad:
        s["h"] = v = np.maximum(s.get("h", 0), v)
    alpha = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - alpha * s["m"] / (np.sqrt(v) + epsilon)


CASES = {
    "sgd": (SGD, sgd, {}),
    "sgd rate": (SGD, sgd, {"lr": 0.3}),
    "momentum": (SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (SGD, sgd, {"lr": 0.1, "momentum": 0.8, "nesterov": True}),
    "rmsprop": (RMSprop, rmsprop, {}),
    "rmsprop rho": (RMSprop, rmsprop, {"lr": 0.01, "rho": 0.5, "epsilon": 0.1}),
    "rmsprop momentum": (RMSprop, rmsprop, {"lr": 0.01, "momentum": 0.9}),
    "rmsprop centered": (RMSprop, rmsprop, {"lr": 0.01, "centered": True}),
    "rmsprop both": (RMSprop, rmsprop, {"lr": 0.01, "momentum": 0.7, "centered": True}),
    "adam": (Adam, adam, {}),
    "adam betas": (Adam, adam, {"lr": 0.1, "beta_1": 0.5, "beta_2": 0.6, "epsilon": 0.01}),
    "amsgrad": (Adam, adam, {"lr": 0.1, "beta_2": 0.5, "amsgrad": True}),
    "adamw": (AdamW, adam, {}),
}


def make(kind, options, **more):
    renamed = {"learning_rate" if k == "lr" else k: v for k, v in options.items()}
    return kind(**renamed, **more)


def parameters(dtype, seed=0, regularizers=(None, None, None)):
    rng = np.random.default_rng(seed)
    return [
        Parameter(rng.standard_normal(shape).astype(dtype), regularizer=r)
        for shape, r in zip(SHAPES, regularizers, strict=True)
    ]


def gradients(seed=1):
    rng = np.random.default_rng(seed)
    return [[rng.standard_normal(shape) for shape in SHAPES] for _ in range(STEPS)]


def give(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = g


def clipped(grads, kind, limit):
    if kind == "clipvalue":
        return [np.clip(g, -limit, limit) for g in grads]
    norms = [np.linalg.norm(g) for g in grads]
    if kind == "global_clipnorm":
        norms = [np.sqrt(sum(n * n for n in norms))] * len(grads)
    return [g * limit / max(n, limit) for g, n in zip(grads, norms, strict=True)]


def compare(params, expected, dtype):
    allowed = 3e-6 if dtype == "float32" else 1e-13
    for p, w in zip(params, expected, strict=True):
        assert p.data.dtype == dtype
        np.testing.assert_allclose(p.data, w, rtol=0, atol=allowed * max(1, np.abs(w).max()))


def run(kind, rule, options, dtype, clip=(), decay=0.0, **given):
    """STEPS steps of an optimizer, compared with the rule after each."""
    params = parameters(dtype)
    weights = [p.data.astype("float64") for p in params]
    states = [{} for _ in params]
    optimizer = make(kind, options, **given)
    optimizer.build(params)
    for t, grads in enumerate(gradients(), 1):
        give(params, grads)
        assert optimizer.step() == 0
        grads = [g.astype(dtype).astype("float64") for g in grads]
        if clip:
            grads = clipped(grads, *clip)
        for i, g in enumerate(grads):
            w = weights[i] - weights[i] * decay * options.get("lr", rate(kind))
            weights[i] = rule(w, g, states[i], t, **options)
        compare(params, weights, dtype)
        optimizer.zero_grad()
        assert optimizer.iterations == t


def rate(kind):
    return 0.01 if kind is SGD else 0.001


@pytest.mark.parametrize("case", CASES)
def test_rules(case, dtype):
    kind, rule, options = CASES[case]
    run(kind, rule, options, dtype, decay=0.004 if kind is AdamW else 0.0)


@pytest.mark.parametrize("case", ["sgd rate", "nesterov", "rmsprop momentum", "adam betas"])
def test_weight_decay_comes_before_the_update_biases_too(case, dtype):
    kind, rule, options = CASES[case]
    run(kind, rule, options, dtype, decay=0.3, weight_decay=0.3)


@pytest.mark.parametrize("case", ["sgd rate", "momentum", "adam betas", "rmsprop rho"])
@pytest.mark.parametrize(
    "clip", [("clipnorm", 2.0), ("clipvalue", 0.3), ("global_clipnorm", 1.5), ("clipnorm", 1e3)]
)
def test_clipping(case, clip, dtype):
    kind, rule, options = CASES[case]
    run(kind, rule, options, dtype, clip=clip, **{clip[0]: clip[1]})


@pytest.mark.parametrize(
    "clip", [None, ("clipnorm", 2.0), ("clipvalue", 0.3), ("global_clipnorm", 1.5)]
)
def test_penalties_join_the_gradient_before_clipping(clip, dtype):
    params = parameters(dtype, regularizers=(L1(0.3), None, L2(0.2)))
    w0, w1, w2 = (p.data.astype("float64") for p in params)
    grads = [g.astype(dtype).astype("float64") for g in gradients()[0]]
    optimizer = SGD(0.1, **({clip[0]: clip[1]} if clip else {}))
    optimizer.build(params)
    give(params, grads)
    value = optimizer.step(penalties=True)
    whole = [grads[0] + 0.3 * np.sign(w0), grads[1], grads[2] + 0.4 * w2]
    if clip:
        whole = clipped(whole, *clip)
    compare(params, [w - 0.1 * g for w, g in zip((w0, w1, w2), whole, strict=True)], dtype)
    assert value == pytest.approx(0.3 * np.abs(w0).sum() + 0.2 * (w2**2).sum(), rel=1e-5)


def test_no_gradient_is_a_gradient_of_zero(dtype):
    for kind, rule, options in (CASES["momentum"], CASES["adam"]):
        params = parameters(dtype)
        weights = [p.data.astype("float64") for p in params]
        states = [{} for _ in params]
        optimizer = make(kind, options)
        optimizer.build(params)
        for t, first in enumerate([True, False, False], 1):
            grads = gradients()[0] if first else [np.zeros(shape) for shape in SHAPES]
            give(params, grads if first else [None] * 3)
            optimizer.step()
            for i, g in enumerate(grads):
                weights[i] = rule(weights[i], g, states[i], t, **options)
        compare(params, weights, dtype)


@pytest.mark.parametrize("case", CASES)
def test_frozen_parameters_stay_with_their_state(case):
    kind, _, options = CASES[case]
    params = parameters("float64")
    optimizer = make(kind, options)
    optimizer.build(params)
    for step, grads in enumerate(gradients()):
        params[1].trainable = step not in (2, 3)
        before = params[1].data.copy()
        state = [None if a is None else a.copy() for a in optimizer.slots[1]]
        give(params, grads)
        optimizer.step()
        frozen = not params[1].trainable
        assert np.array_equal(params[1].data, before) == frozen
        same = all(
            a is None or np.array_equal(a, b)
            for a, b in zip(state, optimizer.slots[1], strict=True)
        )
        assert same == (frozen or not any(a is not None for a in state))


@pytest.mark.parametrize("case", CASES)
def test_restored_state_goes_on_bit_for_bit(case, dtype):
    kind, _, options = CASES[case]
    results = []
    for pause in (False, True):
        params = parameters(dtype)
        optimizer = make(kind, options)
        optimizer.build(params)
        for step, grads in enumerate(gradients()):
            if pause and step == 3:
                kept = optimizer.iterations, copy.deepcopy(optimizer.state)
                optimizer = kind(**optimizer.get_config())
                optimizer.build(params)
                optimizer.restore(*kept)
                assert optimizer.iterations == 3
            give(params, grads)
            optimizer.step()
        results.append([p.data.tobytes() for p in params])
    assert results[0] == results[1]


def test_a_subclass_that_says_nothing_of_state_has_none(dtype):
    class Plain(Optimizer):
        """Descends along the gradient."""

        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(gradient * learning_rate)

    params, twins = parameters(dtype), parameters(dtype)
    plain, sgd = Plain(0.1), SGD(0.1)
    for optimizer, own in ((plain, params), (sgd, twins)):
        optimizer.build(own)
        for grads in gradients():
            give(own, grads)
            optimizer.step()
    assert plain.state == []
    assert plain.name.startswith("plain")
    assert plain.iterations == sgd.iterations == len(gradients())
    for mine, twin in zip(params, twins, strict=True):  # C rounds once where NumPy rounds twice
        np.testing.assert_allclose(mine.data, twin.data, rtol=1e-4 if dtype == "float32" else 1e-12)


def test_restore_refuses_what_does_not_fit(fails):
    optimizer = Adam()
    optimizer.build(parameters("float32"))
    arrays = optimizer.state
    good = [a.copy() for a in arrays]
    for count, state, message in [
        (1, good[:-1], "Adam.restore: expected state of shapes"),
        (1, [a.ravel() for a in good], "Adam.restore: expected state of shapes"),
        (-1, good, "Adam.restore: expected iterations >= 0, received -1"),
    ]:
        fails(lambda c=count, s=state: optimizer.restore(c, s), ValueError, message, *arrays)
    assert optimizer.iterations == 0


def test_the_learning_rate_may_change_between_steps():
    params = parameters("float64")
    before = [p.data.copy() for p in params]
    optimizer = SGD(0.0)
    optimizer.build(params)
    give(params, gradients()[0])
    optimizer.step()
    compare(params, before, "float64")
    optimizer.learning_rate = np.float32(0.5)
    optimizer.step()
    expected = [w - 0.5 * g for w, g in zip(before, gradients()[0], strict=True)]
    compare(params, expected, "float64")
    assert optimizer.learning_rate == 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5


def test_a_parameter_given_new_memory_is_still_trained():
    params = parameters("float64")
    optimizer = SGD(1.0)
    optimizer.build(params)
    give(params, gradients()[0])
    optimizer.step()
    params[0].data = np.zeros(SHAPES[0])
    optimizer.step()
    np.testing.assert_array_equal(params[0].data, -gradients()[0][0])


def test_names_and_objects():
    for name, kind in {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}.items():
        for identifier in (name, name.upper(), kind.__name__, kind, kind()):
            assert type(optimizers.get(identifier)) is kind
        made = kind(0.5, clipnorm=3)
        again = optimizers.get(optimizers.serialize(made))
        assert type(again) is kind
        assert again.get_config() == made.get_config()
    assert AdamW().weight_decay == 0.004
    assert SGD().learning_rate == 0.01
    assert (Adam().learning_rate, RMSprop().learning_rate) == (0.001, 0.001)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (
            lambda: optimizers.get("adamm"),
            ValueError,
            "unknown optimizer 'adamm'; known are .*adam",
        ),
        (
            lambda: optimizers.get(3),
            TypeError,
            "optimizer: expected a name or an Optimizer, received",
        ),
        (lambda: Adam(-1), ValueError, "Adam: expected learning_rate >= 0, received -1"),
        (lambda: Adam(float("nan")), ValueError, "Adam: expected learning_rate >= 0, received nan"),
        (lambda: Adam("fast"), TypeError, "Adam: expected learning_rate as a number, received 'fa"),
        (lambda: Adam(beta_1=1), ValueError, "Adam: expected beta_1 >= 0 and < 1, received 1"),
        (lambda: Adam(epsilon=-1), ValueError, "Adam: expected epsilon >= 0, received -1"),
        (lambda: RMSprop(rho=1.5), ValueError, "RMSprop: expected rho >= 0 and < 1, received 1.5"),
        (lambda: SGD(momentum=2), ValueError, r"SGD: expected momentum in \[0, 1\], received 2"),
        (
            lambda: SGD(momentum=True),
            TypeError,
            "SGD: expected momentum as a number, received True",
        ),
        (lambda: SGD(weight_decay=-0.1), ValueError, "SGD: expected weight_decay >= 0, received"),
        (
            lambda: SGD(clipnorm=float("inf")),
            ValueError,
            "SGD: expected clipnorm >= 0, received inf",
        ),
        (
            lambda: SGD(clipnorm=1, clipvalue=1),
            ValueError,
            "SGD: expected at most one of clipnorm,",
        ),
        (lambda: SGD().step(), RuntimeError, r"SGD.step: no parameters; call build\(parameters\)"),
        (lambda: SGD().build([np.zeros(3)]), TypeError, "SGD.build: expected Parameters, received"),
        (
            lambda: SGD().build([Parameter(np.zeros(3)), Parameter(np.zeros(3, "float32"))]),
            ValueError,
            "SGD.build: expected parameters of one dtype, received",
        ),
    ],
)
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)


def test_momentum_may_be_1():
    """Then nothing of a step is forgotten."""
    optimizer = SGD(1.0, momentum=1)
    optimizer.build([p := Parameter(np.zeros(1))])
    for expected in (-1.0, -3.0, -6.0):
        p.grad = np.ones(1)
        optimizer.step()
        assert p.data.tolist() == [expected]


def test_a_bad_learning_rate_changes_nothing(fails):
    optimizer = Adam(0.25)
    fails(
        lambda: setattr(optimizer, "learning_rate", -1), ValueError, "expected learning_rate >= 0"
    )
    assert optimizer.learning_rate == 0.25


def test_clipvalue_comes_and_goes(fails):
    optimizer = SGD(1.0, clipvalue=0.5)
    optimizer.build([p := Parameter(np.zeros(2, np.float32))])
    for value, expected in ((0.5, -0.5), (None, -4.0), (0.25, -0.25)):
        optimizer.clipvalue = value
        p.assign(np.zeros(2))
        p.grad = np.full(2, 4.0)
        optimizer.step()
        assert optimizer.clipvalue == value
        assert optimizer.get_config()["clipvalue"] == value
        assert p.data.tolist() == [expected] * 2
    fails(lambda: setattr(optimizer, "clipvalue", -1), ValueError, "expected clipvalue >= 0")
    assert optimizer.clipvalue == 0.25


NUMBERS = {
    "momentum": (optimizers.SGD(0.1, momentum=0.9), "momentum", 0.5),
    "rho": (optimizers.RMSprop(0.1), "rho", 0.2),
    "RMSprop's momentum": (optimizers.RMSprop(0.1, momentum=0.9), "momentum", 0.5),
    "RMSprop's epsilon": (optimizers.RMSprop(0.1), "epsilon", 0.5),
    "beta_1": (optimizers.Adam(0.1), "beta_1", 0.2),
    "beta_2": (optimizers.Adam(0.1), "beta_2", 0.2),
    "epsilon": (optimizers.Adam(0.1), "epsilon", 0.5),
    "clipvalue": (optimizers.Adam(0.1, epsilon=1.0), "clipvalue", 0.01),
    "learning_rate": (optimizers.AdamW(0.1), "learning_rate", 0.01),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_set_later_count_from_the_next_step(name):
    given, attribute, value = NUMBERS[name]
    config = given.get_config()
    results = []
    for options in (config, config | {attribute: value}):
        p = Parameter(np.ones(3, np.float32))
        optimizer = type(given)(**options)
        optimizer.build([p])
        setattr(optimizer, attribute, value)
        assert optimizer.get_config() == config | {attribute: getattr(optimizer, attribute)}
        for i in range(3):
            p._grad = np.array([1, -2, 0.5], np.float32) * (1 + i)
            optimizer.step()
        results.append(p.data.tobytes())
    assert results[0] == results[1]
    plain = type(given)(**config)
    plain.build([p := Parameter(np.ones(3, np.float32))])
    for i in range(3):
        p._grad = np.array([1, -2, 0.5], np.float32) * (1 + i)
        plain.step()
    assert p.data.tobytes() != results[0]


@pytest.mark.parametrize(
    ("attribute", "value"), [("beta_1", 1.0), ("epsilon", -1), ("clipvalue", "a")]
)
def test_numbers_set_later_are_checked(attribute, value):
    optimizer = optimizers.Adam()
    before = optimizer.get_config()
    with pytest.raises((TypeError, ValueError), match=f"Adam: expected {attribute}"):
        setattr(optimizer, attribute, value)
    assert optimizer.get_config() == before


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_momentum_does_not_come_or_go(momentum):
    for kind in (optimizers.SGD, optimizers.RMSprop):
        optimizer = kind(momentum=momentum)
        with pytest.raises(ValueError, match=r"momentum cannot change between 0 and more"):
            optimizer.momentum = 0.9 - momentum
