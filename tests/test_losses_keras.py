"""Losses as Keras takes them: names, functions, dtypes, weights and what is no loss here; and the
losses beyond Keras's."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corereg import Tensor, layers, losses
from corereg.autograd import check_grads, ops
from corereg.autograd.ops.losses import KINDS
from corereg.models import Sequential

NAMES = {
    **dict.fromkeys(("mse", "MSE", "mean_squared_error"), "MeanSquaredError"),
    **dict.fromkeys(("mae", "MAE", "mean_absolute_error"), "MeanAbsoluteError"),
    **dict.fromkeys(("mape", "MAPE"), "MeanAbsolutePercentageError"),
    **dict.fromkeys(("msle", "MSLE"), "MeanSquaredLogarithmicError"),
    **dict.fromkeys(("bce", "BCE", "binary_crossentropy"), "BinaryCrossentropy"),
    **dict.fromkeys(("kld", "KLD", "kl_divergence"), "KLDivergence"),
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "poisson": "Poisson",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "dice": "Dice",
    "cosine_similarity": "CosineSimilarity",
    "tversky": "Tversky",
    "circle": "Circle",
}
FUNCTIONS = [name for name in losses.__all__ if hasattr(getattr(losses, name), "loss_class")]


def test_names_and_functions():
    for name, kind in NAMES.items():
        assert type(losses.get(name)).__name__ == kind
    assert len(FUNCTIONS) == 23
    for name in FUNCTIONS:
        function = getattr(losses, name)
        if name != "categorical_generalized_cross_entropy":
            assert type(losses.get(function)) is function.loss_class
        assert losses.serialize(function) == name
        described = {"module": "builtins", "class_name": "function", "config": name}
        assert type(losses.deserialize(described)) is function.loss_class
    assert losses.get(None) is None
    assert losses.get("huber").name == "huber_loss"
    assert losses.KLDivergence(name="own").name == "own"
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", losses.mean_squared_error)
    assert type(model.loss) is losses.MeanSquaredError


def test_configs_come_back_through_json():
    policy = {"class_name": "DTypePolicy", "config": {"name": "float64"}}
    for kind, arguments in (
        (losses.Huber, {"delta": 2.0, "dtype": "float64"}),
        (losses.Quantile, {"levels": [0.1, 0.9]}),
        (losses.Tversky, {"axis": (1, 2), "alpha": 0.1}),
        (losses.BinaryCrossentropy, {"axis": 1, "label_smoothing": 0.1, "reduction": "none"}),
        (losses.SparseCategoricalCrossentropy, {"ignore_class": -1, "axis": 1}),
    ):
        made = kind(**arguments)
        again = losses.deserialize(json.loads(json.dumps(losses.serialize(made))))
        assert type(again) is kind
        assert (
            again.get_config()
            == made.get_config()
            == kind.from_config(made.get_config()).get_config()
        )
    assert losses.MeanSquaredError(dtype=policy).dtype == "float64"
    assert losses.MeanSquaredError().dtype == "float32"
    assert "dtype" not in losses.MeanSquaredError().get_config()


@pytest.mark.parametrize("kind", [losses.MeanSquaredError, losses.CosineSimilarity, losses.Hinge])
def test_numbers_of_every_dtype(kind):
    y, p = np.array([[1, 0], [1, 1]]), np.array([[3, 1], [2, 0]])
    expected = kind()(y.astype("float32"), p.astype("float32"))
    for given in ("int64", "uint8", "float16", "int32"):
        found = kind()(y.astype(given), p.astype(given))
        assert found.dtype == "float32"
        assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert kind()(y.tolist(), p.tolist()).item() == expected.item()
    assert kind()(y == 1, p.astype("float32")).item() == expected.item()
    assert kind(dtype="float64")(y, p.astype("float32")).dtype == "float64"
    leaf = Tensor(p.astype("float32"), requires_grad=True)
    kind(dtype="float64")(y, leaf).backward()
    assert leaf.grad.dtype == "float32"
    assert kind()(y, p.astype("float64")).dtype == "float64"
    assert kind()([[True]], np.ones((1, 1), bool)).dtype == "float32"


def test_one_axis_is_one_row_as_in_keras():
    for total in ("sum", None, "mean"):
        assert losses.MeanSquaredError(reduction=total)([1, 2], [1, 3]).item() == 0.5
    assert losses.mean_squared_error([1.0, 2.0], [1.0, 3.0]).shape == ()
    assert losses.mean_squared_error([[1.0], [2.0]], [1.0, 3.0]).data.tolist() == [0, 1]
    assert losses.huber([[1.0], [2.0]], [1.0, 3.0]).data.tolist() == [0, 0.5]
    weighted = losses.MeanSquaredError()(np.ones(2), Tensor(np.array([1.0, 3.0])), [1.0, 3.0])
    assert weighted.item() == 6
    row = losses.categorical_crossentropy([0, 1, 0], [0.2, 0.5, 0.3])
    assert row.item() == pytest.approx(np.log(2))
    assert losses.sparse_categorical_crossentropy(1, [0.2, 0.5, 0.3]).item() == pytest.approx(
        np.log(2)
    )


def test_weights_that_broadcast():
    y, p = np.zeros((2, 3, 1)), np.arange(6.0).reshape(2, 3, 1)
    values = (p**2)[..., 0]
    for weight in (np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0, 3.0]]), np.full((1, 1), 2.0)):
        for kind in (losses.MeanSquaredError, losses.Huber):
            found = kind(reduction="none", **({"delta": 9} if kind is losses.Huber else {}))(
                y, p, weight
            )
            half = 2 if kind is losses.Huber else 1
            np.testing.assert_allclose(found.data, values * weight / half)
    # more axes than values have
    found = losses.MeanSquaredError(reduction=None)(
        np.zeros((2, 1)), np.ones((2, 1)), np.ones((3, 2))
    )
    assert found.shape == (3, 2)
    dice = losses.Dice()(np.ones((2, 2)), np.full((2, 2), 0.5), [1.0, 3.0])
    assert dice.item() == pytest.approx(2 * (1 - 4 / 6), rel=1e-6)
    nothing = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert nothing(np.zeros((2, 1)), np.ones((2, 1)), [0, 0]).item() == 0


def test_corners_are_keras_s(dtype):
    """0 and 1 as probabilities, equal values, zeros: numbers of Keras 3.15."""
    zero, one = np.zeros((1, 2), dtype), np.ones((1, 2), dtype)
    close = {"rel": 2e-3 if dtype == "float32" else 1e-6, "abs": 1e-7}
    log = np.log(1e-7)
    for function, y, p, expected in (
        (losses.kl_divergence, one, zero, -2 * log),
        (losses.kl_divergence, zero, one, 2e-7 * log),
        (losses.poisson, one, zero, -log),
        (losses.mean_absolute_percentage_error, zero, one, 1e9),
        (losses.mean_squared_logarithmic_error, zero, -one, 0),
        (losses.cosine_similarity, zero, one, 0),
        (losses.cosine_similarity, one, one, -1),
        (losses.log_cosh, one, one, 0),
        (losses.log_cosh, one * 1e4, -one * 1e4, 2e4 - np.log(2)),
        (losses.huber, one, one, 0),
        (losses.binary_focal_crossentropy, one, zero, -log),
        (losses.binary_focal_crossentropy, one, one, 0),
        (losses.dice, zero, zero, 1),
        (losses.tversky, one, one, 0),
    ):
        assert function(y, p).item() == pytest.approx(expected, **close), function


def test_ignored_labels(rng):
    p, y = rng.standard_normal((5, 4)), np.array([0, -1, 3, -1, 2])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    kept = losses.SparseCategoricalCrossentropy(from_logits=True)(y[y >= 0], p[y >= 0])
    assert loss(y, p).item() == pytest.approx(kept.item())
    assert loss(y[:, None], p).item() == pytest.approx(kept.item())
    check_grads(lambda z: loss(y, z), p)
    assert loss(np.full(5, -1), p).item() == 0
    model = Sequential([layers.Input((3,)), layers.Dense(4)])
    model.compile("sgd", loss)
    history = model.fit(rng.standard_normal((5, 3)), y, epochs=3, verbose=0)
    assert history.history["loss"][2] < history.history["loss"][0]
    with pytest.raises(ValueError, match=r"expected labels in \[0, 4\)"):
        model.fit(rng.standard_normal((5, 3)), y - 1, verbose=0)


@pytest.mark.parametrize(
    "loss",
    [
        losses.CategoricalCrossentropy(from_logits=True, axis=1),
        losses.SparseCategoricalCrossentropy(from_logits=True, axis=1),
        losses.SparseCategoricalCrossentropy(from_logits=True, axis=1, ignore_class=2),
        losses.CategoricalFocalCrossentropy(from_logits=True, axis=1),
    ],
)
def test_other_axes_are_replayed(loss, rng):
    """A replay moves the axis of each batch's targets, not that of the recorded one."""
    x, start = rng.standard_normal((12, 3, 2)), rng.standard_normal((2, 4))
    y = labels = rng.integers(0, 3, (12, 4))
    if "sparse" not in loss.name:
        y = np.moveaxis(np.eye(3)[labels], 2, 1)
    inside = layers.Dense(4, use_bias=False, kernel_initializer=start)
    model = Sequential([layers.Input((3, 2)), inside])
    model.compile("sgd", loss)
    model.fit(x, y, batch_size=3, shuffle=False, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    kernel = Tensor(start.astype("float32"), requires_grad=True)
    for i in range(0, 12, 3):
        loss(y[i : i + 3], ops.matmul(x[i : i + 3].astype("float32"), kernel)).backward()
        kernel = Tensor(kernel.data - np.float32(0.01) * kernel.grad.data, requires_grad=True)
    np.testing.assert_allclose(inside.kernel.data, kernel.data, rtol=1e-5, atol=1e-6)


def test_quantiles_are_found(rng):
    x, noise = np.ones((512, 1), "float32"), rng.uniform(0, 1, 512)
    model = Sequential([layers.Input((1,)), layers.Dense(3, use_bias=False)])
    model.compile("adam", losses.Quantile([0.1, 0.5, 0.9]))
    model.optimizer.learning_rate = 0.02
    model.fit(x, noise, epochs=60, batch_size=128, verbose=0)
    expected = np.quantile(noise, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(model.get_weights()[0][0], expected, atol=0.04)
    assert losses.quantile([[1.0]], [[0.0]], 0.25).item() == 0.25
    assert losses.quantile([[0.0], [2.0]], [[1.0], [1.0]], [0.25]).data.tolist() == [0.75, 0.25]


def test_gaussian_likelihood():
    y, mean, variance = np.array([1.0, -2.0]), np.array([0.5, 1.0]), np.array([0.3, 2.0])
    expected = (np.log(2 * np.pi * variance) + (y - mean) ** 2 / variance) / 2
    by_log = losses.gaussian_nll(y, np.stack([mean, np.log(variance)], 1), full=True)
    by_variance = losses.gaussian_nll(y, np.stack([mean, variance], 1), "variance", True)
    np.testing.assert_allclose(by_log.data, expected)
    np.testing.assert_allclose(by_variance.data, expected)
    low = losses.gaussian_nll([0.0], [[0.0, -1.0]], "variance")
    assert low.item() == pytest.approx(np.log(1e-6) / 2)


@pytest.mark.parametrize("kind", KINDS[5:])
def test_second_derivatives(kind, rng):
    z, y = rng.uniform(0.1, 0.9, (2, 4, 3))
    y = np.sign(y - 0.5) if "hinge" in kind else y
    levels = np.array([0.1, 0.4, 0.8]) if kind == "quantile" else None
    option = 0.2 if kind == "huber" else None
    for function in (ops.loss_rows, ops.mean_loss):
        check_grads(lambda t, f=function: f(kind, t, y, None, 0.0, option, levels), z, order=2)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: losses.get("ctc"), ValueError, "loss 'ctc': CTC aligns sequences"),
        (lambda: losses.get("CTC"), ValueError, "loss 'CTC': CTC aligns sequences"),
        (lambda: losses.Huber(0), ValueError, "Huber: expected delta > 0, received 0"),
        (lambda: losses.Quantile([0.5, 1]), ValueError, "Quantile: expected levels as one or more"),
        (lambda: losses.Hinge(dtype="float16"), ValueError, "Hinge: expected dtype 'float32', 'fl"),
        (lambda: losses.Hinge("means"), ValueError, "Hinge: expected reduction .*'means'"),
        (lambda: losses.CosineSimilarity(axis=True), TypeError, "expected axis as an integer"),
        (
            lambda: losses.CategoricalCrossentropy(axis=3)([[1, 0]], [[0.5, 0.5]]),
            ValueError,
            "categorical_crossentropy: expected axis within the 2 of y_pred, received 3",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5),
            TypeError,
            "expected ignore_class as an integer, received 0.5",
        ),
        (lambda: losses.GaussianNLL("std"), ValueError, "GaussianNLL: expected output 'log_vari"),
        (
            lambda: losses.gaussian_nll(np.ones(2), np.ones((2, 3))),
            ValueError,
            r"gaussian_nll: expected outputs of shape \(..., 2k\)",
        ),
        (
            lambda: losses.Quantile([0.1, 0.9]).check_targets(np.ones(3), (None, 3)),
            ValueError,
            "quantile: expected a model with one output for each of the 2 levels",
        ),
        (
            lambda: losses.CategoricalGeneralizedCrossEntropy(1.0),
            ValueError,
            r"expected q in \(0, 1\), received 1.0",
        ),
        (
            lambda: losses.MeanSquaredError()(np.ones((2, 1)), np.ones((2, 1)), np.ones(3)),
            ValueError,
            r"mean_squared_error: expected sample_weight of shape \(2,\), received \(3,\)",
        ),
    ],
)
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)
