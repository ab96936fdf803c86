"""TextVectorization: numbers and counts of words, as Keras gives them (goldens/make_texts.py), in
models, in files, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from goldens.text_cases import CALLED, SEEN, TEXTS, cases

import corereg
from corereg import layers, models
from corereg.layers import TextVectorization
from corereg.saving import register_keras_serializable
from corereg.utils import FeatureSpace

TEXT = Path(__file__).with_name("goldens").joinpath("texts.json").read_text(encoding="utf-8")
GOLDENS = json.loads(TEXT)["cases"]
FILMS = np.array(["good film", "Bad film!", "very good", "very, very bad"] * 8)
LIKED = np.array([1.0, 0.0, 1.0, 0.0] * 8)


@pytest.mark.parametrize("name", list(GOLDENS))
def test_as_keras(name):
    options, seen, given = cases()[name]
    layer = TextVectorization(**options)
    if seen is not None:
        layer.adapt(np.array(seen))
    wanted = GOLDENS[name]
    assert layer.get_vocabulary() == wanted["vocabulary"]
    special = 2 if layer.output_mode == "int" else 1
    assert layer.get_vocabulary(include_special_tokens=False) == wanted["vocabulary"][special:]
    assert layer.vocabulary_size() == len(wanted["vocabulary"])
    out = layer(given).numpy()
    if layer.output_mode == "tf_idf":
        np.testing.assert_allclose(out, np.array(wanted["out"]), rtol=1e-6)
    else:
        assert out.tolist() == wanted["out"]
    again = TextVectorization.from_config(json.loads(json.dumps(layer.get_config())))
    assert np.array_equal(again(given).numpy(), out)


def test_every_case_is_there():
    assert set(GOLDENS) == set(cases())


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_adapt_takes_texts_in_all_forms(mode):
    def found(data, **options):
        layer = TextVectorization(output_mode=mode, split="whitespace")
        layer.adapt(data, **options)
        return layer.get_config()["vocabulary"], layer.get_config()["idf_weights"]

    whole = found(SEEN)
    assert whole == found(np.array(SEEN)) == found(np.array(SEEN, object)[:, None])
    assert whole == found(np.array([one.encode() for one in SEEN], object))
    assert whole == found(iter([SEEN[:2], SEEN[2:]]))
    assert whole == found(np.array(one) for one in (SEEN[:1], SEEN[1:]))
    assert whole == found(SEEN, batch_size=2)
    assert found(SEEN[:4]) == found(SEEN, batch_size=2, steps=2)
    pandas = pytest.importorskip("pandas")
    assert whole == found(pandas.Series(SEEN)) == found(pandas.DataFrame({"text": SEEN}))


def test_many_texts_in_pieces(monkeypatch):
    layer = TextVectorization(output_mode="count")
    layer.adapt(SEEN)
    wanted = layer(TEXTS).numpy()
    monkeypatch.setattr("corereg.layers.preprocessing.text_vectorization.PIECE", 1)
    assert np.array_equal(layer(TEXTS).numpy(), wanted)
    again = TextVectorization(output_mode="count")
    again.adapt(SEEN)
    assert again.get_vocabulary() == layer.get_vocabulary()


def without_marks(texts):
    return np.char.replace(np.char.lower(texts), "!", "")


def at_dashes(texts):
    return [text.split("-") for text in texts]


@pytest.mark.usefixtures("registrations_as_before")
def test_functions_of_ones_own(tmp_path):
    register_keras_serializable("tests")(without_marks)
    register_keras_serializable("tests")(at_dashes)
    layer = TextVectorization(standardize=without_marks, split=at_dashes)
    layer.adapt(["A-b", "B!-c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "b", "c", "a"]
    assert layer([["c-A!"], ["x"]]).numpy().tolist() == [[3, 4], [1, 0]]
    model = corereg.Sequential([layer, layers.Embedding(5, 2), layers.GlobalAveragePooling1D()])
    wanted = model.predict(["c-A!-B", "x"], verbose=0)
    model.save(tmp_path / "own.corereg")
    again = models.load_model(tmp_path / "own.corereg")
    assert np.array_equal(again.predict(["c-A!-B", "x"], verbose=0), wanted)
    unnamed = TextVectorization(split=lambda texts: [[one] for one in texts])
    with pytest.raises(TypeError, match="cannot save the function"):
        unnamed.get_config()


def model_of(mode, eager=False, functional=False):
    corereg.set_random_seed(3)
    layer = TextVectorization(output_mode=mode)
    layer.adapt(FILMS)
    inner = [layers.Dense(4, "relu"), layers.Dropout(0.2, seed=1), layers.Dense(1, "sigmoid")]
    if mode == "int":
        pooled = layers.GlobalAveragePooling1D()
        inner[:1] = [layers.Embedding(layer.vocabulary_size(), 4, mask_zero=True), pooled]
    if functional:
        x = given = corereg.Input((1,), dtype="string")
        for one in (layer, *inner):
            x = one(x)
        model = corereg.Model(given, x)
    else:
        model = corereg.Sequential([layer, *inner])
    model.compile(corereg.optimizers.Adam(0.05), "binary_crossentropy", run_eagerly=eager)
    return model


@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf"])
def test_models_of_texts_are_replayed_and_kept(mode, tmp_path):
    model = model_of(mode)
    losses = model.fit(FILMS, LIKED, epochs=15, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert model.execution_report()["fit"].mode == "replayed"
    assert model.input_shape == (None, 1)
    for other in (model_of(mode, eager=True), model_of(mode, functional=True)):
        found = other.fit(FILMS[:, None], LIKED, epochs=15, batch_size=8, verbose=0)
        assert found.history["loss"] == losses
    wanted = model.predict(["good", "a very bad and very long film " * 9], verbose=0)
    path = tmp_path / "films.corereg"
    model.save(path)
    again = models.load_model(path)
    assert np.array_equal(again.predict(["good", "very bad film"], verbose=0)[:1], wanted[:1])
    assert again.layers[0].get_config() == model.layers[0].get_config()
    assert again.evaluate(FILMS, LIKED, verbose=0) == model.evaluate(FILMS, LIKED, verbose=0)
    column = np.array([["good"], ["very bad film"]])
    assert np.array_equal(again(column).numpy(), model(column, training=False).numpy())


def test_a_model_inside_another_takes_texts():
    inner = model_of("count", functional=True)
    given = corereg.Input((1,), dtype="string")
    outer = corereg.Model(given, inner(given) * 2.0)
    wanted = 2 * inner.predict(FILMS[:4], verbose=0)
    np.testing.assert_allclose(outer.predict(FILMS[:4], verbose=0), wanted, rtol=1e-6)


def test_a_column_of_texts_in_a_feature_space(tmp_path):
    words = TextVectorization(output_mode="count")
    space = FeatureSpace(
        {"film": FeatureSpace.feature("string", words, "float"), "stars": "float_normalized"}
    )
    table = {"film": FILMS, "stars": LIKED}
    space.adapt(table)
    encoded = space(table)
    assert encoded.shape == (32, words.vocabulary_size() + 1)
    assert np.array_equal(encoded.numpy()[:, :-1], words(FILMS).numpy())
    one = space({"film": "good film", "stars": 1.0})
    assert np.array_equal(one.numpy(), encoded.numpy()[0])
    outputs = layers.Dense(1)(space.get_encoded_features())
    model = corereg.Model(space.get_inputs(), outputs)
    model.compile("sgd", "mse")
    model.fit(table, LIKED, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    model.save(tmp_path / "films.corereg")
    again = models.load_model(tmp_path / "films.corereg")
    assert np.array_equal(again.predict(table, verbose=0), model.predict(table, verbose=0))


def test_batches_of_other_texts_have_few_shapes():
    layer = TextVectorization(output_mode="count", vocabulary=["a"])
    assert {layer.codes_of(["a " * n]).shape for n in range(1, 40)} == {(1, 16), (1, 32), (1, 48)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"standardize": "upper"}, "expected standardize as None, a function or one of"),
        ({"split": "words"}, "expected split as None, a function or one of"),
        ({"output_mode": "one_hot"}, "expected output_mode as one of .*'tf_idf'"),
        ({"output_mode": "ints"}, "expected output_mode as one of"),
        ({"ngrams": 0}, "expected ngrams as None, a positive integer or a tuple"),
        ({"ngrams": (1, 0)}, "expected ngrams"),
        ({"ngrams": "2"}, "expected ngrams"),
        ({"output_sequence_length": 0}, "output_sequence_length as a positive integer"),
        ({"output_sequence_length": 3, "output_mode": "count"}, "for output_mode 'int' alone"),
        ({"max_tokens": 1}, "expected max_tokens of 2 or more"),
        ({"output_mode": "count", "pad_to_max_tokens": True}, "pad_to_max_tokens with max_tokens"),
        ({"sparse": True, "output_mode": "count"}, "sparse outputs are not supported"),
        ({"ragged": True}, "ragged outputs are not supported"),
        ({"encoding": "latin-1"}, "expected encoding 'utf-8'"),
        ({"idf_weights": [1.0]}, "idf_weights together with a vocabulary"),
        ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "a vocabulary with idf_weights"),
        ({"vocabulary": ["a", "a"]}, "'a' is there twice"),
    ],
)
def test_bad_arguments(options, message, fails):
    fails(
        lambda: TextVectorization(**options, name="t"),
        ValueError,
        f"TextVectorization 't': .*{message}",
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda v: v(np.array([["a", "b"]])), ValueError, "expected texts of shape"),
        (lambda v: v(np.array([[["a"]]])), ValueError, "expected texts of one or two axes"),
        (lambda v: v(np.array([1.0])), TypeError, "expected texts as tokens, received 1.0"),
        (lambda v: v(["a", None]), TypeError, "which stands for nothing"),
        (lambda v: v(["\ud800"]), ValueError, "expected texts that UTF-8 can hold"),
        (lambda v: v.adapt(iter([])), ValueError, "expected data, received none"),
        (lambda v: v.adapt([1, 2]), TypeError, "expected texts as tokens, received 1"),
        (lambda v: TextVectorization(name="t")(["a"]), ValueError, "expected a vocabulary; call"),
    ],
)
def test_bad_texts(call, error, message, fails):
    layer = TextVectorization(vocabulary=["b", "a"], name="t")
    fails(lambda: call(layer), error, message)
    assert layer(CALLED).numpy().tolist() == [[2, 3, 2], [1, 1, 3]]


def test_what_is_built_behind_it_needs_a_vocabulary(fails):
    layer = TextVectorization(output_mode="count")
    text = "expected a vocabulary before the layers behind it are built"
    fails(lambda: layer(corereg.Input((1,), dtype="string")), ValueError, text)
    padded = TextVectorization(9, output_mode="count", pad_to_max_tokens=True)
    assert padded(corereg.Input((1,), dtype="string")).shape == (None, 9)


def test_functions_that_keep_no_rows_raise(fails):
    layer = TextVectorization(vocabulary=["a"], standardize=lambda texts: texts[:1])
    fails(lambda: layer(["a", "b"]), ValueError, "expected standardize to keep the shape")
    layer = TextVectorization(vocabulary=["a"], split=lambda texts: list(texts))
    fails(lambda: layer(["a", "b"]), ValueError, "expected split to give a list of tokens for each")
