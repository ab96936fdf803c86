"""StringLookup: texts as numbers 0, 1, 2, ... by a vocabulary."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.calling import UNSAID
from corereg.layers.preprocessing.batches import pieces
from corereg.layers.preprocessing.fingerprints import fingerprints
from corereg.layers.preprocessing.lookup import PIECE, Array, Lookup, check_salt
from corereg.layers.preprocessing.texts import (
    as_text_array,
    as_texts,
    is_of_texts,
    texts_of,
)
from corereg.registry import register

UNKNOWN = -2  # a number that no text has


@register("layer")
class StringLookup(Lookup):
    """Numbers texts by a vocabulary: first 0 for the mask token if there is one, then
    num_oov_indices for texts that are not known, then the vocabulary, in its order.

    vocabulary: a list, an array, or a text file of one a line; or `adapt` finds it, of at most
    max_tokens with the special ones. With num_oov_indices 0 a text that is not known raises
    ValueError; with several, FarmHash's Fingerprint64 modulo their number says which one it takes.
    missing_token: the text that None, NaN and their like stand for; left out, they raise TypeError.
    output_mode, idf_weights and pad_to_max_tokens: as for `IntegerLookup`. invert: from
    indices to texts, a NumPy array; such a layer is called by itself, not in a model.

    In a model it comes right behind an ``Input(shape, dtype="string")`` or first in a Sequential:
    `fit`, `evaluate` and `predict` look the texts up once, before the first step, and what follows
    computes with their numbers. Called itself, it takes arrays of texts.

    sparse, salt and another encoding than UTF-8 are not supported: ValueError.

    >>> layer = layers.StringLookup(vocabulary=["cat", "dog"])
    >>> layer(np.array(["dog", "cat", "cow"]))  # 0: not known
    Tensor([2, 1, 0], dtype=int64)
    """

    recordable = True
    _input_dtype = "string"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        missing_token: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            **options,
        )
        check_salt(self.who, salt)
        if str(encoding).lower().replace("-", "") != "utf8":
            raise ValueError(f"{self.who}: expected encoding 'utf-8', received {encoding!r}")
        self.missing_token = None if missing_token is None else self.as_token(missing_token)

    def as_token(self, value: Any) -> str:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        if not isinstance(value, str):
            raise TypeError(f"{self.who}: expected texts as tokens, received {value!r}")
        return value

    def counts_of(self, values: Array) -> Iterable[tuple[str, int]]:
        given = texts_of(self.who, values, self.missing_token)
        counts = np.bincount(given.places, minlength=len(given.tokens)).tolist()
        return zip(given.tokens, counts, strict=True)

    def rows_of(self, values: Array) -> Iterator[set[str]]:
        given = texts_of(self.who, values, self.missing_token)
        for row in given.places.reshape(len(values), -1).tolist():
            yield {given.tokens[place] for place in row}

    def codes_of(self, values: Any) -> Array:
        """The number of each text in an array or a column of a table, int64."""
        if hasattr(values, "factorize"):
            given = texts_of(self.who, values, self.missing_token)
            return given.spread(self._codes_of_list(given.tokens))
        array = as_text_array(self.who, values)
        if array.size > PIECE and len(array) > 1:
            return np.concatenate([self.codes_of(piece) for piece in pieces(array, PIECE)])
        return self._codes_of_list(array.reshape(-1).tolist()).reshape(array.shape)

    def _codes_of_list(self, tokens: list[Any]) -> Array:
        known = map(self._codes.get, tokens, itertools.repeat(UNKNOWN))
        codes = np.fromiter(known, np.int64, len(tokens))
        unknown = np.flatnonzero(codes == UNKNOWN)
        if not len(unknown):
            return codes
        others = as_texts(self.who, [tokens[i] for i in unknown], self.missing_token)
        found = np.array([self._codes.get(one, UNKNOWN) for one in others], np.int64)
        new = np.flatnonzero(found == UNKNOWN)
        count = self.num_oov_indices
        if len(new) and not count:
            raise ValueError(
                f"{self.who}: expected texts of the vocabulary, received {others[new[0]]!r}; "
                "adapt(data), or leave num_oov_indices=1"
            )
        if count == 1:
            found[new] = self._first
        elif len(new):
            hashed = fingerprints([others[i].encode("utf-8") for i in new])
            found[new] = self._first + (hashed % np.uint64(count)).astype(np.int64)
        codes[unknown] = found
        return codes

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """The numbers of texts, a Tensor, as output_mode says; with invert=True the texts of
        numbers, an array."""
        if self.invert:
            codes = np.asarray(x.data if isinstance(x, Tensor) else x)
            tokens = [*self._special(), *self._tokens]
            inside = (codes >= 0) & (codes < len(tokens))
            table = np.array([*tokens, self.oov_token], dtype=str)
            return table[np.where(inside, codes, len(tokens))]
        return super().__call__(x, *more, training=training, **named)

    def _as_numbers(self, x: Any) -> Any:
        plain = not isinstance(x, Tensor | SymbolicTensor)
        return Tensor(self.codes_of(x)) if plain and is_of_texts(x) else x

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.encode(x)

    def get_config(self) -> dict[str, Any]:
        own = {} if self.missing_token is None else {"missing_token": self.missing_token}
        return {**super().get_config(), **own}
