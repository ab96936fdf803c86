"""Every op: its gradients against central differences, its value against NumPy, its recording.

The cases are in op_tables, corners in test_autograd_corners.py, PyTorch in test_torch_goldens.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from op_tables import GRADIENTS, VALUES
from op_tables.fused import KINDS

import corereg
from corereg import Tensor, _kernels, reference
from corereg.autograd import check_grads, ops, registry
from corereg.autograd.ops.losses import KINDS as KERNEL_KINDS

CASES = [(name, case[0], case[1:]) for name, cases in GRADIENTS.items() for case in cases]
IDS = [f"{name}-{i}" for name, cases in GRADIENTS.items() for i in range(len(cases))]
SOME = [  # of each op the first cases; the others where many more cases are looked at
    pytest.param(
        *case,
        id=one,
        marks=[pytest.mark.exhaustive] if int(one.rpartition("-")[2]) >= 3 else [],
    )
    for case, one in zip(CASES, IDS, strict=True)
]


def test_every_op_and_loss_is_in_the_tables():
    assert {n for n, op in registry.items() if op.__module__.startswith("corereg.")} == {*GRADIENTS}
    assert [kind for kind, _ in KINDS] == [*KERNEL_KINDS[:5]]  # test_losses_keras.py has the others


@pytest.mark.parametrize(("name", "function", "arrays"), CASES, ids=IDS)
def test_gradient(name, function, arrays):
    check_grads(function, *arrays, order=2)
    leaves = [Tensor(a, requires_grad=True) for a in map(np.array, arrays)]
    out = function(*leaves)
    assert name in {type(node).__name__ for node in nodes_behind(out)}
    out.backward(np.ones(out.shape))
    for leaf in leaves:
        assert leaf.grad.shape == leaf.shape
        assert leaf.grad.dtype == np.float64


def nodes_behind(out):
    stack, nodes = [out], []
    while stack:
        node = stack.pop().node
        if node is not None:
            nodes.append(node)
            stack += node.inputs
    return nodes


@pytest.mark.parametrize(("name", "function", "arrays"), SOME)
def test_float32_stays_float32(name, function, arrays, close):
    single = [Tensor(a.astype(np.float32), requires_grad=True) for a in map(np.array, arrays)]
    double = [Tensor(t.data.astype(np.float64), requires_grad=True) for t in single]
    with np.errstate(all="raise"):
        got, expected = function(*single), function(*double)
    assert got.dtype == np.float32
    close(got.data, expected.data, 200, scale=1 + np.abs(expected.data).max(initial=0))
    got.backward(np.ones(got.shape))
    expected.backward(np.ones(got.shape))
    for a, b in zip(single, double, strict=True):
        assert a.grad.dtype == np.float32
        close(a.grad.data, b.grad.data, 200, scale=1 + np.abs(b.grad.data).max(initial=0))


@pytest.mark.parametrize(("name", "function", "arrays"), SOME)
def test_strided_read_only_arrays(name, function, arrays, rng, close):
    plain = [Tensor(a, requires_grad=True) for a in map(np.array, arrays)]
    spread = [Tensor(strided(a), requires_grad=True) for a in map(np.array, arrays)]
    expected, got = function(*plain), function(*spread)
    close(got.data, expected.data)
    grad = np.asarray(rng.standard_normal(expected.shape))
    expected.backward(grad)
    got.backward(strided(grad))
    for a, b in zip(spread, plain, strict=True):  # sums, in another order
        close(a.grad.data, b.grad.data, scale=1 + np.abs(b.grad.data).max(initial=0))


def strided(a):
    """The same numbers, read-only, with NaN between them."""
    whole = np.full([2 * n for n in reversed(a.shape)], np.nan).T
    out = whole[(..., *(slice(None, None, 2) for _ in a.shape))]
    out[...] = a
    out.flags.writeable = False
    return out


LINEAR = [case for case in CASES if registry[case[0]].linear]


@pytest.mark.parametrize(("name", "function", "arrays"), LINEAR)
def test_linear_ops_look_at_no_values_on_the_way_back(name, function, arrays, rng):
    out = function(*[Tensor(np.array(a), requires_grad=True) for a in arrays])
    node = next(node for node in nodes_behind(out) if type(node).__name__ == name)
    given, grad = [t.data for t in node.inputs], rng.standard_normal(node.out.shape)
    blind = [np.full(a.shape, np.nan) for a in (node.out, *given)]
    parts, others = node.backward(grad, node.out, *given), node.backward(grad, *blind)
    for part, other in zip(parts, others, strict=True):
        assert (part is None) == (other is None)
        np.testing.assert_array_equal(part, other)


def test_forward_is_at_most_the_fourth_python_frame_of_a_call():
    depths = {}
    for name, function, arrays in CASES:
        found = depth_of_forward(function, [Tensor(np.array(a)) for a in arrays])
        depths[name] = max(found, depths.get(name, 0))
    assert 1 <= max(depths.values()) <= 4


def depth_of_forward(function, tensors):
    """How many Python frames of corereg lie between a call and the value, at most."""
    folder, before = str(Path(corereg.__file__).parent), sys.getprofile()
    depth = deepest = 0

    def watch(frame, event, _):
        nonlocal depth, deepest
        if event in ("call", "return") and frame.f_code.co_filename.startswith(folder):
            depth += 1 if event == "call" else -1
            if event == "call" and frame.f_code.co_name == "forward":
                deepest = max(deepest, depth)

    sys.setprofile(watch)
    try:
        function(*tensors)
    finally:
        sys.setprofile(before)
    return deepest


# ---- recordings -------------------------------------------------------------------------------


MASKED = {"Getitem-28", "SetAt-28", "AddAt-28"}
"""An index that is a mask as a tensor: how many elements it names depends on its values."""


def graded(function):
    """A function of a gradient and of tensors: the op's result, and the gradients of all."""

    def step(grad, *tensors):
        for t in tensors:
            t.requires_grad_()
        out = function(*tensors)
        out.backward(grad)
        return [out, *[t.grad for t in tensors if t.grad is not None]]

    return step


