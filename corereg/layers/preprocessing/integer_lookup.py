"""IntegerLookup: whole numbers as numbers 0, 1, 2, ... by a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.layers.preprocessing.lookup import Array, Lookup, check_salt
from corereg.registry import register


@register("layer")
class IntegerLookup(Lookup):
    """Numbers whole numbers by a vocabulary: first 0 for the mask token if there is one, then
    num_oov_indices for numbers that are not known, then the vocabulary, in its order.

    vocabulary: a list, an array, or a text file of one a line; or `adapt` finds it, of at most
    max_tokens with the special ones. With several num_oov_indices, x takes the one of x modulo
    their number; with none, a number that is not known raises ValueError. output_mode: "int",
    int64 of the input's shape, or "one_hot", "multi_hot", "count" as CategoryEncoding has them, or
    "tf_idf": counts times weights, for which idf_weights are needed or `adapt`.
    pad_to_max_tokens: the output has max_tokens columns. invert: from indices to numbers.

    sparse, salt, another vocabulary_dtype and another oov_method are not supported: ValueError.

    >>> layer = layers.IntegerLookup(vocabulary=[10, 20])
    >>> layer(np.array([20, 10, 99]))  # 0: not known
    Tensor([2, 1, 0], dtype=int64)
    """

    recordable = True
    _input_dtype = "int64"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
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
        for name, value, known in (
            ("vocabulary_dtype", vocabulary_dtype, "int64"),
            ("oov_method", oov_method, "floormod"),
        ):
            if value != known:
                raise ValueError(f"{self.who}: expected {name} {known!r}, received {value!r}")

    def as_token(self, value: Any) -> int:
        try:
            found = int(value)
        except (TypeError, ValueError):
            found = None
        if found is None or (isinstance(value, float) and found != value):
            raise TypeError(f"{self.who}: expected whole numbers as tokens, received {value!r}")
        return found

    def checked(self, values: Array) -> Array:
        """An array of whole numbers; TypeError for another."""
        if values.dtype.kind not in "iub":
            raise TypeError(f"{self.who}: expected whole numbers, received dtype {values.dtype}")
        return values

    def counts_of(self, values: Array) -> Iterable[tuple[int, int]]:
        found, counts = np.unique(self.checked(values), return_counts=True)
        return zip(found.tolist(), counts.tolist(), strict=True)

    def rows_of(self, values: Array) -> Iterator[set[int]]:
        rows = self.checked(values).reshape(len(values), values[:1].size)
        return (set(row.tolist()) for row in rows)

    def _set(self, tokens: list[Any], weights: list[float] | None) -> None:
        super()._set(tokens, weights)
        pairs = self._codes.items()
        if self.invert:
            pairs = {code: token for token, code in pairs}.items()
        order = sorted(pairs)
        self._keys = np.array([key for key, _ in order], np.int64)
        self._values = np.array([value for _, value in order], np.int64)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        first, count = self._first, self.num_oov_indices
        if self.invert:
            first, count = self.oov_token, 1
        found = _kernels.integer_lookup(x.data, self._keys, self._values, first, count)
        return self.encode(Tensor(found))
