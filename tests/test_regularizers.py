"""Penalties against their formulas, their gradients, names and arguments."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import Tensor, regularizers
from corereg.autograd import check_grads
from corereg.regularizers import L1, L1L2, L2, OrthogonalRegularizer

W = np.array([[1.5, -2.0, 0.0], [-0.25, 3.0, 1.0]])
ABS, SQUARES = np.abs(W).sum(), (W**2).sum()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (L1(), 0.01 * ABS),
        (L2(), 0.01 * SQUARES),
        (L1(0.5), 0.5 * ABS),
        (L2(0.5), 0.5 * SQUARES),
        (L1L2(), 0),
        (L1L2(0.5), 0.5 * ABS),
        (L1L2(l1=0.1, l2=0.2), 0.1 * ABS + 0.2 * SQUARES),
        (L1(None), 0.01 * ABS),
        (L1(1), ABS),
        (L2(np.float32(0.5)), 0.5 * SQUARES),
        (regularizers.l1(0.5), 0.5 * ABS),
        (regularizers.l2(0.5), 0.5 * SQUARES),
        (regularizers.l1_l2(l1=0.1, l2=0.2), 0.1 * ABS + 0.2 * SQUARES),
        (regularizers.get("l1"), 0.01 * ABS),
        (regularizers.get("l2"), 0.01 * SQUARES),
        (regularizers.get("l1_l2"), 0.01 * (ABS + SQUARES)),
        (regularizers.get("l1l2"), 0.01 * (ABS + SQUARES)),
        (regularizers.get(L2), 0.01 * SQUARES),
        (regularizers.get({"class_name": "L1", "config": {"l1": 2}}), 2 * ABS),
    ],
)
def test_values(made, expected, dtype):
    found = made(W.astype(dtype))
    assert type(found) is Tensor
    assert found.shape == ()
    assert found.dtype == dtype
    assert found.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("made", "l1", "l2"),
    [
        (L1L2(None, 0.2), 0.0, 0.2),
        (L1L2(0.3, None), 0.3, 0.0),
        (L1L2(None, None), 0.0, 0.0),
        (L1L2(), 0.0, 0.0),
        (L1(None), 0.01, 0.0),
        (L2(None), 0.0, 0.01),
    ],
    ids=repr,
)
def test_strengths_that_are_left_out(made, l1, l2):
    assert (made.l1, made.l2) == (l1, l2)


def test_a_penalty_of_ones_own_has_no_arguments_unless_it_says_so():
    class Cubic(regularizers.Regularizer):
        def __call__(self, x):
            return (x.abs() ** 3).sum()

    assert Cubic().get_config() == {}
    assert repr(Cubic()) == "Cubic()"
    assert repr(L1L2(0.1, 0.2)) == "L1L2(l1=0.1, l2=0.2)"


def test_gradients_with_none_at_zero():
    w = Tensor(W, requires_grad=True)
    L1L2(0.1, 0.2)(w).backward()
    np.testing.assert_allclose(w.grad.data, 0.1 * np.sign(W) + 0.4 * W, rtol=1e-14)
    check_grads(L1L2(0.1, 0.2), W + 0.1)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal(mode, dtype):
    v = W if mode == "rows" else W.T
    v = v / np.linalg.norm(v, axis=1, keepdims=True)
    n = len(v)
    products = [abs(v[i] @ v[j]) for i in range(n) for j in range(i)]
    expected = 0.3 * np.mean(products)
    made = OrthogonalRegularizer(0.3, mode)
    assert made(W.astype(dtype)).item() == pytest.approx(expected, rel=1e-6)
    check_grads(made, W + 0.1)


def test_orthogonal_corners(fails):
    assert OrthogonalRegularizer()(np.eye(3)).item() == 0
    assert OrthogonalRegularizer()(np.ones((1, 3))).item() == 0  # no pairs: Keras gives NaN
    w = Tensor(np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 1.0]], "float32"), requires_grad=True)
    made = OrthogonalRegularizer(0.5)(w)
    assert made.item() == pytest.approx(0.11785113)  # what Keras gives
    made.backward()
    assert np.isfinite(w.grad.data).all()
    fails(
        lambda: OrthogonalRegularizer()(np.ones(3)),
        ValueError,
        r"OrthogonalRegularizer: expected a matrix, received shape \(3,\)",
    )
    fails(
        lambda: OrthogonalRegularizer(mode="diagonal"),
        ValueError,
        "expected mode 'rows' or 'columns', received 'diagonal'",
    )


def test_get_serialize_deserialize():
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None
    for made in (L1(0.1), L2(0.2), L1L2(0.3, 0.4), OrthogonalRegularizer(0.5, "columns")):
        assert regularizers.get(made) is made
        again = regularizers.deserialize(regularizers.serialize(made))
        assert type(again) is type(made)
        assert again.get_config() == made.get_config()
        assert repr(again) == repr(made)
    assert repr(L1L2(0.1, 0.2)) == "L1L2(l1=0.1, l2=0.2)"

    def own(w):
        return (w * w).sum()

    assert regularizers.get(own) is own
    with pytest.raises(TypeError, match=r"cannot save the regularizer .*get_config"):
        regularizers.serialize(own)


@pytest.mark.parametrize(
    "value", [-0.1, -1, float("nan"), float("inf"), -np.float32(1), "0.1", [1], True]
)
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (L1, "L1: expected .*l1.*received"),
        (L2, "L2: expected .*l2.*received"),
        (L1L2, "L1L2: expected .*l1.*received"),
        (lambda value: L1L2(l2=value), "L1L2: expected .*l2.*received"),
        (OrthogonalRegularizer, "OrthogonalRegularizer: expected .*factor.*received"),
    ],
)
def test_bad_strengths(make, message, value, fails):
    fails(lambda: make(value), ValueError, message)


@pytest.mark.parametrize(
    ("identifier", "exception", "message"),
    [
        ("l3", ValueError, "unknown regularizer 'l3'; known are .*l1, l1_l2, l1l2, l2"),
        ({"class_name": "L9"}, ValueError, "unknown regularizer 'L9'; known are"),
        ({}, ValueError, "unknown regularizer None; known are"),
        ({"class_name": "L1", "config": [1]}, ValueError, "expected a config of named values"),
        (3, TypeError, "regularizer: expected a name, a Regularizer or a callable, received 3"),
    ],
)
def test_what_is_no_regularizer(identifier, exception, message, fails):
    fails(lambda: regularizers.get(identifier), exception, message)


def test_the_base_class_is_to_be_subclassed(fails):
    fails(
        lambda: regularizers.Regularizer()(W),
        NotImplementedError,
        "Regularizer: __call__ is not written",
    )


@pytest.mark.parametrize("made", ["l1", "l2", "l1_l2", "orthogonal", "orthogonal_regularizer"])
def test_an_equal_one_from_its_config(made):
    first = regularizers.get(made)
    again = type(first).from_config(first.get_config())
    assert (type(again), again.get_config()) == (type(first), first.get_config())
