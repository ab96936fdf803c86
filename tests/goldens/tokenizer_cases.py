"""Texts through Tokenizer and TimeseriesGenerator, given a module of either: `results` has what
tests/goldens/tokenizer.json keeps of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

TEXTS = ["The cat sat on the mat.", "The dog ate my (old) homework!", "", "A cat, a dog; a\tCAT"]
NEW = ["the old cat saw a bird", "", "Mat mat mat dog", "nothing known"]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "few": {"num_words": 5},
    "unknown": {"oov_token": "<OOV>"},
    "few_unknown": {"num_words": 4, "oov_token": "<OOV>"},
    "characters": {"char_level": True},
    "as_written": {"lower": False, "filters": ".", "split": " "},
}


def results(text: Any, sequence: Any) -> dict[str, Any]:
    """What the functions of the two modules give, as JSON."""
    found: dict[str, Any] = {
        "words": text.text_to_word_sequence(TEXTS[1]),
        "hashes": text.hashing_trick(TEXTS[0], 40, hash_function="md5"),
    }
    for name, options in OPTIONS.items():
        made = text.Tokenizer(**options)
        made.fit_on_texts(TEXTS)
        made.fit_on_texts([["more", "Cat", "words"]])
        sequences = made.texts_to_sequences([*NEW, ["cat", "Dog", "none"]])
        found[name] = {
            "word_index": made.word_index,
            "word_counts": dict(made.word_counts),
            "word_docs": dict(made.word_docs),
            "document_count": made.document_count,
            "sequences": sequences,
            "texts": made.sequences_to_texts([*sequences, [1, 77, 3]]),
            "json": made.to_json(),
        }
        for mode in ("binary", "count", "freq", "tfidf"):
            found[name][mode] = np.round(made.texts_to_matrix(NEW, mode=mode), 12).tolist()
    counted = text.Tokenizer(num_words=6)
    counted.fit_on_sequences([[1, 2, 2], [2, 5]])
    found["of_sequences"] = counted.sequences_to_matrix([[1, 2, 2, 9]], "tfidf").tolist()
    data = np.arange(24).reshape(12, 2)
    for name, options in {
        "windows": {"batch_size": 4},
        "sampled": {"sampling_rate": 2, "stride": 2, "batch_size": 2, "reverse": True},
        "part": {"start_index": 2, "end_index": 8},
    }.items():
        batches = sequence.TimeseriesGenerator(data, data[:, 0], length=3, **options)
        given = [batches[i] for i in range(len(batches))]
        found[name] = [[x.tolist(), y.tolist()] for x, y in given]
    return found
