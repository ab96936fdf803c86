"""The kernels around an update, and schedules, against their twins."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

SHAPES = [(0,), (1,), (7,), (16,), (33,), (4097,), (9, 35)]


def made(accumulation, step=0):
    hyper = _kernels.Hyper(None, 0.1, step=step)
    hyper.accumulation = accumulation
    return hyper


@pytest.mark.parametrize("accumulation", [1, 3])
def test_accumulated_gradients(accumulation, dtype, rng, close):
    totals = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    exact = [a.astype(float) for a in totals]
    segments, hyper = _kernels.Segments(totals), made(accumulation)
    for step in range(4):
        for i, (a, total) in enumerate(zip(exact, totals, strict=True)):
            g = rng.standard_normal(a.shape).astype(dtype)
            segments.set_gradient(i, g if i else None)
            before = reference.Hyper(step=step)
            reference.accumulate_gradients(a, g.astype(float) * bool(i), before, accumulation, 2.0)
            assert total.shape == a.shape
        hyper.step = step
        _kernels.accumulate_gradients(segments, hyper, 2.0)
        for a, total in zip(exact, totals, strict=True):
            close(total, a, scale=4)
        hyper.step = step + 1
        _kernels.reset_gradients(segments, hyper)
        for a, total in zip(exact, totals, strict=True):
            reference.reset_gradients(a, reference.Hyper(step=step + 1), accumulation)
            close(total, a, scale=4)


@pytest.mark.parametrize(("accumulation", "every"), [(1, 0), (1, 3), (2, 2)])
def test_averages(accumulation, every, dtype, rng, close):
    weights = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    averages = [np.full_like(w, 9) for w in weights]
    exact = [(w.astype(float), a.astype(float)) for w, a in zip(weights, averages, strict=True)]
    segments = _kernels.Segments(weights, [(a,) for a in averages])
    hyper = made(accumulation)
    for step in range(1, 7):
        hyper.step = step
        _kernels.average_weights(segments, hyper, 0.8, every)
        for (w, a), own, average in zip(exact, weights, averages, strict=True):
            now = reference.Hyper(step=step)
            reference.average_weights(a, w, now, accumulation, 0.8, every)
            close(own, w, scale=4)
            close(average, a, scale=4)
            own += 1
            w += 1


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_move_of_sharpness_aware_steps(adaptive, dtype, rng, close):
    weights = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    gradients = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    gradients[3][...] = 0  # which stands for a missing one
    exact, before = [w.astype(float) for w in weights], [w.copy() for w in weights]
    saved = [np.full_like(w, 9) for w in weights]
    segments = _kernels.Segments(weights, [(one,) for one in saved])
    for i, g in enumerate(gradients):
        segments.set_gradient(i, None if i == 3 else g)
    sums = np.full(segments.blocks, np.nan)
    _kernels.ascend_weights(segments, 0.3, sums, adaptive, 0.01)
    reference.ascend_weights(exact, [g.astype(float) for g in gradients], 0.3, adaptive, 0.01)
    for w, wanted, kept, old in zip(weights, exact, saved, before, strict=True):
        close(w, wanted, scale=8)
        assert kept.tobytes() == old.tobytes()
    if not adaptive:
        moved = sum(((w - old) ** 2).sum() for w, old in zip(weights, before, strict=True))
        assert np.sqrt(moved) == pytest.approx(0.3, rel=1e-4)
    _kernels.restore_weights(segments)
    reference.restore_weights(exact, saved)
    for w, wanted, old in zip(weights, exact, before, strict=True):
        assert w.tobytes() == old.tobytes()
        assert np.array_equal(wanted, old)


def test_without_gradients_nothing_moves(dtype):
    w = np.ones(5, dtype)
    segments = _kernels.Segments([w], [(np.zeros_like(w),)])
    _kernels.ascend_weights(segments, 0.3, np.zeros(1))
    assert np.array_equal(w, np.ones(5))


@pytest.mark.parametrize(
    ("shape", "first", "last"),
    [((0, 3), 0, 0), ((3, 0), 0, 0), ((1,), 0, 0), ((37,), 0, 0), ((9, 35), 0, 0), ((9, 35), 1, 1),
     ((3, 5, 17), 1, 1), ((3, 5, 17), 0, 1), ((3, 5, 17), 1, 2), ((3, 5, 17), 0, 2)],
)  # fmt: skip
def test_constraints(shape, first, last, dtype, rng, close, guarded):
    for least, most, rate in ((0.0, 0.5, 1.0), (3.0, 4.0, 0.3), (1.0, 1.0, 1.0)):
        values = rng.standard_normal(shape).astype(dtype)
        w = guarded(shape, dtype)
        w[...] = values
        exact = values.astype(float)
        _kernels.constrain_norms(w, first, last, least, most, rate)
        reference.constrain_norms(exact, first, last, least, most, rate)
        close(w, exact, 32)
        w[...] = values
        _kernels.constrain_signs(w)
        assert np.array_equal(w, np.maximum(values, 0))
        reference.constrain_signs(values)
        assert np.array_equal(w, values)


@pytest.mark.parametrize("shape", [*SHAPES, (1001,)], ids=str)
def test_masks(shape, dtype, rng, guarded):
    x = rng.standard_normal(shape).astype(dtype)
    x.reshape(-1)[::5] = [np.nan, np.inf, -0.0, 1e-42, -1][x.size % 5]
    keep = rng.random(shape) < 0.5
    out = _kernels.mask_values(x, keep, guarded(shape, dtype))
    assert out.tobytes() == reference.mask_values(x, keep).tobytes()
    assert _kernels.mask_values(x, keep.view("u1").astype(bool), x) is x
    assert x.tobytes() == out.tobytes()


NUMBERS = {
    "exponential_decay": [[0.1, 7, 0.5, 0], [0.1, 7, 0.5, 1]],
    "inverse_time_decay": [[0.1, 7, 0.5, 0], [0.1, 7, 0.5, 1]],
    "polynomial_decay": [[0.1, 9, 0.01, 2, 0], [0.1, 9, 0.01, 0.5, 1]],
    "cosine_decay": [
        [0.1, 9, 0.1, 0, -1],
        [0.1, 9, 0.1, 4, 0],
        [0.01, 9, 0.1, 4, 0.5],
        [0.01, 9, 0.1, 0, 0.5],
    ],
    "cosine_restarts": [[0.1, 5, 2, 0.8, 0.1], [0.1, 5, 1, 0.8, 0.1]],
    "piecewise_constant": [[0.5], [3, 8, 0.5, 0.2, 0.1]],
    "rate_table": [[2, 0.5, 0.4, 0.3]],
}


@pytest.mark.parametrize("kind", _kernels.SCHEDULES)
def test_schedules(kind):
    for numbers in NUMBERS[kind]:
        array = np.array(numbers, float)
        for step in range(40):
            hyper = made(1, step)
            _kernels.scheduled_rate(hyper, kind, array)
            expected = reference.scheduled_rate(kind, numbers, step)
            assert hyper.learning_rate == _kernels.rate_at(kind, array, step)
            np.testing.assert_allclose(hyper.learning_rate, expected, rtol=1e-12, atol=1e-15)


def test_bad_input(fails):
    w = np.ones((2, 3))
    for call, exception, message in (
        (lambda: _kernels.constrain_norms(w, 1, 2, 0, 1), ValueError, "received 1 to 2"),
        (lambda: _kernels.constrain_norms(w[:, ::2], 0, 0, 0, 1), TypeError, "w contiguous"),
        (lambda: _kernels.constrain_signs([1.0]), TypeError, "w as a NumPy array"),
        (lambda: _kernels.mask_values(w, w), TypeError, "keep as a contiguous NumPy array of bool"),
        (lambda: _kernels.mask_values(w, (w > 0)[:, ::2]), TypeError, "keep as a contiguous"),
        (lambda: _kernels.mask_values(w, w[0] > 0), ValueError, r"keep of shape \(2, 3\), rec"),
        (lambda: _kernels.rate_at("linear", w[0], 1), ValueError, "expected a kind of"),
        (lambda: _kernels.rate_at("cosine_decay", w[0], 1), ValueError, "numbers of 'cosine_decay"),
        (lambda: _kernels.scheduled_rate(made(1), "rate_table", 3), ValueError, "numbers of 'rate"),
        (lambda: setattr(made(1), "accumulation", 0), ValueError, "accumulation >= 1, received 0"),
        (
            lambda: _kernels.average_weights(_kernels.Segments([w]), made(1), 0.5),
            ValueError,
            "the average as the only slot",
        ),
        (
            lambda: _kernels.ascend_weights(_kernels.Segments([w]), 0.5, np.zeros(1)),
            ValueError,
            "what is saved as the only slot",
        ),
        (
            lambda: _kernels.ascend_weights(_kernels.Segments([w], [(w.copy(),)]), 0.5, w),
            ValueError,
            "expected sums as a contiguous float64 array of 1 elements",
        ),
    ):
        fails(call, exception, message, w)
