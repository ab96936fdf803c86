"""Methods of tensors, optimizers and schedules: arguments that are seldom given, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Parameter, Tensor, layers, optimizers, random
from corereg.autograd import ops
from corereg.optimizers import schedules

A = np.arange(6.0).reshape(2, 3)

# ---- methods -------------------------------------------------------------------------------------

METHODS = {
    "dot with a number": (lambda t: t.dot(Tensor(2.0)), 2 * A),
    "a number's dot": (lambda t: Tensor(3.0).dot(t), 3 * A),
    "take_along_dim of all": (
        lambda t: t.take_along_dim(Tensor(np.array([[5, 0], [1, 1]]))),
        np.array([5.0, 0, 1, 1]),
    ),
    "roll along one axis in a tuple": (lambda t: t.roll(1, (1,)), np.roll(A, 1, 1)),
    "roll along two": (lambda t: t.roll((1, 1), (0, 1)), np.roll(A, (1, 1), (0, 1))),
    "unflatten": (lambda t: t.unflatten(1, (3, 1)), A[..., None]),
    "unflatten into what is left": (lambda t: t.unflatten(-1, (-1, 1, 1)), A[..., None, None]),
    "one chunk": (lambda t: t.chunk(1)[0], A),
    "chunks of nothing": (
        lambda t: Tensor(np.stack([one.data for one in t[:, :0].chunk(3, 1)])),
        np.zeros((3, 2, 0)),
    ),
    "to nothing": (lambda t: t.to("cpu", None), A),
    "to a dtype": (lambda t: t.to("cpu", "float32"), A.astype("f4")),
    "views": (lambda t: t.to(Tensor(np.zeros(1, "f4"))), A.astype("f4")),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    function, expected = METHODS[name]
    found = function(Tensor(A))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.data, expected)


def test_the_axis_before_the_last_is_a_mistake_of_order():
    with pytest.raises(ValueError, match="expected start_dim before end_dim, received 1 and 0"):
        Tensor(A).flatten(1, 0)
    with pytest.raises(ValueError, match="unflatten"):
        Tensor(A).unflatten(1, (2, 2))


def test_qr():
    with pytest.raises(ValueError, match="qr: expected mode 'reduced' or 'complete', received 'r'"):
        ops.qr(A, "r")
    for x, mode in ((A.T, "complete"), (A, "reduced")):  # more rows than columns of r, or wide
        t = Tensor(x, requires_grad=True)
        q, r = ops.qr(t, mode)
        np.testing.assert_allclose((q @ r).data, x, 1e-12, 1e-12)
        if mode == "complete":
            with pytest.raises(ValueError, match=r"qr: expected a reduced .*received shape \(3, 2"):
                (q.sum() + r.sum()).backward()


def test_a_seed_generator_counts_its_draws():
    """Each `next` is a place of its own in the sequence, the same for the same seed."""
    one, other = random.SeedGenerator(3), random.SeedGenerator(3)
    first = [one.next() for _ in range(3)]
    assert first == [other.next() for _ in range(3)]
    assert [number for _, number in first] == [0, 1, 2]
    assert len({key for key, _ in first}) == 1
    a, b = random.normal((4,), seed=one).data, random.normal((4,), seed=other).data
    np.testing.assert_array_equal(a, b)
    assert one.next()[1] > 2
    drawn = random.SeedGenerator(), random.SeedGenerator()
    assert drawn[0].seed is None
    assert drawn[0].next() != drawn[1].next()
    recorded = corereg.record(lambda x: x * one.next()[1])
    with pytest.raises(RuntimeError, match="a SeedGenerator counts in Python"):
        recorded(A)


# ---- optimizers ----------------------------------------------------------------------------------


def test_names_of_optimizers_choices():
    optimizer = optimizers.AdamW(0.1)
    with pytest.raises(TypeError, match="expected names as strings, received 3"):
        optimizer.exclude_from_weight_decay(var_names=[3])
    with pytest.raises(ValueError, match=r"expected a regular expression, received '\('"):
        optimizer.exclude_from_weight_decay(var_names=["("])
    p = Parameter(np.ones(2), name="w")
    with pytest.raises(ValueError, match="expected an initializer for each of 2 names, received 1"):
        optimizer.add_optimizer_variables([p], ["a", "b"], ["zeros"])
    made = optimizer.add_optimizer_variables([p], ["a", "b"], ["zeros", "ones"])
    assert [[v.data.tolist() for v in one] for one in made] == [[[0, 0]], [[1, 1]]]


@pytest.mark.parametrize("excluded", [False, True])
def test_no_decay_where_it_is_zero_or_excluded(excluded):
    """The step with decay differs by rate * decay * w; weight_decay=0 is none."""
    after = {}
    for decay in (0.0, 0.5):
        w = Parameter(np.array([2.0, -3.0]), name="w")
        optimizer = optimizers.SGD(0.1, weight_decay=decay)
        if excluded:
            optimizer.exclude_from_weight_decay(var_list=[w])
        optimizer.build([w])
        optimizer.apply_gradients([(np.zeros(2), w)])
        after[decay] = w.data.copy()
    np.testing.assert_array_equal(after[0.0], [2, -3])
    np.testing.assert_allclose(after[0.5], np.array([2, -3]) * (1 if excluded else 0.95), 1e-12)


def test_averages_of_variables_of_others():
    """What the optimizer was not built for, and what is frozen, stays."""
    own, frozen, other = (Parameter(np.ones(2), name=name) for name in "abc")
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.build([own, frozen])
    for _ in range(2):  # the average begins as what the first step gives
        optimizer.apply_gradients([(np.full(2, 2.0), own), (np.full(2, 2.0), frozen)])
    assert own.data.tolist() == [-3, -3]
    frozen.trainable = False
    optimizer.finalize_variable_values([own, frozen, other])
    assert (frozen.data.tolist(), other.data.tolist()) == ([-3, -3], [1, 1])
    assert own.data.tolist() == [-2, -2]  # (-1 - 3) / 2


def test_schedules_refuse():
    for call, message in (
        (lambda: schedules.CosineDecay(np.inf, 5), "expected a finite initial_learning_rate"),
        (lambda: schedules.CosineDecay(0.1, 5, warmup_target=-1.0), "expected warmup_target >= 0"),
        (lambda: schedules.ExponentialDecay(0.1, 5, np.nan), "expected a finite decay_rate"),
    ):
        with pytest.raises(ValueError, match=message):
            call()

    class Own(schedules.LearningRateSchedule):
        pass

    with pytest.raises(NotImplementedError, match=r"Own: __call__\(step\) is not written"):
        Own()(0)
    with pytest.raises(NotImplementedError, match=r"Own: get_config\(\) is not written"):
        Own().get_config()


def test_a_schedule_in_python_is_computed_step_by_step():
    """By hand, beyond what `fit` has asked for ahead; a recording refuses it."""

    class Halves(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 ** float(int(step))

    w = Parameter(np.zeros(1), name="w")
    optimizer = optimizers.SGD(Halves())
    optimizer.build([w])
    for _ in range(3):
        optimizer.apply_gradients([(np.full(1, -1.0), w)])
    assert w.data.tolist() == [1.75]
    recorded = corereg.record(lambda g: optimizer.apply_gradients([(g, w)]))
    with pytest.raises(RuntimeError, match="the learning rate Halves is computed in Python"):
        recorded(np.full(1, -1.0))


# ---- data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((4, 2)), np.ones(3), "received y of shape"),
        (np.ones((4, 2)), [np.ones((4, 1))] * 3, "expected"),
        ([np.ones((4, 2))] * 2, np.ones((4, 1)), "expected"),
    ],
)
def test_data_that_does_not_fit(x, y, message):
    model = corereg.Sequential([corereg.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=message):
        model.fit(x, y, verbose=0)


def test_finite_numbers_whose_sum_overflows_are_taken():
    """Rows are looked at one by one where the sum of many is too large."""
    x = np.full((70_000, 2), 1e38, "f4")
    model = corereg.Sequential([corereg.Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", lambda y, p: (p * 0.0).sum(-1))
    assert model.evaluate(x, np.zeros((70_000, 1)), batch_size=70_000, verbose=0) == 0
    x[65_000, 1] = np.inf
    with pytest.raises(ValueError, match="row 65000"):
        model.evaluate(x, np.zeros((70_000, 1)), batch_size=70_000, verbose=0)
