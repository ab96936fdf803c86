"""Tensors among Python's and NumPy's things: comparisons, functions, DLPack, pickle, copy."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import corereg
from corereg import Parameter, Tensor, no_grad, regularizers
from corereg.autograd import numpy_functions, ops


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


# ---- comparisons and identity --------------------------------------------------------------------


def test_comparisons_give_bools_outside_the_graph():
    x = leaf(1.0, 2.0, 3.0)
    for other in (2, 2.0, np.float64(2), np.full(3, 2.0), Tensor(2.0), [2, 2, 2]):
        for result, expected in [
            (x == other, [False, True, False]),
            (x != other, [True, False, True]),
            (x < other, [True, False, False]),
            (x <= other, [True, True, False]),
            (x > other, [False, False, True]),
            (x >= other, [False, True, True]),
            (other < x, [False, False, True]),
            (other == x, [False, True, False]),
        ]:
            assert type(result) is Tensor
            assert (result.dtype, result.requires_grad) == (bool, False)
            assert result.tolist() == expected
    mask = (x > 1) & (x < 3) | (x == 3)
    assert mask.tolist() == [False, True, True]
    assert (~mask).tolist() == [True, False, False]
    assert (np.array([True, True, False]) & mask).tolist() == [False, True, False]


def test_tensors_are_hashed_by_identity():
    x, same = leaf(1.0), leaf(1.0)
    assert len({x, same, x}) == 2
    assert {x: 1}[x] == 1
    assert x != None  # noqa: E711
    assert x != "text"


def test_truth_of_many_elements_is_an_error(fails):
    fails(lambda: bool(leaf(1.0, 2.0) == leaf(1.0, 2.0)), ValueError, "expected one element")


# ---- as Python values ----------------------------------------------------------------------------


def test_format_and_numbers(fails):
    assert f"{leaf(2.5).sum():.3f}" == "2.500"
    assert f"{Tensor(3):03d}" == "003"
    assert f"{Tensor([1.0])}" == "Tensor([1.])"
    assert [10, 20, 30][Tensor(1)] == 20
    assert Tensor([[1, 2]]).tolist() == [[1, 2]]
    fails(lambda: f"{leaf(1.0, 2.0):.3f}", ValueError, "expected one element")
    fails(lambda: [1, 2][Tensor(1.0)], TypeError, "one integer as an index.*float32")


def test_iteration(fails):
    x = leaf(1.0, 2.0)
    a, b = x
    (a * b).backward()
    assert x.grad.tolist() == [2, 1]
    rows = list(Tensor(np.eye(2)))
    assert [r.tolist() for r in rows] == [[1, 0], [0, 1]]
    fails(lambda: list(Tensor(1.0)), TypeError, "0-d tensor")


# ---- NumPy's functions ---------------------------------------------------------------------------

POSITIVE = np.array([[0.5, 1.5, 2.5], [3.0, 0.25, 1.0]])
BINARY = ["add", "subtract", "multiply", "divide", "true_divide", "power", "maximum", "minimum"]
BINARY += ["arctan2", "hypot", "logaddexp", "floor_divide", "remainder", "fmod"]
INSIDE_ONE = {"arcsin", "arccos", "arctanh"}
UNARY = sorted(numpy_functions.UFUNCS - {*BINARY, "matmul"})


@pytest.mark.parametrize("name", UNARY)
def test_unary_ufuncs(name):
    values = POSITIVE / 4 if name in INSIDE_ONE else POSITIVE + (name == "arccosh")
    t = Tensor(values, requires_grad=True)
    out = getattr(np, name)(t)
    assert type(out) is Tensor
    assert out.requires_grad
    np.testing.assert_allclose(out.data, getattr(np, name)(values), rtol=1e-14)


@pytest.mark.parametrize("name", [*BINARY, "matmul"])
def test_binary_ufuncs(name):
    ufunc, other = getattr(np, name), POSITIVE.T if name == "matmul" else POSITIVE[0]
    t, u = Tensor(POSITIVE, requires_grad=True), Tensor(other)
    expected = ufunc(POSITIVE, other)
    for out in (ufunc(t, other), ufunc(t, u), ufunc(Tensor(POSITIVE), other)):
        assert type(out) is Tensor
        np.testing.assert_allclose(out.data, expected, rtol=1e-14)
    assert ufunc(t, other).requires_grad
    mirrored = ufunc(POSITIVE, u)
    np.testing.assert_allclose(mirrored.data, expected, rtol=1e-14)


def test_scalars_and_arrays_on_the_left_of_comparisons():
    t = leaf(1.0, 3.0)
    for value in (np.float64(2), np.array(2.0), np.full(2, 2.0)):
        assert (value > t).tolist() == [True, False]
        assert type(value > t) is Tensor


@pytest.mark.parametrize("name", sorted(numpy_functions.CONSTANT - {"bitwise_and", "bitwise_or"}))
def test_ufuncs_without_a_derivative(name):
    ufunc = getattr(np, name)
    if name in ("bitwise_xor", "invert"):
        t = Tensor(np.array([True, False]))
    else:
        t = leaf(1.0, np.nan) if name != "logical_xor" else leaf(1.0, 0.0)
    out = ufunc(*[t] * ufunc.nin)
    assert type(out) is Tensor
    assert not out.requires_grad
    np.testing.assert_array_equal(out.data, ufunc(*[t.data] * ufunc.nin))


CALLS = {
    "where": lambda t: np.where(t > 1, t, 0),
    "clip": lambda t: np.clip(t, 1, 2),
    "outer": lambda t: np.outer(t[0], t[1]),
    "einsum": lambda t: np.einsum("ij,kj->ik", t, t),
    "take": lambda t: np.take(t, [0, 2], axis=1),
    "take_along_axis": lambda t: np.take_along_axis(t, np.array([[0], [1]]), 1),
    "sum": lambda t: np.sum(t, axis=0, keepdims=True),
    "mean": lambda t: np.mean(t, axis=(0, 1)),
    "prod": lambda t: np.prod(t, 1),
    "var": lambda t: np.var(t, axis=1),
    "std": lambda t: np.std(t, axis=1, keepdims=True),
    "max": lambda t: np.max(t, axis=0),
    "min": lambda t: np.min(t),
    "amax": lambda t: np.amax(t, axis=0),
    "amin": lambda t: np.amin(t),
    "argmax": lambda t: np.argmax(t, axis=0),
    "argmin": lambda t: np.argmin(t, axis=0),
    "cumsum": lambda t: np.cumsum(t, axis=1),
    "norm": lambda t: np.linalg.norm(t, axis=1),
    "reshape": lambda t: np.reshape(t, (3, 2)),
    "transpose": lambda t: np.transpose(t, (1, 0)),
    "swapaxes": lambda t: np.swapaxes(t, 0, 1),
    "squeeze": lambda t: np.squeeze(t[:1]),
    "expand_dims": lambda t: np.expand_dims(t, 1),
    "flip": lambda t: np.flip(t, 1),
    "broadcast_to": lambda t: np.broadcast_to(t, (2, 2, 3)),
    "concatenate": lambda t: np.concatenate([t, POSITIVE], axis=1),
    "stack": lambda t: np.stack([t, t]),
    "split": lambda t: np.split(t, 3, axis=1)[1],
    "pad": lambda t: np.pad(t, 1),
    "tile": lambda t: np.tile(t, 2),
    "repeat": lambda t: np.repeat(t, 2, axis=0),
    "any": lambda t: np.any(t, axis=0),
    "all": lambda t: np.all(t),
    "sort": lambda t: np.sort(t, axis=0),
    "argsort": lambda t: np.argsort(t, axis=1),
    "median": lambda t: np.median(t, axis=1),
    "cumprod": lambda t: np.cumprod(t, axis=1),
    "roll": lambda t: np.roll(t, 1, axis=1),
    "diagonal": lambda t: np.diagonal(t, 1),
    "trace": lambda t: np.trace(t),
    "triu": lambda t: np.triu(t, 1),
    "tril": lambda t: np.tril(t),
    "round": lambda t: np.round(t, 1),
    "around": lambda t: np.around(t),
    "zeros_like": lambda t: np.zeros_like(t),
    "ones_like": lambda t: np.ones_like(t),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    t = Tensor(POSITIVE, requires_grad=True)
    out, expected = CALLS[name](t), CALLS[name](POSITIVE)
    assert type(out) is Tensor
    assert out.requires_grad == (not name.startswith(("arg", "zeros", "ones", "any", "all")))
    np.testing.assert_allclose(out.data, expected, rtol=1e-14)


def test_every_function_is_tried():
    assert set(CALLS) == numpy_functions.FUNCTIONS


def test_other_functions_take_only_what_has_no_gradient_to_lose(fails):
    t, plain = leaf(1.0, 2.0), Tensor(np.array([1.0, 2.0]))
    for call in (
        lambda x: np.percentile(x, 50),
        lambda x: np.spacing(x),
        lambda x: np.append([3.0], x),
        lambda x: np.allclose(x, b=x),
    ):
        fails(lambda c=call: c(t), TypeError, r"no op of this name.*use t.detach\(\)")
        np.testing.assert_array_equal(call(plain), call(plain.data))
        with no_grad():
            np.testing.assert_array_equal(call(t), call(t.data))
    assert (np.shape(t), np.ndim(t), np.size(t)) == ((2,), 1, 2)


def test_outs_and_reductions_of_ufuncs_are_refused(fails):
    t, out = Tensor([1.0, 2.0]), np.zeros(2, np.float32)
    for call, message in [
        (lambda: np.add(t, 1, out=out), r"np.add\(\['out'\]=...\) is not for tensors"),
        (lambda: np.exp(t, where=[True, False]), "np.exp.*where"),
        (lambda: np.add.reduce(t), "np.add.reduce is not for tensors"),
        (lambda: np.multiply.outer(t, t), "np.multiply.outer is not"),
        (lambda: out.__iadd__(t), "out"),
    ]:
        fails(call, TypeError, message, out)


# ---- DLPack --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_dlpack_both_ways_without_a_copy(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    t = corereg.from_dlpack(array)
    assert np.shares_memory(t.data, array)
    back = np.from_dlpack(Tensor(array))
    assert np.shares_memory(back, array)
    np.testing.assert_array_equal(back, array)
    assert corereg.from_dlpack(Tensor(array.T)).shape == (3, 2)
    assert Tensor(array).__dlpack_device__() == (1, 0)


def test_dlpack_to_torch_and_back():
    torch = pytest.importorskip("torch")
    t = Tensor(np.zeros(3, np.float32))
    there = torch.from_dlpack(t)
    there[1] = 5
    assert t.tolist() == [0, 5, 0]
    back = corereg.from_dlpack(torch.arange(3.0))
    assert back.tolist() == [0, 1, 2]


def test_dlpack_refusals(fails):
    fails(leaf(1.0).__dlpack__, BufferError, r"requires grad.*use .detach\(\)")
    assert np.from_dlpack(leaf(1.0).detach()).tolist() == [1]
    fails(lambda: corereg.from_dlpack(np.zeros(2, np.float16)), TypeError, "received float16")


# ---- pickle and copy -----------------------------------------------------------------------------


def duplicates(t):
    yield copy.deepcopy(t)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(t, protocol))


@pytest.mark.parametrize(
    ("dtype", "requires_grad"),
    [
        ("float32", False),
        ("float32", True),
        ("float64", False),
        ("float64", True),
        ("int64", False),
        ("bool", False),
    ],
)
def test_leaves_are_copied_and_pickled(dtype, requires_grad):
    t = Tensor(np.array([[1, 0], [1, 1]], dtype), requires_grad)
    for twin in duplicates(t):
        assert type(twin) is Tensor
        assert (twin.dtype, twin.requires_grad, twin.is_leaf) == (dtype, requires_grad, True)
        np.testing.assert_array_equal(twin.data, t.data)
        assert not np.shares_memory(twin.data, t.data)
    assert copy.copy(t).data is t.data


def test_parameters_are_copied_and_pickled():
    p = Parameter(np.ones((2, 3), np.float32), "kernel", regularizers.L1L2(0.1, 0.2))
    p.trainable = False
    for twin in duplicates(p):
        assert type(twin) is Parameter
        assert (twin.name, twin.trainable, twin.dtype) == ("kernel", False, "float32")
        assert (twin.regularizer.l1, twin.regularizer.l2) == (p.regularizer.l1, p.regularizer.l2)
        assert twin.data.ctypes.data % 64 == 0
        twin.trainable = True
        (twin * 2).sum().backward()
        assert twin.grad.data is twin.buffer
    q = Parameter([1.0])
    twins = copy.deepcopy([q, q, {"same": q}])
    assert twins[0] is twins[1] is twins[2]["same"]
    assert twins[0] is not q


def test_results_of_ops_are_not_copied(fails):
    t = leaf(1.0) * 2
    for call in (lambda: copy.deepcopy(t), lambda: pickle.dumps(t), lambda: copy.copy(t)):
        fails(
            call, RuntimeError, r"a leaf to copy or pickle, received a result of Multiply.*detach"
        )
    assert copy.deepcopy(t.detach()).tolist() == [2]


# ---- the core in C -------------------------------------------------------------------------------


def test_tensors_without_data_are_errors_not_crashes(fails):
    empty = Tensor.__new__(Tensor)
    for call in (
        lambda: empty + 1,
        lambda: 1 + empty,
        lambda: empty.exp(),
        lambda: empty.shape,
        lambda: empty.size,
        lambda: corereg.grad(empty, empty),
        lambda: corereg.autograd.apply(ops.arithmetic.Negative(), empty),
    ):
        with pytest.raises((TypeError, RuntimeError, AttributeError)):
            call()
    for value in (None, [1.0], 1.0):
        with pytest.raises(TypeError):
            leaf(1.0).data = value
    fails(
        lambda: corereg.autograd.apply(ops.arithmetic.Negative(), np.ones(2)), TypeError, "Tensor"
    )
    fails(
        lambda: corereg.autograd.apply(None, leaf(1.0)), TypeError, "expected an instance of an op"
    )