@pytest.mark.parametrize(("name", "function", "arrays"), SOME)
def test_recorded_is_eager_to_the_bit(name, function, arrays, dtype, rng, request):
    arrays = [np.array(a).astype(dtype) for a in arrays]
    step = graded(function)
    replayed = corereg.record(step)
    shape = function(*map(Tensor, arrays)).shape
    for n in range(4):
        given = [rng.permutation(a.ravel()).reshape(a.shape) * a.dtype.type(0.9**n) for a in arrays]
        given = [np.asarray(a) for a in given]
        grad = np.asarray(rng.standard_normal(shape)).astype(dtype)
        if request.node.callspec.id.split("-", 1)[1].removesuffix("]") in MASKED:
            with pytest.raises(RuntimeError, match=rf"{name} uses x\[.*mask"):
                replayed(grad, *given)
            return
        if registry[name].__module__.endswith(".decompositions"):  # by LAPACK
            with pytest.raises(RuntimeError, match=name):
                replayed(grad, *given)
            return
        with np.errstate(all="ignore"):
            expected = step(Tensor(grad), *[Tensor(a.copy()) for a in given])
            got = replayed(grad, *given)
        assert [a.data.tobytes() for a in got] == [a.data.tobytes() for a in expected]
        assert [a.dtype for a in got] == [a.dtype for a in expected]
    assert replayed.python_calls == 2


def test_random_numbers_of_python_make_a_recording_faulty():
    program = _kernels.Program()
    with program:
        corereg.rand(3)
    assert program.fault == "random numbers are drawn in Python"


# ---- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_value(name, dtype, close):
    function, expected, *arrays = VALUES[name]
    arrays = [a.astype(dtype) for a in arrays]
    before = [a.copy() for a in arrays]
    out = function(*map(Tensor, arrays))
    assert out.dtype == dtype
    close(out.data, expected(*[a.astype(np.float64) for a in arrays]), 50)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("kind", "smoothings"), KINDS)
def test_loss_values(kind, smoothings, rng, close):
    z, weight = rng.standard_normal((6, 3)), rng.uniform(0.5, 2, 6)
    y = rng.integers(0, 3, 6) if kind == "sparse_cross_entropy" else rng.dirichlet(np.ones(3), 6)
    for smoothing in smoothings:
        extra = (smoothing,) if kind in ("softmax_cross_entropy", "sigmoid_cross_entropy") else ()
        rows, _ = getattr(reference, kind)(z, y, weight, *extra)
        close(ops.loss_rows(kind, z, y, weight, smoothing).data, rows, 50)
        close(ops.mean_loss(kind, z, y, weight, smoothing).data, rows.mean(), 50)


def test_dropout_behind_relu_gives_the_gradient_of_the_stored_mask(rng):
    z, grad = rng.standard_normal((20, 30)), rng.standard_normal((20, 30))
    leaf, relued = Tensor(z, requires_grad=True), Tensor(np.maximum(z, 0), requires_grad=True)
    behind = ops.dropout(ops.relu(leaf), 0.4, seed=9, step=2)
    stored = ops.dropout(relued, 0.4, seed=9, step=2)
    assert behind.node.bits is None
    np.testing.assert_array_equal(behind.data, stored.data)
    assert 0.3 < (stored.data[z > 0] == 0).mean() < 0.5
    behind.backward(grad)
    stored.backward(grad)
    np.testing.assert_array_equal(leaf.grad.data, relued.grad.data * (z > 0))


def test_dropout_masks_differ_by_step_and_seed():
    ones = Tensor(np.ones((100, 10)))
    masks = [ops.dropout(ones, 0.5, seed, step).data for seed, step in [(1, 0), (1, 1), (2, 0)]]
    assert all((a != b).any() for a, b in zip(masks, masks[1:] + masks[:1], strict=True))
    again = ops.dropout(ones, 0.5, 1, np.array(1, np.int64)).data
    np.testing.assert_array_equal(again, masks[1])
