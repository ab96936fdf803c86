"""HashedCrossing: several categories together as one bin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor
from corereg.autograd.ops.arguments import array_of, constant
from corereg.graph.tensor import STRING, SymbolicTensor
from corereg.layers.base import Layer
from corereg.layers.preprocessing.batches import pieces
from corereg.layers.preprocessing.encoding import check_mode, encoded
from corereg.layers.preprocessing.fingerprints import CROSS_BEGIN, combined, fingerprints
from corereg.layers.preprocessing.hashing import PIECE, check_bins
from corereg.layers.preprocessing.texts import is_of_texts, texts_of
from corereg.registry import register

Array = np.ndarray[Any, Any]


@register("layer")
class HashedCrossing(Layer):
    """The bin of what categories are together: a hash of all of them, modulo num_bins, as in Keras.

    The inputs are a list or tuple of two or more, all of shape (), (batch,) or (batch, 1): whole
    numbers, or texts, which count as their FarmHash Fingerprint64. output_mode: "int", int64 of the
    inputs' shape, or "one_hot", (batch, num_bins). sparse=True is not supported.

    In a model, texts come right from an ``Input(shape, dtype="string")`` that has no other layer
    behind it. ValueError for floats, other shapes and fewer inputs.

    >>> layers.HashedCrossing(8)([np.array(["red", "red", "blue"]), np.array([1, 2, 1])])
    Tensor([4, 1, 5], dtype=int64)
    """

    recordable = True
    _input_dtype = "int64"

    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False, **options: Any
    ) -> None:
        dtype = options.pop("dtype", None)  # of bins it would be int64
        options["dtype"] = dtype if dtype in ("float32", "float64") else config.floatx()
        super().__init__(**options)
        self.output_mode = check_mode(self.who, output_mode, ("int", "one_hot"), sparse)
        self.num_bins = check_bins(self.who, num_bins)

    def codes_of(self, values: Any) -> Array:
        """The fingerprint of each text in an array or a column of a table, as int64."""
        if not hasattr(values, "factorize"):
            values = np.asarray(values)
            if values.size > PIECE and len(values) > 1:
                return np.concatenate([self.codes_of(one) for one in pieces(values, PIECE)])
        given = texts_of(self.who, values)
        found = fingerprints([one.encode("utf-8") for one in given.tokens])
        return given.spread(found.view(np.int64))

    def _as_numbers(self, x: Any) -> Any:
        if isinstance(x, list | tuple) and not all(isinstance(one, str | bytes) for one in x):
            return [self._number(one) for one in x]
        plain = not isinstance(x, Tensor | SymbolicTensor)
        return Tensor(self.codes_of(x)) if plain and is_of_texts(x) else x  # one input of a model

    def _number(self, x: Any) -> Any:
        if isinstance(x, Tensor | SymbolicTensor):
            return x
        return Tensor(self.codes_of(x) if is_of_texts(x) else np.asarray(x))

    def call(self, x: Sequence[Tensor], training: bool = False) -> Tensor:
        self._check([one.shape for one in x] if isinstance(x, list | tuple) else None)
        found: Any = np.uint64(CROSS_BEGIN)
        with np.errstate(over="ignore"):  # single numbers would warn
            for one in x:
                found = combined(found, array_of(one).astype(np.uint64))
        bins = constant((found % np.uint64(self.num_bins)).astype(np.int64))
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.num_bins, "one_hot", self._dtype)

    def _check(self, shapes: Sequence[Any] | None) -> None:
        """ValueError for other inputs than those that can be crossed."""
        if shapes is None or len(shapes) < 2:
            raise ValueError(
                f"{self.who}: expected a list of two or more inputs, received "
                f"{'one tensor' if shapes is None else f'{len(shapes)} of them'}"
            )
        wrong = [one for one in shapes if tuple(one[1:]) not in ((), (1,))]
        if wrong or any(tuple(one) != tuple(shapes[0]) for one in shapes):
            raise ValueError(
                f"{self.who}: expected inputs of one shape, (), (batch,) or (batch, 1), received "
                f"{[tuple(one) for one in shapes]}"
            )

    def _cast(self, x: Tensor, dtype: Any = None) -> Tensor:
        if x.data.dtype.kind not in "iub":
            raise ValueError(
                f"{self.who}: expected whole numbers or texts, received dtype {x.dtype}; put a "
                "Discretization or a lookup before it"
            )
        return super()._cast(x, np.int64 if dtype is None else dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        several = isinstance(input_shape, list | tuple) and isinstance(input_shape[0], list | tuple)
        self._check(input_shape if several else None)
        if self.output_mode == "int":
            return tuple(input_shape[0])
        return (*(input_shape[0][:1] or (1,)), self.num_bins)

    def _output_specs(self, x: Any) -> Any:
        for one in x if isinstance(x, list | tuple) else ():
            if not one.dtype.startswith(("int", "uint", "bool", STRING)):
                raise ValueError(
                    f"{self.who}: expected whole numbers or texts, received dtype {one.dtype} of "
                    f"{one.name!r}; put a Discretization or a lookup before it"
                )
        return super()._output_specs(x)

    def _output_dtype(self, x: Any) -> str:
        return "int64" if self.output_mode == "int" else self.dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
        }
