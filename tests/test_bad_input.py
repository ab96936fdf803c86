"""Bad data: the exact exception, a message that says what to do, and nothing changed by it."""

from __future__ import annotations

import numpy as np
import pytest
from small import snapshot

from corereg import layers
from corereg.models import Sequential

ROWS, FEATURES, CLASSES = 20, 4, 3
RNG = np.random.default_rng(9)
X = RNG.standard_normal((ROWS, FEATURES))
LABELS = RNG.integers(0, CLASSES, ROWS)
ONE_HOT = np.eye(CLASSES)[LABELS]


def make(loss="sparse_categorical_crossentropy", trained=True):
    stack = [
        layers.Dense(5, activation="relu", kernel_regularizer="l1"),
        layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax"),
    ]
    model = Sequential(stack, name="net")
    model.compile("adam", loss, metrics=["accuracy"])
    if trained:
        model.fit(X, LABELS if loss.startswith("sparse") else ONE_HOT, verbose=0)
    return model


def with_value(array, row, value):
    changed = np.array(array, float)
    changed[row] = value
    return changed


def ragged():
    rows = np.empty(ROWS, object)
    rows[:] = [[1.0] * (i % 3) for i in range(ROWS)]
    return rows


# What is wrong, in X or y: (x, y, exception, message).
X_FEATURES = r"expected X of shape \(rows, 4\), received \(20, 5\)"
DATA = {
    "y too short": (X, LABELS[:-1], ValueError, r"one target for each of the 20 rows .* \(19,\)"),
    "y too long": (
        X,
        np.r_[LABELS, 0],
        ValueError,
        r"one target for each of the 20 rows .* \(21,\)",
    ),
    "y a number": (X, 3, ValueError, r"one target for each of the 20 rows of X, .* shape \(\)"),
    "y missing": (X, None, ValueError, "expected y, received None"),
    "label too large": (
        *(X, with_value(LABELS, 6, CLASSES)),
        ValueError,
        r"sparse_categorical_crossentropy: expected labels in \[0, 3\) as there are 3 classes, "
        "received 3 in row 6",
    ),
    "label negative": (X, with_value(LABELS, 2, -1), ValueError, "received -1 in row 2"),
    "label broken": (
        X,
        with_value(LABELS, 2, 0.5),
        ValueError,
        "integer labels, received 0.5 in row 2",
    ),
    "label huge": (
        X,
        with_value(LABELS, 2, 1e30),
        ValueError,
        "expected integer labels, received 1e",
    ),
    "label NaN": (X, with_value(LABELS, 4, np.nan), ValueError, "expected finite y, .* in row 4"),
    "label text": (
        X,
        LABELS.astype(str),
        TypeError,
        r"expected y of numbers, received dtype <U.*astype",
    ),
    "label objects": (
        X,
        LABELS.astype(object),
        TypeError,
        "expected y of numbers, received dtype obj",
    ),
    "one-hot into a sparse loss": (
        *(X, ONE_HOT),
        ValueError,
        r"sparse_categorical_crossentropy: expected integer labels of shape \(rows,\) or "
        r"\(rows, 1\), received \(20, 3\); for one-hot y use 'categorical_crossentropy', or "
        r"y.argmax\(axis=1\)",
    ),
    "features": (np.ones((ROWS, 5)), LABELS, ValueError, X_FEATURES),
    "one row": (
        np.ones(FEATURES),
        LABELS[:1],
        ValueError,
        r"expected X of shape \(rows, features\), received \(4,\); use x\[None, :\] for one row",
    ),
    "a number": (3.0, LABELS, ValueError, r"expected X of shape \(rows, features\), received \(\)"),
    "three axes": (np.ones((ROWS, FEATURES, 1)), LABELS, ValueError, r"received \(20, 4, 1\)"),
    "no rows": (
        X[:0],
        LABELS[:0],
        ValueError,
        r"expected at least one row and one feature, .* .* \(0, 4\)",
    ),
    "an empty list": (
        [],
        [],
        ValueError,
        r"expected X of shape \(rows, features\), received \(0,\)",
    ),
    "no features": (X[:, :0], LABELS, ValueError, r"one feature, .* \(20, 0\)"),
    "X missing": (None, LABELS, TypeError, "expected X of numbers, received dtype object"),
    "NaN in X": (
        with_value(X, 7, np.nan),
        LABELS,
        ValueError,
        "expected X finite as float32, received NaN in row 7, column 0; drop",
    ),
    "inf in X": (
        with_value(X, 0, np.inf),
        LABELS,
        ValueError,
        "expected X finite as float32, received infinity in row 0, column 0; drop",
    ),
    "-inf and inf in X": (
        *(with_value(with_value(X, 3, -np.inf), 9, np.inf), LABELS),
        ValueError,
        "expected X finite as float32, received infinity in row 3, column 0",
    ),
    "float32 too small for X": (
        with_value(X, 8, 1e39),
        LABELS,
        ValueError,
        r"received 1e\+39 \(too large\) in row 8, column 0; scale the column",
    ),
    "objects": (
        X.astype(object),
        LABELS,
        TypeError,
        "X of numbers, received dtype object; convert with",
    ),
    "ragged": (ragged(), LABELS, TypeError, "X of numbers, received dtype object; convert with"),
    "text": (
        X.astype(str),
        LABELS,
        TypeError,
        r"X of numbers, received dtype <U32: text '.*' \(of .*\) in row 0, column 0; convert with",
    ),
    "complex": (X.astype(complex), LABELS, TypeError, "X of numbers, received dtype complex128"),
    "times": (
        X.astype("datetime64[s]"),
        LABELS,
        TypeError,
        "X of numbers, received dtype datetime64",
    ),
}
CALLS = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "validation_data": lambda model, x, y: model.fit(X, LABELS, validation_data=(x, y), verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("what", DATA)
def test_data(what, call, fails):
    x, y, exception, message = DATA[what]
    model = make()
    before = snapshot(model)
    who = r"fit \(validation_data\)" if call == "validation_data" else call
    fails(lambda: CALLS[call](model, x, y), exception, f"^{who}: .*{message}")
    assert snapshot(model) == before
    model.fit(X, LABELS, verbose=0)
    assert model.optimizer.iterations == before[2] + 1


@pytest.mark.parametrize("what", DATA)
def test_data_for_a_model_that_is_not_built(what, fails):
    x, y, exception, message = DATA[what]
    if message in (X_FEATURES, r"received \(20, 4, 1\)"):
        message = "expected"  # any number of features would do for the first batch
        y = LABELS[:-1]
    model = make(trained=False)
    before = snapshot(model)
    fails(lambda: model.fit(x, y, verbose=0), exception, message)
    assert snapshot(model) == before
    assert not model.built
    model.fit(X, LABELS, verbose=0)


PREDICTED = [name for name, case in DATA.items() if "y" not in name and case[1] is LABELS]


@pytest.mark.parametrize(
    "what", [n for n in PREDICTED if "NaN" not in n and "inf" not in n and "float32" not in n]
)
def test_predict(what, fails):
    x, _, exception, message = DATA[what]
    model = make()
    before = snapshot(model)
    fails(lambda: model.predict(x, verbose=0), exception, message)
    assert snapshot(model) == before


def test_predict_passes_nan_on():
    out = make().predict(with_value(X, 3, np.nan), verbose=0)
    assert np.isnan(out[3]).all()
    assert np.isfinite(np.delete(out, 3, axis=0)).all()


@pytest.mark.parametrize(
    ("loss", "y", "exception", "message"),
    [
        (
            "categorical_crossentropy",
            LABELS,
            ValueError,
            r"categorical_crossentropy: expected one-hot y of shape \(rows, 3\), received \(20,\); "
            "for integer labels use 'sparse_categorical_crossentropy', or "
            r"corereg.utils.to_categorical\(y\)",
        ),
        (
            "categorical_crossentropy",
            LABELS[:, None],
            ValueError,
            r"received \(20, 1\); for integer",
        ),
        (
            "categorical_crossentropy",
            ONE_HOT[:, :2],
            ValueError,
            r"y of shape \(rows, 3\) .* \(20, 2\)",
        ),
        ("categorical_crossentropy", -ONE_HOT, ValueError, "expected y >= 0, received -1"),
        (
            "binary_crossentropy",
            2 * ONE_HOT,
            ValueError,
            r"expected y in \[0, 1\], received values from",
        ),
        ("binary_crossentropy", LABELS, ValueError, r"expected y of shape \(rows, 3\) .* \(20,\)"),
        ("mse", ONE_HOT[:, :1], ValueError, r"mean_squared_error: expected y of shape \(rows, 3\)"),
        ("mae", with_value(ONE_HOT, 5, np.inf), ValueError, "expected finite y, .* in row 5"),
        (
            "mse",
            with_value(ONE_HOT, 5, 1e300),
            ValueError,
            "expected y finite as float32, .* in row 5",
        ),
    ],
)
def test_targets_of_other_losses(loss, y, exception, message, fails):
    model = make(loss)
    before = snapshot(model)
    for call in CALLS.values():
        if call is not CALLS["validation_data"]:
            fails(lambda call=call: call(model, X, y), exception, message)
    fails(lambda: model.fit(X, ONE_HOT, validation_data=(X, y), verbose=0), exception, message)
    assert snapshot(model) == before


def test_models_that_are_not_ready(fails):
    model = Sequential([layers.Dense(1)])
    for call in CALLS.values():
        fails(
            lambda call=call: call(model, X, LABELS), RuntimeError, r"no optimizer; call compile\("
        )
    empty = Sequential()
    empty.compile("sgd", "mse")
    for call in CALLS.values():
        fails(lambda call=call: call(empty, X, LABELS), ValueError, r"has no layers; add\(\) some")
    fails(lambda: empty.predict(X), ValueError, r"predict: the model has no layers; add\(\) some")
