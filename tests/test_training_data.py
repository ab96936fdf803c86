"""The forms that x and y may have: dtypes, memory layouts, lists, files."""

from __future__ import annotations

import numpy as np
import pytest
from small import ROWS, bits, data, fit, net

import corereg
from corereg import layers
from corereg.models import Sequential


def memmap(x, path):
    stored = np.memmap(path, x.dtype, "w+", shape=x.shape)
    stored[:] = x
    stored.flush()
    return np.memmap(path, x.dtype, "r", shape=x.shape)


FORMS = {
    "list": lambda x, path: x.tolist(),
    "tuples": lambda x, path: tuple(map(tuple, x.tolist())),
    "float64": lambda x, path: x.astype("float64"),
    "float16": lambda x, path: x.astype("float16"),
    "longdouble": lambda x, path: x.astype("longdouble"),
    "big-endian": lambda x, path: x.astype(">f8"),
    "int8": lambda x, path: x.astype("int8"),
    "int64": lambda x, path: x.astype("int64"),
    "uint16": lambda x, path: x.astype("uint16"),
    "memmap": memmap,
    "memmap of int": lambda x, path: memmap(x.astype("int32"), path),
    "read-only": lambda x, path: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "Fortran": lambda x, path: np.asfortranarray(x),
    "every second row": lambda x, path: np.repeat(x, 2, axis=0)[::2],
    "every second column": lambda x, path: np.repeat(x, 2, axis=1)[:, ::2],
    "rows backwards": lambda x, path: x[::-1].copy()[::-1],
    "columns backwards": lambda x, path: x[:, ::-1].copy()[:, ::-1],
    "broadcast and cut": lambda x, path: np.broadcast_to(x, (3, *x.shape))[1],
    "unaligned": lambda x, path: np.frombuffer(b"0" + x.tobytes(), x.dtype, offset=1).reshape(
        x.shape
    ),
    "Tensor": lambda x, path: corereg.Tensor(x),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x(form, tmp_path):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 9, (ROWS, 6)).astype("float32")
    y = rng.integers(0, 3, ROWS)
    one, other = net(3), net(3)
    given = FORMS[form](x, tmp_path / "x")
    assert fit(one, x, y, epochs=2) == fit(other, given, y, epochs=2)
    assert bits(one) == bits(other)
    assert np.array_equal(other.predict(given, verbose=0), one.predict(x, verbose=0))
    assert other.evaluate(given, y, verbose=0) == one.evaluate(x, y, verbose=0)


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y.tolist(),
        lambda y: y[:, None],
        lambda y: y.astype("float32"),
        lambda y: y.astype("float64"),
        lambda y: y.astype("uint8"),
        lambda y: y.astype(">i4"),
        lambda y: np.repeat(y, 2)[::2],
        lambda y: corereg.Tensor(y),
    ],
)
def test_forms_of_integer_labels(form):
    x, y = data(3)
    one, other = net(3, metrics=["accuracy"]), net(3, metrics=["accuracy"])
    assert fit(one, x, y, epochs=2) == fit(other, x, form(y), epochs=2)


def test_float64_data_reach_a_float64_model_in_full():
    x, y = data(dtype="float64")
    model = Sequential([layers.Dense(1, dtype="float64")])
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    kernel, bias = model.get_weights()
    assert kernel.dtype == "float64"
    for given in (x, x.astype(">f8"), x.astype("longdouble")):
        np.testing.assert_allclose(model.predict(given, verbose=0), x @ kernel + bias, rtol=1e-13)


def test_data_are_not_written_to():
    x, y = data(3)
    x.flags.writeable = y.flags.writeable = False
    model = net(3, dropout=0.5)
    model.fit(x, y, sample_weight=np.broadcast_to(1.0, ROWS), validation_split=0.5, verbose=0)
    model.train_on_batch(x, y)
    model.predict(x, verbose=0)
