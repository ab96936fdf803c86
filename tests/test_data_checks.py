"""One pass of C looks for numbers that are not finite or out of range, whatever their place."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import _kernels, layers
from corereg.models import Sequential
from corereg.training.data.checks import FLOAT32_MOST, check_finite

MOST = np.finfo(np.float64).max


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7, 8, 9, 31, 33])
def test_all_between_looks_at_every_element(n, dtype):
    x = np.linspace(0, 1, n).astype(dtype)
    assert _kernels.all_between(x, 0.0, 1.0)
    for i in range(n):
        for bad in (-1e-3, 1.001, np.nan, np.inf, -np.inf):
            spoilt = x.copy()
            spoilt[i] = bad
            assert not _kernels.all_between(spoilt, 0.0, 1.0)
            assert _kernels.all_between(spoilt, -np.inf, np.inf) == np.isfinite(bad)
            unaligned = np.frombuffer(b"x" + spoilt.tobytes(), np.uint8)[1:].view(dtype)
            assert not _kernels.all_between(unaligned, 0.0, 1.0)


@pytest.mark.parametrize(
    "x", [[1.0], np.ones(4, np.int64), np.ones(4, np.float16), np.ones((4, 2))[:, 0], None]
)
def test_all_between_is_sure_only_of_contiguous_floats(x):
    assert not _kernels.all_between(x, 0.0, 2.0)


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
@pytest.mark.parametrize(
    ("value", "dtype", "good"),
    [
        (FLOAT32_MOST, "float32", True),
        (np.nextafter(FLOAT32_MOST, np.inf), "float32", False),
        (-np.nextafter(FLOAT32_MOST, np.inf), "float32", False),
        (np.nextafter(FLOAT32_MOST, np.inf), "float64", True),
        (MOST, "float64", True),
        (np.nan, "float64", False),
    ],
)
def test_the_border_of_what_is_finite_as_a_dtype(value, dtype, good, layout):
    with np.errstate(over="ignore"):
        assert np.isfinite(np.float64(value).astype(dtype)) == good
    x = np.ones((6, 5))
    x[4, 2] = value
    x = {"C": x, "F": np.asfortranarray(x), "strided": np.repeat(x, 2, axis=1)[:, ::2]}[layout]
    if good:
        check_finite("fit", "X", x, dtype)
    else:
        with pytest.raises(ValueError, match=f"fit: expected X finite as {dtype}.* in row 4"):
            check_finite("fit", "X", x, dtype)


LARGE = (1 << 22) + 5_000  # elements: looked at in pieces


@pytest.mark.parametrize("where", [0, -1])
def test_data_too_large_to_be_looked_at_at_once(where):
    x = np.ones((LARGE // 1000, 1000), "float32")
    y = np.zeros(len(x), "float32")
    model = Sequential([layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    assert model.evaluate(x, y, batch_size=len(x), verbose=0) == 0
    x[where, 7] = np.inf
    row = range(len(x))[where]
    with pytest.raises(
        ValueError, match=f"evaluate: expected X finite as float32.* in row {row}, column 7;"
    ):
        model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("form", [np.asarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_finite_numbers_whose_sum_is_not(form):
    x = form(np.full((10, 3), 3e38, "float32"))
    model = Sequential([layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    assert model.evaluate(x, np.zeros(10), verbose=0) == 0
    x[6, 2] = np.nan
    with pytest.raises(ValueError, match="in row 6"):
        model.evaluate(x, np.zeros(10), verbose=0)


# ---- one feature -------------------------------------------------------------------------------


def test_a_column_without_an_axis_stands_for_one_feature():
    corereg.set_random_seed(3)
    model = corereg.Sequential([corereg.Input((1,)), corereg.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.array([-1.0, 0.0, 1.0], "float32")
    model.fit(x, 2 * x, epochs=2, verbose=0)
    assert model.predict(x, verbose=0).tolist() == model.predict(x[:, None], verbose=0).tolist()
    assert model.evaluate(x, x, verbose=0) == model.evaluate(x[:, None], x, verbose=0)


def test_columns_of_a_table_by_name():
    inputs = {name: corereg.Input((1,), name=name) for name in ("age", "fare")}
    model = corereg.Model(
        inputs, corereg.layers.Dense(1)(corereg.layers.Concatenate()([*inputs.values()]))
    )
    model.compile("sgd", "mse")
    table = {"age": np.arange(4.0), "fare": np.arange(4)}
    model.fit(table, np.arange(4.0), verbose=0)
    assert model.predict(table, verbose=0).shape == (4, 1)


def test_two_features_still_need_an_axis():
    model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"predict: expected X of shape \(rows, features\)"):
        model.predict(np.zeros(2), verbose=0)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("balanced", {0: 2 / 3, 1: 2.0}),
        ([2.0, 0.5], {0: 2.0, 1: 0.5}),
        (np.array([2, 1]), {0: 2.0}),
        ({}, {0: 1.0}),
        ({1.0: np.array(3.0)}, {1: 3.0}),
    ],
    ids=str,
)
def test_class_weights_in_other_words(given, same):
    x, y = np.arange(16, dtype="f4").reshape(8, 2) / 16, np.array([0, 0, 1, 0, 0, 1, 0, 0])
    weights = []
    for one in (given, same):
        corereg.set_random_seed(0)
        model = corereg.Sequential([corereg.Input((2,)), layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        model.fit(x, y, class_weight=one, epochs=2, batch_size=4, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
