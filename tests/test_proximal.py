"""Proximal penalties: exact zeros by a stage of the optimizer's step."""

from __future__ import annotations

import numpy as np
import pytest
from rules import VARIANTS, hyper, numbers

import corereg
from corereg import _kernels, layers, optimizers, reference, regularizers
from corereg.models import Sequential, load_model
from corereg.reference.updates import Proximal

SHAPES = [(1,), (7,), (16,), (33,), (4096,), (4099,), (9, 11)]
SWEPT = [name for name, (rule, _) in VARIANTS.items() if _kernels.RULES[rule].proximal]


def normal(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


# ---- kernels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("everything", "l2"),
    [(False, 0.0), (False, 0.2), (True, 0.2)],
    ids=["l1", "l1_l2", "everything"],
)
@pytest.mark.parametrize("scaling", _kernels.SCALINGS)
@pytest.mark.parametrize("variant", SWEPT)
def test_sweep(variant, scaling, everything, l2, dtype, rng, close):
    """Three steps beside the reference; everything: with clipping, decay and rates."""
    rule, slots = VARIANTS[variant]
    proximal = Proximal(0.3, l2, scaling)
    weights = [normal(rng, dtype, *shape) for shape in SHAPES]
    state = [tuple(np.zeros_like(w) if j in slots else None for j in range(3)) for w in weights]
    decay, rate = ([0.1] * len(SHAPES), [0.7] * len(SHAPES)) if everything else (None, None)
    segments = _kernels.Segments(
        weights, state, decay=decay, rate=rate, proximal=[tuple(proximal)] * len(SHAPES)
    )
    clipvalue = 1.2 if everything else None
    own, sums = hyper(rule, 0.05, clipvalue), np.empty(segments.blocks)
    exact = [w.astype(np.float64) for w in weights]
    exact_state = [[None if a is None else a.astype(float) for a in s] for s in state]
    for step in range(3):
        before = reference.Hyper(0.05 * (0.7 if everything else 1), clipvalue, step, numbers(rule))
        expected = 0.0
        for i, w in enumerate(weights):
            g = normal(rng, dtype, *w.shape)
            segments.set_gradient(i, g)
            expected += reference.update(
                *(rule, exact[i], g.astype(float), exact_state[i], before),
                decay=0.1 if everything else 0.0,
                proximal=proximal,
            )
        _kernels.update(segments, own, sums)
        assert sums.sum() == pytest.approx(expected, rel=1e-5)
        for w, e in zip(weights, exact, strict=True):
            close(w, e, scale=max(1, np.abs(e).max()), what=f"{w.shape} at step {step}")
    zeros = np.concatenate([w.ravel() for w in weights]) == 0
    assert zeros.any()
    assert not np.signbit(np.concatenate([w.ravel() for w in weights])[zeros]).any()


def test_what_is_not_finite_stays_in_its_place(dtype):
    w = np.ones(40, dtype)
    g = np.zeros(40, dtype)
    g[[3, 4]] = np.nan, np.inf
    segments = _kernels.Segments([w], [(np.zeros_like(w), np.zeros_like(w))], proximal=[
        (0.5, 0.1, "capped")
    ])  # fmt: skip
    segments.set_gradient(0, g)
    _kernels.update(segments, hyper("adam", 0.01), np.empty(1))
    assert np.isnan(w[3])
    assert np.isfinite(np.delete(w, [3, 4])).all()


@pytest.mark.parametrize("scaling", ["capped", "adaptive"])
@pytest.mark.parametrize("rate", [0.0, 1e-3, 1e4])
def test_weights_that_get_no_gradient(rate, scaling, dtype):
    """Where v and epsilon are 0, and at a learning rate of 0, quotients stay finite."""
    w = np.full(100, 2, dtype)
    segments = _kernels.Segments(
        [w], [(np.zeros_like(w), np.zeros_like(w))], proximal=[(0.1, 0.0, scaling)]
    )
    adam = _kernels.Hyper("adam", rate, beta_1=0.9, beta_2=0.999, epsilon=0.0)
    _kernels.update(segments, adam, np.empty(1))
    threshold = {"capped": rate, "adaptive": np.inf if rate else 0.0}[scaling]
    np.testing.assert_allclose(w, np.maximum(np.full_like(w, 2) - threshold, 0), rtol=1e-5)


def test_rules_without_the_stage_refuse_it(fails):
    w = np.ones(3)
    segments = _kernels.Segments([w], [(np.zeros(3),)], proximal=[(0.1, 0.0, "plain")])
    fails(
        lambda: _kernels.update(segments, _kernels.Hyper("adagrad"), np.empty(1)),
        ValueError,
        "update: expected a rule with a proximal stage, received 'adagrad'",
        w,
    )


