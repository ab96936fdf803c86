"""Optimizers whose steps follow from whole variables (Lamb, Adafactor, Muon), ScheduleFreeAdamW,
scaled losses, and their kernels."""

from __future__ import annotations

import numpy as np
import pytest
from small import bits, data, fit

import corereg
from corereg import Parameter, _kernels, layers, optimizers, reference, regularizers
from corereg.models import load_model
from corereg.optimizers import Adafactor, Adam, Lamb, Muon, ScheduleFreeAdamW, schedules

SHAPES = [(0,), (1,), (7,), (16,), (33,), (4097,), (9, 35)]
RULE = {"trust": "lamb", "size": "adafactor", "factors": "muon"}


def counted(rule, step=3, **own):
    found = _kernels.Hyper(rule, 0.1, step=step, **own)
    names = {name: found[name] for name in found.rule.hyperparameters}
    return found, reference.Hyper(0.1, None, step, names)


@pytest.mark.parametrize("kind", RULE)
def test_steps_along_directions(kind, dtype, rng, close):
    own = {"epsilon_2": 1e-3, "clip_threshold": 0.5} if kind == "size" else {}
    hyper, twin = counted(RULE[kind], **own)
    weights = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    weights[2][:] = 0  # whose norm is 0
    slots = [tuple(rng.standard_normal(w.shape).astype(dtype) for _ in range(len(hyper.rule.slots)))
             for w in weights]  # fmt: skip
    exact = [w.astype(float) for w in weights]
    factors = np.linspace(0.1, 2, len(weights))
    segments = _kernels.Segments(weights, slots)
    _kernels.follow_directions(segments, hyper, kind, factors if kind == "factors" else None)
    for w, found, own_slots, factor in zip(exact, weights, slots, factors, strict=True):
        reference.follow_directions(w, own_slots[-1].astype(float), twin, kind, factor)
        close(found, w, scale=max(1, np.abs(w).max(initial=0)))
    hyper.accumulation = 2  # step 3 made no update
    before = [w.copy() for w in weights]
    _kernels.follow_directions(segments, hyper, kind, factors if kind == "factors" else None)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights, strict=True))


@pytest.mark.parametrize("shape", [(5,), (1, 1), (3, 17), (40, 33), (2, 3, 18), (0, 4)])
def test_directions_of_adafactor(shape, dtype, rng, close):
    hyper, twin = counted("adafactor", beta_2_decay=-0.8, epsilon_1=1e-3)
    update, velocity = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    velocity *= velocity
    factors = [None, None]
    if len(shape) > 1:
        factors = [
            rng.uniform(1, 2, s).astype(dtype) for s in (shape[:-1], shape[:-2] + shape[-1:])
        ]
    exact = [None if a is None else a.astype(float) for a in (update, velocity, *factors)]
    _kernels.factored_direction(hyper, update, velocity, *factors)
    u, v, r, c = exact
    if u.size:
        if r is not None:
            reference.factor_rows(r, u, twin)
            reference.factor_columns(c, u, twin)
        reference.factored_direction(u, v, r, c, twin)
    for found, wanted in zip((update, velocity, *factors), exact, strict=True):
        if found is not None:
            close(found, wanted)


def test_scaled_gradients(dtype, rng):
    unscaled = [np.empty(shape, dtype) for shape in SHAPES]
    segments = _kernels.Segments(unscaled)
    scale, counter, skip = np.full(1, 8, "float32"), np.zeros(1, int), np.zeros(1, int)
    expected = 8.0, 0
    for step in range(7):
        gradients = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
        lost = step == 4
        gradients[5][4096] = np.inf if lost else 1
        for i, g in enumerate(gradients):
            segments.set_gradient(i, g)
        _kernels.unscale_gradients(segments, scale, counter, skip, np.zeros(segments.blocks), 2)
        for found, g in zip(unscaled, gradients, strict=True):
            wanted, _ = reference.unscale_gradients(g, expected[0])
            assert np.array_equal(found, wanted)
        expected = reference.adapt_loss_scale(*expected, lost, 2)
        assert (scale.item(), counter.item(), skip.item()) == (*expected, lost)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda s, h: _kernels.follow_directions(s, h, "near"), ValueError, "a kind of"),
        (
            lambda s, h: _kernels.follow_directions(s, _kernels.Hyper("sgd"), "trust"),
            ValueError,
            "the slot 'update'",
        ),
        (lambda s, h: _kernels.follow_directions(s, h, "factors"), ValueError, "factors as a"),
        (
            lambda s, h: _kernels.factored_direction(h, np.ones(3), np.ones(3)),
            ValueError,
            "the Hyper of adafactor",
        ),
        (
            lambda s, h: _kernels.factored_direction(
                _kernels.Hyper("adafactor"),
                np.ones((2, 3)),
                np.ones((2, 3)),
                np.ones(3),
                np.ones(3),
            ),
            ValueError,
            r"rows as a contiguous array of shape \(2,\)",
        ),
        (
            lambda s, h: _kernels.unscale_gradients(
                s, np.ones(1), np.zeros(1, int), np.zeros(1, int), np.ones(1), 2
            ),
            ValueError,
            "scale as a writeable float32",
        ),
    ],
)
def test_bad_calls(call, exception, message, fails):
    segments = _kernels.Segments([np.ones(3)], [(np.ones(3), np.ones(3), np.ones(3))])
    fails(lambda: call(segments, _kernels.Hyper("lamb")), exception, message)


