"""Preprocessing: vocabularies, bins, normalization, in models and by themselves; Lambda; what the
layers that put elements elsewhere refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Sequential, layers, models, ops
from corereg.layers import (
    CategoryEncoding,
    Discretization,
    IntegerLookup,
    Lambda,
    Normalization,
    Permute,
    RepeatVector,
    Reshape,
    StringLookup,
)
from corereg.registry import register_keras_serializable

RNG = np.random.default_rng(4)
TEXTS = np.array(["b", "a", "c", "zz"])[RNG.integers(0, 4, (40, 1))]
NUMBERS = RNG.integers(-3, 4, (40, 2))
Y = RNG.normal(size=(40, 1)).astype("float32")


def again(layer):
    return layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))


# ---- look-ups ------------------------------------------------------------------------------------

LOOKUPS = [
    ({}, ["b", "a", "?"], [1, 2, 0]),
    ({"mask_token": ""}, ["b", "", "?"], [2, 0, 1]),
    ({"num_oov_indices": 0}, ["b", "a"], [0, 1]),
    ({"output_mode": "one_hot"}, ["b", "?"], [[0, 1, 0], [1, 0, 0]]),
    ({"output_mode": "one_hot", "mask_token": ""}, ["b", ""], [[0, 1, 0], [0, 0, 0]]),
    ({"output_mode": "count"}, [["b", "b", "?"]], [[1, 2, 0]]),
    ({"output_mode": "multi_hot"}, [["b", "b", "a"]], [[0, 1, 1]]),
    (
        {"output_mode": "multi_hot", "max_tokens": 5, "pad_to_max_tokens": True},
        [["a"]],
        [[0, 0, 1, 0, 0]],
    ),
    ({"output_mode": "tf_idf", "idf_weights": [0.5, 1.5]}, [["b", "b", "?"]], [[1, 1, 0]]),
]


@pytest.mark.parametrize(("options", "given", "expected"), LOOKUPS)
def test_texts_and_numbers(options, given, expected):
    layer = StringLookup(vocabulary=["b", "a"], **options)
    out = layer(np.array(given))
    assert out.data.tolist() == expected
    assert out.dtype == ("int64" if layer.output_mode == "int" else "float32")
    assert again(layer)(np.array(given, object)).data.tolist() == expected
    own = {"b": 7, "a": -4, "?": 99, "": 5}
    if "mask_token" in options:
        options = {**options, "mask_token": 5}
    numbers = np.vectorize(own.get)(np.array(given))
    same = IntegerLookup(vocabulary=[7, -4], **options)
    assert same(numbers).data.tolist() == expected
    assert again(same)(numbers.astype("int32")).data.tolist() == expected


def test_adapt_orders_by_frequency_and_then_backwards():
    texts = StringLookup()
    texts.adapt([["a", "c", "d"], ["d", "z", "b"]])
    assert texts.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]
    numbers = IntegerLookup(max_tokens=4, mask_token=0)
    numbers.adapt(iter([np.array([[12, 1138, 42]]), np.array([[42, 1000, 0]])]))
    assert numbers.get_vocabulary() == [0, -1, 42, 1138]
    assert numbers.vocabulary_size() == 4
    assert numbers.get_vocabulary(include_special_tokens=False) == [42, 1138]


def test_adapt_finds_weights_of_documents():
    layer = StringLookup(output_mode="tf_idf")
    layer.adapt(np.array([["a", "a"], ["a", "b"]]))
    idf = [np.log(1 + 2 / 3), np.log(1 + 2 / 2)]
    np.testing.assert_allclose(
        layer(np.array([["a", "a", "b", "?"]])).data, [[np.mean(idf), 2 * idf[0], idf[1]]], 1e-6
    )


def test_what_is_not_known_has_the_weight_that_was_given_for_it():
    layer = IntegerLookup(vocabulary=[-1, 3], idf_weights=[0.75, 0.5], output_mode="tf_idf")
    for one in (layer, IntegerLookup.from_config(layer.get_config())):
        assert one(np.array([[9, 3, 9]])).data.tolist() == [[1.5, 0.5]]


def test_several_places_for_unknown_numbers():
    layer = IntegerLookup(vocabulary=[10], num_oov_indices=3)
    assert layer(np.array([10, 0, 4, -1, 11])).data.tolist() == [3, 0, 1, 2, 2]


def test_back_to_tokens():
    texts = StringLookup(vocabulary=["b", "a"], invert=True)
    assert texts([[1, 2], [0, 9]]).tolist() == [["b", "a"], ["[UNK]", "[UNK]"]]
    numbers = IntegerLookup(vocabulary=[7, 3], invert=True)
    assert numbers(np.array([1, 2, 0, 9])).data.tolist() == [7, 3, -1, -1]


def test_a_vocabulary_in_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("b\na\n")
    assert StringLookup(vocabulary=str(path)).get_vocabulary() == ["[UNK]", "b", "a"]
    whole = StringLookup(vocabulary=["[UNK]", "b", "a"])
    assert whole.get_vocabulary() == ["[UNK]", "b", "a"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"vocabulary": ["a", "a"]}, ValueError, "'a' is there twice"),
        ({"vocabulary": ["a", "[UNK]"]}, ValueError, "'\\[UNK\\]' is reserved"),
        ({"vocabulary": []}, ValueError, "expected a vocabulary of tokens, received none"),
        ({"vocabulary": [1]}, TypeError, "expected texts as tokens, received 1"),
        ({"vocabulary": ["a", "b"], "max_tokens": 2}, ValueError, "at most max_tokens=2 tokens"),
        ({"num_oov_indices": -1}, ValueError, "expected num_oov_indices as an integer of 0"),
        ({"output_mode": "hot"}, ValueError, "expected output_mode as one of"),
        ({"invert": True, "output_mode": "count"}, ValueError, "expected output_mode 'int' for"),
        ({"pad_to_max_tokens": True}, ValueError, "expected pad_to_max_tokens with max_tokens"),
        ({"sparse": True}, ValueError, "sparse outputs are not supported"),
        ({"salt": 3}, ValueError, "salt is not supported"),
        ({"encoding": "latin-1"}, ValueError, "expected encoding 'utf-8'"),
        ({"vocabulary": ["a"], "output_mode": "tf_idf"}, ValueError, "with idf_weights"),
    ],
)
def test_bad_lookups(options, error, message, fails):
    fails(lambda: StringLookup(**options, name="s"), error, f"StringLookup 's': .*{message}")


def test_unknown_texts_without_a_place(fails):
    layer = StringLookup(vocabulary=["a"], num_oov_indices=0, name="s")
    message = "StringLookup 's': expected texts of the vocabulary, received 'b'"
    fails(lambda: layer(np.array(["a", "b"])), ValueError, message)


# ---- in models -----------------------------------------------------------------------------------


def whole_model():
    corereg.utils.set_random_seed(2)
    texts, numbers = Input((1,), dtype="string", name="t"), Input((2,), dtype="int32", name="n")
    floats = Input((2,), name="f")
    normal, words = Normalization(), StringLookup()
    normal.adapt(NUMBERS)
    words.adapt(TEXTS)
    known = IntegerLookup(vocabulary=[-1, 2, 3], output_mode="multi_hot")
    rows = layers.Flatten()(layers.Embedding(5, 2)(words(texts)))
    bins = Discretization([-1.0, 0.5], output_mode="one_hot")(floats)
    own = [
        rows,
        known(numbers),
        layers.Flatten()(bins),
        normal(floats),
        CategoryEncoding(4)(numbers),
    ]
    model = Model([texts, numbers, floats], layers.Dense(1)(layers.Concatenate()(own)))
    model.compile("adam", "mse")
    return model


def test_a_model_of_all_kinds_of_columns(tmp_path):
    x = {"t": TEXTS, "n": NUMBERS, "f": NUMBERS / 2}
    model, eager = whole_model(), whole_model()
    eager.run_eagerly = True
    for one in (model, eager):
        one.fit(x, Y, epochs=3, batch_size=16, verbose=0, validation_split=0.2)
    assert model.execution_report()["fit"].mode == "replayed"
    assert all(map(np.array_equal, model.get_weights(), eager.get_weights()))
    expected = model.predict(x, verbose=0)
    assert np.array_equal(expected, eager.predict(x, verbose=0))
    assert np.array_equal(
        expected, model.predict([TEXTS.astype(object), NUMBERS, NUMBERS / 2], verbose=0)
    )
    np.testing.assert_allclose(model([TEXTS, NUMBERS, NUMBERS / 2]).data, expected, rtol=1e-5)
    assert model.evaluate(x, Y, verbose=0) == eager.evaluate(x, Y, verbose=0)
    model.save(tmp_path / "m")
    loaded = models.load_model(tmp_path / "m")
    assert np.array_equal(expected, loaded.predict(x, verbose=0))


def test_texts_first_in_a_stack():
    model = Sequential([StringLookup(vocabulary=["a", "b"], output_mode="one_hot")])
    model.add(layers.Dense(1))
    model.compile("sgd", "mse")
    model.fit(TEXTS, Y, epochs=2, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    assert np.array_equal(model.predict(TEXTS, verbose=0), model(TEXTS).data)


def test_texts_that_nobody_looks_up(fails):
    x = Input((1,), dtype="string", name="x")
    model = Model(x, layers.Dense(1, name="d")(x))
    model.compile("sgd", "mse")
    message = r"expected one StringLookup, Hashing or TextVec.* of texts, received \['d"
    fails(lambda: model.fit(TEXTS, Y, verbose=0), ValueError, f".*{message}")


# ---- Normalization, Discretization, CategoryEncoding ---------------------------------------------


def test_normalization_of_batches_is_that_of_the_whole():
    x = RNG.normal(3, 2, (60, 2))
    whole, parts = Normalization(), Normalization()
    whole.adapt(x)
    parts.adapt(iter([(x[:7], None), (x[7:50], None), (x[50:], None)]))
    np.testing.assert_allclose(whole.get_weights(), parts.get_weights(), rtol=1e-6)
    np.testing.assert_allclose(whole(x).data.std(axis=0), 1, rtol=1e-5)
    back = Normalization(mean=whole.mean.data, variance=whole.variance.data, invert=True)
    np.testing.assert_allclose(back(whole(x)).data, x, rtol=1e-4, atol=1e-5)
    assert not whole.trainable_weights


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Normalization(mean=1.0), ValueError, "expected both mean and variance"),
        (lambda: Normalization(axis=2)(np.ones((2, 2))), ValueError, "expected axes that inputs"),
        (lambda: Normalization(axis=1)(Input((None,))), ValueError, "expected axes of known"),
        (lambda: Normalization(mean=1, variance=1).adapt(Y), ValueError, "were given to the"),
        (lambda: Normalization().adapt(np.array([["a"]])), ValueError, "rows of numbers"),
        (lambda: Normalization().adapt(np.ones((0, 2))), ValueError, "at least one row"),
        (lambda: Normalization().adapt(iter([])), ValueError, "expected data, received none"),
        (
            lambda: Normalization(mean=[1, 2], variance=1)(np.ones((2, 3))),
            ValueError,
            "that broadcast to",
        ),
        (lambda: Discretization(), ValueError, "received neither"),
        (lambda: Discretization([1.0], num_bins=2), ValueError, "received both"),
        (lambda: Discretization([2.0, 1.0]), ValueError, "in ascending order"),
        (lambda: Discretization(num_bins=-1), ValueError, "num_bins of 0 or more"),
        (lambda: Discretization(num_bins=3)(Y), ValueError, "call adapt"),
        (lambda: CategoryEncoding(), ValueError, "expected an integer for num_tokens"),
        (lambda: CategoryEncoding(0), ValueError, "num_tokens of 1 or more"),
        (lambda: CategoryEncoding(3, "int"), ValueError, "expected output_mode as one of"),
        (lambda: layers.Rescaling("a"), TypeError, "expected scale as a number"),
        (lambda: Reshape((-1, -1)), ValueError, "at most one -1"),
        (lambda: Reshape((5,))(np.ones((2, 6))), ValueError, "rows of 5 elements for"),
        (lambda: Reshape((-1, 4))(np.ones((2, 6))), ValueError, "4 elements or a multiple"),
        (lambda: Permute((0, 1)), ValueError, "expected dims as each of 1, 2, ... once"),
        (lambda: Permute((1,))(np.ones((2, 3, 4))), ValueError, "1 axes behind the batch"),
        (lambda: RepeatVector(2.0), TypeError, "expected an integer for n"),
        (lambda: RepeatVector(0), ValueError, "expected n of 1 or more"),
        (lambda: RepeatVector(2)(np.ones((2, 3, 4))), ValueError, r"shape \(batch, features\)"),
        (lambda: layers.Flatten("last"), ValueError, "expected data_format as one of"),
        (lambda: layers.GlobalMaxPooling1D()(np.ones((2, 3))), ValueError, "batch, steps"),
        (lambda: Lambda(3), TypeError, "expected a function of tensors, received 3"),
        (lambda: Lambda(ops.exp, output_shape=3), TypeError, "expected output_shape as a tuple"),
    ],
)
def test_what_is_refused(call, error, message, fails):
    fails(call, error, f".*{message}")


# ---- Lambda --------------------------------------------------------------------------------------


def scaled(x, factor, training=False):
    return x * factor if training else x


@pytest.fixture
def scaled_is_registered(registrations_as_before):
    """Registers the function for one test."""
    register_keras_serializable(package="tests")(scaled)


@pytest.mark.usefixtures("scaled_is_registered")
def test_lambda():
    layer = Lambda(scaled, arguments={"factor": 3.0})
    x = np.ones((2, 3), "float32")
    assert layer(x, training=True).data.tolist() == [[3] * 3] * 2
    assert layer(x).data.tolist() == [[1] * 3] * 2
    assert again(layer)(x, training=True).data.tolist() == [[3] * 3] * 2
    assert again(Lambda(ops.exp)).function is ops.exp
    assert Lambda(lambda t: t[:, :2]).compute_output_shape((None, 3)) == (None, 2)
    assert Lambda(lambda t: t, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)
    assert Lambda(lambda t: t, lambda s: (s[0], 9)).compute_output_shape((None, 3)) == (None, 9)


def test_lambda_in_a_model(fails, tmp_path):
    for function in (lambda t: t * 2 + 1, ops.tanh):
        model = Sequential([Input((2,)), Lambda(function, name="l"), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(NUMBERS, Y, epochs=3, verbose=0)
        assert model.execution_report()["fit"].mode == "replayed"
    model.save(tmp_path / "m")
    plain = Sequential([Input((2,)), Lambda(lambda t: t * 2, name="l")])
    fails(lambda: plain.save(tmp_path / "n"), TypeError, "Lambda 'l': cannot save the function .*")
    with pytest.raises(ValueError, match="unknown function 'tests>gone'"):
        Lambda.from_config({"function": "tests>gone"})
