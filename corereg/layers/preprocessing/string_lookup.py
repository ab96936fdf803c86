"""StringLookup: texts as numbers 0, 1, 2, ... by a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.layers.preprocessing.batches import pieces
from corereg.layers.preprocessing.lookup import PIECE, Array, Lookup, check_salt
from corereg.registry import register


@register("layer")
class StringLookup(Lookup):
    """Numbers texts by a vocabulary: first 0 for the mask token if there is one, then one for texts
    that are not known unless num_oov_indices is 0, then the vocabulary, in its order.

    vocabulary: a list, an array, or a text file of one a line; or `adapt` finds it, of at most
    max_tokens with the special ones. With num_oov_indices 0 a text that is not known raises
    ValueError. output_mode, idf_weights and pad_to_max_tokens: as for `IntegerLookup`. invert: from
    indices to texts, a NumPy array; such a layer is called by itself, not in a model.

    In a model it comes right behind an ``Input(shape, dtype="string")`` or first in a Sequential:
    `fit`, `evaluate` and `predict` look the texts up once, before the first step, and what follows
    computes with their numbers. Called itself, it takes arrays of texts.

    Several num_oov_indices, sparse, salt and another encoding than UTF-8 are not supported:
    ValueError.

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
        if self.num_oov_indices > 1:
            raise ValueError(
                f"{self.who}: expected num_oov_indices of 0 or 1, received {num_oov_indices}; "
                "texts that are not known are not told apart"
            )
        if str(encoding).lower().replace("-", "") != "utf8":
            raise ValueError(f"{self.who}: expected encoding 'utf-8', received {encoding!r}")

    def as_token(self, value: Any) -> str:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        if not isinstance(value, str):
            raise TypeError(f"{self.who}: expected texts as tokens, received {value!r}")
        return value

    def checked(self, values: Array) -> Array:
        if values.dtype.kind == "S":
            return np.char.decode(values, "utf-8")
        if values.dtype.kind == "O":
            flat = [self.as_token(one) for one in values.reshape(-1).tolist()]
            return np.array(flat, dtype=str).reshape(values.shape)
        if values.dtype.kind != "U":
            raise TypeError(f"{self.who}: expected texts, received dtype {values.dtype}")
        return values

    def codes_of(self, values: Any) -> Array:
        """The number of each text in an array, int64."""
        array = np.asarray(values)
        if array.size > PIECE and len(array) > 1:
            return np.concatenate([self.codes_of(piece) for piece in pieces(array, PIECE)])
        array = self.checked(array)
        tokens, places = np.unique(array, return_inverse=True)
        other = self._first if self.num_oov_indices else None
        codes = [self._codes.get(token, other) for token in tokens.tolist()]
        if None in codes:
            raise ValueError(
                f"{self.who}: expected texts of the vocabulary, received "
                f"{tokens[codes.index(None)].item()!r}; adapt(data), or leave num_oov_indices=1"
            )
        return np.array(codes, np.int64)[places.reshape(-1)].reshape(array.shape)

    def __call__(self, x: Any, *more: Any, training: bool | None = None, **named: Any) -> Any:
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
        if isinstance(x, str) or (
            isinstance(x, list | tuple | np.ndarray) and np.asarray(x).dtype.kind in "USO"
        ):
            return Tensor(self.codes_of(x))
        return x

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.encode(x)
