"""TextVectorization: texts as the numbers of their words, or as counts of them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.graph.tensor import STRING, SymbolicTensor
from corereg.layers.base import Shape
from corereg.layers.calling import UNSAID
from corereg.layers.preprocessing.batches import batches_of, pieces
from corereg.layers.preprocessing.lookup import Array, Lookup
from corereg.layers.preprocessing.texts import as_texts
from corereg.layers.preprocessing.tokens import SPLIT, STANDARDIZE, Document, Tokenizer
from corereg.layers.saved_functions import function_named, name_of_function
from corereg.registry import register

COLUMNS = 16
PIECE = 1 << 12  # texts that are split at a time; between them Python looks for Ctrl-C
_OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
_MODES = ("int", "multi_hot", "count", "tf_idf")


@register("layer")
class TextVectorization(Lookup):
    """Texts (rows,) or (rows, 1) as the numbers of their tokens, or as one row of counts a text.

    A text is standardized: "lower_and_strip_punctuation", "lower", "strip_punctuation" (of ASCII
    alone, as in Keras), None, or a function from an array of texts to one of its shape. It is
    split: at "whitespace", by "character", by a function from an array (rows,) of texts to a list
    of tokens for each, or not (None): then texts (rows, k) are k tokens a row. ngrams: 2 for pairs
    of neighbours besides the tokens, 3 for triples, too, (3,) for triples alone.

    output_mode "int": int64 (rows, longest), 0 behind the end, 1 for tokens that are not known, or
    (rows, output_sequence_length), cut or filled. "multi_hot", "count" and "tf_idf": floats (rows,
    vocabulary_size), column 0 for what is not known; with pad_to_max_tokens max_tokens columns.
    vocabulary, idf_weights and max_tokens: as for `StringLookup`; `adapt` finds the vocabulary.

    In a model it comes right behind an ``Input((1,), dtype="string")`` or first in a Sequential.
    `fit`, `evaluate` and `predict` split all texts once, before the first step, and "int" without
    output_sequence_length then fills all rows up to the longest of them; each step counts them.

    sparse, ragged and another encoding than UTF-8 are not supported: ValueError.

    >>> layer = layers.TextVectorization(output_mode="count")
    >>> layer.adapt(["The cat.", "The dog sees the cat!"])
    >>> layer.get_vocabulary()
    ['[UNK]', 'the', 'cat', 'sees', 'dog']
    >>> layer(["A cat sees a cat"])
    Tensor([[2., 0., 2., 1., 0.]])
    """

    recordable = True
    _input_dtype = STRING
    _text_shape = (None, 1)

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[..., Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[..., Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **options: Any,
    ) -> None:
        output_mode = _OLD_MODES.get(output_mode, output_mode)
        counts = output_mode != "int"
        self._of_bytes: dict[bytes, int] = {}
        super().__init__(
            max_tokens,
            num_oov_indices=1,
            mask_token="",
            oov_token="[UNK]",
            vocabulary=None,
            idf_weights=None,
            invert=False,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens and counts,
            **options,
        )
        if output_mode not in _MODES:
            raise ValueError(
                f"{self.who}: expected output_mode as one of {list(_MODES)}, received "
                f"{output_mode!r}"
            )
        if max_tokens is not None and max_tokens < 2:
            raise ValueError(f"{self.who}: expected max_tokens of 2 or more, received {max_tokens}")
        for name, value, known in (
            ("standardize", standardize, STANDARDIZE),
            ("split", split, SPLIT),
        ):
            if not (value is None or callable(value) or value in known):
                raise ValueError(
                    f"{self.who}: expected {name} as None, a function or one of {list(known)}, "
                    f"received {value!r}"
                )
        length = output_sequence_length
        if length is not None and (counts or not _is_positive(length)):
            raise ValueError(
                f"{self.who}: expected output_sequence_length as a positive integer, and for "
                f"output_mode 'int' alone, received {length!r} for {output_mode!r}"
            )
        if ragged:
            raise ValueError(
                f"{self.who}: ragged outputs are not supported; leave ragged=False and take 0 for "
                "what is behind the end of a text"
            )
        if str(encoding).lower().replace("-", "") != "utf8":
            raise ValueError(f"{self.who}: expected encoding 'utf-8', received {encoding!r}")
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.output_sequence_length = None if length is None else int(length)
        self._widths()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        elif idf_weights is not None:
            raise ValueError(f"{self.who}: expected idf_weights together with a vocabulary")

    def _widths(self) -> tuple[int, ...] | None:
        """How many neighbours are joined; ValueError for what says no such number."""
        ngrams = self.ngrams
        if ngrams is None:
            return None
        widths = ngrams if isinstance(ngrams, tuple) else (ngrams,)
        if not widths or not all(map(_is_positive, widths)):
            raise ValueError(
                f"{self.who}: expected ngrams as None, a positive integer or a tuple of them, "
                f"received {ngrams!r}"
            )
        return tuple(widths) if isinstance(ngrams, tuple) else tuple(range(1, ngrams + 1))

    # ---- the vocabulary --------------------------------------------------------------------------

    def as_token(self, value: Any) -> str:
        return as_texts(self.who, [value], None)[0]

    def _set(self, tokens: list[Any], weights: list[float] | None) -> None:
        super()._set(tokens, weights)
        self._of_bytes = {token.encode(): code for token, code in self._codes.items()}

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Takes the tokens of texts, the most frequent first and those as frequent in descending
        order, as many as max_tokens allows. data: an array, list or column of texts, or an iterable
        of batches of them. For "tf_idf" a token's weight is log(1 + texts / (1 + texts with it)).
        ValueError for data without texts."""
        counts: Counter[bytes] = Counter()
        inside: Counter[bytes] = Counter()
        rows = 0
        for batch in batches_of(self.who, _without_lists(data), batch_size, steps):
            for documents in self._documents(np.atleast_1d(batch)):
                rows += len(documents)
                counts.update(itertools.chain.from_iterable(documents))
                if self.output_mode == "tf_idf":
                    inside.update(itertools.chain.from_iterable(map(set, documents)))
        self._take_counts(_decoded(counts), _decoded(inside), rows)

    # ---- computing -------------------------------------------------------------------------------

    def _documents(self, texts: Array) -> Iterator[list[Document]]:
        """The tokens of texts, of some at a time."""
        tokenizer = Tokenizer(self.standardize, self.split, self._widths())
        columns = texts.shape[1] if texts.ndim > 1 else 1
        for piece in pieces(texts, PIECE * max(columns, 1)):
            yield tokenizer.documents(self.who, piece)

    def codes_of(self, values: Any) -> Array:
        """The numbers of the tokens of each text, int64 (rows, longest), of one token at least;
        those that are behind the end are 0, or -1 where output_mode is to count."""
        if not self._tokens:
            raise ValueError(
                f"{self.who}: expected a vocabulary; call adapt(data), or give vocabulary="
            )
        texts = np.asarray(_without_lists(values))
        length, unknown = self.output_sequence_length, itertools.repeat(self._first)
        codes, lengths = [], []
        for documents in self._documents(np.atleast_1d(texts)):
            if length is not None:
                documents = [tokens[:length] for tokens in documents]
            sizes = np.fromiter(map(len, documents), np.int64, len(documents))
            found = map(self._of_bytes.get, itertools.chain.from_iterable(documents), unknown)
            codes.append(np.fromiter(found, np.int64, int(sizes.sum())))
            lengths.append(sizes)
        sizes = np.concatenate(lengths)
        counts = self.output_mode != "int"
        columns = max(int(sizes.max(initial=0)), 1) if length is None else length
        if counts:  # few different shapes, so that batches of them are not recorded each anew
            columns = -(-columns // COLUMNS) * COLUMNS
        filled = np.full((len(sizes), columns), -1 if counts else 0, np.int64)
        filled[np.arange(columns) < sizes[:, None]] = np.concatenate(codes)
        return filled if texts.ndim else filled[0]

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """Texts as output_mode says, a Tensor."""
        return super().__call__(self._as_numbers(x), *more, training=training, **named)

    def _as_numbers(self, x: Any) -> Any:
        return x if isinstance(x, Tensor | SymbolicTensor) else Tensor(self.codes_of(x))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.encode(x)

    def _numbers_shape(self, shape: Shape, place: int = 0) -> Shape:
        return (shape[0], self.output_sequence_length)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return self._numbers_shape(input_shape)
        if not self._tokens and not self.pad_to_max_tokens:
            raise ValueError(
                f"{self.who}: expected a vocabulary before the layers behind it are built; call "
                "adapt(data) first, or give vocabulary="
            )
        return (input_shape[0], self._output_size())

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("num_oov_indices", "mask_token", "oov_token", "invert"):
            del config[name]
        functions = {
            name: name_of_function(self.who, value) if callable(value) else value
            for name, value in (("standardize", self.standardize), ("split", self.split))
        }
        ngrams = list(self.ngrams) if isinstance(self.ngrams, tuple) else self.ngrams
        length = self.output_sequence_length
        return {**config, **functions, "ngrams": ngrams, "output_sequence_length": length}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """A layer from what get_config gave; ValueError for functions that are not known."""
        own = dict(config)
        for name, known in (("standardize", STANDARDIZE), ("split", SPLIT)):
            if isinstance(own.get(name), str) and own[name] not in known:
                own[name] = function_named(cls.__name__, own[name])
        if isinstance(own.get("ngrams"), list):
            own["ngrams"] = tuple(own["ngrams"])
        return cls(**own)


def _is_positive(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and value >= 1


def _decoded(counts: Counter[bytes]) -> dict[Any, int]:
    return {token.decode(): count for token, count in counts.items()}


def _without_lists(data: Any) -> Any:
    """Lists of texts as arrays of objects: NumPy's arrays of texts are as wide as the longest. Of
    an iterable, its batches."""
    if isinstance(data, str | bytes | list):
        return np.array(data, dtype=object)
    if isinstance(data, Iterator):
        return map(_without_lists, data)
    return data
