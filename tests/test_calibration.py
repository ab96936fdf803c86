"""corereg.calibration: measures against values by hand, the temperature against a search."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import calibration, layers, models
from corereg.calibration import (
    TemperatureScaling,
    brier_score,
    expected_calibration_error,
    reliability_data,
)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def drawn(rng, rows=4000, classes=4, temperature=2.5):
    """Classes drawn by softmax(z / temperature), and the logits z."""
    z = 5 * rng.standard_normal((rows, classes))
    p = softmax(z / temperature)
    return (p.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1), z


# ---- measures ------------------------------------------------------------------------------------


def test_a_reliability_diagram_by_hand():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55], [0.0, 1.0], [0.5, 0.5]])
    y = np.array([0, 1, 1, 1, 1, 0])
    found = reliability_data(y, p, bins=5)  # bins (0, .2], (.2, .4], (.4, .6], (.6, .8], (.8, 1]
    assert found.count.tolist() == [0, 0, 2, 2, 2]
    assert found.edges.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.525, 0.75, 0.95])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 1, 0.5, 1])
    expected = (2 * 0.475 + 2 * 0.25 + 2 * 0.05) / 6
    assert expected_calibration_error(y, p, bins=5) == pytest.approx(expected)
    assert expected_calibration_error(np.eye(2)[y], p, 5) == pytest.approx(expected)
    for one in (p[:, 1], p[:, 1:]):
        assert expected_calibration_error(y[:, None], one, 5) == pytest.approx(expected)


def test_the_brier_score_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]])
    by_hand = ((0.09 + 0.04 + 0.01) + (0 + 0.25 + 0.25)) / 2
    assert brier_score([0, 2], p) == pytest.approx(by_hand)
    assert brier_score(np.eye(3)[[0, 2]], corereg.Tensor(p)) == pytest.approx(by_hand)
    assert brier_score([1, 0], [0.8, 0.1]) == pytest.approx((0.04 + 0.01) / 2)
    assert brier_score([1, 0], [[0.8], [0.1]]) == pytest.approx((0.04 + 0.01) / 2)
    assert brier_score([1, 0], [[0.2, 0.8], [0.9, 0.1]]) == pytest.approx(0.04 + 0.01)
    assert brier_score([1, 1], [1.0, 1.0]) == 0


def test_the_calibration_error_is_that_of_a_plain_loop(rng):
    y, z = drawn(rng, 500)
    p = softmax(z).astype("float32")
    for bins in (1, 2, 15, 40):
        total = 0.0
        for m in range(bins):
            inside = [i for i in range(len(p)) if m / bins < p[i].max() <= (m + 1) / bins]
            if inside:
                right = np.mean([p[i].argmax() == y[i] for i in inside])
                sure = np.mean([p[i].max().astype(float) for i in inside])
                total += len(inside) / len(p) * abs(right - sure)
        assert expected_calibration_error(y, p, bins) == pytest.approx(total, abs=1e-9)


def test_calibrated_predictions_measure_well(rng):
    y, z = drawn(rng, 20_000)
    assert expected_calibration_error(y, softmax(z / 2.5)) < 0.015
    assert expected_calibration_error(y, softmax(z)) > 0.1


# ---- the temperature -----------------------------------------------------------------------------


def likelihood(y, z, temperature):
    return -np.log(softmax(z / temperature)[np.arange(len(y)), y]).mean()


def test_logits_so_large_that_no_probability_changes():
    """At first all of them are 0 or 1, so that the curvature is 0."""
    z = np.array([[0.0, 750.0]] * 2001)
    found = TemperatureScaling(from_logits=True).fit([1] * 2000 + [0], z).temperature
    assert found == pytest.approx(750 / np.log(2000))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5, 20.0])
def test_the_temperature_is_the_best_of_a_fine_search(temperature, rng):
    y, z = drawn(rng, 800, temperature=temperature)
    found = TemperatureScaling(from_logits=True).fit(y, z).temperature
    best = likelihood(y, z, found)
    for factor in (0.98, 0.999, 0.9999, 1.0001, 1.001, 1.02):
        assert likelihood(y, z, found * factor) > best
    assert found == pytest.approx(temperature, rel=0.25)


def test_probabilities_and_logits_give_the_same(rng):
    y, z = drawn(rng, 500)
    by_logits = TemperatureScaling(from_logits=True).fit(y, z)
    by_probabilities = TemperatureScaling().fit(np.eye(4)[y], softmax(z))
    assert by_probabilities.temperature == pytest.approx(by_logits.temperature, rel=1e-9)
    np.testing.assert_allclose(by_logits.transform(z), softmax(z / by_logits.temperature))
    np.testing.assert_allclose(by_probabilities.transform(softmax(z)), by_logits.transform(z))
    assert by_logits.transform(z).dtype == np.float64


def test_two_classes_by_one_or_two_columns(rng):
    y, z = drawn(rng, 500, 2)
    whole = TemperatureScaling(from_logits=True).fit(y, z)
    d = z[:, 1] - z[:, 0]
    for one in (d, d[:, None]):
        single = TemperatureScaling(from_logits=True).fit(y, one)
        assert single.temperature == pytest.approx(whole.temperature, rel=1e-9)
        assert single.transform(one).shape == one.shape
        np.testing.assert_allclose(single.transform(one).ravel(), whole.transform(z)[:, 1])
    p = TemperatureScaling().fit(y, 1 / (1 + np.exp(-d)))
    assert p.temperature == pytest.approx(whole.temperature, rel=1e-6)


def test_saturated_probabilities_stay_finite():
    p = np.array([[1, 0, 0], [0, 1, 0], [0, 0.4, 0.6], [1, 0, 0]], "float32")
    scaling = TemperatureScaling().fit([0, 1, 2, 1], p)
    assert 1 < scaling.temperature < 100
    assert np.isfinite(scaling.transform(p)).all()
    assert TemperatureScaling(2).transform(np.array([1, 0], "float32")) == pytest.approx(
        [1, 0], abs=1e-3
    )


def test_rows_that_say_nothing_about_the_temperature_warn():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    with pytest.warns(UserWarning, match="are all right, however sure; it is set to 0.01"):
        assert TemperatureScaling().fit([0, 1], p).temperature == 0.01
    with pytest.warns(UserWarning, match="no better than chance; it is set to 100"):
        assert TemperatureScaling().fit([1, 0], p).temperature == 100


# ---- calibrated models ---------------------------------------------------------------------------


def stack(last):
    return models.Sequential([corereg.Input((5,)), layers.Dense(8, "relu"), *last])


def graph(last):
    x = y = corereg.Input((5,))
    for layer in (layers.Dense(8, "tanh"), layers.Dropout(0.5), *last):
        y = layer(y)
    return models.Model(x, y)


ENDS = {
    "softmax": lambda: [layers.Dense(3, "softmax")],
    "sigmoid": lambda: [layers.Dense(1, "sigmoid")],
    "layer": lambda: [layers.Dense(3, use_bias=False), layers.Softmax()],
    "activation": lambda: [layers.Dense(1), layers.Activation("sigmoid")],
    "nested": lambda: [models.Sequential([layers.Dense(4, "relu"), layers.Dense(3, "softmax")])],
}


@pytest.mark.parametrize("kind", [stack, graph])
@pytest.mark.parametrize("end", ENDS)
def test_calibrated_models_give_calibrated_predictions(kind, end, rng, tmp_path):
    model, x = kind(ENDS[end]()), rng.standard_normal((9, 5)).astype("float32")
    p, scaling = model.predict(x, verbose=0), TemperatureScaling(1.7)
    made = scaling.calibrated(model)
    np.testing.assert_allclose(made.predict(x, verbose=0), scaling.transform(p), rtol=1e-4)
    assert np.array_equal(model.predict(x, verbose=0), p)
    made.save(tmp_path / "m.corereg")
    again = models.load_model(tmp_path / "m.corereg")
    assert np.array_equal(again.predict(x, verbose=0), made.predict(x, verbose=0))


def test_calibrated_logits(rng):
    model, x = stack([layers.Dense(3)]), rng.standard_normal((9, 5)).astype("float32")
    made = TemperatureScaling(2, from_logits=True).calibrated(model)
    np.testing.assert_allclose(made.predict(x, verbose=0), model.predict(x, verbose=0) / 2, 1e-5)


def test_models_that_end_otherwise_raise(fails):
    class Own(models.Model):
        def call(self, x):
            return x

    x = corereg.Input((5,))
    shared = layers.Dense(5, "softmax")
    several = models.Model(x, [layers.Dense(2)(x), layers.Dense(2)(x)])
    own = Own()
    own.build((None, 5))
    for model in (
        stack([layers.Dense(3, "relu")]),
        stack([layers.Dense(3, "softmax"), layers.Dropout(0.5)]),
        models.Model(x, shared(shared(x))),
        several,
        own,
    ):
        call = TemperatureScaling(2).calibrated
        fails(lambda m=model, c=call: c(m), ValueError, "ends with a Dense of activation")
    with pytest.raises(TypeError, match="expected a Model"):
        TemperatureScaling(2).calibrated(3)
    with pytest.raises(ValueError, match="is built"):
        TemperatureScaling(2).calibrated(models.Sequential([layers.Dense(2)]))


# ---- bad input -----------------------------------------------------------------------------------

P = np.full((4, 3), 1 / 3)
BAD = {
    "logits": ([0, 1, 2, 0], P - 1, ValueError, r"probabilities in \[0, 1\]"),
    "sums": ([0, 1, 2, 0], P / 2, ValueError, "add up to 1 in every row"),
    "rank": ([0, 1, 2, 0], P[None], ValueError, "predictions of shape"),
    "nothing": ([], P[:0], ValueError, "predictions of shape"),
    "nan": ([0, 1, 2, 0], P * np.nan, ValueError, "finite predictions"),
    "texts": ([0, 1, 2, 0], np.array(["a"]), TypeError, "predictions as numbers"),
    "rows": ([0, 1, 2], P, ValueError, r"y of shape \(4,\)"),
    "class": ([0, 1, 3, 0], P, ValueError, r"whole numbers in \[0, 3\)"),
    "fraction": ([0, 0.5, 1, 0], P, ValueError, r"whole numbers in \[0, 3\)"),
    "one-hot": (np.ones((4, 3)), P, ValueError, "a single 1 in every row"),
    "binary": ([0, 2], [0.1, 0.2], ValueError, r"whole numbers in \[0, 2\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_raises(name, fails):
    y, p, error, message = BAD[name]
    for function in (expected_calibration_error, brier_score, reliability_data):
        fails(lambda f=function: f(y, p), error, f"^{function.__name__}: .*{message}")
    scaling = TemperatureScaling(3)
    fails(lambda: scaling.fit(y, p), error, f"^TemperatureScaling.fit: .*{message}")
    assert scaling.temperature == 3


def test_bad_options_raise(fails):
    for temperature in (0, -1, np.inf, "1", True):
        fails(lambda t=temperature: TemperatureScaling(t), ValueError, "a temperature above 0")
    for bins in (0, 2.5, True):
        fails(lambda b=bins: reliability_data([0], [0.5], b), ValueError, "bins as an integer")
    assert repr(TemperatureScaling(2)) == "<TemperatureScaling temperature=2>"
    assert set(calibration.__all__) >= {"TemperatureScaling", "brier_score"}
