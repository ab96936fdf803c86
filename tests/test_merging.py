"""Merging layers: values, shapes, broadcasting, gradients and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import Input, Model, Tensor, layers
from corereg.autograd.gradcheck import check_grads
from corereg.layers import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract

RNG = np.random.default_rng(9)
A, B, C = (RNG.normal(size=(5, 4)).astype("float32") for _ in range(3))

ELEMENTWISE = {
    "Add": lambda *x: sum(x),
    "Subtract": lambda a, b: a - b,
    "Multiply": lambda a, b, c=1: a * b * c,
    "Average": lambda *x: sum(x) / len(x),
    "Maximum": lambda a, b, c=-np.inf: np.maximum(np.maximum(a, b), c),
    "Minimum": lambda a, b, c=np.inf: np.minimum(np.minimum(a, b), c),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    layer = getattr(layers, name)()
    for given in ([A, B],) if name == "Subtract" else ([A, B], [A, B, C]):
        expected = ELEMENTWISE[name](*given)
        np.testing.assert_allclose(layer(given).data, expected, rtol=1e-6)
        np.testing.assert_allclose(getattr(layers, name.lower())(given).data, expected, rtol=1e-6)
        symbolic = [Input((4,)) for _ in given]
        out = getattr(layers, name.lower())(symbolic, name="merged")
        assert out.shape == (None, 4)
        assert out.node.operation.name == "merged"
        np.testing.assert_allclose(Model(symbolic, out)(given).data, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_broadcasts_as_keras(name):
    layer = getattr(layers, name)()
    wide = RNG.normal(size=(5, 3, 4)).astype("float32")
    column = RNG.normal(size=(5, 1)).astype("float32")
    expected = ELEMENTWISE[name](wide, A[:, None, :])
    np.testing.assert_allclose(layer([wide, A]).data, expected, rtol=1e-6)
    assert layer.compute_output_shape([(None, 3, 4), (None, 4)]) == (None, 3, 4)
    np.testing.assert_allclose(layer([A, column]).data, ELEMENTWISE[name](A, column), rtol=1e-6)
    assert layer.compute_output_shape([(None, 4), (None, 1)]) == (None, 4)
    assert layer.compute_output_shape([(None, None), (None, 1)]) == (None, None)
    assert layer.compute_output_shape([(None, 1), (None, 1)]) == (None, 1)


def test_concatenate():
    wide = RNG.normal(size=(5, 2)).astype("float32")
    assert np.array_equal(Concatenate()([A, wide]).data, np.concatenate([A, wide], 1))
    assert np.array_equal(layers.concatenate([A, B], axis=0).data, np.concatenate([A, B]))
    layer = Concatenate(axis=1)
    assert layer.compute_output_shape([(None, 2, 3), (None, 4, 3)]) == (None, 6, 3)
    assert layer.compute_output_shape([(None, 2, None), (7, None, 3)]) == (7, None, 3)
    assert layer.get_config()["axis"] == 1
    a, b = Input((4,)), Input((2,))
    assert layers.concatenate([a, b]).shape == (None, 6)


@pytest.mark.parametrize(
    ("shapes", "axes", "expected"),
    [
        (((5, 4), (5, 4)), 1, "bi,bi->b"),
        (((5, 4), (5, 4)), -1, "bi,bi->b"),
        (((5, 3, 4), (5, 2, 4)), 2, "bij,bkj->bik"),
        (((5, 3, 4), (5, 4, 2)), (2, 1), "bij,bjk->bik"),
        (((5, 4, 3), (5, 4, 2)), 1, "bji,bjk->bik"),
        (((5, 3, 4), (5, 4)), (2, 1), "bij,bj->bi"),
        (((5, 4), (5, 3, 4)), (1, 2), "bj,bij->bi"),
    ],
)
def test_dot(shapes, axes, expected):
    a, b = (RNG.normal(size=s).astype("float32") for s in shapes)
    wanted = np.einsum(expected, a, b)
    wanted = wanted[:, None] if wanted.ndim == 1 else wanted
    found = Dot(axes)([a, b])
    np.testing.assert_allclose(found.data, wanted, rtol=1e-4, atol=1e-5)
    open_shapes = [(None, *s[1:]) for s in shapes]
    assert Dot(axes).compute_output_shape(open_shapes) == (None, *wanted.shape[1:])
    symbolic = [Input(s[1:]) for s in shapes]
    assert layers.dot(symbolic, axes).shape == (None, *wanted.shape[1:])


def test_dot_of_normalized_vectors_is_the_cosine():
    found = layers.dot([A, B], 1, normalize=True).data[:, 0]
    norms = np.linalg.norm(A, axis=1) * np.linalg.norm(B, axis=1)
    np.testing.assert_allclose(found, (A * B).sum(1) / norms, rtol=1e-5)
    assert not np.isnan(layers.dot([A * 0, B], 1, normalize=True).data).any()


@pytest.mark.parametrize(
    "layer",
    [Add(), Subtract(), Multiply(), Average(), Maximum(), Minimum(), Concatenate(), Dot(1, True)],
    ids=lambda layer: type(layer).__name__,
)
def test_gradients(layer):
    layer = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    check_grads(lambda a, b: layer([a, b]), A, B)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Add(name="a")(A), "Add 'a': expected a list of tensors, received one of shape"),
        (lambda: Add()([Tensor(A), B[:, :3]]), "expected inputs of one shape, or with sizes of 1"),
        (lambda: Subtract(name="s")([A, B, C]), "Subtract 's': expected 2 tensors, received 3"),
        (lambda: Dot(1)([Tensor(A)]), "expected 2 tensors, received 1"),
        (lambda: Dot(0), "not 0, which is the batch's"),
        (lambda: Dot((1, 2, 3)), "an integer or a pair"),
        (lambda: Dot("x"), "an integer or a pair"),
        (lambda: Dot(1)([A, B[:, :2]]), r"expected axes \(1, 1\) of one size"),
        (lambda: Dot(3)([A, B]), r"expected tensors that have axes \(3, 3\) behind the batch"),
        (lambda: Concatenate(axis=5)([A, B]), "differ at most in axis 5"),
        (lambda: Concatenate(0)([A, B[:, :2]]), "differ at most in axis 0"),
        (lambda: Concatenate(1)([A, B[:, :, None]]), "differ at most in axis 1"),
        (lambda: Concatenate("last"), "expected an integer for axis"),
        (lambda: Add()([]), ""),
    ],
)
def test_what_they_refuse(call, message):
    with pytest.raises(ValueError, match=message or "expected"):
        call()


def test_a_built_one_still_looks_at_its_inputs(fails):
    layer = Add()
    layer([A, B])
    fails(lambda: layer(Tensor(A)), ValueError, "expected a list of tensors")
