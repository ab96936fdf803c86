"""Hashing: texts or whole numbers as the bins that their hash says."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor
from corereg.autograd.ops.arguments import array_of, constant
from corereg.graph.tensor import STRING, SymbolicTensor
from corereg.layers.base import Layer, Shape
from corereg.layers.calling import UNSAID
from corereg.layers.preprocessing.batches import pieces
from corereg.layers.preprocessing.encoding import MODES, check_mode, encoded, encoded_shape
from corereg.layers.preprocessing.fingerprints import (
    fingerprints,
    keyed_fingerprints,
    keyed_number_fingerprints,
    number_fingerprints,
)
from corereg.layers.preprocessing.texts import as_texts, is_of_texts, texts_of
from corereg.registry import register

Array = np.ndarray[Any, Any]
PIECE = 1 << 16  # tokens that are hashed at a time


def check_bins(who: str, num_bins: Any, least: int = 1) -> int:
    """How many bins there are; ValueError if that is no integer of `least` or more."""
    if isinstance(num_bins, bool) or not hasattr(num_bins, "__index__") or int(num_bins) < least:
        raise ValueError(f"{who}: expected num_bins of {least} or more, received {num_bins!r}")
    return int(num_bins)


@register("layer")
class Hashing(Layer):
    """The bin of each token: its hash modulo num_bins, the same in every process and as in Keras.

    Tokens are texts, or whole numbers, which count as their decimal digits. The hash is FarmHash's
    Fingerprint64; with a salt, one number or two, SipHash-2-4 with these as its key. mask_value: a
    token for bin 0, where no other goes then. output_mode: "int", int64 of the input's shape, or
    "one_hot", "multi_hot", "count" as CategoryEncoding has them. sparse=True is not supported.

    In a model it comes right behind an ``Input(shape, dtype="string")`` or first in a Sequential,
    and texts are hashed once, before the first step, or behind whole numbers, which are hashed in
    each step. Called itself, it takes arrays of texts or numbers. ValueError for anything else.

    >>> layers.Hashing(num_bins=4)(np.array(["red", "green", "blue", "red"]))
    Tensor([2, 0, 1, 2], dtype=int64)
    """

    recordable = True
    _takes_one_tensor = True
    _input_dtype = STRING
    _of_texts: bool | None = None  # whether what it is called with in a graph are bins of texts

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **options: Any,
    ) -> None:
        dtype = options.pop("dtype", None)  # of bins it would be int64
        options["dtype"] = dtype if dtype in ("float32", "float64") else config.floatx()
        super().__init__(**options)
        self.output_mode = check_mode(self.who, output_mode, ("int", *MODES), sparse)
        self.num_bins = check_bins(self.who, num_bins, 1 if mask_value is None else 2)
        self.mask_value = mask_value
        self.salt = self._checked_salt(salt)

    def _checked_salt(self, salt: Any) -> list[int] | None:
        if salt is None:
            return None
        both = list(salt) if isinstance(salt, list | tuple) else [salt, salt]
        whole = all(hasattr(one, "__index__") and not isinstance(one, bool) for one in both)
        if len(both) != 2 or not whole:
            raise ValueError(f"{self.who}: expected salt as one or two integers, received {salt!r}")
        return [int(one) for one in both]

    # ---- bins ------------------------------------------------------------------------------------

    def codes_of(self, values: Any) -> Array:
        """The bin of each text or whole number in an array or a column of a table, int64."""
        if not is_of_texts(values):
            array = np.asarray(values)
            if array.dtype.kind not in "iub":
                raise TypeError(
                    f"{self.who}: expected texts or whole numbers, received dtype {array.dtype}"
                )
            found: Array = self._bins_of_numbers(array.astype(np.int64))
            return found
        if not hasattr(values, "factorize"):
            values = np.asarray(values)
            if values.size > PIECE and len(values) > 1:
                return np.concatenate([self.codes_of(one) for one in pieces(values, PIECE)])
        given = texts_of(self.who, values)
        tokens = [one.encode("utf-8") for one in given.tokens]
        if self.salt is None:
            found = fingerprints(tokens)
        else:
            found = keyed_fingerprints(tokens, (self.salt[0], self.salt[1]))
        mask = None
        if isinstance(self.mask_value, str | bytes):
            masked = as_texts(self.who, [self.mask_value], None)[0]
            mask = np.array([one == masked for one in given.tokens], bool)
        return given.spread(self._binned(found, mask))

    def _bins_of_numbers(self, x: Any) -> Any:
        with np.errstate(over="ignore"):  # single numbers would warn
            if self.salt is None:
                found = number_fingerprints(x)
            else:
                found = keyed_number_fingerprints(x, (self.salt[0], self.salt[1]))
        known = hasattr(self.mask_value, "__index__")
        return self._binned(found, x == int(self.mask_value) if known else None)

    def _binned(self, found: Any, mask: Any) -> Any:
        """Fingerprints as bins, int64; bin 0 is that of the mask's token if there is one."""
        if self.mask_value is None:
            return (found % np.uint64(self.num_bins)).astype(np.int64)
        bins = (found % np.uint64(self.num_bins - 1)).astype(np.int64) + 1
        return bins if mask is None else np.where(mask, np.int64(0), bins)

    # ---- calls -----------------------------------------------------------------------------------

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        """The bins of texts or whole numbers, a Tensor, as output_mode says."""
        if isinstance(x, SymbolicTensor):
            texts = x.dtype == STRING
            if self._of_texts not in (None, texts):
                raise ValueError(
                    f"{self.who}: expected texts only or whole numbers only, received both; give "
                    "each its own layer"
                )
            self._of_texts = texts
        elif not isinstance(x, Tensor) and (self._of_texts or is_of_texts(x)):
            return self._encode(Tensor(self.codes_of(x)))
        return super().__call__(x, *more, training=training, **named)

    def _as_numbers(self, x: Any) -> Any:
        plain = not isinstance(x, Tensor | SymbolicTensor)
        return Tensor(self.codes_of(x)) if plain and (self._of_texts or is_of_texts(x)) else x

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self._encode(x if self._of_texts else constant(self._bins_of_numbers(array_of(x))))

    def _encode(self, bins: Tensor) -> Tensor:
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.num_bins, self.output_mode, self._dtype)

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        return super()._cast(x, np.int64 if dtype is None else dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        return encoded_shape(input_shape, self.num_bins, self.output_mode)

    def _output_dtype(self, x: Any) -> str:
        return "int64" if self.output_mode == "int" else self.dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
        }
