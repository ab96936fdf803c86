"""SymbolicTensor: a shape and a dtype in place of numbers, and where they will come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from corereg.naming import unique_name

Shape = tuple[int | None, ...]
STRING = "string"
"""The dtype of inputs of texts; what computes with them is given their numbers, int64."""
_NAMED = ("float32", "float64", STRING)  # dtypes that are their own names


def number_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype of the numbers that a symbolic tensor of a dtype stands for."""
    return np.dtype(np.int64 if isinstance(dtype, str) and dtype == STRING else dtype)


class NoNumbersError(TypeError, ValueError, NotImplementedError):
    """Numbers of a symbolic tensor were asked for: an error of the kinds that Keras raises, too."""


class SymbolicTensor:
    """What a layer or an op will give once it is called on real tensors (Keras's KerasTensor).

    shape: (None, ...), None for the batch and for what else is open; dtype; name; node: the call
    that gives it, and place: which of that call's outputs it is. Operators, slices and Tensor's
    methods give further symbolic tensors. It has no numbers: float(), bool(), iteration and
    conversion to NumPy raise TypeError (and what Keras raises: ValueError, NotImplementedError).

    >>> x = layers.Input((4,))
    >>> y = ops.concatenate([x, 2 * x[:, :1]], axis=1)
    >>> y.shape, y.dtype
    ((None, 5), 'float32')
    """

    __slots__ = ("__weakref__", "_mask_spec", "dtype", "name", "node", "place", "shape")
    __array_ufunc__ = None  # NumPy's arrays leave operators to this class
    __hash__ = object.__hash__

    sparse, ragged = False, False  # what Keras's programs ask for

    node: Any  # a corereg.graph.node.Node
    place: int

    def __init__(self, shape: Sequence[int | None], dtype: Any, name: str | None = None) -> None:
        self.shape: Shape = tuple(shape)
        if type(dtype) is not str or dtype not in _NAMED:
            dtype = STRING if dtype == STRING else str(np.dtype(dtype))
        self.dtype: str = dtype
        self.name = unique_name("symbolic_tensor") if name is None else name
        self._mask_spec: Any = None  # what is known of its mask, if it will have one

    @property
    def ndim(self) -> int:
        """How many axes, the batch's included.

        >>> layers.Input((4,)).ndim
        2
        """
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<SymbolicTensor {self.name!r}, shape={self.shape}, dtype={self.dtype}>"

    def _no_numbers(self, what: str, remedy: str) -> NoNumbersError:
        return NoNumbersError(
            f"{what}: expected numbers, received the symbolic tensor {self.name!r} of shape "
            f"{self.shape}, which has none until a model is called; {remedy}"
        )

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        raise self._no_numbers("NumPy", "use layers, operators, or functions of corereg.ops")

    def __float__(self) -> float:
        raise self._no_numbers("float()", "call the model on data first")

    def __int__(self) -> int:
        raise self._no_numbers("int()", "call the model on data first")

    def __bool__(self) -> bool:
        raise self._no_numbers("bool()", "write the choice into a layer's call")

    def __iter__(self) -> NoReturn:
        raise self._no_numbers("iteration", "slice it, or write a layer whose call does it")

    def __len__(self) -> int:
        raise self._no_numbers("len()", "its sizes are in .shape")

    if TYPE_CHECKING:  # bound by corereg.graph.operators

        def __add__(self, other: Any) -> SymbolicTensor: ...
        def __sub__(self, other: Any) -> SymbolicTensor: ...
        def __mul__(self, other: Any) -> SymbolicTensor: ...
        def __truediv__(self, other: Any) -> SymbolicTensor: ...
        def __getitem__(self, key: Any) -> SymbolicTensor: ...
        @property
        def _keras_mask(self) -> SymbolicTensor | None: ...
