"""corereg.preprocessing: Tokenizer and TimeseriesGenerator give what Keras's give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import corereg
from corereg import layers, utils
from corereg.preprocessing import sequence, text
from tests.goldens.tokenizer_cases import OPTIONS, TEXTS, results

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "tokenizer.json").read_text())
FOUND = json.loads(json.dumps(results(text, sequence)))


def test_every_case_is_there():
    assert {*FOUND, "keras"} == {*GOLDENS}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_what_keras_gives(name):
    own, other = FOUND[name], GOLDENS[name]
    if name in OPTIONS:
        told, meant = (json.loads(one.pop("json"))["config"] for one in (own, other))
        for table in ("word_counts", "word_docs", "index_docs", "word_index", "index_word"):
            assert json.loads(told.pop(table)) == json.loads(meant.pop(table))
        assert told == meant
        for mode in ("freq", "tfidf"):
            np.testing.assert_allclose(own.pop(mode), other.pop(mode), rtol=1e-12)
    assert own == other


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_json_brings_it_back(options):
    made = text.Tokenizer(**options)
    made.fit_on_texts(TEXTS)
    again = text.tokenizer_from_json(made.to_json(indent=1))
    assert again.get_config() == made.get_config()
    assert again.texts_to_sequences(TEXTS) == made.texts_to_sequences(TEXTS)
    assert np.array_equal(
        again.texts_to_matrix(TEXTS, "tfidf"), made.texts_to_matrix(TEXTS, "tfidf")
    )


def test_an_analyzer_splits():
    made = text.Tokenizer(analyzer=lambda one: one.split("-"))
    made.fit_on_texts(["a-b-a", "b-c"])
    assert made.word_index == {"a": 1, "b": 2, "c": 3}
    assert text.hashing_trick("a-b", 9, len, analyzer=lambda one: one.split("-")) == [2, 2]
    assert all(0 < i < 9 for i in text.one_hot("some words here", 9))


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: text.Tokenizer(nb_words=3), TypeError, "nb_words is now num_words"),
        (lambda: text.Tokenizer(words=3), TypeError, "unexpected arguments words"),
        (lambda: text.Tokenizer().texts_to_matrix(["a"]), ValueError, "give num_words, or call"),
        (
            lambda: text.Tokenizer(num_words=3).texts_to_matrix(["a"], "tfidf"),
            ValueError,
            "needs the documents",
        ),
        (
            lambda: text.Tokenizer(num_words=3).texts_to_matrix(["a"], "x"),
            ValueError,
            "mode binary",
        ),
        (lambda: text.hashing_trick("a", 1), ValueError, "expected n >= 2"),
        (lambda: text.hashing_trick("a", 5, "sha"), ValueError, "expected hash_function"),
        (lambda: text.tokenizer_from_json("{}"), ValueError, "expected the text that to_json"),
        (lambda: text.tokenizer_from_json("no"), ValueError, "expected the text that to_json"),
        (
            lambda: sequence.TimeseriesGenerator([1, 2], [1], 1),
            ValueError,
            "expected a target for each of 2 times, received 1",
        ),
        (
            lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 5),
            ValueError,
            "longer than a window of 5",
        ),
    ],
)
def test_bad_arguments(call, error, told):
    with pytest.raises(error, match=told):
        call()


def test_fit_takes_windows():
    series = np.sin(np.arange(60) / 3).astype("float32")
    windows = sequence.TimeseriesGenerator(series, series, length=6, batch_size=9, shuffle=True)
    np.random.seed(3)  # noqa: NPY002
    model = corereg.Sequential([corereg.Input((6,)), layers.Dense(1)])
    model.compile(corereg.optimizers.Adam(0.1), "mse")
    history = model.fit(windows, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert windows[0][0].shape == (9, 6)


def test_pad_sequences_is_the_one_of_utils():
    assert sequence.pad_sequences is utils.pad_sequences
    with pytest.raises(AttributeError, match=r"corereg\.preprocessing has no 'image'"):
        corereg.preprocessing.image  # noqa: B018
