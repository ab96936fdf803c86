"""Texts as lists of numbers of words, as Keras's IMDB and Reuters come."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from corereg.datasets.fetching import find
from corereg.datasets.reading import reading

Array = np.ndarray[Any, Any]
Lists = list[list[int]]


def check_texts(x: Array, y: Array) -> None:
    """ValueError for what is no list of numbers for each label."""
    if x.shape != y.shape or x.ndim != 1 or not all(isinstance(one, list | Array) for one in x):
        raise ValueError("it has no list of words for each label")


def shifted(texts: Array, start_char: int | None, index_from: int) -> Lists:
    """Room for the numbers below index_from, and a mark at each text's start."""
    start = [] if start_char is None else [start_char]
    return [[*start, *(word + (index_from or 0) for word in text)] for text in texts]


def short(who: str, texts: Lists, labels: Array, maxlen: int | None) -> tuple[Lists, Array]:
    """Without the texts of maxlen words and more, and without their labels."""
    if not maxlen:
        return texts, labels
    kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(
            f"{who}: expected a maxlen that leaves texts, received {maxlen}; all have as many "
            "words or more"
        )
    return [texts[i] for i in kept], labels[kept]


def limited(texts: Lists, num_words: int | None, skip_top: int, oov_char: int | None) -> Lists:
    """With oov_char, or nothing, in the place of words that are too rare or too frequent."""
    end = num_words or max(max(text) for text in texts)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < end] for text in texts]
    return [[word if skip_top <= word < end else oov_char for word in text] for text in texts]


def objects(texts: Lists) -> Array:
    """An array of lists; as in Keras, of equal lists a matrix of numbers as objects."""
    return np.array(texts, dtype=object)


def word_index(who: str, path: str | os.PathLike[str], name: str) -> dict[str, int]:
    """{word: number} out of a JSON file."""
    file = find(who, path, name)
    with reading(who, file), open(file, encoding="utf-8") as text:
        found = json.load(text)
        if not isinstance(found, dict):
            raise ValueError("it is no dict of words")
    return found
