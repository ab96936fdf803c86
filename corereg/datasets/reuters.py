"""Reuters: 11228 short pieces of news."""

from __future__ import annotations

import os

import numpy as np

from corereg.datasets import texts
from corereg.datasets.fetching import find
from corereg.datasets.reading import read_npz, reading
from corereg.datasets.splitting import Split, check_split, orders

_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin "
    "strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem "
    "dlr gas silver wpi hog lead"
)


def load_data(
    path: str | os.PathLike[str] = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """Pieces of news: 11228, each of one of 46 topics.

    A text is a list of words by their rank: the most frequent word is 1 + index_from. 0 stands for
    no word, so that texts can be padded with it (`utils.pad_sequences`).

    path: name of the file in Keras's folder (`$KERAS_HOME/datasets` or `~/.keras/datasets`), into
        which it is downloaded (2 MB) if it is not there; or the absolute path of a copy.
    num_words: words from this number on become oov_char; None keeps all but the very last.
    skip_top: words below this number become oov_char. maxlen: leave out texts of so many words and
    more. test_split: share of the rows that is for tests. seed: of the order of the rows.
    start_char: stands before each text, unless None. oov_char: stands for words left out; None
    leaves nothing in their place. index_from: is added to every word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x object arrays of lists; y int64, the topic, whose
        name `get_label_names` tells.

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: for a test_split not in [0, 1), a maxlen that leaves nothing,
            or another digest.

    Source: D. Lewis, "Reuters-21578 text categorization collection".

    >>> (x, y), test = datasets.reuters.load_data(num_words=10000)  # doctest: +SKIP
    """
    who = "reuters.load_data"
    check_split(who, test_split)
    file = find(who, path, "reuters.npz")
    with reading(who, file):
        x, y = read_npz(file, ("x", "y"))
        texts.check_texts(x, y)
        [indices] = orders(seed, len(x))
        shifted = texts.shifted(x[indices], start_char, index_from)
    kept, labels = texts.short(who, shifted, y[indices], maxlen)
    rows = int(len(kept) * (1 - test_split))
    found = texts.limited(kept, num_words, skip_top, oov_char)
    train = texts.objects(found[:rows]), np.array(labels[:rows])
    return train, (texts.objects(found[rows:]), np.array(labels[rows:]))


def get_word_index(path: str | os.PathLike[str] = "reuters_word_index.json") -> dict[str, int]:
    """{word: rank} of the words of the texts; in `load_data` a word is its rank + index_from.

    path: as that of `load_data`, for a file of 550 KB. OSError where it cannot be had, ValueError
    for another digest.

    >>> words = datasets.reuters.get_word_index()  # doctest: +SKIP
    """
    return texts.word_index("reuters.get_word_index", path, "reuters_word_index.json")


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, in the order of their labels.

    >>> datasets.reuters.get_label_names()[:3]
    ('cocoa', 'grain', 'veg-oil')
    """
    return tuple(_TOPICS.split())