# ---- in trainings --------------------------------------------------------------------------------

MAKE = {
    "lamb": lambda **o: Lamb(0.02, **o),
    "adafactor": lambda **o: Adafactor(0.05, **o),
    "muon": lambda **o: Muon(0.02, **o),
    "muon excluded": lambda **o: Muon(0.02, exclude_layers=["second"], rms_rate=None, **o),
    "schedule free": lambda **o: ScheduleFreeAdamW(0.02, warmup_steps=4, **o),
}
OPTIONS = {
    "plain": {},
    "accumulation": {"gradient_accumulation_steps": 3, "use_ema": True, "clipnorm": 0.5},
    "multipliers": {"learning_rate_multipliers": {"bias": 0.5}, "global_clipnorm": 1.0},
}


def model_of(optimizer, eagerly=False, regularizer="l2"):
    corereg.set_random_seed(5)
    model = corereg.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(9, "tanh", kernel_regularizer=regularizer, name="first"),
            layers.Dense(5, "relu", name="second"),
            layers.Dense(1, name="last"),
        ]
    )
    model.compile(optimizer, "mse", run_eagerly=eagerly)
    return model


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", MAKE)
def test_replayed_steps_are_the_eager_ones(name, options):
    x, y = data()
    models = [model_of(MAKE[name](**OPTIONS[options]), eagerly) for eagerly in (False, True)]
    losses = [fit(model, x, y, epochs=3) for model in models]
    assert losses[0] == losses[1]
    assert bits(models[0]) == bits(models[1])
    assert "replayed" in str(models[0].execution_report())


@pytest.mark.parametrize("name", MAKE)
def test_a_loaded_training_goes_on(name, tmp_path):
    x, y = data()
    model = model_of(MAKE[name](weight_decay=0.01, use_ema=True))
    fit(model, x, y)
    model.save(tmp_path / "model.corereg")
    again = load_model(tmp_path / "model.corereg")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert fit(model, x, y) == fit(again, x, y)
    assert bits(model) == bits(again)


@pytest.mark.parametrize("name", MAKE)
def test_a_subclass_may_change_the_gradient(name):
    kind = type(MAKE[name]())

    class Halved(kind):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient * 0.5, variable, learning_rate)

    rng = np.random.default_rng(1)
    own, plain = Halved(0.02), kind(0.02)
    sets = [[Parameter(rng.standard_normal(s), "w") for s in ((4, 3), (3,))] for _ in range(1)]
    sets.append([Parameter(p.data, "w") for p in sets[0]])
    for _ in range(3):
        grads = [rng.standard_normal(p.shape) for p in sets[0]]
        own.apply(grads, sets[0])
        plain.apply([0.5 * g for g in grads], sets[1])
    for a, b in zip(*sets, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (5, 5)])
def test_directions_of_muon_are_nearly_orthogonal(shape, rng):
    w, g = Parameter(np.zeros(shape), "w"), rng.standard_normal(shape)
    Muon(1.0, rms_rate=None, weight_decay=None, momentum=0.0).apply([g], [w])
    values = np.linalg.svd(w.numpy(), compute_uv=False)
    assert (values > 0.5).all()
    assert (values < 1.5).all()


def test_muon_chooses_by_names():
    muon = Muon(exclude_layers=["out"])
    shapes = {
        "a/kernel": (3, 2),
        "a/bias": (2,),
        "embedding/embeddings": (4, 2),
        "out/kernel": (2, 1),
    }
    variables = [Parameter(np.ones(shape), name) for name, shape in shapes.items()]
    assert [muon.takes_adam(v) for v in variables] == [False, True, True, True]
    assert not Muon(exclude_embeddings=False).takes_adam(variables[2])


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        *((lambda k=k: k(lazy=True), ValueError, f"{k.__name__}: expected lazy=False")
          for k in (Lamb, Adafactor, Muon)),
        (lambda: Lamb(beta_1=1.0), ValueError, "beta_1 >= 0 and < 1"),
        (lambda: Adafactor(beta_2_decay=0.5), ValueError, "beta_2_decay <= 0"),
        (lambda: Adafactor(clip_threshold=0.0), ValueError, "clip_threshold > 0"),
        (lambda: Muon(ns_steps=-1), ValueError, "ns_steps as an integer >= 0"),
        (lambda: Muon(adam_lr_ratio=0), ValueError, "adam_lr_ratio > 0"),
        (lambda: Muon(exclude_layers="out"), TypeError, "exclude_layers as a list"),
        (lambda: Muon(rms_rate="much"), TypeError, "rms_rate as a number"),
        (lambda: ScheduleFreeAdamW(beta_1=0.0), ValueError, "beta_1 > 0"),
        (lambda: ScheduleFreeAdamW(warmup_steps=1.5), ValueError, "warmup_steps as an integer"),
    ],
)  # fmt: skip
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)


