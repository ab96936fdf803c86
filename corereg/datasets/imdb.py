"""IMDB: 50000 reviews of films."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from corereg.datasets import texts
from corereg.datasets.fetching import find
from corereg.datasets.reading import read_npz, reading
from corereg.datasets.splitting import Split, orders


def load_data(
    path: str | os.PathLike[str] = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """Reviews of films: 25000 to train on and 25000 to test with, each praise or blame.

    A review is a list of words by their rank: the most frequent word is 1 + index_from. 0 stands
    for no word, so that reviews can be padded with it (`utils.pad_sequences`).

    path: name of the file in Keras's folder (`$KERAS_HOME/datasets` or `~/.keras/datasets`), into
        which it is downloaded (17 MB) if it is not there; or the absolute path of a copy.
    num_words: words from this number on become oov_char; None keeps all but the very last.
    skip_top: words below this number become oov_char. maxlen: leave out reviews of so many words
    and more. seed: of the order of the rows. start_char: stands before each review, unless None.
    oov_char: stands for words left out; None leaves nothing in their place. index_from: is added
    to every word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x object arrays of lists; y int64, 1 for praise.

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: maxlen leaves nothing, or the digest is another one.
            TypeError: for other arguments.

    Source: A. Maas and others (2011), "Learning word vectors for sentiment analysis".

    >>> (x, y), test = datasets.imdb.load_data(num_words=10000)  # doctest: +SKIP
    """
    who = "imdb.load_data"
    if kwargs:
        told = "; nb_words is now num_words" if "nb_words" in kwargs else ""
        raise TypeError(f"{who}: unexpected arguments {', '.join(sorted(kwargs))}{told}")
    file = find(who, path, "imdb.npz")
    with reading(who, file):
        x, y, x_test, y_test = read_npz(file, ("x_train", "y_train", "x_test", "y_test"))
        texts.check_texts(x, y)
        texts.check_texts(x_test, y_test)
        first, second = orders(seed, len(x), len(x_test))
        train = texts.shifted(x[first], start_char, index_from)
        test = texts.shifted(x_test[second], start_char, index_from)
    train, y = texts.short(who, train, y[first], maxlen)
    test, y_test = texts.short(who, test, y_test[second], maxlen)
    rows = len(train)
    both = texts.limited(train + test, num_words, skip_top, oov_char)
    labels = np.concatenate([y, y_test])
    return (texts.objects(both[:rows]), labels[:rows]), (texts.objects(both[rows:]), labels[rows:])


def get_word_index(path: str | os.PathLike[str] = "imdb_word_index.json") -> dict[str, int]:
    """{word: rank} of the words of the reviews; in `load_data` a word is its rank + index_from.

    path: as that of `load_data`, for a file of 1.6 MB. OSError where it cannot be had, ValueError
    for another digest.

    >>> words = datasets.imdb.get_word_index()  # doctest: +SKIP
    """
    return texts.word_index("imdb.get_word_index", path, "imdb_word_index.json")
