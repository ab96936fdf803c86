"""Tensor's methods in PyTorch's words: values, gradients, dtypes as PyTorch has them, replays to
the bit, and what is said where a word is refused. Goldens: goldens/make_torch_words.py."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from goldens.torch_word_cases import (
    INDEX,
    MASK,
    NANS,
    REFUSED,
    TIES,
    WORDS,
    A,
    B,
    C,
    outputs,
    weights,
)

import corereg
from corereg import Tensor, autograd
from corereg.autograd import elsewhere, ops


def load():
    """Each array of the file by its name."""
    with np.load(Path(__file__).parent / "goldens" / "torch_words.npz") as file:
        columns = [file[n].tolist() for n in ("names", "shapes", "dtypes")]
        values, arrays, start = file["values"], {}, 0
    for name, words, kind in zip(*columns, strict=True):
        shape = tuple(int(n) for n in words.split(",") if n)
        end = start + math.prod(shape)
        arrays[name] = values[start:end].reshape(shape).astype(kind)
        start = end
    return arrays


GOLDENS = load()


def graded(function):
    """A function of tensors: its results, and the gradients of their weighted sum."""

    def step(*tensors):
        for t in tensors:
            t.requires_grad_(t.is_floating_point())
        made = outputs(function(*tensors))
        used = [(i, out) for i, out in enumerate(made) if out.requires_grad]
        for n, (i, out) in enumerate(used):
            out.backward(weights(i, out.shape), retain_graph=n + 1 < len(used))
        return [*made, *[t.grad for t in tensors if t.grad is not None]]

    return step


@pytest.mark.parametrize("name", WORDS)
def test_as_pytorch(name):
    function, *arrays = WORDS[name]
    tensors = [Tensor(a.copy()) for a in arrays]
    with np.errstate(all="ignore"):
        made = graded(function)(*tensors)
    expected = {k: a for k, a in GOLDENS.items() if k.startswith(f"{name}: ")}
    got = [t.data for t in made]
    assert len(got) == len(expected)
    for ours, (what, theirs) in zip(got, expected.items(), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), what
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=what)


@pytest.mark.parametrize("name", sorted(WORDS.keys() - REFUSED))
def test_recorded_is_eager_to_the_bit(name, rng):
    function, *arrays = WORDS[name]
    step = graded(function)
    recorded = corereg.record(step)
    for _ in range(3):
        given = [rng.permutation(a.ravel()).reshape(a.shape) for a in arrays]
        with np.errstate(all="ignore"):
            wanted = [t.data.copy() for t in step(*[Tensor(a.copy()) for a in given])]
            got = [t.data for t in recorded(*given)]
        assert [a.tobytes() for a in got] == [a.tobytes() for a in wanted]
    assert recorded.python_calls == 2


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_in_recordings(name, fails):
    function, *arrays = WORDS[name]
    fails(lambda: corereg.record(function)(*arrays), RuntimeError, "cannot be recorded")


# ---- two words for one thing --------------------------------------------------------------------

BOTH = {
    **{
        name: lambda t, name=name: getattr(t, name)(axis=0, dim=1)
        for name in (
            *("sum", "mean", "prod", "var", "std", "max", "min", "amax", "amin", "argmax"),
            *("argmin", "any", "all", "count_nonzero", "logsumexp", "norm", "cumsum", "cumprod"),
            *("squeeze", "sort", "argsort", "median"),
        )
    },
    "keepdims": lambda t: t.sum(0, keepdims=True, keepdim=True),
    "ord": lambda t: t.norm(2, p=2),
    "unbiased": lambda t: t.var(correction=1, unbiased=True),
    "dims": lambda t: t.flip(0, dims=1),
    "roll": lambda t: t.roll(1, 0, axis=1),
    "min": lambda t: t.clip(0, min=1),
    "dim1": lambda t: t.diagonal(0, 0, dim1=0),
}


@pytest.mark.parametrize("name", BOTH)
def test_both_words_at_once(name, fails):
    fails(lambda: BOTH[name](Tensor(A)), TypeError, "which say the same; received both")


def test_numpys_words_mean_what_numpy_means():
    t = Tensor(TIES)
    for name in ("max", "min", "var", "std", "sum", "mean", "prod", "argmax", "any", "all"):
        for args in ((), (1,), (0, True)):
            options = {"keepdims": True} if len(args) > 1 else {}
            expected = getattr(TIES, name)(*args[:1], **options)
            np.testing.assert_allclose(getattr(t, name)(*args).data, expected, rtol=1e-15)
            if args:
                got = getattr(t, name)(axis=args[0], **options)
                np.testing.assert_allclose(got.data, expected, rtol=1e-15)
    np.testing.assert_array_equal(t.repeat(2, 1).data, TIES.repeat(2, 1))
    np.testing.assert_array_equal(Tensor(C).transpose(2, 0, 1).data, C.transpose(2, 0, 1))
    np.testing.assert_array_equal(t.transpose((0, 1)).data, TIES)
    np.testing.assert_array_equal(t.transpose(1, 0).data, TIES.T)
    np.testing.assert_array_equal(t.argsort().data, TIES.argsort(kind="stable"))
    assert t.size == 8
    assert (t.size(), t.size(0), t.size(-1)) == ((2, 4), 2, 4)
    assert isinstance(t.size, int)


def test_ties_share_in_max_and_not_in_max_of_a_dim():
    t = Tensor(TIES, requires_grad=True)
    t.max(1).sum().backward()
    np.testing.assert_array_equal(t.grad.data[0], [0, 0.5, 0.5, 0])
    t.zero_grad()
    t.max(dim=1).values.sum().backward()
    np.testing.assert_array_equal(t.grad.data[0], [0, 1, 0, 0])


# ---- extents, casts, copies ---------------------------------------------------------------------


def test_extents():
    t = Tensor(C)
    assert (t.numel(), t.nelement(), t.dim(), t.ndimension()) == (24, 24, 3, 3)
    assert (t.element_size(), t.itemsize, t.nbytes, t.device, t.is_cuda) == (
        8,
        8,
        192,
        "cpu",
        False,
    )
    assert (t.stride(), t.stride(1), t.is_contiguous()) == ((12, 4, 1), 4, True)
    assert not t.mT.is_contiguous()
    assert t.is_floating_point()
    assert not t.long().is_floating_point()
    assert t.grad_fn is None
    assert type(t.requires_grad_().exp().grad_fn).__name__ == "Exp"


def test_casts_and_copies():
    t = Tensor(A, requires_grad=True)
    for same in (t.to("float64"), t.double(), t.cpu(), t.to("cpu"), t.to(t), t.contiguous()):
        assert same is t
    for made in (t.to("cpu", "float32"), t.float(), t.type("float32"), t.to(dtype=np.float32)):
        assert made.dtype == np.float32
        assert made.requires_grad
    assert t.type() == "float64"
    copy = t.to(device="cpu", copy=True)
    assert copy is not t
    assert not np.shares_memory(copy.data, t.data)
    assert t.T.contiguous().is_contiguous()
    t.clone().sum().backward()
    assert (t.grad.data == 1).all()
    assert t.equal(t.clone())
    assert not t.equal(t.T)
    assert t.allclose(t + 1e-9)
    assert not Tensor(NANS).allclose(NANS)
    assert Tensor(NANS).allclose(NANS, equal_nan=True)


def test_the_least_and_the_most_parts_of_an_axis():
    t = Tensor([1, 2, 3])
    assert [part.tolist() for part in t.split(1)] == [[1], [2], [3]]
    assert [part.tolist() for part in t.split(3)] == [part.tolist() for part in t.chunk(1)]
    assert [part.tolist() for part in t[:0].split(0)] == [[]]
    assert t.narrow(0, 0, 3).tolist() == t.narrow(0, -3, 3).tolist() == [1, 2, 3]
    assert t.narrow(0, 3, 0).tolist() == []
    assert Tensor(C).flatten(1, 1).shape == C.shape
    assert corereg.linspace(0, 1, 0).shape == (0,)


ERRORS = {
    "cuda": (lambda t: t.to("cuda"), ValueError, "expected device='cpu', received 'cuda'"),
    "view of a dtype": (lambda t: t.view(np.float32), TypeError, r"t.to\(dtype\) converts"),
    "repeat": (lambda t: t.repeat(2, 3, 4), TypeError, "PyTorch's repeat is t.tile"),
    "expand": (lambda t: t.expand(-1, 2, 3), ValueError, "those of new axes not -1"),
    "expand fewer": (lambda t: t.expand(3), ValueError, "expected 2 lengths or more"),
    "t": (lambda t: t.unsqueeze(0).t(), ValueError, "expected up to two axes"),
    "split": (lambda t: t.split(0), ValueError, "a length of 1 or more, received 0"),
    "chunk": (lambda t: t.chunk(0), ValueError, "one part or more, received 0"),
    "endless split": (lambda t: t.tensor_split(2**62), ValueError, "at most 1,048,576 parts"),
    "endless chunk": (lambda t: t[:0].chunk(2**62), ValueError, "at most 1,048,576 parts"),
    "narrow": (lambda t: t.narrow(0, 1, 2), ValueError, "within 2, received 1 and 2"),
    "narrow before": (lambda t: t.narrow(0, -3, 1), ValueError, "within 2, received -3 and 1"),
    "movedim": (lambda t: t.movedim((0, 0), (0, 1)), ValueError, "each axis once"),
    "flatten": (lambda t: t.flatten(1, 0), ValueError, "start_dim before end_dim"),
    "unflatten": (lambda t: t.unflatten(1, (2, -1)), ValueError, "lengths of product 3"),
    "transpose": (lambda t: t.transpose(dim0=1), TypeError, "expected dim0 and dim1"),
    "topk": (lambda t: t.topk(4), ValueError, "expected 0 <= k <= 3, received 4"),
    "kthvalue": (lambda t: t.kthvalue(0), ValueError, "expected 1 <= k <= 3, received 0"),
    "median": (lambda t: t[:0].median(), ValueError, "median: expected elements"),
    "max of dims": (lambda t: t.max(dim=(0, 1)), TypeError, "expected one dim"),
    "norm": (lambda t: t.norm("nuc"), ValueError, "a number as p, or 'fro'"),
    "clamp": (lambda t: t.clamp(), ValueError, "received neither"),
    "rounding": (lambda t: t.div(2, rounding_mode="up"), ValueError, "received 'up'"),
    "gather": (lambda t: t.gather(0, [0, 1]), ValueError, "expected index of 2 axes"),
    "gather floats": (lambda t: t.gather(0, t), TypeError, "expected integers as indices"),
    "index_select": (lambda t: t.index_select(0, INDEX), ValueError, "expected a vector as index"),
    "mm": (lambda t: t.mm(t[0]), ValueError, r"matmul \(@\) takes all"),
    "dot": (lambda t: t.unsqueeze(0).dot(t), ValueError, "Tensor.dot: expected tensors of 2"),
    "clamp_": (lambda t: t.clamp_(0, 1), RuntimeError, "Tensor.clamp_: a change in place has no"),
    "int in place": (lambda t: t.detach().long().exp_(), TypeError, "exp: expected a float32"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name, fails):
    call, *rest = ERRORS[name]
    fails(lambda: call(Tensor(A, requires_grad=True)), *rest)


# ---- words that are elsewhere -------------------------------------------------------------------


def test_words_that_are_elsewhere():
    t = Tensor(A)
    for name, use in elsewhere.TENSOR.items():
        with pytest.raises(AttributeError) as caught:
            getattr(t, name)
        assert str(caught.value) == f"'Tensor' object has no attribute {name!r}; {use}"
    for name, use in elsewhere.TOP.items():
        with pytest.raises(AttributeError) as caught:
            getattr(corereg, name)
        assert str(caught.value) == f"module 'corereg' has no attribute {name!r}; use {use}"
    for name, use in elsewhere.AUTOGRAD.items():
        with pytest.raises(AttributeError) as caught:
            getattr(autograd, name)
        assert str(caught.value).endswith(f"{name!r}; use {use}")
    with pytest.raises(AttributeError, match=r"no attribute 'exp'; use t.exp\(...\)$"):
        corereg.exp  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'silu'; use corereg.autograd.ops.silu"):
        t.silu  # noqa: B018
    for thing in (t, corereg, autograd):
        with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
            thing.nothing  # noqa: B018
        assert not hasattr(thing, "__nothing__")


# ---- functions at the top -----------------------------------------------------------------------


def test_shapes_are_given_one_by_one_or_together():
    for make in (corereg.zeros, corereg.ones, corereg.empty, corereg.rand, corereg.randn):
        for args, options in [((2, 3), {}), (((2, 3),), {}), ((), {"size": (2, 3)})]:
            assert make(*args, **options).shape == (2, 3)
        assert make(2, 3, dtype="float64", device="cpu").dtype == np.float64
        assert make((2, 3), "float64", True).requires_grad
        assert make(2, 3, "float64").dtype == np.float64
        assert make().shape == ()
        with pytest.raises(ValueError, match="expected device='cpu', received 'cuda:0'"):
            make(2, device="cuda:0")
        with pytest.raises(TypeError, match="expected a shape, a dtype and requires_grad"):
            make(2, "float64", dtype="float32")
    assert corereg.full(size=(2,), fill_value=3).data.tolist() == [3, 3]
    with pytest.raises(TypeError, match="full: expected value or fill_value, received neither"):
        corereg.full((2,))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *((name, ([1.0],)) for name in ("tensor", "as_tensor", "zeros_like", "ones_like")),
        *((name, ([1.0],)) for name in ("rand_like", "randn_like")),
        *((name, (2,)) for name in ("zeros", "ones", "empty", "rand", "randn", "randperm")),
        ("full", ((2,), 1.0)),
        ("randint", (3, (2,))),
    ],
)
def test_devices(name, args):
    """What makes a tensor takes the CPU by any of its names, and refuses other devices by name."""
    function = getattr(corereg, name)
    for device in (None, "cpu", "cpu:0"):
        assert function(*args, device=device).size == np.size(function(*args).data)
    message = f"^{name}: expected device='cpu', received 'cuda'; corereg computes on the CPU alone"
    with pytest.raises(ValueError, match=message):
        function(*args, device="cuda")


def test_made_from_values():
    array = np.array([1.0, 2.0])
    assert not np.shares_memory(corereg.tensor(array).data, array)
    for make in (corereg.as_tensor, corereg.from_numpy):
        assert np.shares_memory(make(array).data, array)
    made = corereg.tensor([1, 2], dtype="float64", requires_grad=True)
    assert (made.dtype, made.requires_grad, made.is_leaf) == (np.float64, True, True)
    assert corereg.tensor(made * 2).is_leaf
    assert corereg.as_tensor(made) is made
    assert corereg.as_tensor(made, dtype="float32").requires_grad
    assert corereg.is_tensor(made)
    assert not corereg.is_tensor(array)
    with pytest.raises(TypeError, match="from_numpy: expected an array, received list"):
        corereg.from_numpy([1.0])
    for make in (corereg.rand_like, corereg.randn_like, corereg.empty_like):
        assert (make(made).shape, make(made).dtype) == ((2,), np.float64)
    assert corereg.full_like(made, 7).data.tolist() == [7, 7]


def test_ranges_and_random_integers():
    assert corereg.linspace(0, 1, 5).data.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert corereg.linspace(0, 1, 1).data.tolist() == [0]
    assert corereg.arange(1, end=3).data.tolist() == [1, 2]
    corereg.manual_seed(3)
    drawn = corereg.randint(2, 5, (200,))
    assert (set(drawn.tolist()), drawn.dtype) == ({2, 3, 4}, np.int64)
    assert set(corereg.randint(3, (100,)).tolist()) == {0, 1, 2}
    assert sorted(corereg.randperm(9).tolist()) == [*range(9)]
    orders = []
    for _ in range(2):
        corereg.manual_seed(3)
        orders.append(corereg.randperm(50).tolist())
    assert orders[0] == orders[1]
    for make in (
        lambda: corereg.normal(5.0, 0.1, (400,)),
        lambda: corereg.normal(5.0, 0.1, size=(400,)),
        lambda: corereg.normal(mean=5.0, std=0.1, size=(400,)),
        lambda: corereg.normal((400,), 5.0, 0.1),
        lambda: corereg.zeros(400).normal_(5.0, 0.1),
        lambda: corereg.zeros(400).uniform_(4.8, 5.2),
    ):
        t = make()
        assert t.shape == (400,)
        assert abs(t.data.mean() - 5) < 0.03
        assert 0.08 < t.data.std() < 0.13
    for call, error, text in [
        (lambda: corereg.randint(3, 3, (2,)), ValueError, "expected low < high"),
        (lambda: corereg.randint(3), TypeError, "expected a size"),
        (lambda: corereg.normal(), TypeError, "expected a shape"),
        (lambda: corereg.linspace(0, 1, -1), ValueError, "expected steps >= 0"),
    ]:
        with pytest.raises(error, match=text):
            call()


def test_several_tensors():
    a, b = Tensor(A, requires_grad=True), Tensor(B)
    np.testing.assert_array_equal(corereg.cat([a, b], dim=1).data, np.concatenate([A, B], 1))
    np.testing.assert_array_equal(corereg.cat((a, b)).data, np.concatenate([A, B]))
    np.testing.assert_array_equal(corereg.stack([a, b], dim=-1).data, np.stack([A, B], -1))
    np.testing.assert_array_equal(corereg.where(a > b, a, b).data, np.maximum(A, B))
    np.testing.assert_array_equal(corereg.matmul(a, b.T).data, A @ B.T)
    assert corereg.allclose(a, A)
    assert corereg.cat([a, b]).requires_grad


def test_the_switch_of_gradients():
    with corereg.set_grad_enabled(False):
        assert not corereg.is_grad_enabled()
        with corereg.set_grad_enabled(True):
            assert corereg.is_grad_enabled()
    assert corereg.is_grad_enabled()
    with pytest.warns(RuntimeWarning, match="nothing was switched"):
        corereg.set_grad_enabled(False)


# ---- corners of the ops behind the words --------------------------------------------------------


def test_integers_and_shapes_without_elements():
    whole = Tensor([7, -7, 5])
    assert (whole // 2).data.tolist() == [3, -4, 2]
    assert (whole % 3).data.tolist() == [1, 2, 2]
    assert (9 // whole).data.tolist() == [1, -2, 1]
    for name in ("floor", "ceil", "trunc", "round"):
        assert getattr(ops, name)(whole).data.tolist() == [7, -7, 5]
    assert ops.round(whole, -1).data.tolist() == [7, -7, 5]
    for shape in [(0,), (2, 0), (0, 3)]:
        t = Tensor(np.zeros(shape), requires_grad=True)
        for made in (ops.sort(t), ops.cumprod(t, 0), ops.roll(t, 1), t.sort().values):
            assert made.shape == shape
            made.sum().backward()
        assert ops.argsort(t).shape == shape
    assert ops.sort(Tensor(3.0)).item() == 3
    assert Tensor(3.0).sort().indices.item() == 0
    assert ops.diagonal(Tensor(A), 5).shape == (0,)
    assert corereg.ops.diff(A, 2**62).shape == (2, 0)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std", "max", "min", "logsumexp"])
def test_a_number_is_reduced_along_axis_0(name, axis):
    t = Tensor(np.array(3.0), requires_grad=True)
    found = getattr(ops, name)(t, axis=axis)
    assert found.item() == (0 if name in ("var", "std") else 3)
    found.backward()
    assert t.grad.data == (0 if name in ("var", "std") else 1)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rounding_to_any_number_of_places(dtype):
    x = np.array([1.25, -3.5, 1e38, np.nan, np.inf, -np.inf], dtype)
    for decimals in (20, 38, 400, 2**62):
        np.testing.assert_array_equal(ops.round(x, decimals).data, x)
    for decimals in (-400, -(2**62)):
        found = ops.round(x, decimals).data
        np.testing.assert_array_equal(found, [0, 0, 0, np.nan, np.inf, -np.inf])
        assert np.signbit(found[1])
        assert found.dtype == dtype
    assert ops.round(np.array([1.26, 126], dtype), 1).data.tolist() == [dtype_of(1.3, dtype), 126]


def dtype_of(number, dtype):
    return np.array(number, dtype).item()


BAD_OPS = {
    "logical_xor": (lambda: ops.logical_xor(A, 10**400), TypeError, "expected numbers or bools"),
    "top_k": (lambda: ops.top_k(A, 4), ValueError, r"0 <= k <= the last length of \(2, 3\)"),
    "sort": (lambda: ops.sort(A, 2), ValueError, "sort: expected an axis of a tensor of 2"),
    "roll": (lambda: ops.roll(A, (1, 2), 0), ValueError, "roll: expected an axis for each shift"),
    "triu": (lambda: ops.triu(A[0]), ValueError, "triu: expected matrices"),
    "diagonal": (lambda: ops.diagonal(A, 0, 1, 1), ValueError, "expected each axis once"),
    "median": (lambda: ops.median(A[:0], 0), ValueError, "median: expected elements"),
}


@pytest.mark.parametrize("name", BAD_OPS)
def test_bad_arguments_of_ops(name, fails):
    fails(*BAD_OPS[name])


def test_masks_broadcast():
    t = Tensor(A, requires_grad=True)
    picked = t.masked_select(MASK[:1])
    assert picked.data.tolist() == A[:, MASK[0]].ravel().tolist()
    picked.sum().backward()
    np.testing.assert_array_equal(t.grad.data, np.broadcast_to(MASK[:1], A.shape))
    rows, columns = Tensor(MASK).nonzero(as_tuple=True)
    assert (rows.tolist(), columns.tolist()) == tuple(n.tolist() for n in MASK.nonzero())
