"""Lookup: tokens as numbers by a vocabulary, what IntegerLookup and StringLookup share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.layers.preprocessing.batches import batches_of, pieces
from corereg.layers.preprocessing.encoding import MODES, check_mode, encoded, encoded_shape

Array = np.ndarray[Any, Any]
PIECE = 1 << 16  # tokens that are sorted at a time


class Lookup(Layer):
    """Base of layers that number tokens: [mask token] [tokens that are not known] [vocabulary].

    The mask token is 0 if there is one, and only where output_mode is "int": other modes leave it
    out. A subclass says what a token is (`as_token`, `counts_of`, `rows_of`), and computes in
    `call`.
    """

    _takes_one_tensor = True

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        **options: Any,
    ) -> None:
        dtype = options.pop("dtype", None)  # of codes it would be int64, or string
        options["dtype"] = dtype if dtype in ("float32", "float64") else config.floatx()
        super().__init__(**options)
        self.output_mode = check_mode(self.who, output_mode, ("int", *MODES, "tf_idf"), sparse)
        for name, value, least in (
            ("max_tokens", max_tokens, 1),
            ("num_oov_indices", num_oov_indices, 0),
        ):
            whole = hasattr(value, "__index__") and not isinstance(value, bool)
            if value is not None and (not whole or int(value) < least):
                raise ValueError(
                    f"{self.who}: expected {name} as an integer of {least} or more, received "
                    f"{value!r}"
                )
        if invert and output_mode != "int":
            raise ValueError(
                f"{self.who}: expected output_mode 'int' for invert=True, received {output_mode!r}"
            )
        if invert and num_oov_indices != 1:
            raise ValueError(
                f"{self.who}: expected num_oov_indices=1 for invert=True, received "
                f"{num_oov_indices!r}"
            )
        if pad_to_max_tokens and (output_mode == "int" or max_tokens is None):
            raise ValueError(
                f"{self.who}: expected pad_to_max_tokens with max_tokens and another output_mode "
                f"than 'int', received max_tokens={max_tokens!r} and output_mode={output_mode!r}"
            )
        self.max_tokens, self.num_oov_indices = max_tokens, int(num_oov_indices)
        self.mask_token = None if mask_token is None else self.as_token(mask_token)
        self.oov_token = self.as_token(oov_token)
        self.invert, self.pad_to_max_tokens = bool(invert), bool(pad_to_max_tokens)
        self._tokens: list[Any] = []
        self._idf: list[float] | None = None
        self._unknown_idf: list[float] | None = None  # None: the mean of those of the tokens
        self._codes: dict[Any, int] = {}
        self._set([], None)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        elif idf_weights is not None:
            raise ValueError(f"{self.who}: expected idf_weights together with a vocabulary")

    # ---- to be overridden ------------------------------------------------------------------------

    def as_token(self, value: Any) -> Any:
        """value as a token; TypeError if it is none."""
        raise NotImplementedError

    # ---- the vocabulary --------------------------------------------------------------------------

    @property
    def _first(self) -> int:
        """The number of the first token that is not known."""
        return int(self.mask_token is not None and self.output_mode == "int")

    def _special(self) -> list[Any]:
        return [self.mask_token] * self._first + [self.oov_token] * self.num_oov_indices

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes these tokens, or those of a text file, one a line; [mask token] and tokens for what
        is not known may stand before them. idf_weights: for output_mode "tf_idf", one a token, or
        one for each of all numbers; what is not known has else the mean of them. ValueError for
        tokens that are there twice, for too many of them, and for no weights where they are needed.
        """
        if isinstance(vocabulary, str):
            with open(vocabulary, encoding="utf-8") as file:
                vocabulary = file.read().splitlines()
        given = np.asarray(vocabulary.data if isinstance(vocabulary, Tensor) else vocabulary)
        tokens = [self.as_token(one) for one in given.reshape(-1).tolist()]
        if not tokens:
            raise ValueError(f"{self.who}: expected a vocabulary of tokens, received none")
        weights = None if idf_weights is None else [float(one) for one in idf_weights]
        if (self.output_mode == "tf_idf") != (weights is not None):
            wanted = "with" if weights is None else "without"
            raise ValueError(
                f"{self.who}: expected a vocabulary {wanted} idf_weights for output_mode "
                f"{self.output_mode!r}"
            )
        special, unknown = self._special(), None
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
            if weights is not None and len(weights) == len(tokens) + len(special):
                unknown, weights = weights[: len(special)], weights[len(special) :]
        reserved = {self.oov_token} if self.num_oov_indices else set()
        reserved |= set() if self.mask_token is None else {self.mask_token}
        seen: set[Any] = set()
        for token in tokens:
            if token in seen or token in reserved:
                why = "is reserved" if token in reserved else "is there twice"
                raise ValueError(
                    f"{self.who}: expected a vocabulary of different tokens, {token!r} {why}"
                )
            seen.add(token)
        if self.max_tokens is not None and len(tokens) + len(special) > self.max_tokens:
            raise ValueError(
                f"{self.who}: expected at most max_tokens={self.max_tokens} tokens, received "
                f"{len(tokens)} besides {len(special)} special ones"
            )
        if weights is not None and len(weights) != len(tokens):
            raise ValueError(
                f"{self.who}: expected one of idf_weights for each of {len(tokens)} tokens, "
                f"received {len(weights)}"
            )
        self._set(tokens, weights)
        self._unknown_idf = unknown

    def _set(self, tokens: list[Any], weights: list[float] | None) -> None:
        self._tokens, self._idf, self._unknown_idf = tokens, weights, None
        first = self._first + self.num_oov_indices
        codes = {token: first + i for i, token in enumerate(tokens)}
        if self.mask_token is not None:
            codes[self.mask_token] = 0 if self.output_mode == "int" else -1
        self._codes = codes

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens by their numbers."""
        return [*(self._special() if include_special_tokens else ()), *self._tokens]

    def vocabulary_size(self) -> int:
        """How many numbers there are, those of special tokens included."""
        return len(self._special()) + len(self._tokens)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Takes the tokens of data, the most frequent first and those as frequent in descending
        order, as many as max_tokens allows. data: an array or table, or an iterable of batches. For
        "tf_idf" a row is a document, and a token's weight is log(1 + rows / (1 + rows with it)).
        """
        counts: dict[Any, int] = {}
        inside: dict[Any, int] = {}
        rows = 0
        for batch in batches_of(self.who, data, batch_size, steps):
            batch = np.atleast_1d(batch)
            for piece in pieces(batch, PIECE):
                for value, count in self.counts_of(piece):
                    counts[value] = counts.get(value, 0) + count
            rows += len(batch)
            if self.output_mode == "tf_idf":
                for row in self.rows_of(batch):
                    for value in row:
                        inside[value] = inside.get(value, 0) + 1
        self._take_counts(counts, inside, rows)

    def _take_counts(self, counts: dict[Any, int], inside: dict[Any, int], rows: int) -> None:
        """Takes the most frequent of tokens; inside: in how many of the rows each is."""
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        order = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            order = order[: max(self.max_tokens - len(self._special()), 0)]
        weights = None
        if self.output_mode == "tf_idf":
            weights = [float(np.log(1 + rows / (1 + inside[token]))) for token in order]
        self._set(order, weights)

    # ---- computing -------------------------------------------------------------------------------

    def counts_of(self, values: Array) -> Iterable[tuple[Any, int]]:
        """Each token in an array and how often it is there; TypeError for another array."""
        raise NotImplementedError

    def rows_of(self, values: Array) -> Iterator[set[Any]]:
        """The tokens of each row of an array."""
        raise NotImplementedError

    def encode(self, codes: Tensor) -> Tensor:
        """Codes as output_mode says."""
        mode = self.output_mode
        if mode == "int":
            return codes
        count = self._output_size()
        if mode != "tf_idf":
            return encoded(codes, count, mode, self._dtype)
        return encoded(codes, count, "count", self._dtype) * self.weights_of_numbers()

    def weights_of_numbers(self) -> Array:
        """For output_mode "tf_idf": of each number the weight of what it stands for."""
        idf = self._idf or []
        unknown = self._unknown_idf
        if unknown is None:
            unknown = [float(np.mean(idf)) if idf else 0.0] * self.num_oov_indices
        weights = np.zeros(self._output_size(), self._dtype)
        weights[: len(unknown) + len(idf)] = [*unknown, *idf]
        return weights

    def _output_size(self) -> int:
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None
            return self.max_tokens
        return self.vocabulary_size()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        mode = "one_hot" if self.output_mode == "one_hot" else "count"
        return encoded_shape(input_shape, self._output_size(), mode)

    def _output_dtype(self, x: Any) -> str:
        return "int64" if self.output_mode == "int" else self.dtype

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return super()._cast(x, np.int64 if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        whole = self._unknown_idf is not None
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "mask_token": self.mask_token,
            "oov_token": self.oov_token,
            "vocabulary": [*(self._special() if whole else ()), *self._tokens] or None,
            "idf_weights": [*(self._unknown_idf or ()), *(self._idf or ())] if whole else self._idf,
            "invert": self.invert,
            "output_mode": self.output_mode,
            "pad_to_max_tokens": self.pad_to_max_tokens,
        }


def check_salt(who: str, salt: Any) -> None:
    """ValueError for a salt, which Keras's hashing takes."""
    if salt is not None:
        raise ValueError(f"{who}: salt is not supported, received {salt!r}; leave it out")
