"""Texts as lists of tokens: standardized, split, and joined to n-grams."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from corereg.layers.preprocessing.texts import as_texts

Array = np.ndarray[Any, Any]
Document = list[bytes]
"""The tokens of a text, in order, in UTF-8."""

STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLIT = ("whitespace", "character")
_PUNCTUATION = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_LOWER = bytes(range(256)).lower()  # of ASCII's letters alone, as in Keras
_BETWEEN = b"\xff"  # stands in no text in UTF-8


class Tokenizer(NamedTuple):
    """How texts become tokens. standardize and split: None, one of STANDARDIZE and SPLIT, or a
    function of an array of texts; widths: of the n-grams, or None."""

    standardize: str | Callable[..., Any] | None
    split: str | Callable[..., Any] | None
    widths: tuple[int, ...] | None

    def documents(self, who: str, texts: Array) -> list[Document]:
        """The tokens of each of texts (n,), or (n, 1); without a split of each row of (n, k)."""
        if texts.ndim == 2 and texts.shape[1] != 1 and self.split is not None:
            raise ValueError(
                f"{who}: expected texts of shape (rows,) or (rows, 1), received {texts.shape}; "
                "split=None takes several tokens a row"
            )
        if texts.ndim not in (1, 2):
            raise ValueError(f"{who}: expected texts of one or two axes, received {texts.shape}")
        parts = self._standardized(who, texts)
        if self.split is None:
            columns = texts.shape[1] if texts.ndim == 2 else 1
            rows = [parts[i * columns : (i + 1) * columns] for i in range(len(texts))]
        elif self.split == "whitespace":
            rows = [part.split() for part in parts]
        elif self.split == "character":
            rows = [[one.encode() for one in part.decode()] for part in parts]
        else:
            rows = _split_by(who, self.split, parts)
        return rows if self.widths is None else [_ngrams(row, self.widths) for row in rows]

    def _standardized(self, who: str, texts: Array) -> list[bytes]:
        """All texts of an array, in UTF-8."""
        if callable(self.standardize):
            array = np.array(as_texts(who, texts.reshape(-1).tolist(), None)).reshape(texts.shape)
            found = np.asarray(self.standardize(array))
            if found.shape != texts.shape:
                raise ValueError(
                    f"{who}: expected standardize to keep the shape {texts.shape}, it gave "
                    f"{found.shape}"
                )
            texts = found
        given = as_texts(who, texts.reshape(-1).tolist(), None)
        if not given:
            return []
        try:
            joined = _BETWEEN.join([one.encode() for one in given])
        except UnicodeEncodeError as error:
            raise ValueError(f"{who}: expected texts that UTF-8 can hold, {error}") from None
        if self.standardize in STANDARDIZE:
            lower = _LOWER if self.standardize != "strip_punctuation" else None
            joined = joined.translate(lower, b"" if self.standardize == "lower" else _PUNCTUATION)
        return joined.split(_BETWEEN)


def _split_by(who: str, split: Any, parts: list[bytes]) -> list[Document]:
    """The tokens that a function gives of texts."""
    rows = list(split(np.array([part.decode() for part in parts], dtype=str)))
    if len(rows) != len(parts) or any(isinstance(row, str | bytes) for row in rows):
        raise ValueError(
            f"{who}: expected split to give a list of tokens for each of {len(parts)} texts, it "
            f"gave {len(rows)} elements"
        )
    return [[one.encode() for one in as_texts(who, list(row), None)] for row in rows]


def _ngrams(tokens: Document, widths: tuple[int, ...]) -> Document:
    """Neighbours joined by spaces, those of the first width first."""
    found: Document = []
    for width in widths:
        neighbours = (itertools.islice(tokens, i, None) for i in range(width))
        found += tokens if width == 1 else map(b" ".join, zip(*neighbours, strict=False))
    return found
