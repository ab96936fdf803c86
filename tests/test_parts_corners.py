"""Losses, layers, initializers and constraints: arguments and shapes that are seldom given, base
classes by themselves, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import corereg
from corereg import Input, Tensor, activations, constraints, initializers, layers, losses
from corereg.graph.operations import function_of, key_of, public_function
from corereg.layers.lookup import preparing

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
LABELS = np.array([0, 2])

# ---- losses --------------------------------------------------------------------------------------


def test_labels_with_a_last_axis_of_one():
    expected = -np.log([0.7, 0.3])
    for kind in (losses.SparseCategoricalCrossentropy, losses.CategoricalGeneralizedCrossEntropy):
        if kind is losses.SparseCategoricalCrossentropy:
            found = kind(ignore_class=1)(LABELS[:, None], P).item()
            assert found == pytest.approx(expected.mean(), rel=1e-6)
        plain = kind()(LABELS, P).item()
        assert kind()(LABELS[:, None], P).item() == plain


def test_ranks_of_targets_and_predictions():
    """A last axis of 1 that one of the two lacks is none."""
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.5, 2.0], [3.0, 5.0]])
    mean = losses.MeanSquaredError()
    assert mean(y[..., None], p).item() == mean(y, p[..., None]).item() == 1.25 / 4
    assert mean(y[:, 0], p[:, :1]).item() == mean(y[:, :1], p[:, 0]).item() == 0.25 / 2
    assert losses.CosineSimilarity()(y[:, :1], p[:, 0]).item() == pytest.approx(-1)


def test_focal_label_smoothing():
    y, p = np.array([[1.0, 0.0]]), np.array([[0.8, 0.3]])
    found = losses.BinaryFocalCrossentropy(label_smoothing=0.2)(y, p).item()
    smooth = y * 0.8 + 0.1
    inside = smooth * p + (1 - smooth) * (1 - p)
    terms = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)) * (1 - inside) ** 2
    assert found == pytest.approx(terms.mean(), rel=1e-6)
    assert losses.BinaryCrossentropy(label_smoothing=0.25).label_smoothing == 0.25


def test_generalized_crossentropy_of_steps():
    """Predictions (rows, steps, classes) have a loss for each step."""
    loss = losses.CategoricalGeneralizedCrossEntropy(q=0.5, reduction=None)
    steps = np.stack([P, P[::-1], P], 1)  # more steps than rows
    labels = np.stack([LABELS, LABELS[::-1], LABELS], 1)
    own = np.take_along_axis(steps, labels[..., None], -1)[..., 0]
    found = loss(labels, steps).data
    np.testing.assert_allclose(found, (1 - own**0.5) / 0.5, 1e-6)
    two = loss(labels[:, :2], steps[:, :2]).data
    np.testing.assert_array_equal(two, found[:, :2])


@pytest.mark.parametrize("full", [False, True])
def test_gaussian_nll_of_variances(full):
    y, z = np.array([1.0, 3.0]), np.array([[0.5, 2.0], [3.0, 0.0]])
    variance = np.maximum(z[:, 1], 1e-6)
    terms = (np.log(variance) + (y - z[:, 0]) ** 2 / variance) / 2 + full * math.log(2 * np.pi) / 2
    loss = losses.GaussianNLL("variance", full=full)
    assert loss(y, z).item() == pytest.approx(terms.mean())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: losses.GaussianNLL(epsilon=0), ValueError, "GaussianNLL: expected epsilon > 0"),
        (lambda: losses.GaussianNLL("std"), ValueError, "expected output 'log_variance' or"),
        (
            lambda: losses.GaussianNLL()(np.ones((2, 2)), np.ones((2, 2))),
            ValueError,
            r"gaussian_nll: expected a y for each mean of outputs \(2, 2\), received shape \(2, 2",
        ),
        (
            lambda: losses.GaussianNLL()(np.ones(2), np.ones((2, 3))),
            ValueError,
            r"gaussian_nll: expected outputs of shape \(..., 2k\)",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy(ignore_class=0)(LABELS[:1], P),
            ValueError,
            r"expected labels of the shape of predictions \(2, 3\) without axis 1, received \(1,",
        ),
        (
            lambda: losses.MeanSquaredError(dtype="float16"),
            ValueError,
            "expected dtype .* received 'float16'",
        ),
        (lambda: losses.MeanSquaredError(dtype="no"), ValueError, "received 'no'"),
    ],
)
def test_losses_refuse(call, error, message, fails):
    fails(call, error, message)


def test_outputs_of_a_model_that_hold_no_variances():
    model = corereg.Sequential([Input((2,)), layers.Dense(3)])
    model.compile("sgd", losses.GaussianNLL())
    with pytest.raises(ValueError, match=r"expected outputs of shape \(..., 2k\)"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


# ---- layers --------------------------------------------------------------------------------------


def test_softmax_over_axes_in_a_tuple():
    x = np.array([[[1.0, 2.0], [3.0, 0.5]]])
    one = layers.Softmax((1,), dtype="float64")(x)
    np.testing.assert_array_equal(one.data, layers.Softmax(1, dtype="float64")(x).data)
    both = layers.Softmax((1, 2), dtype="float64")(x).data
    np.testing.assert_allclose(both, np.exp(x) / np.exp(x).sum(), 1e-12)


def test_group_normalization_without_weights():
    x = np.random.default_rng(3).normal(2, 3, (4, 5, 6))
    layer = layers.GroupNormalization(3, scale=False, center=False, epsilon=0.0, dtype="float64")
    parts = x.reshape(4, 5, 3, 2)
    mean, spread = parts.mean((1, 3), keepdims=True), parts.std((1, 3), keepdims=True)
    np.testing.assert_allclose(layer(x).data, ((parts - mean) / spread).reshape(x.shape), 1e-9)
    assert layer.weights == []


def test_a_merge_that_is_not_written():
    from corereg.layers.merging.elementwise import ElementwiseMerge

    class Own(ElementwiseMerge):
        pass

    with pytest.raises(NotImplementedError, match="merge is not written"):
        Own()([np.ones((2, 3)), np.ones((2, 3))])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: layers.GroupNormalization(2, axis=(1, 2)),
            TypeError,
            r"expected axis as an integer, received \(1, 2\)",
        ),
        (
            lambda: layers.LayerNormalization(epsilon="small"),
            ValueError,
            "expected epsilon .* received 'small'",
        ),
        (lambda: layers.BatchNormalization(epsilon=None), ValueError, "epsilon"),
        (lambda: layers.Reshape((2, -2)), ValueError, "expected target_shape of sizes"),
        (lambda: layers.Reshape((2, True)), ValueError, "expected target_shape of sizes"),
        (lambda: layers.Reshape((2.0,)), ValueError, "expected target_shape of sizes"),
        (
            lambda: layers.Lambda(abs, mask="x"),
            TypeError,
            "expected mask as bools, .* received 'x'",
        ),
        (
            lambda: layers.Dense(2)({"a": Tensor(P)}),
            ValueError,
            "expected one tensor, received a dict of 1",
        ),
        (lambda: layers.Dense(2)([Tensor(P)] * 2), ValueError, "tensor, received a list of 2"),
    ],
)
def test_layers_refuse(call, error, message, fails):
    fails(call, error, message)


def test_shapes_that_reshape_cannot_know():
    assert layers.Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)
    assert layers.Reshape((3, 2)).compute_output_shape((None, None)) == (None, 3, 2)


class MakesAnother(corereg.Sequential):
    """Makes a model of its own beside it, from a config."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        inner = corereg.Sequential([Input((2,)), layers.Dense(3)])
        self.other = [corereg.Sequential.from_config(inner.get_config())]


