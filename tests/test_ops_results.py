"""What the ops give besides values and gradients: dtypes, views, tensors outside the graph."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from corereg import Tensor
from corereg.autograd import ops

a = Tensor(np.array([[3.0, -1.0, 3.0], [0.0, 2.0, -5.0]]), requires_grad=True)
F32 = np.ones(2, np.float32)

# ---- outside the graph --------------------------------------------------------------------------

COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
LOGIC = ("logical_and", "logical_or")
TESTS = ("logical_not", "isnan", "isinf", "isfinite")


def outside(got, expected):
    assert type(got) is Tensor
    assert not got.requires_grad
    assert got.node is None
    assert got.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(got.data, expected)


@pytest.mark.parametrize("name", COMPARISONS + LOGIC)
@pytest.mark.parametrize("other", [3.0, [0, -1, 3], a, np.array([[3.0], [2.0]])])
def test_comparisons_and_logic(name, other):
    array = other.data if isinstance(other, Tensor) else other
    outside(getattr(ops, name)(a, other), getattr(np, name)(a.data, array))
    outside(getattr(ops, name)(other, a), getattr(np, name)(array, a.data))


@pytest.mark.parametrize("name", TESTS)
def test_tests_of_one_element(name):
    numbers = np.array([0, 1, np.inf, -np.inf, np.nan])
    outside(getattr(ops, name)(Tensor(numbers, requires_grad=True)), getattr(np, name)(numbers))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_places_of_extremes(name, axis):
    op, function = getattr(ops, name), getattr(np, name)
    outside(op(a, axis), function(a.data, axis))
    outside(op(a, axis, keepdims=True), function(a.data, axis, keepdims=True))


def test_casting():
    single = ops.astype(a, "float32")
    assert single.dtype == np.float32
    single.sum().backward()
    assert a.grad.dtype == np.float64
    np.testing.assert_array_equal(a.grad.data, np.ones((2, 3)))
    a.zero_grad()
    outside(ops.astype(a, np.int64), a.data.astype(int))
    outside(ops.astype(a, bool), a.data != 0)
    assert ops.astype([1, 2], "float64").data.tolist() == [1.0, 2.0]


# ---- dtypes -------------------------------------------------------------------------------------

INTEGERS = {
    "sum": (ops.sum, 7),
    "prod": (ops.prod, 8),
    "max": (ops.max, 4),
    "min": (ops.min, 1),
    "cumsum": (ops.cumsum, [1, 3, 7]),
    "maximum": (lambda t: ops.maximum(t, 2), [2, 2, 4]),
    "where": (lambda t: ops.where(t > 1, t, 0), [0, 2, 4]),
    "sign": (ops.sign, [1, 1, 1]),
    "square": (ops.square, [1, 4, 16]),
    "power": (lambda t: t**2, [1, 4, 16]),
    "getitem": (lambda t: t[[2, 0]], [4, 1]),
    "set_at": (lambda t: ops.set_at(t, 0, 9), [9, 2, 4]),
    "add_at": (lambda t: ops.add_at(t, [0, 0], 9), [19, 2, 4]),
    "concatenate": (lambda t: ops.concatenate([t, t]), [1, 2, 4, 1, 2, 4]),
    "pad": (lambda t: ops.pad(t, 1, 7), [7, 1, 2, 4, 7]),
    "flip": (ops.flip, [4, 2, 1]),
    "repeat": (lambda t: ops.repeat(t, 2), [1, 1, 2, 2, 4, 4]),
    "einsum": (lambda t: ops.einsum("i,i", t, t), 21),
    "outer": (lambda t: ops.outer(t, t[:1]), [[1], [2], [4]]),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_stay_integers(name):
    function, expected = INTEGERS[name]
    outside(function(Tensor([1, 2, 4])), np.array(expected))


def test_means_of_integers_are_floats():
    for op in (ops.mean, ops.var, ops.std):
        assert op(Tensor([1, 2])).dtype == np.float64


@pytest.mark.parametrize(
    "op", [ops.maximum, ops.minimum, lambda x, y: ops.where([True, False], x, y)]
)
@pytest.mark.parametrize(
    ("other", "expected"),
    [(2, "f4"), (0.1, "f4"), (np.float64(2), "f8"), (np.ones(2), "f8"), (np.ones(2, int), "f8")],
)
def test_two_operands_promote_as_numpy_does(op, other, expected):
    assert op(Tensor(F32), other).dtype == expected
    assert op(other, Tensor(F32)).dtype == expected


def test_lists_among_tensors_take_their_dtype():
    assert ops.concatenate([[0.1], Tensor(np.ones(1))]).data.tolist() == [0.1, 1.0]
    assert ops.stack([Tensor(F32), [1, 2]]).dtype == np.float32
    assert ops.set_at(Tensor(F32), 0, np.float64(0.1)).dtype == np.float32


# ---- NumPy's functions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: np.sum(a, 0, np.float32), "by name"),
        (lambda: np.max(a, 0, None), "by name"),
        (lambda: np.split(a, [1, 1]), "corereg.autograd.ops.split takes the lengths"),
        (lambda: np.split(a, (1,), axis=1), "corereg.autograd.ops.split takes the lengths"),
        (lambda: np.linalg.norm(a, 2), "norms of matrices"),
        (lambda: np.linalg.norm(a, 1, (0, 1)), "norms of matrices"),
        (lambda: np.linalg.norm(a, ord=np.inf, axis=(0, 1)), "norms of matrices"),
    ],
)
def test_functions_of_another_meaning_are_refused(call, remedy, fails):
    fails(call, TypeError, rf"np.\w+ with these arguments is not for tensors: .*{remedy}", a.data)


def test_functions_of_the_same_meaning_are_not():
    for got, expected in [
        (np.linalg.norm(a), np.linalg.norm(a.data)),
        (np.linalg.norm(a, 1, 0), np.linalg.norm(a.data, 1, 0)),
        (np.linalg.norm(a, axis=(0, 1)), np.linalg.norm(a.data)),
        (np.sum(a, 0, keepdims=True), a.data.sum(0, keepdims=True)),
        (np.split(a, 3, 1)[2], a.data[:, 2:]),
    ]:
        np.testing.assert_allclose(got.data, expected, rtol=1e-15)


# ---- views --------------------------------------------------------------------------------------

VIEWS = {
    "reshape": lambda t: ops.reshape(t, (3, 2)),
    "flatten": ops.flatten,
    "squeeze": ops.squeeze,
    "expand_dims": lambda t: ops.expand_dims(t, 0),
    "transpose": ops.transpose,
    "swapaxes": lambda t: ops.swapaxes(t, 0, 1),
    "broadcast_to": lambda t: ops.broadcast_to(t, (2, 2, 3)),
    "flip": ops.flip,
    "getitem": lambda t: t[1:, ::2],
    "split": lambda t: ops.split(t, 2)[1],
}
COPIES = {
    "getitem": lambda t: t[[0, 1]],
    "take": lambda t: ops.take(t, [0, 1], 0),
    "set_at": lambda t: ops.set_at(t, 0, 1),
    "add_at": lambda t: ops.add_at(t, 0, 1),
    "concatenate": lambda t: ops.concatenate([t]),
    "pad": lambda t: ops.pad(t, 0),
    "tile": lambda t: ops.tile(t, 1),
    "repeat": lambda t: ops.repeat(t, 1, 0),
    "astype": lambda t: ops.astype(t, t.dtype),
    "clip": lambda t: ops.clip(t, None, 9),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name):
    assert np.shares_memory(VIEWS[name](a).data, a.data)


@pytest.mark.parametrize("name", COPIES)
def test_copies(name):
    assert not np.shares_memory(COPIES[name](a).data, a.data)


@pytest.mark.parametrize("given", [[1.0, 2.0], (1.0, 2.0), F32, 3.0], ids=str)
@pytest.mark.parametrize("reps", [2, (2, 3), [3, 1, 2]])
def test_what_is_no_tensor_is_tiled_too(given, reps):
    found = ops.tile(given, reps)
    assert type(found) is Tensor
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.data, np.tile(given, reps))


def test_one_piece_of_a_split_is_enough():
    leaf = Tensor(np.arange(5.0), requires_grad=True)
    assert [t.shape for t in ops.split(leaf, np.array([1, 4]))] == [(1,), (4,)]
    first, second = ops.split(leaf, 2)
    assert (first.shape, second.shape) == ((3,), (2,))
    (second * [2, 3]).sum().backward()
    np.testing.assert_array_equal(leaf.grad.data, [0, 0, 0, 2, 3])


def test_an_index_changed_later_does_not_change_the_gradient():
    leaf, index = Tensor(np.arange(3.0), requires_grad=True), np.array([0, 1])
    for out in (
        leaf[index],
        leaf[Tensor(index)],
        ops.take(leaf, index),
        ops.set_at(leaf, index, 7),
    ):
        before = out.data.copy()
        index[:] = 2
        out.sum().backward()
        index[:] = 0, 1
        np.testing.assert_array_equal(out.data, before)
    np.testing.assert_array_equal(leaf.grad.data, [3, 3, 1])
    mask = leaf.data > 0
    kept = ops.where(mask, leaf, 0)
    mask[:] = False
    leaf.zero_grad()
    kept.sum().backward()
    np.testing.assert_array_equal(leaf.grad.data, [0, 1, 1])


@pytest.mark.parametrize("op", [operator.getitem, lambda t, i: ops.take(t, i, 0)])
def test_gradients_of_elements_taken_twice_add_up(op):
    leaf = Tensor(np.ones((3, 2)), requires_grad=True)
    op(leaf, [2, 0, 2, 2]).sum().backward()
    np.testing.assert_array_equal(leaf.grad.data, [[1, 1], [0, 0], [3, 3]])