@pytest.mark.parametrize("axes", [(0, 0), (1, 1), (1, 2), (0, 1)])
def test_shrink_norms(axes, dtype, rng, close):
    w = normal(rng, dtype, 5, 9, 17)
    exact, own = w.astype(float), _kernels.Hyper(learning_rate=0.5, step=1)
    over = tuple(range(axes[0], axes[1] + 1))
    strength = 2 * float(np.median(np.sqrt((exact**2).sum(axis=over))))
    largest = np.abs(exact).max()
    reference.shrink_norms(exact, *axes, strength, reference.Hyper(0.5))
    _kernels.shrink_norms(w, *axes, strength, own)
    close(w, exact, scale=largest)
    assert (w == 0).any()
    assert not np.signbit(w[w == 0]).any()


def test_shrink_groups(dtype, rng, close):
    w = normal(rng, dtype, 6, 7)
    labels = rng.integers(0, 5, w.shape)
    exact, strengths = w.astype(float), np.array([0.1, 9.0, 0.5, 0.0, 100.0])
    reference.shrink_groups(exact, labels, strengths, reference.Hyper(0.5))
    own = _kernels.Hyper(learning_rate=0.5, step=1)
    _kernels.shrink_groups(w, labels, strengths, np.zeros(5), own)
    close(w, exact)
    assert (w[(labels == 1) | (labels == 4)] == 0).all()
    assert w[labels == 3].all()


def test_groups_shrink_only_behind_updates(dtype):
    w, own = np.ones((2, 3), dtype), _kernels.Hyper(learning_rate=1.0, step=3)
    own.accumulation = 2
    _kernels.shrink_norms(w, 1, 1, 9.0, own)
    _kernels.shrink_groups(w, np.zeros((2, 3), np.int64), np.ones(1), np.zeros(1), own)
    assert (w == 1).all()
    own.step = 4
    _kernels.shrink_norms(w, 1, 1, 9.0, own)
    assert (w == 0).all()


def test_bad_arguments_of_kernels(fails):
    w, own = np.ones((2, 3)), _kernels.Hyper()
    ones = np.ones(2)
    for call, message in (
        (lambda: _kernels.shrink_norms(w, 1, 2, 1.0, own), "axes of an array of 2 axes"),
        (lambda: _kernels.shrink_groups(w, np.zeros(6), ones, ones, own), "int64 array of 6"),
        (
            lambda: _kernels.shrink_groups(w, np.full((2, 3), 2), ones, ones, own),
            "labels from 0 to 1, received 2 to 2",
        ),
        (
            lambda: _kernels.shrink_groups(w, np.zeros((2, 3), np.int64), ones, np.ones(3), own),
            "norms as a contiguous float64 array of 2",
        ),
    ):
        fails(call, ValueError, message, w)


# ---- training ------------------------------------------------------------------------------------


def data():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(64, 12)).astype("float32")
    return x, (2 * x[:, :1] - x[:, 1:2] + 0.5 * x[:, 2:3]).astype("float32")


def made(regularizer, optimizer, **options):
    corereg.set_random_seed(2)
    first = layers.Dense(8, "relu", kernel_regularizer=regularizer)
    model = Sequential([corereg.Input((12,)), first, layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "nesterov": lambda: optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True, clipnorm=3.0),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.01, use_ema=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01, centered=True, gradient_accumulation_steps=2),
}
PENALTIES = {
    "l1": lambda: regularizers.ProximalL1(0.05),
    "l1, plain": lambda: regularizers.ProximalL1(0.05, "plain"),
    "l1_l2": lambda: regularizers.ProximalL1L2(0.05, 0.01, "adaptive"),
    "inputs": lambda: regularizers.ProximalGroupLasso(0.1),
    "outputs": lambda: regularizers.ProximalGroupLasso(0.1, "outputs"),
    "own": lambda: regularizers.ProximalGroupLasso(
        0.1, lambda shape: np.arange(np.prod(shape)).reshape(shape) // 4
    ),
}


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_replayed_steps_are_the_eager_ones(optimizer, penalty):
    x, y = data()
    results = []
    for run_eagerly in (False, True):
        model = made(PENALTIES[penalty](), OPTIMIZERS[optimizer](), run_eagerly=run_eagerly)
        corereg.set_random_seed(3)
        history = model.fit(x, y, epochs=4, batch_size=16, verbose=0).history
        evaluated = model.evaluate(x, y, verbose=0)
        results.append((history, evaluated, [w.tobytes() for w in model.get_weights()]))
        if not run_eagerly:
            assert model.execution_report()["fit"].mode == "replayed"
    assert results[0] == results[1]
    assert results[0][0]["penalty"][-1] > 0


