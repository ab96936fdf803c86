"""What Keras's optimizers offer beside `step`: apply, variables, numbers that can be assigned."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from small import bits, data, fit, net

import corereg
from corereg import Parameter, Tensor, optimizers
from corereg.callbacks import LambdaCallback
from corereg.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

KINDS = {
    "sgd": lambda: SGD(0.1),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "rmsprop": lambda: RMSprop(0.01, momentum=0.5, centered=True, clipvalue=0.5),
    "adam": lambda: Adam(0.01, amsgrad=True, clipnorm=0.5),
    "adamw": lambda: AdamW(0.01, global_clipnorm=0.5),
}


def parameters():
    rng = np.random.default_rng(1)
    return [
        Parameter(rng.standard_normal(shape).astype("float32"), name)
        for shape, name in (((4, 3), "dense/kernel"), ((3,), "dense/bias"), ((17,), "other"))
    ]


def gradients():
    rng = np.random.default_rng(2)
    return [[rng.standard_normal(p.shape).astype("float32") for p in parameters()] for _ in "abc"]


# ---- apply --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["apply", "apply with variables", "apply_gradients", "tensors"])
@pytest.mark.parametrize("kind", KINDS)
def test_apply_is_a_step(kind, way):
    stepped, applied = KINDS[kind](), KINDS[kind]()
    own, others = parameters(), parameters()
    stepped.build(own)
    if way == "apply":
        applied.build(others)
    for t, grads in enumerate(gradients(), 1):
        for p, g in zip(own, grads, strict=True):
            p.grad = g
        stepped.step()
        if way == "apply":
            assert applied.apply(grads) is None
        elif way == "apply with variables":
            applied.apply(grads, others)
        elif way == "tensors":
            applied.apply([Tensor(g) for g in grads], others)
        else:
            assert applied.apply_gradients(zip(grads, others, strict=True)) == t
        assert [p.numpy().tobytes() for p in own] == [p.numpy().tobytes() for p in others]
        assert all(p.grad is None for p in others)
    for a, b in zip(stepped.state, applied.state, strict=True):
        np.testing.assert_array_equal(a, b)
    assert stepped.iterations == applied.iterations == 3


@pytest.mark.parametrize("kind", KINDS)
def test_apply_to_some_leaves_the_others_with_their_state(kind):
    optimizer = KINDS[kind]()
    params = parameters()
    optimizer.build(params)
    optimizer.apply(gradients()[0])
    weights, state = [p.numpy().copy() for p in params], [a.copy() for a in optimizer.state]
    each = len(state) // 3
    optimizer.apply([gradients()[1][2], gradients()[1][0]], [params[2], params[0]])
    changed = [(p.numpy() != w).all() for p, w in zip(params, weights, strict=True)]
    assert changed == [True, False, True]
    moved = [(a != b).any() for a, b in zip(optimizer.state, state, strict=True)]
    assert moved == [True] * each + [False] * each + [True] * each
    assert optimizer.iterations == 2
    with pytest.warns(UserWarning, match=r"apply: no gradients for dense/bias, which stay as they"):
        optimizer.apply([gradients()[2][0], None, gradients()[2][2]])
    assert (params[1].numpy() == weights[1]).all()
    params[0].trainable = False
    kept = params[0].numpy().copy()
    optimizer.apply(gradients()[2])
    assert (params[0].numpy() == kept).all()


def test_many_choices_of_variables():
    optimizer, params = SGD(1.0), [Parameter(np.ones(1)) for _ in range(12)]
    optimizer.build(params)
    for first in range(12):
        for last in range(first + 1, 13):
            optimizer.apply([np.ones(1)] * (last - first), params[first:last])
    expected = [1 - (i + 1) * (12 - i) for i in range(12)]
    assert [p.item() for p in params] == expected


def test_penalties_are_not_applied_twice():
    """The gradients given hold them, if they should."""
    p = Parameter(np.ones(3), regularizer=optimizers_l2())
    optimizer = SGD(1.0)
    optimizer.build([p])
    optimizer.apply([np.zeros(3)])
    assert p.numpy().tolist() == [1] * 3
    assert optimizer.step(penalties=True) == 3.0
    assert p.numpy().tolist() == [-1] * 3


def optimizers_l2():
    return corereg.regularizers.L2(1.0)


def test_a_recorded_function_may_apply():
    x, y = data()
    results = []
    for wrap in (lambda f: f, corereg.record):
        model = net(optimizer=Adam(0.1))
        model.build(x.shape)
        optimizer, loss_function = model.optimizer, model.loss
        optimizer.build(model.weights)

        @wrap
        def step(x, y, model=model, optimizer=optimizer, loss_function=loss_function):
            loss = loss_function(y, model(x, training=True))
            loss.backward()
            optimizer.apply([p.grad for p in model.weights])
            optimizer.zero_grad()
            return loss

        for i in range(5):
            step(x[i : i + 40], y[i : i + 40].astype("float32"))
        results.append((bits(model), int(optimizer.iterations)))
    assert results[0] == results[1]
    assert results[0][1] == 5


def test_apply_refuses_what_does_not_fit(fails):
    optimizer, params = Adam(0.1), parameters()
    good = gradients()[0]
    data = [p.data for p in params]
    assert optimizer.apply([]) is None
    for call, exception, message in (
        (lambda: optimizer.apply(good), ValueError, r"no variables; pass them, or call build\("),
        (lambda: optimizer.apply(good[:2], params), ValueError, "each of 3 variables, received 2"),
        (
            lambda: optimizer.apply([good[1], *good[1:]], params),
            ValueError,
            r"the gradient of 'dense/kernel' of shape \(4, 3\), received \(3,\)",
        ),
        (lambda: optimizer.apply([None] * 3, params), ValueError, "received None for every var"),
    ):
        fails(call, exception, f"^Adam.apply: .*{message}", *data)
        assert not optimizer.built
    optimizer.build(params[:2])
    message = r"^Adam: expected a variable that build\(\) was given, received 'other'; call build"
    fails(lambda: optimizer.apply(good, params), ValueError, message, *data)
    assert optimizer.iterations == 0


# ---- variables ----------------------------------------------------------------------------------

KERNEL, BIAS, OTHER = "dense_kernel_", "dense_bias_", "other_"
NAMES = {
    "sgd": [],
    "nesterov": [f"{v}momentum" for v in (KERNEL, BIAS, OTHER)],
    "rmsprop": [
        f"{v}{slot}"
        for slot in ("velocity", "momentum", "average_gradient")
        for v in (KERNEL, BIAS, OTHER)
    ],
    "adam": [
        *(f"{v}{slot}" for v in (KERNEL, BIAS, OTHER) for slot in ("momentum", "velocity")),
        *(f"{v}velocity_hat" for v in (KERNEL, BIAS, OTHER)),
    ],
    "adamw": [f"{v}{slot}" for v in (KERNEL, BIAS, OTHER) for slot in ("momentum", "velocity")],
}


@pytest.mark.parametrize("kind", KINDS)
def test_variables_are_in_keras_order(kind):
    optimizer, params = KINDS[kind](), parameters()
    assert [v.name for v in optimizer.variables] == ["iterations", "learning_rate"]
    assert not optimizer.built
    optimizer.build(params)
    assert optimizer.built
    optimizer.apply(gradients()[0])
    iterations, rate, *state = optimizer.variables
    assert (iterations, rate) == (1, float(optimizer.learning_rate))
    assert [v.name for v in state] == NAMES[kind]
    assert all(v.numpy().any() for v in state)
    assert len(state) == len(optimizer.state)
    assert set(map(id, state)) == set(map(id, optimizer._saved_variables()))


@pytest.mark.parametrize("kind", KINDS)
def test_all_variables_assigned_are_another_optimizer(kind):
    one, other = KINDS[kind](), KINDS[kind]()
    own, others = parameters(), parameters()
    one.build(own)
    other.build(others)
    for grads in gradients():
        one.apply(grads)
    one.learning_rate = 0.03
    for mine, value in zip(other.variables, one.variables, strict=True):
        mine.assign(value)
    for p, q in zip(others, own, strict=True):
        p.assign(q)
    one.apply(gradients()[0])
    other.apply(gradients()[0])
    assert [p.numpy().tobytes() for p in own] == [p.numpy().tobytes() for p in others]
    assert one.iterations == other.iterations == 4


# ---- numbers ------------------------------------------------------------------------------------


def test_the_learning_rate_is_a_float():
    optimizer = Adam(0.25)
    rate = optimizer.learning_rate
    assert isinstance(rate, float)
    assert rate == 0.25 == float(rate)
    assert hash(rate) == hash(0.25)
    assert (rate * 2, 1 - rate, rate**2, -rate, abs(rate)) == (0.5, 0.75, 0.0625, -0.25, 0.25)
    assert 0.2 < rate < 0.3
    assert (f"{rate:.3f}", str(rate), repr(rate), json.dumps(rate)) == ("0.250", *["0.25"] * 3)
    assert math.sqrt(rate) == 0.5
    assert (np.float32(rate), np.asarray(rate).dtype) == (0.25, np.float64)
    assert type(optimizer.get_config()["learning_rate"]) is float
    assert type(pickle.loads(pickle.dumps(rate))) is float
    assert (rate.shape, rate.dtype, rate.name, rate.trainable) == (
        *((), "float64"),
        *("learning_rate", False),
    )


def test_iterations_are_an_int():
    optimizer = Adam(0.25)
    count = optimizer.iterations
    assert isinstance(count, int)
    assert (count, count + 1, str(count), json.dumps(count), [5][count]) == (0, 1, "0", "0", 5)
    assert type(pickle.loads(pickle.dumps(count))) is int
    assert (count.name, count.dtype) == ("iterations", "int64")
    assert count.assign_add(3) == 3
    assert (optimizer.iterations, count.numpy()) == (3, 3)
    assert count.numpy().dtype == np.int64


def test_assigning_the_learning_rate(fails):
    optimizer = SGD(0.5)
    optimizer.build([p := Parameter(np.ones(1))])
    rate = optimizer.learning_rate
    assert rate.assign(0.25) == 0.25
    assert (optimizer.learning_rate, rate.value, rate.numpy()) == (0.25, 0.25, 0.25)
    assert rate == 0.5  # a number that was read
    optimizer.apply([np.ones(1)])
    assert p.item() == 0.75
    for value, expected in ((np.float32(0.5), 0.5), (np.array(0.125), 0.125), (Tensor(1.0), 1.0)):
        optimizer.learning_rate.assign(value)
        assert optimizer.learning_rate == expected
    optimizer.learning_rate.assign_sub(0.75)
    optimizer.learning_rate.assign_add(0.5)
    assert optimizer.learning_rate == 0.75
    for value, exception in ((-1, ValueError), (math.nan, ValueError), ("fast", TypeError)):
        fails(lambda v=value: rate.assign(v), exception, "^SGD: expected learning_rate")
    fails(lambda: optimizer.iterations.assign(-1), ValueError, "^SGD: expected iterations >= 0")
    assert (optimizer.learning_rate, optimizer.iterations) == (0.75, 1)


def test_clipping_may_end():
    optimizer = SGD(1.0, clipvalue=0.5)
    optimizer.build([p := Parameter(np.zeros(1))])
    optimizer.apply([np.ones(1)])
    optimizer.clipvalue = None
    assert optimizer.get_config()["clipvalue"] is None
    optimizer.apply([np.ones(1)])
    assert p.item() == -1.5


def test_momentum_that_is_not_there_stays_0():
    optimizer = SGD(1.0)
    assert (optimizer.rule, optimizer.momentum) == ("sgd", 0)
    optimizer.momentum = 0
    assert optimizer.get_config()["momentum"] == 0
    assert (SGD(momentum=0.5).rule, SGD(momentum=0.5, nesterov=True).rule) == (
        *("momentum", "nesterov"),
    )


@pytest.mark.parametrize("eager", [False, True])
def test_a_rate_assigned_in_a_callback_counts_in_replays(eager):
    x, y = data()
    outcomes = []
    for change in (
        lambda model, rate: model.optimizer.learning_rate.assign(rate),
        lambda model, rate: setattr(model.optimizer, "learning_rate", rate),
    ):
        model = net(optimizer=SGD(0.1), run_eagerly=eager)

        def lower(epoch, logs, model=model, change=change):
            change(model, 0.1 / (2 + epoch))

        history = fit(
            model, x, y, epochs=4, batch_size=8, callbacks=LambdaCallback(on_epoch_end=lower)
        )
        outcomes.append((history, bits(model)))
    assert outcomes[0] == outcomes[1]
    constant = net(optimizer=SGD(0.1))
    assert fit(constant, x, y, epochs=4, batch_size=8) != outcomes[0][0]


# ---- PyTorch's way ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW, Optimizer])
def test_parameters_in_the_place_of_the_rate(kind, fails):
    params = parameters()
    message = (
        rf"^{kind.__name__}: expected learning_rate as a number, received a \w+; make the "
        rf"optimizer by {kind.__name__}\(learning_rate\), then call its build\(parameters\)$"
    )
    for given in (params, tuple(params), iter(params), (p for p in params), {"params": params}):
        fails(lambda g=given: kind(g), TypeError, message)
        fails(lambda g=given: kind(g, lr=0.1), TypeError, message)


def test_unknown_arguments(fails):
    fails(
        lambda: SGD(0.1, lr=0.2),
        ValueError,
        "^SGD: there is no argument 'lr'; today it is learning_rate$",
    )
    fails(
        lambda: SGD(decay=0.2),
        ValueError,
        "no argument 'decay'; today it is weight_decay .*InverseTime",
    )
    fails(lambda: AdamW(rho=1, tau=0), ValueError, "^AdamW: unexpected arguments rho, tau$")
    fails(
        lambda: optimizers.get({"class_name": "Adam", "config": {"x": 1}}), ValueError, "Adam: un"
    )