@pytest.mark.parametrize("name", MAKE)
def test_no_proximal_stage(name, fails):
    proximal = regularizers.ProximalL1(0.01)
    message = "an optimizer with a proximal stage"
    fails(lambda: model_of(MAKE[name](), regularizer=proximal), ValueError, message)


# ---- loss scales ---------------------------------------------------------------------------------


def scaled(inner, **options):
    return optimizers.LossScaleOptimizer(inner, **options)


@pytest.mark.parametrize("inner", [Adam, Lamb, Muon])
def test_scales_change_nothing_but_the_state(inner):
    x, y = data()
    plain, own = model_of(inner(0.02)), model_of(scaled(inner(0.02), dynamic_growth_steps=3))
    assert fit(plain, x, y) == fit(own, x, y)
    assert bits(plain) == bits(own)
    steps = int(own.optimizer.iterations)
    assert own.optimizer.dynamic_scale.item() == 2.0 ** (15 + steps // 3)
    assert own.optimizer.step_counter.item() == steps % 3


@pytest.mark.parametrize("eagerly", [False, True])
def test_steps_that_overflow_are_left_out(eagerly):
    x, y = data()
    y = y * 100
    options = {"use_ema": True, "ema_momentum": 0.5, "gradient_accumulation_steps": 2}
    decay = schedules.ExponentialDecay
    make = {
        "rate": lambda: scaled(Adam(decay(0.02, 3, 0.9)), initial_scale=2.0**126),
        "stages": lambda: scaled(Muon(0.02, **options), initial_scale=2.0**126),
    }
    for name in make:
        one = model_of(make[name](), eagerly)
        one.layers[-1].kernel.constraint = corereg.constraints.MinMaxNorm(0.2, 0.4, 0.5)
        fit(one, x, y, batch_size=10, epochs=4)
        assert 0 < one.optimizer.steps < 20
        assert all(np.isfinite(w).all() for w in one.get_weights())
        assert one.optimizer.dynamic_scale.item() < 2.0**126
        other = model_of(make[name](), not eagerly)
        other.layers[-1].kernel.constraint = corereg.constraints.MinMaxNorm(0.2, 0.4, 0.5)
        fit(other, x, y, batch_size=10, epochs=4)
        assert bits(one) == bits(other)


def test_a_step_of_ones_own_is_left_out_too():
    w = Parameter(np.ones(3), "w")

    class Plain(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(learning_rate * gradient)

    optimizer = scaled(Plain(0.5), initial_scale=4.0, dynamic_growth_steps=2)
    assert optimizer.scale_loss(1.0) == 4.0
    optimizer.apply([np.array([np.inf, 0, 0])], [w])
    assert w.tolist() == [1, 1, 1]
    assert (optimizer.dynamic_scale.item(), optimizer.iterations) == (2.0, 0)
    for _ in range(2):
        optimizer.apply([np.array([2.0, 0, 0])], [w])
    assert w.tolist() == [0, 1, 1]
    assert (optimizer.dynamic_scale.item(), optimizer.iterations) == (4.0, 2)
    assert optimizer.variables[:2] == [optimizer.step_counter, optimizer.dynamic_scale]


def test_scales_are_kept_in_files(tmp_path):
    x, y = data()
    model = model_of(scaled(Adam(0.02, clipnorm=1.0), dynamic_growth_steps=2))
    fit(model, x, y)
    model.save(tmp_path / "model.corereg")
    again = load_model(tmp_path / "model.corereg")
    assert again.optimizer.dynamic_scale.item() == model.optimizer.dynamic_scale.item() > 2.0**15
    assert again.optimizer.clipnorm == 1.0
    assert fit(model, x, y) == fit(again, x, y)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: scaled(None), TypeError, "received None"),
        (lambda: scaled(optimizers.SAM("sgd")), ValueError, "one a step"),
        (lambda: optimizers.SAM(scaled("sgd")), ValueError, "received a LossScaleOptimizer"),
        (lambda: scaled(Adam(lazy=True)), ValueError, "whole gradients"),
        (lambda: scaled("sgd", dynamic=False), ValueError, "loss_scale_factor="),
        (lambda: scaled("sgd", clipnorm=1.0), ValueError, "clipnorm as arguments of inner"),
        (lambda: scaled("sgd", initial_scale=0.0), ValueError, "initial_scale > 0"),
        (lambda: scaled("sgd").step(), RuntimeError, "no parameters"),
        (lambda: scaled("sgd").apply([np.ones(1)]), ValueError, "no variables"),
    ],
)
def test_bad_loss_scales(call, exception, message, fails):
    fails(call, exception, message)
