"""New tensors: their shapes, dtypes and values, and random ones from the global seed."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Tensor, config

MADE = {
    "zeros": (lambda **o: corereg.zeros((2, 3), **o), np.zeros((2, 3))),
    "ones": (lambda **o: corereg.ones(2, **o), np.ones(2)),
    "full": (lambda **o: corereg.full((2, 2), 7, **o), np.full((2, 2), 7.0)),
    "eye": (lambda **o: corereg.eye(3, **o), np.eye(3)),
    "eye of two": (lambda **o: corereg.eye(2, 3, **o), np.eye(2, 3)),
    "arange": (lambda **o: corereg.arange(1, 2, 0.25, **o), [1, 1.25, 1.5, 1.75]),
    "no zeros": (lambda **o: corereg.zeros((0, 2), **o), np.zeros((0, 2))),
    "a number": (lambda **o: corereg.ones((), **o), 1.0),
}
RANDOM = {
    "rand": (lambda *shape, **o: corereg.rand(*shape, **o), 0.5, 12**-0.5),
    "randn": (lambda *shape, **o: corereg.randn(*shape, **o), 0, 1),
    "uniform": (lambda *shape, **o: corereg.uniform(shape, -1, 3, **o), 1, 4 * 12**-0.5),
    "normal": (lambda *shape, **o: corereg.normal(shape, 5, 0.1, **o), 5, 0.1),
}


@pytest.mark.parametrize("name", MADE)
def test_constants(name, dtype):
    make, expected = MADE[name]
    plain, typed, leaf = make(), make(dtype=dtype), make(requires_grad=True)
    for t in (plain, typed, leaf):
        assert type(t) is Tensor
        np.testing.assert_array_equal(t.data, expected)
    assert plain.dtype == leaf.dtype == np.float32
    assert typed.dtype == dtype
    assert (plain.requires_grad, leaf.requires_grad) == (False, True)


def test_whole_numbers():
    for t in (corereg.arange(3), corereg.arange(0, 3), corereg.arange(np.int32(3))):
        assert t.dtype == np.int64
        assert t.data.tolist() == [0, 1, 2]
    assert corereg.arange(3.0).dtype == np.float32
    assert corereg.arange(5, 1, -2, "float64").data.tolist() == [5.0, 3.0]
    assert corereg.ones(2, "int64").dtype == np.int64
    assert corereg.zeros(2, bool).data.tolist() == [False, False]


def test_floatx_is_the_default_dtype():
    config.set_floatx("float64")
    try:
        for name in ("zeros", "ones", "eye", "rand", "randn", "uniform", "normal"):
            assert getattr(corereg, name)(2).dtype == np.float64
    finally:
        config.set_floatx("float32")


def test_likenesses():
    like = Tensor(np.full((2, 3), 5.0), requires_grad=True)
    for make, value in [(corereg.zeros_like, 0), (corereg.ones_like, 1)]:
        t = make(like)
        assert (t.shape, t.dtype, t.requires_grad) == ((2, 3), np.float64, False)
        assert (t.data == value).all()
        assert make(like, "int64").dtype == np.int64
        assert make([1, 2], requires_grad=False).dtype == np.int64
        assert make(like, requires_grad=True).requires_grad


@pytest.mark.parametrize("name", RANDOM)
def test_random_numbers(name, dtype):
    make, mean, deviation = RANDOM[name]
    corereg.set_random_seed(3)
    t = make(200, 300, dtype=dtype, requires_grad=True)
    assert (t.shape, t.dtype, t.requires_grad) == ((200, 300), dtype, True)
    assert abs(t.data.mean() - mean) < 0.02 * deviation
    assert abs(t.data.std() - deviation) < 0.02 * deviation
    other = make(200, 300, dtype=dtype)
    assert (other.data != t.data).mean() > 0.99
    corereg.set_random_seed(3)
    np.testing.assert_array_equal(make(200, 300, dtype=dtype).data, t.data)
    assert make(0, 2).shape == (0, 2)
    assert make().shape == ()


def test_uniform_numbers_are_within_their_bounds():
    t = corereg.uniform((1000,), 2.0, 3.0)
    assert t.data.min() >= 2
    assert t.data.max() <= 3
    assert corereg.rand(1000).data.max() < 1
    assert (corereg.uniform((5,), 2.0, 2.0).data == 2).all()


def test_shapes_of_rand():
    for make in (corereg.rand, corereg.randn):
        assert make(2, 3).shape == make((2, 3)).shape == make([2, 3]).shape == (2, 3)
        assert make(4).shape == (4,)


ERRORS = {
    "integers with gradients": (
        lambda: corereg.zeros(2, "int64", requires_grad=True),
        TypeError,
        "requires_grad=True, received int64",
    ),
    "half": (lambda: corereg.zeros(2, "float16"), TypeError, "received float16"),
    "random integers": (
        lambda: corereg.rand(2, dtype="int64"),
        TypeError,
        "uniform: expected dtype float32 or float64, received int64",
    ),
    "ends": (
        lambda: corereg.uniform(2, 3, 2),
        ValueError,
        "uniform: expected minval <= maxval, received 3 and 2",
    ),
    "deviation": (
        lambda: corereg.normal(2, 0, -1),
        ValueError,
        "normal: expected stddev >= 0, received -1",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name, fails):
    fails(*ERRORS[name])
