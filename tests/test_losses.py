"""Losses against plain float64 formulas, in both of their paths, and the targets they refuse."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corereg import Tensor, layers, losses, optimizers, utils
from corereg.autograd import check_grads
from corereg.models import Sequential

ROWS, WIDTH = 11, 4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def same(z):
    return z


# One loss a row, from targets y and probabilities or values p.


def binary(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=1)


def categorical(y, p):
    return -(y * np.log(p)).sum(axis=1)


def sparse(y, p):
    return -np.log(p[np.arange(len(p)), y.ravel()])


def squared(y, p):
    return ((y - p) ** 2).mean(axis=1)


def absolute(y, p):
    return np.abs(y - p).mean(axis=1)


LOSSES = {
    "binary_crossentropy": (losses.BinaryCrossentropy, sigmoid, binary),
    "categorical_crossentropy": (losses.CategoricalCrossentropy, softmax, categorical),
    "sparse_categorical_crossentropy": (losses.SparseCategoricalCrossentropy, softmax, sparse),
    "mean_squared_error": (losses.MeanSquaredError, same, squared),
    "mean_absolute_error": (losses.MeanAbsoluteError, same, absolute),
}
ENTROPIES = [name for name in LOSSES if "entropy" in name]


def targets(name, rng):
    if name == "binary_crossentropy":
        return rng.random((ROWS, WIDTH)).round(1)
    if name == "categorical_crossentropy":
        return softmax(rng.standard_normal((ROWS, WIDTH)))
    if name == "sparse_categorical_crossentropy":
        return rng.integers(0, WIDTH, ROWS)
    return rng.standard_normal((ROWS, WIDTH))


@pytest.fixture(params=LOSSES)
def name(request):
    return request.param


PATHS = [
    *((name, path) for name in ENTROPIES for path in ("behind", "logits", "probabilities")),
    *((name, "values") for name in ("mean_squared_error", "mean_absolute_error")),
]


@pytest.mark.parametrize(("name", "path"), PATHS, indirect=["name"])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_gradients(name, path, weighted, rng, dtype):
    make, act, formula = LOSSES[name]
    z = rng.standard_normal((ROWS, WIDTH))
    start = act(z) if path == "probabilities" else z  # what the gradient is taken of
    y, weight = targets(name, rng), rng.random(ROWS) * 2 if weighted else None
    leaf = Tensor(start.astype(dtype), requires_grad=True)
    given = leaf
    if path == "behind":
        given = leaf.sigmoid() if act is sigmoid else leaf.softmax()
    found = (make(from_logits=True) if path == "logits" else make())(y, given, weight)
    found.backward()

    def value(point):
        p = act(point)
        if path == "probabilities":  # Keras divides those of classes by their sum
            p = point / point.sum(axis=1, keepdims=True) if act is softmax else point
        return (formula(y, p) * (1 if weight is None else weight)).mean()

    assert found.dtype == dtype
    assert found.item() == pytest.approx(value(start), rel=2e-6 if dtype == "float32" else 1e-12)
    numerical = np.empty((ROWS, WIDTH))
    for index in np.ndindex(ROWS, WIDTH):
        step = np.zeros((ROWS, WIDTH))
        step[index] = 1e-6
        numerical[index] = (value(start + step) - value(start - step)) / 2e-6
    np.testing.assert_allclose(leaf.grad.numpy(), numerical, rtol=1e-4, atol=3e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
def test_reductions(name, reduction, rng, dtype):
    make, act, formula = LOSSES[name]
    z, y, weight = rng.standard_normal((ROWS, WIDTH)), targets(name, rng), rng.random(ROWS)
    p = act(z)
    rows = formula(y, p) * weight
    expected = {"sum_over_batch_size": rows.mean(), "sum": rows.sum(), None: rows}[reduction]
    found = make(reduction=reduction)(y, Tensor(p.astype(dtype)), weight)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.data, expected, rtol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"], indirect=True)
def test_label_smoothing(name, smoothing, from_logits, rng):
    make, act, formula = LOSSES[name]
    z, y = rng.standard_normal((ROWS, WIDTH)), targets(name, rng)
    smooth = y * (1 - smoothing) + smoothing / (2 if act is sigmoid else WIDTH)
    loss = make(from_logits=from_logits, label_smoothing=smoothing)
    given = Tensor(z if from_logits else act(z), requires_grad=True)
    assert loss(y, given).item() == pytest.approx(formula(smooth, act(z)).mean(), rel=1e-12)
    check_grads(lambda t: loss(y, t), given.data)


@pytest.mark.parametrize("make", [losses.BinaryCrossentropy, losses.CategoricalCrossentropy])
def test_targets_that_do_not_sum_to_one(make, rng):
    y = np.array([[0.2, 0.3, 0.1], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    z = rng.standard_normal((3, 3))
    act, formula = (
        (sigmoid, binary) if make is losses.BinaryCrossentropy else (softmax, categorical)
    )
    found = make(from_logits=True)(y, Tensor(z))
    assert found.item() == pytest.approx(formula(y, act(z)).mean(), rel=1e-12)


def test_logits_stay_exact_where_probabilities_round():
    z = Tensor(np.array([[800.0], [-800.0], [40.0]]), requires_grad=True)
    y = np.array([0, 1, 1])
    for loss, given in (
        (losses.BinaryCrossentropy(from_logits=True), z),
        (losses.BinaryCrossentropy(), z.sigmoid()),
    ):
        z.zero_grad()
        found = loss(y, given)
        found.backward()
        assert found.item() == pytest.approx(1600 / 3, rel=1e-12)
        np.testing.assert_allclose(z.grad.numpy(), [[1 / 3], [-1 / 3], [0]], atol=1e-17)
    z = Tensor(np.array([[1000.0, 0.0, -1000.0]]))
    for loss in (losses.SparseCategoricalCrossentropy(), losses.CategoricalCrossentropy()):
        y = [2] if "sparse" in loss.name else [[0, 0, 1]]
        z.requires_grad = True
        assert loss(y, z.softmax()).item() == 2000


def test_probabilities_of_0_and_1_are_clipped_as_in_keras(dtype):
    p = np.array([[0.0], [1.0], [0.5]], dtype)
    found = losses.BinaryCrossentropy(reduction=None)([[1], [0], [1]], p)
    low, high = np.array([1e-7, 1 - 1e-7], dtype).astype("float64")
    expected = [-np.log(low), -np.log(1 - high), np.log(2)]
    np.testing.assert_allclose(found.data, expected, rtol=1e-5 if dtype == "float32" else 1e-9)
    p = np.array([[0.0, 1.0, 0.0], [0.2, 0.2, 0.0]], dtype)
    found = losses.CategoricalCrossentropy(reduction=None)([[1, 0, 0], [0, 1, 0]], p)
    expected = [-np.log(1e-7), -np.log(0.5)]  # the second row is divided by its sum
    np.testing.assert_allclose(found.data, expected, rtol=1e-5 if dtype == "float32" else 1e-6)


@pytest.mark.parametrize("last", ["sigmoid", "Activation"])
def test_models_use_the_exact_path(last):
    stack = [layers.Dense(1, activation="sigmoid")]
    if last == "Activation":
        stack = [layers.Dense(1), layers.Activation("sigmoid")]
    model = Sequential(stack)
    model.compile("sgd", "binary_crossentropy")
    model.build((None, 1))
    model.set_weights([[[50.0]], [0.0]])
    assert model.evaluate([[1.0]], [0], verbose=0) == 50
    assert model.train_on_batch([[1.0]], [0]) == 50
    kernel, _ = model.get_weights()
    assert kernel[0, 0] == pytest.approx(50 - 0.01)


def test_losses_of_any_rank_are_means_over_all_but_the_rows(rng):
    p, y = rng.random((5, 3, 2)), rng.random((5, 3, 2))
    for make, formula in (
        (losses.MeanSquaredError, squared),
        (losses.MeanAbsoluteError, absolute),
        (losses.BinaryCrossentropy, binary),
    ):
        expected = formula(y.reshape(5, -1), p.reshape(5, -1)).mean()
        assert make()(y, Tensor(p)).item() == pytest.approx(expected, rel=1e-9)
    one = losses.MeanSquaredError()
    assert one(p[:, 0, 0], Tensor(y[:, 0, 0])).item() == pytest.approx(
        ((p - y)[:, 0, 0] ** 2).mean()
    )


def test_values_of_more_than_one_axis_are_summed_and_kept(rng):
    """As in Keras: a reduction is over all values of a loss, whatever their rank."""
    y, p = np.ones((2, 3, 4)), np.zeros((2, 3, 4))
    assert losses.MeanSquaredError(reduction="sum")(y, p).item() == 6
    assert losses.MeanSquaredError(reduction=None)(y, p).shape == (2, 3)
    logits, labels = rng.random((2, 3, 4)), rng.integers(0, 4, (2, 3))
    kept = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(labels, logits)
    one = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    for i in range(2):
        np.testing.assert_allclose(kept.data[i], one(labels[i], logits[i]).data)
    weight = rng.random((2, 3))
    weighted = losses.MeanSquaredError(reduction=None)(2 * y, p, weight)
    np.testing.assert_allclose(weighted.data, 4 * weight)
    by_row = losses.MeanSquaredError()(2 * y, p, weight[:, 0])
    assert by_row.item() == pytest.approx(4 * weight[:, 0].mean())
    with pytest.raises(ValueError, match=r"expected sample_weight of shape \(2,\) or \(2, 3\)"):
        losses.MeanSquaredError()(y, p, np.ones(4))


@pytest.mark.parametrize("shape", [(2, 3), (6,), (2, 4, 4), (2, 3, 5)])
@pytest.mark.parametrize("name", ["MeanSquaredError", "CategoricalCrossentropy", "Huber"])
def test_targets_that_do_not_fit_are_shown_as_they_were_given(name, shape):
    with pytest.raises(
        ValueError,
        match=rf"expected y of shape \(2, 3, 4\) for .*received {re.escape(str(shape))}",
    ):
        getattr(losses, name)()(np.zeros(shape), Tensor(np.full((2, 3, 4), 0.25)))


def test_labels_that_do_not_fit_are_shown_as_they_were_given():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match=r"of shape \(2, 3\) for .*\(2, 3, 4\), received \(2, 4\)"):
        loss(np.zeros((2, 4), int), Tensor(np.zeros((2, 3, 4))))


def test_targets_get_the_rank_of_the_predictions():
    """(rows,) against (rows, 1) must not become a table of rows by rows."""
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    model = Sequential([layers.Dense(1, input_dim=1)])
    model.compile(optimizers.SGD(0.5), lambda t, p: ((t - p) ** 2).mean())
    model.fit(x, 3 * x[:, 0], epochs=60, batch_size=64, verbose=0)
    kernel, bias = model.get_weights()
    assert kernel.item() == pytest.approx(3, abs=0.01)
    assert bias.item() == pytest.approx(0, abs=0.01)
    squared = losses.get(lambda t, p: (t - p) ** 2)
    assert squared(np.ones(4), Tensor(np.zeros((4, 1)))).item() == 1
    assert squared(np.ones((4, 1)), Tensor(np.zeros(4))).item() == 1


def test_functions_and_subclasses_as_losses(rng):
    p, y = Tensor(rng.random((5, 3)), requires_grad=True), Tensor(rng.random((5, 3)))

    def cubed(y_true, y_pred):
        return (y_true - y_pred).abs() ** 3

    class Cubed(losses.Loss):
        def call(self, y_true, y_pred):
            return cubed(y_true, y_pred)

    expected = np.abs(y.data - p.data) ** 3
    weight = rng.random(5)
    for loss in (losses.get(cubed), Cubed(), losses.get(Cubed)):
        assert loss.name == "cubed"
        assert loss(y, p).item() == pytest.approx(expected.mean())
        assert loss(y, p, weight).item() == pytest.approx((expected.mean(axis=1) * weight).mean())
    assert Cubed(reduction="sum")(y, p).item() == pytest.approx(expected.sum())
    assert Cubed(reduction=None)(y, p).shape == (5, 3)
    check_grads(lambda t: Cubed()(y, t), p.data)
    scalar = losses.get(lambda y_true, y_pred: cubed(y_true, y_pred).sum())
    assert scalar(y, p).item() == pytest.approx(expected.sum())
    with pytest.raises(ValueError, match="sample_weight needs a loss that gives one a row"):
        scalar(y, p, weight)


def test_names_and_objects():
    for name, (make, _, _) in LOSSES.items():
        assert type(losses.get(name)) is make
        assert type(losses.get(make)) is make
        assert type(losses.get(make.__name__)) is make
        made = make(reduction="sum")
        assert losses.get(made) is made
        again = losses.get(losses.serialize(made))
        assert type(again) is make
        assert again.get_config() == made.get_config()
    assert [type(losses.get(n)).__name__ for n in ("mse", "MAE", "bce")] == [
        *("MeanSquaredError", "MeanAbsoluteError", "BinaryCrossentropy")
    ]
    assert losses.get("mse").name == "mean_squared_error"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.get("mean_square"), "unknown loss 'mean_square'; known are .*mse"),
        (lambda: losses.get({"class_name": "X"}), "unknown loss 'X'"),
        (
            lambda: losses.MeanSquaredError(reduction="means"),
            "expected reduction .* received 'means'",
        ),
        (
            lambda: losses.BinaryCrossentropy(label_smoothing=1.5),
            r"BinaryCrossentropy: expected label_smoothing in \[0, 1\], received 1.5",
        ),
    ],
)
def test_bad_arguments(make, message, fails):
    fails(make, ValueError, message)


def test_what_is_no_loss(fails):
    fails(lambda: losses.get(3), TypeError, "loss: expected a name, a Loss or a function, received")
    fails(lambda: losses.serialize(losses.get(lambda y, p: p)), TypeError, "cannot save the loss")


def test_to_categorical():
    expected = np.eye(3, dtype="float32")[[0, 2, 1]]
    for y in ([0, 2, 1], np.array([[0], [2], [1]], "uint8"), np.array([0.0, 2.0, 1.0])):
        found = utils.to_categorical(y)
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, expected)
    assert utils.to_categorical([0, 1], 5).shape == (2, 5)
    assert utils.to_categorical([], 3).shape == (0, 3)
    for y, classes in [([0, 3], 3), ([-1, 0], None), ([0.5], None)]:
        with pytest.raises(ValueError, match="to_categorical: expected"):
            utils.to_categorical(y, classes)


def test_weights_of_any_form():
    y, p = np.ones((3, 1)), np.array([[1.0], [2.0], [3.0]])
    squared = losses.MeanSquaredError()
    assert squared(y, p, 2.0).item() == pytest.approx(2 * 5 / 3)
    assert squared(y, p, np.array([[1.0], [0.0], [1.0]])).item() == pytest.approx(4 / 3)
    with pytest.raises(ValueError, match="expected predictions of a row or more"):
        squared(np.array(1.0), Tensor(np.array(2.0)))
    with pytest.raises(ValueError, match=r"outputs of shape \(rows, ..., classes\)"):
        losses.CategoricalCrossentropy().check_targets(y, (None,))
    binary_targets = losses.BinaryCrossentropy().check_targets(y > 0, (None, 1))
    assert binary_targets.dtype == bool
    one_hot = losses.CategoricalCrossentropy().check_targets(np.eye(3, dtype=bool), (None, 3))
    assert one_hot.dtype == bool
    open_shape = losses.MeanSquaredError().check_targets(np.ones(3), (None, None))
    assert open_shape.shape == (3, 1)
    gives_numbers = losses.get(lambda t, p: 3.0)
    assert gives_numbers(y, p).item() == 3
