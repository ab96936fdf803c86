"""corereg.plotting and history.plot(): what is drawn, on which axes, in light and dark styles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import plotting
from corereg.callbacks import EarlyStopping, History
from corereg.layers import Dense, Dropout, Input

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

rng = np.random.default_rng(3)
X = rng.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
P = np.full((60, 3), 0.1)
P[np.arange(60), Y] = 0.8


@pytest.fixture(scope="module")
def model() -> Any:
    corereg.set_random_seed(0)
    model = corereg.Sequential(
        [Input((4,)), Dense(6, "relu", kernel_regularizer="l2"), Dropout(0.5), Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = EarlyStopping(monitor="val_loss", patience=2, mode="max")  # it falls: the first is best
    model.fit(X, Y, epochs=9, verbose=0, validation_split=0.3, callbacks=[stop])
    weights = model.get_weights()
    weights[0][1] = 0
    model.set_weights(weights)
    return model


@pytest.fixture(scope="module")
def sampled(model: Any) -> Any:
    return model.predict_mc(X, num_samples=5, seed=0)


@pytest.fixture(scope="module")
def regression() -> Any:
    model = corereg.Sequential([Input((4,)), Dense(6, "relu"), Dropout(0.5), Dense(1)])
    return model.predict_mc(X, num_samples=5, seed=0)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


class Finder:
    rates = np.geomspace(1e-4, 1, 20)
    losses = np.where(rates < 0.3, 2 - rates, np.inf)
    suggestion = 1e-2


@pytest.fixture
def pictures(model: Any, sampled: Any, regression: Any) -> dict[str, Any]:
    """Of each function a call that takes ax."""
    history = model.history
    return {
        "history": lambda ax=None: plotting.history(history, "loss", ax=ax),
        "norms": lambda ax=None: plotting.norms({"a": [1.0, 2.0], "b": [0.0, np.nan]}, ax=ax),
        "learning_rate": lambda ax=None: plotting.learning_rate(Finder(), ax=ax),
        "weights_histogram": lambda ax=None: plotting.weights_histogram(model, ax=ax),
        "weights_image": lambda ax=None: plotting.weights_image(model, ax=ax),
        "sparsity": lambda ax=None: plotting.sparsity(model, ax=ax),
        "confusion_matrix": lambda ax=None: plotting.confusion_matrix(Y, P, ax=ax),
        "calibration_curve": lambda ax=None: plotting.calibration_curve(Y, P, ax=ax),
        "uncertainty": lambda ax=None: plotting.uncertainty(sampled, y=Y, ax=ax),
        "regression": lambda ax=None: plotting.uncertainty(regression, x=X[:, 0], y=Y, ax=ax),
    }


def labels_of(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_function_is_here(pictures: Any) -> None:
    assert set(plotting.__all__) <= set(pictures)


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_every_picture_is_drawn_on_given_or_new_axes(
    style: str, pictures: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("plt.show was called"))
    with plt.style.context(style):
        for number, draw in enumerate(pictures.values()):
            _, given = plt.subplots()
            assert draw(given) is given
            if number == 0:  # one is enough: all that is drawn is laid out
                given.figure.canvas.draw()
        before = len(plt.get_fignums())
        made = pictures["norms"]()
        assert len(plt.get_fignums()) == before + 1
        assert made.figure.number not in range(1, before + 1)


def test_a_history_shows_training_validation_penalty_and_the_stop(model: Any) -> None:
    loss, accuracy = model.history.plot()
    assert labels_of(loss) == [
        *("training", "validation", "penalty"),
        *("best val_loss: epoch 1", "stopped: epoch 3"),
    ]
    assert loss.get_ylabel() == "loss without penalty"
    assert accuracy.get_ylabel() == "accuracy"
    values = model.history.history
    without = np.subtract(values["loss"], values["penalty"])
    training, validation, penalty = loss.lines[:3]
    np.testing.assert_allclose(training.get_ydata(), without)
    np.testing.assert_allclose(penalty.get_ydata(), values["penalty"])
    np.testing.assert_array_equal(validation.get_xdata(), [1, 2, 3])
    assert loss.lines[3].get_xdata()[0] == 1
    assert loss.lines[4].get_xdata()[0] == 3


def test_validation_stands_at_the_epochs_that_had_it(model: Any) -> None:
    other = corereg.Sequential([Input((4,)), Dense(3, "softmax")])
    other.compile("adam", "sparse_categorical_crossentropy")
    for frequency, epochs in ((2, [2, 4]), ([1, 5], [1, 5])):
        history = other.fit(
            *(X, Y), epochs=5, verbose=0, validation_split=0.3, validation_freq=frequency
        )
        ax = plotting.history(history, "loss")
        np.testing.assert_array_equal(ax.lines[1].get_xdata(), epochs)
        assert ax.get_ylabel() == "loss"
        assert labels_of(ax) == ["training", "validation"]


def test_a_mark_goes_with_the_next_training(model: Any) -> None:
    history = History()
    other = corereg.Sequential([Input((4,)), Dense(1)])
    other.compile("adam", "mse")
    other.fit(X, Y, epochs=2, verbose=0, callbacks=[history, EarlyStopping("loss", patience=5)])
    assert history.notes["early_stopping"].stopped_epoch == 0
    other.fit(X, Y, epochs=1, verbose=0, callbacks=[history])
    assert "early_stopping" not in history.notes


def test_a_dict_is_drawn_as_a_history() -> None:
    ax = plotting.history({"loss": [2.0, 1.0]}, "loss")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2])


def test_axes_have_to_be_as_many_as_panels(model: Any) -> None:
    _, given = plt.subplots(1, 2)
    assert list(model.history.plot(ax=given)) == list(given)
    with pytest.raises(ValueError, match=r"expected 2 axes in ax, for loss, accuracy, received 1"):
        model.history.plot(ax=given[0])


def test_a_confusion_matrix_counts(model: Any) -> None:
    def shown(ax: Any) -> list[str]:
        return [text.get_text() for text in ax.texts]

    assert shown(plotting.confusion_matrix([0, 1, 1], [0, 1, 0])) == ["1", "0", "1", "1"]
    texts = shown(plotting.confusion_matrix([0, 1, 1], [0.1, 0.9, 0.2], normalize=True))
    assert texts == ["1.00", "0.00", "0.50", "0.50"]
    ax = plotting.confusion_matrix(np.array(["b", "a"]), np.array(["b", "b"]))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    assert shown(ax) == ["0", "1", "0", "1"]
    assert ax.get_title() == "50.0 % of 2 rows right"
    ax = plotting.confusion_matrix(np.eye(3)[Y], P, labels=["x", "y", "z"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "z"]
    with pytest.raises(ValueError, match="expected 3 labels, one a class, received 1"):
        plotting.confusion_matrix(Y, P, labels=["x"])
    with pytest.raises(ValueError, match="as many true as predicted classes"):
        plotting.confusion_matrix([0, 1], [0, 1, 1])


def test_a_calibration_curve_has_the_bins_of_reliability_data() -> None:
    from corereg.calibration import expected_calibration_error, reliability_data

    ax = plotting.calibration_curve(Y, P, bins=5)
    found = reliability_data(Y, P, bins=5)
    there = found.count > 0
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]  # what can be believed
    np.testing.assert_allclose(ax.lines[1].get_ydata(), found.accuracy[there])
    assert f"model (ECE {expected_calibration_error(Y, P, bins=5):.3f})" in labels_of(ax)


def test_a_probability_of_a_half_is_the_first_class() -> None:
    from corereg.plotting import predicted

    mean = np.array([0.5, 0.51])
    sampled = SimpleNamespace(mean=mean, entropy=mean, mutual_information=mean)
    legend = predicted._classes("uncertainty", sampled, [0, 0], None).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["right (1)", "wrong (1)"]
    assert predicted._counted("confusion", [0, 0], mean)[0].tolist() == [[1, 1], [0, 0]]


def test_uncertainty_marks_what_is_wrong(sampled: Any) -> None:
    wrong = int((sampled.mean.argmax(1) != Y).sum())
    ax = plotting.uncertainty(sampled, y=Y)
    assert labels_of(ax) == [f"right ({60 - wrong})", f"wrong ({wrong})"]
    assert plotting.uncertainty(sampled).get_legend() is None
    with pytest.raises(ValueError, match="expected no x"):
        plotting.uncertainty(sampled, x=Y)
    with pytest.raises(TypeError, match=r"expected what model.predict_mc gives, received ndarray"):
        plotting.uncertainty(P)


def test_a_regression_is_drawn_in_order_with_bands(regression: Any) -> None:
    ax = plotting.uncertainty(regression, x=X[:, 0])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.sort(X[:, 0]).astype(float))
    assert labels_of(ax) == ["2 standard deviations", "1 standard deviation", "mean"]
    with pytest.raises(ValueError, match="expected x as one number for each of 60 rows"):
        plotting.uncertainty(regression, x=X)


def test_weights_are_drawn_by_layer(model: Any) -> None:
    ax = plotting.weights_histogram(model)
    assert [text.get_text() for text in ax.texts] == ["25.0 % zeros"]
    ax = plotting.weights_image(model, layer=model.layers[-1].name)
    assert ax.images[0].get_array().shape == (6, 3)  # the Dropout has no kernel
    first = plotting.weights_image(model, colorbar=False).images[0].get_array()
    np.testing.assert_array_equal(first[1], 0)
    assert np.abs(np.delete(first, 1, axis=0)).min() >= 0.25
    with pytest.raises(ValueError, match=r"expected layers that have a kernel, out of dense"):
        plotting.weights_image(model, layer="nothing")
    assert plotting.weights_image(np.eye(3)).images[0].get_array().shape == (3, 3)


def test_sparsity_tells_how_many_are_left(model: Any) -> None:
    for given in (model, model.sparsity()):
        assert [text.get_text() for text in plotting.sparsity(given).texts] == [
            "18 of 24",
            "18 of 18",
        ]


def test_a_finder_shows_its_suggestion() -> None:
    ax = plotting.learning_rate(Finder())
    assert labels_of(ax) == ["loss", "suggestion: 0.01"]
    assert np.isfinite(ax.lines[0].get_ydata()).all()
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    ("losses", "low", "high"),
    [
        ([2.0, 1.0, 1.5], 1.0, 2.0),  # all of it
        ([2.0, 1.0, 100.0], 1.0, 2.5),  # as far above the least loss as 1.5 times the first
        ([2.0, 2.0, 100.0], 2.0, 2.05),  # that falls never: a little above the first
        ([0.0, 0.0, np.nan], None, None),
    ],
)
def test_a_loss_that_explodes_does_not_press_the_others_flat(losses, low, high) -> None:
    finder = SimpleNamespace(rates=[0.1, 0.2, 0.3], losses=losses, suggestion=None)
    found = plotting.learning_rate(finder).get_ylim()
    if low is not None:
        np.testing.assert_allclose(found, (low - 0.08 * (high - low), high + 0.05 * (high - low)))
    else:
        assert found[0] < 0 < found[1]


def test_norms_are_drawn_on_a_logarithmic_axis() -> None:
    ax = plotting.norms({f"dense_{i}": [1.0, 2.0 + i] for i in range(8)}, ylabel="norm of weights")
    assert ax.get_yscale() == "log"
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 8
    assert plotting.norms({"a": [0.0]}).get_yscale() == "linear"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plotting.history(3), TypeError, "expected a History or its dict, received int"),
        (lambda: plotting.history({}), ValueError, "received an empty one"),
        (lambda: plotting.history({"loss": [1.0]}, "auc"), ValueError, "metrics out of 'loss'"),
        (lambda: plotting.norms([1]), TypeError, "expected a mapping of names"),
        (lambda: plotting.norms({}), ValueError, "received none"),
        (
            lambda: plotting.norms({"a": [1]}, ax=3),
            TypeError,
            "ax as matplotlib axes, received int",
        ),
        (lambda: plotting.sparsity([]), ValueError, "expected a model with kernels, found none"),
        (lambda: plotting.weights_image([1.0]), ValueError, "weights of two axes, received 1 axes"),
    ],
)
def test_what_cannot_be_drawn_is_told(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
    assert not plt.get_fignums()


def test_without_matplotlib_the_extra_is_named(monkeypatch: Any, model: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for call in (lambda: plotting.sparsity(model), model.history.plot):
        with pytest.raises(ImportError, match=r'pip install "corereg\[plot\]"'):
            call()
