"""Optimizer updates with their fused penalty, penalties alone, clipping, and bad input."""

from __future__ import annotations

import copy
import pickle
import platform

import numpy as np
import pytest
from rules import VARIANTS, hyper, numbers

from corereg import _kernels, reference

BLOCK = 4096  # CR_BLOCK of kernels.h
SHAPES = [*((n,) for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 4095, 4096, 4097)), (90, 101)]


def normal(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


class Variables:
    """Weights, state and strengths, as the kernels take them and in float64."""

    def __init__(self, rng, dtype, shapes, slots=(), regularized=True):
        self.weights = [normal(rng, dtype, *shape) for shape in shapes]
        self.slots = [
            tuple(np.zeros_like(w) if j in slots else None for j in range(3)) for w in self.weights
        ]
        self.l1, self.l2, self.decay = ([0.0] * len(shapes) for _ in range(3))
        if regularized:  # some of them not
            self.l1, self.l2, self.decay = (
                [value if i % every else 0.0 for i in range(len(shapes))]
                for value, every in ((0.02, 2), (0.03, 3), (0.1, 4))
            )
        self.segments = _kernels.Segments(self.weights, self.slots, self.l1, self.l2, self.decay)
        self.sums = np.full(self.segments.blocks, np.nan)
        self.exact = [w.astype(np.float64) for w in self.weights]
        self.exact_slots = [
            [None if a is None else a.astype(np.float64) for a in slots] for slots in self.slots
        ]

    def set_gradients(self, gradients):
        for i, g in enumerate(gradients):
            self.segments.set_gradient(i, g)

    def block_penalties(self):
        return [
            reference.penalty(w.ravel()[at : at + BLOCK], l1, l2)
            for w, l1, l2 in zip(self.exact, self.l1, self.l2, strict=True)
            for at in range(0, max(w.size, 1), BLOCK)
        ]


@pytest.mark.parametrize("everything", [False, True], ids=["plain", "everything"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_update(variant, everything, dtype, rng, close):
    """Four steps; everything: with penalties, weight decay, gradient scales and clipping."""
    rule, slots = VARIANTS[variant]
    v = Variables(rng, dtype, SHAPES, slots, everything)
    scales = rng.uniform(0.5, 1.5, len(SHAPES)) if everything else None
    clipvalue = 1.2 if everything else None
    own = hyper(rule, clipvalue=clipvalue)
    for step in range(4):
        gradients = [normal(rng, dtype, *w.shape) for w in v.weights]
        v.set_gradients(gradients)
        own.learning_rate = 0.01 / (1 + step)
        expected = reference.Hyper(0.01 / (1 + step), clipvalue, step, numbers(rule))
        penalties = v.block_penalties()
        _kernels.update(v.segments, own, v.sums, scales)
        assert own.step == step + 1
        close(v.sums.astype(dtype), penalties, ulps=64)  # sums of up to 4096 numbers, some alike
        for i, w in enumerate(v.exact):
            factor = 1.0 if scales is None else scales[i]
            reference.update(
                rule,
                w,
                gradients[i].astype(np.float64),
                v.exact_slots[i],
                expected,
                v.l1[i],
                v.l2[i],
                v.decay[i],
                factor,
            )
            close(v.weights[i], w, what=f"weight {i} at step {step}")
            for a, exact in zip(v.slots[i], v.exact_slots[i], strict=True):
                if a is not None:
                    largest = max(1, np.abs(exact).max(initial=0))
                    close(a, exact, scale=largest, what=f"state of weight {i} at step {step}")


def updated(variant, dtype, gradients, scales=None, clipvalue=None):
    rule, slots = VARIANTS[variant]
    v = Variables(np.random.default_rng(1), dtype, [(20,), (33,)], slots)
    v.set_gradients(gradients)
    _kernels.update(v.segments, hyper(rule, 0.01, clipvalue), v.sums, scales)
    return [a.tobytes() for a in (*v.weights, *v.slots[0], *v.slots[1]) if a is not None]


@pytest.mark.parametrize("variant", VARIANTS)
def test_missing_gradients_and_scales(variant, dtype, rng):
    """None is a zero gradient, a scale of 1 and a clipvalue without bound."""
    zeros = [np.zeros(20, dtype), np.zeros(33, dtype)]
    assert updated(variant, dtype, [None, None]) == updated(variant, dtype, zeros)
    gradients = [normal(rng, dtype, 20), normal(rng, dtype, 33)]
    plain = updated(variant, dtype, gradients)
    assert updated(variant, dtype, gradients, np.ones(2)) == plain
    assert updated(variant, dtype, gradients, clipvalue=1e30) == plain
    assert updated(variant, dtype, gradients, np.array([1, 1.5])) != plain


def test_gradients_of_any_layout(dtype, rng):
    strided = [np.repeat(normal(rng, dtype, n), 2)[::2] for n in (20, 33)]
    copies = [g.copy() for g in strided]
    assert updated("sgd", dtype, strided) == updated("sgd", dtype, copies)


def test_special_gradients_stay_in_their_place(dtype):
    w = np.ones(40, dtype)
    g = np.zeros(40, dtype)
    g[[3, 4, 39]] = np.nan, np.inf, -np.inf
    for clipvalue, ends in ((None, [np.nan, -np.inf, np.inf]), (0.5, [np.nan, 0.5, 1.5])):
        weights = w.copy()
        segments = _kernels.Segments([weights])
        segments.set_gradient(0, g)
        _kernels.update(segments, _kernels.Hyper("sgd", 1.0, clipvalue), np.empty(1))
        assert np.array_equal(weights[[3, 4, 39]], np.array(ends, dtype), equal_nan=True)
        assert (np.delete(weights, [3, 4, 39]) == 1).all()


def test_sign_of_zero_is_zero(dtype):
    w = np.array([0.0, -0.0, 1.0, -1.0] * 10, dtype)
    segments = _kernels.Segments([w], l1=[0.5])
    _kernels.update(segments, _kernels.Hyper("sgd", 1.0), np.empty(1))
    assert w.tolist() == [0, 0, 0.5, -0.5] * 10


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"),
    reason="denormals are flushed on x86-64 and ARM64 only",
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_denormals_are_flushed(variant, dtype):
    """A denormal weight and its state become zero, and stay."""
    rule, slots = VARIANTS[variant]
    w = np.full(37, np.finfo(dtype).tiny / 8, dtype)
    state = tuple(w.copy() if j in slots else None for j in range(3))
    assert w.all()
    segments = _kernels.Segments([w], [state])
    sums = np.empty(1)
    for _ in range(2):
        _kernels.update(segments, hyper(rule), sums)
        assert not any(a.any() for a in (w, *state) if a is not None)


@pytest.mark.parametrize("variant", VARIANTS)
def test_squares_that_overflow_do_not_count_where_there_is_no_l2(variant, dtype):
    rule, slots = VARIANTS[variant]
    w = np.full(40, 1e20 if dtype == "float32" else 1e200, dtype)
    state = tuple(np.zeros_like(w) if j in slots else None for j in range(3))
    for l1, clipvalue in ((0.0, None), (0.0, 1.0), (2.0, None)):
        segments = _kernels.Segments([w], [state], l1=[l1], decay=[0.0])
        sums = np.full(1, np.nan)
        _kernels.update(segments, hyper(rule, 0.0, clipvalue), sums)
        np.testing.assert_allclose(sums, l1 * w.sum(dtype=np.float64), rtol=1e-6)
        _kernels.penalty(segments, sums)
        np.testing.assert_allclose(sums, l1 * w.sum(dtype=np.float64), rtol=1e-6)


# ---- penalties and clipping --------------------------------------------------------------------


def test_penalty(dtype, rng, close):
    v = Variables(rng, dtype, SHAPES)
    _kernels.penalty(v.segments, v.sums)
    close(v.sums.astype(dtype), v.block_penalties())


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 1001])
def test_penalty_backward(n, dtype, rng, close, guarded):
    w = normal(rng, dtype, n)
    w[n // 2 :: 3] = 0
    factor = np.array(1.5, dtype)
    for l1, l2 in ((0.1, 0.0), (0.0, 0.2), (0.1, 0.2)):
        dw = _kernels.penalty_backward(w, l1, l2, factor, out=guarded(n, dtype))
        close(dw, reference.penalty_backward(w.astype(np.float64), l1, l2, 1.5), 4)
        in_place = w.copy()
        _kernels.penalty_backward(in_place, l1, l2, factor, out=in_place)
        assert in_place.tobytes() == dw.tobytes()


@pytest.mark.parametrize("by_global_norm", [False, True])
@pytest.mark.parametrize("limit", [0.5, 20.0, 1e6])
def test_clip_scales(limit, by_global_norm, dtype, rng, close):
    v = Variables(rng, dtype, SHAPES)
    gradients = [normal(rng, dtype, *w.shape) for w in v.weights]
    gradients[5] = None
    v.set_gradients(gradients)
    scales = np.full(len(SHAPES), np.nan)
    _kernels.clip_scales(v.segments, limit, by_global_norm, scales, v.sums)
    penalized = [
        (0 if g is None else g.astype(np.float64)) + reference.penalty_backward(w, l1, l2)
        for w, g, l1, l2 in zip(v.exact, gradients, v.l1, v.l2, strict=True)
    ]
    norms = reference.gradient_norms(penalized)
    close(np.array(v.sums.sum(), dtype), (norms**2).sum())
    close(scales.astype(dtype), reference.clip_scales(norms, limit, by_global_norm))
    if limit > norms.sum():
        assert (scales == 1).all()


def test_no_variables():
    segments = _kernels.Segments([])
    empty = np.empty(0)
    _kernels.update(segments, _kernels.Hyper("adam", 0.1), empty)
    _kernels.penalty(segments, empty)
    _kernels.clip_scales(segments, 1.0, True, empty, empty)
    assert segments.blocks == 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_threads(variant, dtype, rng, threads_agree):
    rule, slots = VARIANTS[variant]
    shapes = [(50_001,), (7,), (300, 100), (0,)]
    gradients = [normal(rng, dtype, *shape) for shape in shapes]

    def step():
        v = Variables(np.random.default_rng(1), dtype, shapes, slots)
        v.set_gradients(gradients)
        _kernels.update(v.segments, hyper(rule), v.sums)
        return [v.sums, *v.weights, *(a for s in v.slots for a in s if a is not None)]

    threads_agree(step)


def test_threads_of_sums(dtype, rng, threads_agree):
    v = Variables(rng, dtype, [(300_001,), (33,), (40, 500)])
    v.set_gradients([normal(rng, dtype, *w.shape) for w in v.weights])
    scales = np.empty(3)

    def sweeps():
        sums = [np.empty_like(v.sums) for _ in range(2)]
        _kernels.penalty(v.segments, sums[0])
        _kernels.clip_scales(v.segments, 1.0, True, scales, sums[1])
        factor = np.array(1.5, dtype)
        return [*sums, scales, _kernels.penalty_backward(v.weights[0], 0.1, 0.2, factor)]

    threads_agree(sweeps)


# ---- bad input ---------------------------------------------------------------------------------


def read_only():
    a = np.ones(3)
    a.flags.writeable = False
    return a


@pytest.mark.parametrize(
    ("weights", "slots", "exception", "message"),
    [
        ([None], None, TypeError, "weights as a NumPy array, received NoneType"),
        ([np.arange(3)], None, TypeError, "weights of dtype float32 or float64"),
        ([np.ones(3), np.ones(3, "f4")], None, TypeError, r"weights\[1\] of dtype float64"),
        ([np.ones(6)[::2]], None, TypeError, r"weights\[0\] contiguous and writeable"),
        ([read_only()], None, TypeError, r"weights\[0\] contiguous and writeable"),
        ([np.ones(3)], [], ValueError, "slots for 1 weights, received 0"),
        ([np.ones(3)], [[None] * 4], ValueError, "at most 3 slots a weight, received 4"),
        ([np.ones(3)], [[np.ones(4)]], ValueError, r"slots\[0\]\[0\] of shape \(3,\), received"),
        ([np.ones(3)], [[np.ones(3, "f4")]], TypeError, r"slots\[0\]\[0\] of dtype float64"),
        ([np.ones(3)], [[read_only()]], TypeError, r"slots\[0\]\[0\] contiguous"),
    ],
)  # fmt: skip
def test_segments(weights, slots, exception, message, fails):
    call = lambda: _kernels.Segments(weights, slots)  # noqa: E731
    fails(call, exception, f"^Segments: expected {message}")


def test_gradients(fails):
    w = np.ones(3)
    segments = _kernels.Segments([w])
    segments.set_gradient(0, np.full(3, 2.0))
    for i, gradient, exception, message in (
        (1, np.ones(3), IndexError, "no weight 1 of 1"),
        (-1, np.ones(3), IndexError, "no weight -1 of 1"),
        (0, np.ones(4), ValueError, r"expected gradient 0 of shape \(3,\), received \(4,\)"),
        (0, np.ones((3, 1)), ValueError, r"expected gradient 0 of shape \(3,\), received \(3, 1\)"),
        (0, np.ones(3, "f4"), TypeError, "expected gradient 0 of dtype float64"),
        (0, [1, 2, 3], TypeError, "expected gradient 0 as a NumPy array, received list"),
    ):
        fails(
            lambda i=i, g=gradient: segments.set_gradient(i, g), exception, f"^Segments: {message}"
        )
    _kernels.update(segments, _kernels.Hyper("sgd", 0.25), np.empty(1))
    assert w.tolist() == [0.5] * 3  # the gradient set first is still there


def two(first, second):
    """Segments of two weights whose state arrays are at these places."""
    slots = [
        tuple(np.ones(3) if j in places else None for j in range(3)) for places in (first, second)
    ]
    return _kernels.Segments([np.ones(3), np.ones(3)], slots, l1=[1.0, 1.0])


PENALTY = "expected penalty as a contiguous float64 array of 2 elements$"
SCALES = "expected scales as a contiguous float64 array of 2 elements$"


@pytest.mark.parametrize(
    ("rule", "segments", "changes", "exception", "message"),
    [
        ("sgd", None, {}, TypeError, "segments"),
        ("sgd", two((), ()), {"hyper": None}, TypeError, "hyper"),
        ("sgd", two((), ()), {"hyper": _kernels.Hyper()}, ValueError, "the Hyper of a rule"),
        ("adam", two((), ()), {}, ValueError, r"state arrays \(0, 1\) .+ received \[\] for w"),
        ("adam", two((0,), (0,)), {}, ValueError, r"received \[0\] for weight 0$"),
        ("adam", two((0, 1), (0, 1, 2)), {}, ValueError, r"received \[0, 1, 2\] for weight 1$"),
        ("rmsprop", two((0, 1), (0, 2)), {}, ValueError, r"received \[0, 2\] for weight 1$"),
        ("momentum", two((0, 1), (0, 1)), {}, ValueError, r"received \[0, 1\] for weight 0$"),
        ("sgd", two((0,), (0,)), {}, ValueError, r"received \[0\] for weight 0$"),
        ("sgd", two((), ()), {"penalty": None}, ValueError, PENALTY),
        ("sgd", two((), ()), {"penalty": np.ones(3)}, ValueError, PENALTY),
        ("sgd", two((), ()), {"penalty": np.ones(2, "f4")}, ValueError, PENALTY),
        ("sgd", two((), ()), {"penalty": np.ones(4)[::2]}, ValueError, PENALTY),
        ("sgd", two((), ()), {"scales": np.ones(1)}, ValueError, SCALES),
        ("sgd", two((), ()), {"scales": [1.0, 1.0]}, ValueError, SCALES),
    ],
)  # fmt: skip
def test_bad_updates(rule, segments, changes, exception, message, fails):
    arguments = {"hyper": hyper(rule), "penalty": np.ones(2)} | changes
    written = [] if segments is None else segments.weights + [
        a for slots in segments.slots for a in slots if a is not None
    ]  # fmt: skip
    call = lambda: _kernels.update(segments, **arguments)  # noqa: E731
    fails(call, exception, message, *written)
    assert arguments["hyper"] is None or arguments["hyper"].step == 0


def test_sums(fails):
    segments, wrong, right = two((), ()), np.ones(3), np.ones(2)
    message = "as a contiguous float64 array of 2 elements$"
    for call in (
        lambda: _kernels.penalty(segments, wrong),
        lambda: _kernels.clip_scales(segments, 1.0, True, wrong, right),
        lambda: _kernels.clip_scales(segments, 1.0, True, right, wrong),
    ):
        fails(call, ValueError, message, wrong, right)


# ---- the table of rules ------------------------------------------------------------------------


def test_every_rule_has_a_kernel_and_a_twin():
    assert set(_kernels.RULES) == set(reference.RULES)
    assert {f"update_{name}" for name in _kernels.RULES} <= set(_kernels.kernel_names())
    for name, rule in _kernels.RULES.items():
        assert rule.name == name
        assert 0 <= rule.required <= len(rule.slots)
        assert len({*rule.slots}) == len(rule.slots)


def test_the_rules_names_are_kerass():
    rules = {n: (r.hyperparameters, r.slots, r.required) for n, r in _kernels.RULES.items()}
    assert rules["sgd"] == ((), (), 0)
    assert rules["momentum"] == rules["nesterov"] == (("momentum",), ("momentum",), 1)
    momentum, centered = "momentum", "average_gradient"
    assert rules["rmsprop"] == (("rho", momentum, "epsilon"), ("velocity", momentum, centered), 1)
    assert rules["adam"][0] == ("beta_1", "beta_2", "epsilon")
    assert rules["adam"][1:] == (("momentum", "velocity", "velocity_hat"), 2)


def test_hyperparameters_by_name(fails):
    h = _kernels.Hyper("rmsprop", 0.5, None, 3, rho=0.25, epsilon=1e-3)
    assert (h.learning_rate, h.clipvalue, h.step, h.rule.name) == (0.5, np.inf, 3, "rmsprop")
    assert (h["rho"], h["momentum"], h["epsilon"]) == (0.25, 0.0, 1e-3)
    h["momentum"] = 0.75
    assert h["momentum"] == h.get("momentum") == 0.75
    assert "momentum" in h
    assert "beta_1" not in h
    assert h.get("beta_1") == 0
    for call in (lambda: h["beta_1"], lambda: h.__setitem__("beta_1", 1.0)):
        fails(call, KeyError, r"of \['rho', 'momentum', 'epsilon'\], received 'beta_1'")
    fails(lambda: _kernels.Hyper("sgd", beta_1=0.5), KeyError, r"of \[\], received 'beta_1'")
    fails(
        lambda: _kernels.Hyper("lars"),
        ValueError,
        r"^Hyper: expected a rule of \['adadelta', .+\], received 'lars'$",
    )


@pytest.mark.parametrize("copied", [copy.copy, lambda h: pickle.loads(pickle.dumps(h))])
def test_hyperparameters_copied(copied):
    for h in (_kernels.Hyper(None, 0.5), _kernels.Hyper("adam", 0.5, 2.0, 3, beta_1=0.25)):
        again = copied(h)
        assert again is not h
        assert again.rule is h.rule
        assert (again.learning_rate, again.clipvalue, again.step) == (0.5, h.clipvalue, h.step)
        assert again.get("beta_1") == h.get("beta_1")
