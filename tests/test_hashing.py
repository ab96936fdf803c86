"""Hashing and HashedCrossing: Keras's own bins (goldens/make_hashing.py), of texts and numbers, by
themselves and in models."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from goldens.hashing_cases import BINS, SALTS, layers as cases, numbers, texts

from corereg import Input, Model, Sequential, layers
from corereg.layers.preprocessing.fingerprints import (
    fingerprints,
    keyed_fingerprints,
    keyed_number_fingerprints,
    number_fingerprints,
)
from corereg.models import load_model

TEXT = Path(__file__).with_name("goldens").joinpath("hashing.json").read_text(encoding="utf-8")
GOLDENS = json.loads(TEXT)
WORDS = np.array([["a"], ["b"], ["c"], ["a"], ["d"], ["b"], ["e"], ["f"]])
PLACES = np.array([[1], [-2], [3], [10**15], [5], [6], [7], [8]])
Y = np.random.default_rng(0).random((8, 1)).astype("float32")


@pytest.mark.parametrize("salt", SALTS)
def test_bins_of_keras(salt):
    layer = layers.Hashing(BINS, salt=SALTS[salt])
    assert layer(np.array(texts())).data.tolist() == GOLDENS[f"texts_{salt}"]
    assert layer(np.array(texts(), object)).data.tolist() == GOLDENS[f"texts_{salt}"]
    assert layer(np.array(numbers())).data.tolist() == GOLDENS[f"numbers_{salt}"]
    digits = [str(one) for one in numbers()]
    assert layer(digits).data.tolist() == GOLDENS[f"numbers_{salt}"]


@pytest.mark.parametrize("name", cases())
def test_layers_as_keras(name):
    kind, options, given = cases()[name]
    layer = getattr(layers, kind)(**options)
    x = [np.array(one) for one in given] if kind == "HashedCrossing" else np.array(given)
    out = layer(x)
    assert out.data.tolist() == GOLDENS[f"layer_{name}"]
    shape = [(None, *one.shape[1:]) for one in x] if isinstance(x, list) else (None, *x.shape[1:])
    assert tuple(layer.compute_output_shape(shape))[1:] == out.shape[1:]
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_every_case_is_there():
    assert {key for key in GOLDENS if key.startswith("layer")} == {f"layer_{n}" for n in cases()}


def test_published_values():
    """SipHash-2-4 of 15 bytes in its paper's appendix, and FarmHash of nothing."""
    key = tuple(int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    assert keyed_fingerprints([bytes(range(15))], key).tolist() == [0xA129CA6149BE45E5]
    assert fingerprints([b""]).tolist() == [0x9AE16A3B2F90404F]
    assert fingerprints([]).shape == (0,)


def graph_of_texts():
    a, b = (Input((1,), dtype="string", name=name) for name in "ab")
    crossed = layers.HashedCrossing(6, output_mode="one_hot")([a, b])
    return Model({"a": a, "b": b}, layers.Dense(1)(crossed)), {"a": WORDS, "b": WORDS[::-1]}


def graph_of_numbers():
    x = Input((1,), dtype="int64")
    bins = layers.Hashing(9)(x)
    crossed = layers.HashedCrossing(7, output_mode="one_hot")([bins, x])
    both = layers.concatenate([layers.Hashing(5, salt=3, output_mode="one_hot")(x), crossed])
    return Model(x, layers.Dense(1)(both)), PLACES


def first(dtype):
    hashing = layers.Hashing(6, output_mode="one_hot")
    source = [Input((1,), dtype=dtype)] if dtype else []
    return Sequential([*source, hashing, layers.Dense(1)])


MODELS = {
    "texts_crossed": graph_of_texts,
    "numbers": graph_of_numbers,
    "first_of_texts": lambda: (first("string"), WORDS),
    "first_of_numbers": lambda: (first("int64"), PLACES),
    "first_without_input": lambda: (first(None), PLACES),
    "first_without_input_of_texts": lambda: (first(None), WORDS),
}


@pytest.mark.parametrize("name", MODELS)
def test_in_models(name, tmp_path):
    """Replayed, the same as called, and the same from a file."""
    model, x = MODELS[name]()
    model.compile("sgd", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, Y, batch_size=3, epochs=2, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    out = model.predict(x, verbose=0)
    assert np.array_equal(out, model(x).data)
    assert len(np.unique(out)) > 3
    model.save(tmp_path / "m.corereg")
    assert np.array_equal(load_model(tmp_path / "m.corereg").predict(x, verbose=0), out)


def test_columns_of_pandas():
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(WORDS[:, 0], index=range(5, 13))
    wanted = layers.Hashing(1000)(WORDS[:, 0]).data.tolist()
    assert layers.Hashing(1000).codes_of(column).tolist() == wanted
    assert layers.Hashing(1000).codes_of(column.astype("category")).tolist() == wanted


@pytest.mark.parametrize(
    ("make", "exception", "message"),
    [
        (lambda: layers.Hashing(0, name="h"), ValueError, "num_bins of 1 or more, received 0"),
        (lambda: layers.Hashing(None, name="h"), ValueError, "num_bins of 1 or more"),
        (lambda: layers.Hashing(1, "a", name="h"), ValueError, "num_bins of 2 or more"),
        (lambda: layers.Hashing(3, salt="a", name="h"), ValueError, "one or two integers"),
        (lambda: layers.Hashing(3, salt=[1, 2, 3], name="h"), ValueError, "one or two integers"),
        (lambda: layers.Hashing(3, sparse=True, name="h"), ValueError, "sparse outputs"),
        (lambda: layers.Hashing(3, output_mode="x", name="h"), ValueError, "output_mode as one"),
        (lambda: layers.Hashing(3, name="h")([None]), TypeError, "received None, which stands"),
        (lambda: _both(), ValueError, "texts only or whole numbers only"),
        (lambda: layers.HashedCrossing(0, name="h"), ValueError, "num_bins of 1 or more"),
        (lambda: layers.HashedCrossing(2, "count", name="h"), ValueError, "output_mode as one"),
        (lambda: _cross(np.ones(2, int)), ValueError, "received one tensor"),
        (lambda: _cross([np.ones(2, int)]), ValueError, "received 1 of them"),
        (lambda: _cross([np.ones(2), np.ones(2, int)]), ValueError, "received dtype float64"),
        (lambda: _cross([np.ones(2, int), np.ones(3, int)]), ValueError, "inputs of one shape"),
        (lambda: _cross([np.ones((2, 2), int)] * 2), ValueError, "inputs of one shape"),
        (lambda: _cross([np.full((1, 70_000), "a")] * 2), ValueError, "inputs of one shape"),
        (lambda: _cross([Input((1,)), Input((1,))]), ValueError, "received dtype float32"),
    ],
)
def test_errors(make, exception, message, fails):
    fails(make, exception, f"Hash.* 'h': .*{message}")


def _cross(x):
    return layers.HashedCrossing(2, name="h")(x)


def _both():
    layer = layers.Hashing(3, name="h")
    return [layer(Input((1,), dtype=dtype)) for dtype in ("string", "int64")]


def test_numbers_of_every_length_are_hashed_as_their_digits():
    rng = np.random.default_rng(0)
    edges = [10**k + d for k in range(19) for d in (-1, 0, 1)]
    some = [int(rng.integers(10**k, 10 ** (k + 1))) for k in range(18) for _ in range(20)]
    signed = [sign * one for one in edges + some for sign in (1, -1)]
    values = np.array([*signed, 2**63 - 1, -(2**63)], np.int64)
    digits = [str(one).encode() for one in values.tolist()]
    np.testing.assert_array_equal(number_fingerprints(values), fingerprints(digits))
    with np.errstate(over="ignore"):  # single numbers would warn
        found = keyed_number_fingerprints(values[:, None], (3, 2**63))
        expected = keyed_fingerprints(digits, (3, 2**63))
    np.testing.assert_array_equal(found[:, 0], expected)