@pytest.mark.parametrize("name", ["l1", "inputs"])
def test_zeros_are_zero_and_the_penalty_is_told(name):
    x, y = data()
    model = made(PENALTIES[name](), optimizers.Adam(0.02))
    history = model.fit(x, y, epochs=150, batch_size=16, verbose=0).history
    kernel = model.layers[0].kernel
    assert (kernel.data == 0).mean() > 0.3
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    value = float(kernel.regularizer(kernel).data)
    assert [float(one.data) for one in model.losses] == [pytest.approx(value)]
    assert not model.losses[0].requires_grad
    loss, error = model.evaluate(x, y, verbose=0), float(((model.predict(x) - y) ** 2).mean())
    assert loss == pytest.approx(error + value, rel=1e-5)


def test_loops_of_ones_own_are_fits_steps():
    x, y = data()
    fitted, own = (made(regularizers.ProximalL1(0.05), "adam") for _ in range(2))
    optimizer = optimizers.Adam()
    optimizer.build(own.trainable_weights)
    fitted.fit(x, y, batch_size=64, epochs=3, verbose=0, shuffle=False)
    for _ in range(3):
        loss = corereg.losses.MeanSquaredError()(y, own(x, training=True))
        (loss + own.losses[0]).backward()
        optimizer.step()
        optimizer.zero_grad()
    for a, b in zip(fitted.get_weights(), own.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_penalty_that_is_set_anew_counts_from_the_next_step():
    x, y = data()
    model = made(None, optimizers.Adam(0.05))
    model.fit(x, y, epochs=2, verbose=0)
    assert not (model.layers[0].kernel.data == 0).any()
    model.layers[0].kernel_regularizer = regularizers.ProximalL1(1e-6, "plain")
    model.fit(x, y, epochs=2, verbose=0)
    model.layers[0].kernel_regularizer.l1 = 3.0
    model.fit(x, y, epochs=30, verbose=0)
    assert (model.layers[0].kernel.data == 0).mean() > 0.9


@pytest.mark.parametrize("optimizer", ["adagrad", "lion", "nadam", "ftrl", "adamax", "adadelta"])
def test_optimizers_without_the_stage_are_refused_at_compile(optimizer, fails):
    name = type(optimizers.get(optimizer)).__name__
    message = rf"{name}: expected an optimizer with a proximal stage .*ProximalL1.*dense.*/kernel"
    fails(lambda: made("proximal_l1", optimizer), ValueError, message)
    model = made(None, optimizer)
    model.layers[0].kernel_regularizer = "proximal_l1"
    fails(lambda: model.fit(*data(), verbose=0), ValueError, message)


def test_rules_of_ones_own_are_refused(fails):
    class Own(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient * 2, variable, learning_rate)

    fails(lambda: made("proximal_l1", Own()), ValueError, "Own: expected an optimizer with a prox")


def test_a_model_may_be_compiled_without_an_optimizer():
    model = made("proximal_l1", None)
    with pytest.raises(RuntimeError, match=r"fit: the model has no optimizer"):
        model.fit(*data(), verbose=0)


def test_files_and_names(tmp_path):
    x, y = data()
    model = made(regularizers.ProximalL1L2(0.01, 0.02, "plain"), "adam")
    model.layers[1].kernel_regularizer = regularizers.ProximalGroupLasso(0.3, "outputs")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "m.corereg")
    loaded = load_model(tmp_path / "m.corereg")
    assert [repr(layer.kernel_regularizer) for layer in loaded.layers] == [
        "ProximalL1L2(l1=0.01, l2=0.02, scaling='plain')",
        "ProximalGroupLasso(strength=0.3, groups='outputs')",
    ]
    assert repr(regularizers.get("proximal_l1")) == "ProximalL1(strength=0.0001)"
    for name in ("proximal_l1_l2", "proximal_group_lasso", "ProximalL1"):
        assert regularizers.get(name).is_proximal
    own = regularizers.ProximalGroupLasso(0.1, np.ones)
    with pytest.raises(TypeError, match="groups are a function cannot be saved"):
        own.get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regularizers.ProximalL1(-1.0), "ProximalL1: expected a finite strength >= 0"),
        (lambda: regularizers.ProximalL1L2(0.1, float("nan")), "expected a finite l2 >= 0"),
        (lambda: regularizers.ProximalL1(scaling="cap"), "scaling as one of 'plain', 'capped'"),
        (lambda: regularizers.ProximalGroupLasso(0.1, "rows"), "groups 'inputs', 'outputs' or"),
        (
            lambda: regularizers.ProximalGroupLasso(0.1)(np.ones(3)),
            "expected a weight of two axes or more",
        ),
        (
            lambda: regularizers.ProximalGroupLasso(0.1, np.ones)(np.ones((2, 3))),
            r"integers >= 0 of shape \(2, 3\), received float64",
        ),
        (
            lambda: layers.Dense(2, activity_regularizer="proximal_l1")(np.ones((2, 3))),
            "expected an activity_regularizer that has a gradient",
        ),
    ],
)
def test_bad_arguments(call, message, fails):
    fails(call, ValueError, message)
