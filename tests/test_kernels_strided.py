"""The kernels for arrays of any layout against their twins: loops of ufuncs, copies, selections,
extremes, look-ups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from corereg import _kernels, reference
from corereg.autograd import lowering, lowering_places

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
LAYOUTS = {
    "contiguous": lambda a: a,
    "reversed": lambda a: a[::-1, ::-1],
    "every second": lambda a: np.repeat(a, 2, 1)[:, ::2],
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "a column": lambda a: a[:, :1],
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
}
SHAPES = [(0, 3), (1, 1), (3, 5), (17, 33), (300, 41)]


def numbers(rng, shape, dtype):
    return np.asarray(rng.uniform(0, 100, shape)).astype(dtype)


@pytest.mark.parametrize(("source", "target"), [*itertools.product(DTYPES, DTYPES)])
def test_casts(source, target, rng):
    for layout in LAYOUTS.values():
        x = layout(numbers(rng, (7, 6), source))
        y = np.zeros(x.shape, target)
        _kernels.strided_copy((y, x), (y, x))
        assert y.tobytes() == reference.strided_copy(x, target).tobytes()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_loops_of_ufuncs(shape, layout, dtype, rng, guarded):
    x = LAYOUTS[layout](rng.standard_normal(shape).astype(dtype))
    y = rng.standard_normal(x.shape).astype(dtype)
    for ufunc in (np.add, np.multiply, np.maximum, np.divide, np.power, np.arctan2):
        with np.errstate(all="ignore"):
            wanted = reference.numpy_loop(ufunc, x, y)
            assert lowering.elementwise(ufunc, [x, y], wanted).tobytes() == wanted.tobytes()
    for ufunc in (np.exp, np.sin, np.sqrt, np.tanh, np.sign, np.isnan, np.logical_not):
        with np.errstate(all="ignore"):
            wanted = reference.numpy_loop(ufunc, x)
            assert lowering.elementwise(ufunc, [x], wanted).tobytes() == wanted.tobytes()


def test_denormals_stay_as_numpy_has_them(dtype):
    tiny = np.full(9, np.finfo(dtype).smallest_subnormal * 6, dtype)
    half = lowering.elementwise(np.multiply, [tiny, 0.5], tiny * dtype_of(dtype)(0.5))
    assert (half == np.finfo(dtype).smallest_subnormal * 3).all()
    assert (half != 0).all()


def dtype_of(name):
    return np.dtype(name).type


REDUCED = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2), ()]


@pytest.mark.parametrize("axis", REDUCED, ids=str)
@pytest.mark.parametrize("keepdims", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
def test_reductions(axis, keepdims, dtype, rng):
    for shape in ((3, 4, 5), (1, 9, 1), (20, 3, 129), (2, 500, 2), (2, 9001, 1)):
        whole = rng.standard_normal(shape).astype(dtype)
        views = [whole, whole.T, whole.transpose(2, 0, 1), np.broadcast_to(whole[:1], shape)]
        for x in [*views, whole[::-1, :, ::-1], whole[:, ::2]] if whole.size < 8192 else views[:2]:
            for ufunc in (np.add, np.multiply, np.maximum, np.minimum, np.logical_or):
                wanted = np.asarray(ufunc.reduce(x, axis, keepdims=keepdims))
                got = lowering.reduction(ufunc, x, wanted, axis, keepdims, None)
                assert got.tobytes() == wanted.tobytes(), (shape, x.strides, ufunc)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_running_sums(axis, dtype, rng):
    whole = rng.standard_normal((7, 40, 5)).astype(dtype)
    for x in (whole, whole[::-1, ::2], whole.transpose(1, 2, 0), whole[:0], whole[:, :1]):
        wanted = np.cumsum(x, axis)
        assert lowering.running(np.add, x, wanted, axis).tobytes() == wanted.tobytes()


PRODUCTS = [
    *(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((1, 1), (1, 1))),
    *(((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 1)), ((32, 30), (30,))),
    *(
        ((64, 65), (65, 66)),
        ((4, 0), (0, 3)),
        ((0, 3), (3, 2)),
        ((3,), (5, 3, 2)),
        ((1, 9), (9, 1)),
    ),
]


@pytest.mark.parametrize(("left", "right"), PRODUCTS, ids=str)
@pytest.mark.parametrize("kind", ["f4", "f8", "i8", "?"])
def test_products(left, right, kind, rng):
    a, b = numbers(rng, left, kind), numbers(rng, right, kind)
    pairs = [(a, b), (a[..., ::-1], b[::-1] if b.ndim == 1 else b[..., ::-1, :])]
    if a.ndim > 1:
        pairs.append((np.asfortranarray(a), b))
    if b.ndim > 1:
        pairs.append((a, np.asfortranarray(b)))
        pairs.append((a, np.repeat(b, 2, -1)[..., ::2]))
    for x, y in pairs:
        wanted = np.asarray(x @ y)
        assert lowering.product(x, y, wanted).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kinds", ["i8 f8", "f4 f8", "f4 i4", "? f4", "f8 u1"])
def test_products_of_two_dtypes(kinds, rng):
    layouts = (np.asarray, np.asfortranarray, lambda x: np.repeat(x, 2, -1)[..., ::2])
    for left, right in (((7, 7), (7, 1)), ((3, 5, 7), (7, 3)), ((5, 7), (7,)), ((7,), (7, 5))):
        for one, other in itertools.product(layouts, layouts):
            a, b = (numbers(rng, s, k) for s, k in zip((left, right), kinds.split(), strict=True))
            a, b = one(a), other(b)
            wanted = np.asarray(a @ b)
            assert lowering.product(a, b, wanted).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kind", DTYPES)
def test_selections(kind, rng):
    condition, a, b = rng.random((5, 7)) > 0.5, numbers(rng, (5, 7), kind), numbers(rng, (7,), kind)
    for c in (condition, condition[:, :1], condition[::-1]):
        wanted = reference.strided_select(c, a, b)
        assert lowering.select(c, a, b, wanted).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("least", [False, True])
def test_places_of_extremes(kind, least, rng):
    whole = numbers(rng, (6, 7, 5), kind)
    if whole.dtype.kind == "f":
        whole[1, 2, 3] = whole[1, 3, 3] = np.nan
    for x in (whole, whole[:, ::-1], whole.T):
        for axis in (0, 1, 2, None):
            function = np.argmin if least else np.argmax
            for keepdims in (False, True):
                wanted = np.asarray(function(x, axis, keepdims=keepdims))
                got = lowering_places.extreme_places(x, wanted, axis, keepdims, least)
                np.testing.assert_array_equal(got, wanted)
        if x is whole:
            wanted = reference.arg_extreme(x, least)
            np.testing.assert_array_equal(
                lowering_places.extreme_places(x, wanted, -1, False, least), wanted
            )


@pytest.mark.parametrize("kind", DTYPES)
def test_places_in_order(kind, rng):
    whole = numbers(rng, (6, 7, 5), kind)
    if whole.dtype.kind == "f":
        whole[1, 2:4, 3] = whole[4, 2, :3] = np.nan
        whole[2, 0, :2] = 0.0, -0.0
    for x in (whole, whole[:, ::-1], whole.T, np.tile(whole % 3, (3, 11, 7))):
        for axis in (0, 1, 2):
            wanted = np.argsort(x, axis, kind="stable")
            np.testing.assert_array_equal(lowering_places.sorted_places(x, wanted, axis), wanted)
    wanted = reference.arg_sort(whole)
    np.testing.assert_array_equal(lowering_places.sorted_places(whole, wanted, -1), wanted)


def test_look_ups(rng):
    x = rng.standard_normal(9)
    at = np.array([3, -1, 0, 3])
    out = np.zeros(4)
    zeros, places = np.zeros(4, np.int64), np.arange(4) * 8
    _kernels.indexed_copy(out, x, places, zeros, None, (at,), (9,), (8,))
    assert out.tobytes() == reference.indexed_copy(x, at).tobytes()


@pytest.mark.parametrize("wrong", [9, -10, 2**62, -(2**63)])
def test_places_out_of_range_raise_and_write_nowhere_else(wrong, guarded):
    x, at = np.arange(9.0), np.array([1, wrong])
    zeros, places = np.zeros(2, np.int64), np.arange(2) * 8
    out = guarded(9, "float64")
    out[...] = 0
    with pytest.raises(IndexError, match="an index is out of range"):
        _kernels.indexed_copy(out, x[:2], zeros, places, None, (at,), (9,), (8,), True)
    np.testing.assert_array_equal(out, [1, 0, 0, 0, 0, 0, 0, 0, 0])


def test_bad_arguments(fails):
    x, y = np.zeros((2, 3)), np.zeros((2, 3))
    k = _kernels
    add = np.add.types.index("dd->d")
    fails(lambda: k.numpy_loop(np.add, 99, (x, x, y), "rrw", (x, x, y)), ValueError, "loop of 3")
    fails(lambda: k.numpy_loop(np.add, add, (x, y), "rw", (x, y)), ValueError, "loop of 3")
    fails(lambda: k.numpy_loop(np.add, -1, (x, x, y), "rrw", (x, x, y)), ValueError, "loop of 3")
    fails(lambda: k.numpy_loop(np.add, add, (x, x, y), "rw", (x, x, y)), ValueError, "loop of 3")
    fails(lambda: k.numpy_loop(np.add, add, (x, x, y), "rrw", (x, y)), ValueError, "loop of 3")
    fails(lambda: k.numpy_loop(np.divmod, 0, (x,) * 4, "rrww", (x,) * 4), ValueError, "one output")
    core = ((1,) * 4, (8,) * 6)
    fails(
        lambda: k.numpy_loop(np.add, add, (x, x, y), "rrw", (x, x, y), False, core),
        ValueError,
        "core",
    )
    deep = np.zeros((1,) * 9)
    fails(lambda: k.strided_copy((deep, deep), (deep, deep)), ValueError, "up to 8")
    fails(lambda: k.strided_copy((x, y[:1]), (x, y)), ValueError, "expected operand 1 of shape")
    fails(lambda: k.strided_copy((x,), (x,)), ValueError, "views")
    fails(lambda: k.strided_copy((x, x), (x,)), ValueError, "views")
    fails(lambda: k.strided_copy((x, x, x), (x, x)), ValueError, "views")
    c = np.zeros((2, 3), bool)
    fails(lambda: k.strided_select((x, c, x, x), (x, c, x)), ValueError, "views")
    fails(lambda: k.strided_select((x, c, x), (x, c, x, x)), ValueError, "views")
    fails(lambda: k.strided_copy((), ()), ValueError, "expected operands, received none")
    fails(lambda: k.strided_copy((x, None), (x, x)), TypeError, "NumPy arrays, received NoneType")
    fails(lambda: k.strided_select((3, x, x, x), (x,) * 4), TypeError, "received int")
    half = np.zeros((2, 3), np.float16)
    fails(lambda: k.strided_copy((x, half), (x, half)), TypeError, "received float16")
    odd = np.zeros(17, np.uint8)[1:].view("f8")
    fails(lambda: k.strided_copy((odd, odd), (odd, odd)), ValueError, "aligned")
    fails(lambda: k.strided_select((x, x, x, x), (x,) * 4), TypeError, "condition of bool")
    fails(lambda: k.strided_select((x, x), (x, x)), ValueError, "views")
    fails(lambda: k.arg_extreme(np.zeros(2), x, True), ValueError, "int64")
    fails(lambda: k.arg_sort(np.zeros((2, 3)), x), ValueError, "int64")
    fails(lambda: k.arg_sort(np.zeros((2, 2), int), x), ValueError, "expected y of shape")
    fails(lambda: k.arg_sort(np.zeros((), int), np.zeros(())), ValueError, "an axis of elements")
    at = np.zeros(1, np.int64)
    fails(lambda: k.indexed_copy(x, y, at * 1.0, at), TypeError, "contiguous int64")
    fails(lambda: k.indexed_copy(x, y, at, at, None, (None,)), TypeError, "places as NumPy arrays")
    fails(lambda: k.indexed_copy(x, y, at, at, None, (at,)), ValueError, "lengths and steps")
    fails(lambda: k.indexed_copy(x, y, at, at, at[:0]), ValueError, "a place for every")
    fails(lambda: k.indexed_copy(x, y, at, at, at + 5, (at,), (3,), (8,)), ValueError, "as long as")
    fails(lambda: k.indexed_copy(x, y.astype("f4"), at, at), TypeError, "other's dtype")
    fails(lambda: k.indexed_copy(x, y, at, at, ufunc=np.exp), ValueError, "a loop of two inputs")
