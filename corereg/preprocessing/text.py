"""Texts as lists of numbers of words, and as rows of counts, in the words of
`keras.preprocessing.text`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from corereg.shown import as_call

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "tfidf", "freq")
_TABLES = ("word_counts", "word_docs", "index_docs", "word_index", "index_word")

Array = np.ndarray[Any, Any]
Analyzer = Callable[[str], Sequence[str]]


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """The words of a text. filters: characters that become split; lower: in lower case.

    >>> from corereg.preprocessing.text import text_to_word_sequence
    >>> text_to_word_sequence("Well done!")
    ['well', 'done']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by a hash: different words may have the same.

    hash_function: a function of a word; None is Python's `hash`, which differs from process to
    process; "md5" stays the same. analyzer: what splits a text, by default
    `text_to_word_sequence(text, filters, lower, split)`. ValueError for n < 2.

    >>> from corereg.preprocessing.text import hashing_trick
    >>> hashing_trick("Well done, well done", 50, "md5")
    [15, 31, 15, 31]
    """
    if n < 2:
        raise ValueError(f"hashing_trick: expected n >= 2, received {n!r}")
    if hash_function == "md5":
        hash_function = _md5
    function = hash if hash_function is None else hash_function
    if not callable(function):
        raise ValueError(
            f"hashing_trick: expected hash_function as a function, 'md5' or None, received "
            f"{hash_function!r}"
        )
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [function(word) % (n - 1) + 1 for word in words]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """`hashing_trick` with Python's `hash`: in spite of its name a list of numbers.

    >>> from corereg.preprocessing.text import one_hot
    >>> len(one_hot("Well done!", 50))
    2
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers words by how often they occur, and turns texts into numbers or counts of words.

    num_words: numbers from this one on are left out; None keeps all. filters, lower, split: as in
    `text_to_word_sequence`. char_level: characters in the place of words. oov_token: a word, number
    1, that stands for all that are not known or left out; None leaves nothing in their place.
    analyzer: a function that splits a text. Attributes after `fit_on_texts`: word_index,
    index_word, word_counts, word_docs, index_docs, document_count.

    >>> from corereg.preprocessing.text import Tokenizer
    >>> tokenizer = Tokenizer(num_words=10)
    >>> tokenizer.fit_on_texts(["the cat sat on the mat", "the dog"])
    >>> tokenizer.word_index["the"], tokenizer.texts_to_sequences(["the cat and the dog"])
    (1, [[1, 2, 1, 6]])
    >>> tokenizer.texts_to_matrix(["the the cat"], mode="count")[0, :4]
    array([0., 2., 1., 0.])
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Analyzer | None = None,
        **more: Any,
    ) -> None:
        self.document_count = more.pop("document_count", 0)
        if more:
            told = "; nb_words is now num_words" if "nb_words" in more else ""
            raise TypeError(f"Tokenizer: unexpected arguments {', '.join(sorted(more))}{told}")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: Counter[str] = Counter()
        self.index_docs: Counter[int] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    __repr__ = as_call

    def _words(self, text: Any) -> Sequence[str]:
        """The words of a text, or the elements of a list."""
        if isinstance(text, list):
            return [one.lower() for one in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text  # type: ignore[no-any-return]
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts, or of lists of words, and numbers all that are known anew:
        from 1, the most frequent first, of equal ones that which came first."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            self.word_docs.update(set(words))
        ranked = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        known = [] if self.oov_token is None else [self.oov_token]
        self.word_index = {word: i for i, word in enumerate([*known, *ranked], 1)}
        self.index_word = {i: word for word, i in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Counts in how many lists of numbers each number is, for "tfidf"."""
        self.document_count += len(sequences)
        for sequence in sequences:
            self.index_docs.update(set(sequence))

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """A list of numbers for each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The same, one after the other."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            found = (self.word_index.get(word) for word in self._words(text))
            yield [i for i in self._kept(found, unknown) if i is not None]

    def _kept(self, numbers: Iterable[int | None], unknown: int | None) -> Iterator[int | None]:
        """unknown in the place of numbers that are not known or left out."""
        for i in numbers:
            yield unknown if i is None or (self.num_words and i >= self.num_words) else i

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """A text for each list of numbers: its words with blanks between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """The same, one after the other."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for sequence in sequences:
            known = (i if i in self.index_word else None for i in sequence)
            found = (i for i in self._kept(known, unknown) if i is not None)
            yield " ".join(self.index_word[i] for i in found)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Array:
        """A row for each text, a column for each number of a word: float64 of shape (texts,
        num_words). mode: "binary" 1 where a word is, "count" how often, "freq" its share of the
        text's words, "tfidf" (1 + log count) log(1 + documents / (1 + documents with the word))."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> Array:
        """The same of lists of numbers."""
        if mode not in _MODES:
            raise ValueError(f"Tokenizer: expected mode {', '.join(_MODES)}, received {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer: give num_words, or call fit_on_texts first")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: call fit_on_texts first, for 'tfidf' needs the documents")
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            counts = Counter(i for i in sequence if i < columns)
            places, values = list(counts), np.array(list(counts.values()), float)
            if not places:
                continue
            if mode == "binary":
                values[:] = 1
            elif mode == "freq":
                values /= len(sequence)
            elif mode == "tfidf":
                documents = np.array([self.index_docs.get(i, 0) for i in places])
                values = (1 + np.log(values)) * np.log(1 + self.document_count / (1 + documents))
            row[places] = values
        return matrix

    def get_config(self) -> dict[str, Any]:
        """What `to_json` writes: tables are JSON themselves."""
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
        found = {name: getattr(self, name) for name in (*names, "document_count")}
        return found | {name: json.dumps(getattr(self, name)) for name in _TABLES}

    def to_json(self, **options: Any) -> str:
        """All that it knows, for `tokenizer_from_json`, here and in Keras; options: of
        `json.dumps`."""
        described = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(described, **options)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The Tokenizer of a text that `to_json` gave, here or in Keras. ValueError for another text.

    >>> from corereg.preprocessing.text import Tokenizer, tokenizer_from_json
    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'the': 1, 'cat': 2}
    """
    try:
        config = json.loads(json_string)["config"]
        tables = {name: json.loads(config.pop(name)) for name in _TABLES}
        made = Tokenizer(**config)
        made.word_counts = OrderedDict(tables["word_counts"])
        made.word_docs = Counter(tables["word_docs"])
        made.word_index = dict(tables["word_index"])
        made.index_docs = Counter({int(i): n for i, n in tables["index_docs"].items()})
        made.index_word = {int(i): word for i, word in tables["index_word"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"tokenizer_from_json: expected the text that to_json gave, received "
            f"{json_string!r:.80}: {error}"
        ) from error
    return made
