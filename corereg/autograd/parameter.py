"""Variable and Parameter: tensors whose values are changed in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from corereg import _kernels
from corereg.autograd.tensor import FLOATS, Tensor
from corereg.tables.masked import without_mask

if TYPE_CHECKING:
    from corereg.autograd.aliases import Array

Penalty = Callable[[Any], Any]  # from a tensor to a tensor of one element

_names = itertools.count()

_PIECE = 1 << 22
"""Bytes that are copied at once into memory that is new to the process: some milliseconds."""


class Variable(Tensor):
    """A named tensor whose values are changed in place, such as an optimizer's state.

    data: as for Tensor, copied to memory that begins at a cache line and stays where it is.

    >>> count = corereg.autograd.parameter.Variable([0.0, 0.0], "count")
    >>> count.assign_add([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """

    _made_as: tuple[tuple[int, ...], np.dtype[Any]]  # shape and dtype, which files expect

    __slots__ = ("_made_as", "name")

    def __init__(self, data: Any, name: str, requires_grad: bool = False) -> None:
        super().__init__(data, requires_grad)
        self.data = aligned(self.data)
        self.name = name
        self._made_as = self.shape, self.data.dtype

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: Any, name: str) -> Self:
        """A variable of zeros, made without a copy.

        >>> corereg.autograd.parameter.Variable.zeros((2,), "float32", "momentum").tolist()
        [0.0, 0.0]
        """
        with _kernels.CacheLines():
            return cls._around(np.zeros(shape, dtype), name)

    @classmethod
    def _around(cls, array: Array, name: str) -> Self:
        """A variable with this array, which nobody else has and that begins at a cache line, as
        its memory."""
        made = cls.__new__(cls)
        if array.dtype in FLOATS:
            made.data = array
        else:
            Tensor.__init__(made, array)
        made.name = name
        made._made_as = array.shape, array.dtype
        return made

    @property
    def value(self) -> Self:
        """The tensor itself (Keras's word).

        >>> w = corereg.Parameter([1.0, 2.0])
        >>> w.value is w
        True
        """
        return self

    def assign(self, value: Any) -> Self:
        """Overwrites the values in place: value of the same shape, cast to the same dtype; returns
        the tensor. ValueError for another shape.

        >>> corereg.Parameter([1.0, 2.0]).assign([3.0, 4.0]).tolist()
        [3.0, 4.0]
        """
        array = without_mask(_kernels.array_in_op(value))
        array = array if hasattr(array, "dtype") else np.asarray(array)
        who = f"{type(self).__name__} {self.name!r}"
        if array.shape != self.shape:
            raise ValueError(
                f"{who}: expected a value of shape {self.shape}, received {array.shape}"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{who}: expected numbers, received dtype {array.dtype}")
        _kernels.array_in_op(self)[...] = array
        self.changed()
        return self

    def assign_add(self, value: Any) -> Self:
        """Adds to the values in place; returns the tensor. ValueError for another shape.

        >>> corereg.Parameter([1.0, 2.0]).assign_add([10.0, 10.0]).tolist()
        [11.0, 12.0]
        """
        return self.assign(_kernels.array_in_op(self) + _kernels.array_in_op(value))

    def assign_sub(self, value: Any) -> Self:
        """Subtracts from the values in place; returns the tensor. ValueError for another shape.

        >>> corereg.Parameter([1.0, 2.0]).assign_sub([0.5, 0.5]).tolist()
        [0.5, 1.5]
        """
        return self.assign(_kernels.array_in_op(self) - _kernels.array_in_op(value))

    def _copied(self) -> Array:
        """A copy of the values. It is made in pieces, between which Python looks for Ctrl-C: to
        copy into new memory takes a second for a few hundred megabytes on some machines."""
        data = self.data
        if data.nbytes <= _PIECE or not data.flags.c_contiguous:
            return data.copy()
        made = np.empty(data.shape, data.dtype)
        source, target = data.reshape(-1), made.reshape(-1)
        step = _PIECE // data.itemsize
        for start in range(0, data.size, step):
            target[start : start + step] = source[start : start + step]
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._copied(), self.name)  # a pickle may read its buffers later


class Parameter(Variable):
    """A named leaf that training changes: its array and its gradient's stay where they are.

    data: float32 or float64, as for Tensor, copied to memory that begins at a cache line.
    regularizer: a function, as those of `corereg.regularizers`, whose penalty belongs to the
        parameter, or None. trainable: False freezes it: no update, no penalty. constraint: a
        function, as those of `corereg.constraints`, that optimizers apply after each update.
    mask: of what is frozen at zero, see there.
    row_gradients: where backward puts the gradients of a table's rows instead of adding them up in
        `grad`: pairs of row numbers and gradients. None, unless a lazy optimizer asks for it.

    >>> w = corereg.Parameter([1.0, -2.0], name="w", regularizer=corereg.regularizers.L1(0.5))
    >>> w.regularizer(w).backward()
    >>> w.grad
    Tensor([ 0.5, -0.5])
    """

    row_gradients: list[tuple[Any, Any]] | None
    _mask: Array | None
    _weights_lock: _kernels.WeightsLock | None  # see src/weights_lock.pxi

    __slots__ = ("_mask", "_weights_lock", "constraint", "regularizer", "row_gradients")

    def __init__(
        self,
        data: Any,
        name: str | None = None,
        regularizer: Penalty | None = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(data, name or f"parameter_{next(_names)}", requires_grad=True)
        self.regularizer = regularizer
        self.constraint = constraint
        self.row_gradients = self._mask = self._weights_lock = None
        self.buffer = aligned(np.zeros_like(self.data))

    @property
    def trainable(self) -> bool:
        """Whether training changes the parameter; False freezes it, and forgets its gradient.

        >>> w = corereg.Parameter([1.0, -2.0])
        >>> w.trainable = False
        >>> w.requires_grad
        False
        """
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.requires_grad = bool(value)
        if not value:
            self._grad = None

    @property
    def mask(self) -> Array | None:
        """What optimizers keep at zero: a read-only array of bool, of this shape, that is False
        where the value is 0.0 after every step; None for nothing.

        To set it changes no value: those that are not zero yet become zero with the next step.
        Recordings of steps are made anew. ValueError for an array of another shape or dtype.

        >>> w = corereg.Parameter([1.0, 2.0])
        >>> w.mask = [True, False]
        >>> w.mask
        array([ True, False])
        """
        return self._mask

    @mask.setter
    def mask(self, value: Any) -> None:
        if value is None:
            self._mask = None
            return
        found = np.array(value, order="C")  # a copy, which nobody else can change
        if found.dtype != np.bool_ or found.shape != self.shape:
            raise ValueError(
                f"Parameter {self.name!r}: expected a mask of bool and shape {self.shape}, "
                f"received {found.dtype} of shape {found.shape}"
            )
        found.flags.writeable = False
        self._mask = found

    def __reduce__(self) -> tuple[Any, ...]:
        given = self._copied(), self.name, self.regularizer, self.trainable, self.constraint
        return _parameter, (given if self._mask is None else (*given, self._mask))


def _parameter(
    data: Array,
    name: str,
    regularizer: Any,
    trainable: bool,
    constraint: Any = None,
    mask: Array | None = None,
) -> Parameter:
    made = Parameter(data, name, regularizer, constraint)
    made.trainable = trainable
    made.mask = mask
    return made


def aligned(array: Array) -> Array:
    """A contiguous copy that begins at a multiple of 64 bytes, a cache line."""
    with _kernels.CacheLines():
        return np.array(array, order="C")