def test_only_the_model_that_is_made_is_prepared():
    """Not what its constructor makes from other configs."""
    config = corereg.Sequential([Input((2,)), layers.Dense(4), layers.ReLU()]).get_config()
    seen = []

    def prepare(place, layer):
        seen.append((place, type(layer).__name__))
        return layer

    with preparing(prepare):
        MakesAnother.from_config(config)
        corereg.Sequential.from_config(config)
    assert seen == [("0", "Dense"), ("1", "ReLU")]


# ---- initializers and constraints ----------------------------------------------------------------


def test_initializers_as_kerass_files_have_them():
    config = {"module": "keras.random", "class_name": "SeedGenerator", "config": {"seed": 7}}
    for kind in (initializers.RandomNormal, initializers.GlorotUniform):
        np.testing.assert_array_equal(kind(seed=config)((2, 3)), kind(seed=7)((2, 3)))
        assert kind(seed=config).get_config()["seed"] == 7


def test_an_initializer_of_ones_own():
    from corereg.initializers.random import RandomInitializer

    class Own(RandomInitializer):
        pass

    assert Own(3).get_config() == {"seed": 3}
    with pytest.raises(NotImplementedError):
        Own(3)((2,))


def test_a_constraint_by_itself():
    """The base class leaves weights as they are; all show the arguments that make them."""
    w = Tensor(P)
    assert constraints.Constraint()(w) is w
    assert repr(constraints.Constraint()) == "Constraint()"
    assert repr(constraints.MaxNorm(3, axis=1)) == "MaxNorm(max_value=3, axis=1)"
    for value, error in (
        ("3", TypeError),
        (True, TypeError),
        (-1, ValueError),
        (np.inf, ValueError),
    ):
        with pytest.raises(error, match=r"MaxNorm: expected .*max_value"):
            constraints.MaxNorm(value)


# ---- functions of graphs -------------------------------------------------------------------------


def test_functions_by_their_keys():
    exp = public_function("keras.exp")
    assert exp is corereg.ops.exp
    assert key_of(exp) == "keras.exp"
    assert public_function("activations.relu") is activations.relu
    inner = corereg.autograd.ops.exp
    assert (function_of("ops.exp"), public_function("ops.exp"), key_of(inner)) == (
        inner,
        inner,
        "ops.exp",
    )
    assert key_of(abs) is None
    for key in ("ops.no_such", "keras.no_such", "keras._kernels", "os.getcwd", "exp", ""):
        with pytest.raises(ValueError, match="unknown op"):
            function_of(key)


def test_symbolic_tensors_by_name():
    x = Input((3,))
    model = corereg.Model(x, corereg.ops.add(x1=1.0, x2=x))
    np.testing.assert_array_equal(model(Tensor(P.astype("f4"))).data, P.astype("f4") + 1)
