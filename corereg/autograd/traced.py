"""TracedArray: what ops get in the place of arrays while a function is recorded.

An op is written in plain NumPy. While this thread is recorded, the engine (src/tensor.pxi) hands a
TracedArray to ops that launch no kernels themselves, and code outside of corereg finds one behind
`tensor.data`. It is no ndarray: NumPy asks it what to do (NEP 13 and 18), and it computes the
result by NumPy, has kernels compute it again (lowering.py), and compares the two. What reads a
value into Python, and what kernels cannot do, fails the recording with the name of the op. After
the recording a TracedArray computes by NumPy alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import lowering, lowering_places
from corereg.autograd.aliases import Array
from corereg.autograd.lowering import Unrecordable

RECORDABLE = (
    "elementwise functions, comparisons, where, clip, sums and other reductions, cumsum, sort, "
    "matmul, einsum, slices, look-ups by integers, copies, casts and changes of shape"
)


class TracedArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array whose computations are recorded. `array` is the plain one."""

    __slots__ = ("array",)
    __hash__ = object.__hash__
    __array_ufunc__: Any = None  # traced_functions.py has it, and __array_function__

    def __init__(self, array: Array) -> None:
        self.array = array

    # ---- what needs no values --------------------------------------------------------------

    @property
    def shape(self) -> Any:
        return self.array.shape

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def size(self) -> int:
        return self.array.size

    @property
    def strides(self) -> tuple[int, ...]:
        return self.array.strides

    @property
    def flags(self) -> Any:
        return self.array.flags

    @property
    def itemsize(self) -> int:
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # ---- views and copies ------------------------------------------------------------------

    @property
    def T(self) -> TracedArray:
        return TracedArray(self.array.T)

    @property
    def mT(self) -> TracedArray:
        return TracedArray(self.array.mT)

    def transpose(self, *axes: Any) -> TracedArray:
        return TracedArray(self.array.transpose(*axes))

    def swapaxes(self, a: int, b: int) -> TracedArray:
        return TracedArray(self.array.swapaxes(a, b))

    def squeeze(self, axis: Any = None) -> TracedArray:
        return TracedArray(self.array.squeeze(axis))

    def diagonal(self, *args: Any) -> TracedArray:
        return TracedArray(self.array.diagonal(*args))

    def view(self, *args: Any) -> Any:
        return refused("ndarray.view", self.array.view(*args))

    def reshape(self, *shape: Any, order: Any = "C") -> TracedArray:
        made = self.array.reshape(*shape, order=order)
        if np.may_share_memory(made, self.array) or not made.size:
            return TracedArray(made)
        if order != "C":
            return refused("reshape in another order", made)  # type: ignore[no-any-return]
        return recorded(
            "reshape", made, lambda: lowering.copied(self.array, None, "C").reshape(made.shape)
        )

    def ravel(self) -> TracedArray:
        return self.reshape(-1)

    def flatten(self) -> TracedArray:
        return self.copy().reshape(-1)

    def copy(self, order: Any = "C") -> TracedArray:
        made = self.array.copy(order)
        return recorded("copy", made, lambda: lowering.copied(self.array, None, order))

    def astype(self, dtype: Any, order: Any = "K", copy: bool = True) -> TracedArray:
        made = self.array.astype(dtype, order, copy=copy)
        if made is self.array:
            return self
        return recorded("astype", made, lambda: lowering.copied(self.array, dtype, order))

    # ---- operators that the mixin has not, or has in another way ------------------------------

    def __pow__(self, other: Any) -> Any:
        """NumPy takes other functions for some exponents: the one that gives its result."""
        if isinstance(other, int | float) and not isinstance(other, bool):
            made = self.array**other
            for number, ufunc in (
                (2, np.square),
                (1, np.positive),
                (0.5, np.sqrt),
                (-1, np.reciprocal),
            ):
                if other == number and same(ufunc, self.array, made):
                    return ufunc(self)
        return np.power(self, other)

    def __ipow__(self, other: Any) -> Any:
        self[...] = self**other
        return self

    def __getitem__(self, index: Any) -> TracedArray:
        parts, dynamic, plain = resolved_index(index, self.ndim)
        if dynamic is None:
            return TracedArray(np.asarray(self.array[plain]))
        if any(a.dtype == bool for a in dynamic.values()):
            return refused(  # type: ignore[no-any-return]
                "x[mask], whose shape depends on values (np.where(mask, x, 0) is recorded)",
                self.array[plain],
            )
        return recorded(
            "x[index]",
            self.array[plain],
            lambda: lowering_places.looked_up(
                self.array, parts, dynamic, np.asarray(self.array[plain])
            ),
        )

    def __setitem__(self, index: Any, value: Any) -> None:
        parts, dynamic, plain = resolved_index(index, self.ndim)
        if _kernels.tracing() is None:
            self.array[plain] = as_operand(value)
            return
        expected = self.array.copy()
        expected[plain] = as_operand(value)

        def lower() -> Array:
            if dynamic is None:
                put = as_operand(value)
                target = self.array[plain]
                lowering.copy_into(
                    target, put if isinstance(put, np.ndarray) else np.array(put, target.dtype)
                )
            elif any(a.dtype == bool for a in dynamic.values()):
                self._set_masked(parts, as_operand(value))
            else:
                lowering_places.changed_at(self.array, parts, dynamic, as_operand(value), False)
            return self.array

        if recorded("x[index] = value", expected, lower).array is not self.array:
            self.array[...] = expected

    def _set_masked(self, parts: list[Any], value: Any) -> None:
        mask = parts[0]
        if len(parts) > 1 or np.ndim(value):
            raise Unrecordable("x[mask] = values, unless for one number; use np.where")
        mask = mask.reshape(*mask.shape, *(1,) * (self.ndim - mask.ndim))
        lowering.copy_into(self.array, lowering.select(mask, value, self.array, self.array))

    # ---- methods that are functions -------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, **options: Any) -> Any:
        return np.add.reduce(self, axis, dtype, **options)

    def prod(self, axis: Any = None, dtype: Any = None, **options: Any) -> Any:
        return np.multiply.reduce(self, axis, dtype, **options)

    def max(self, axis: Any = None, **options: Any) -> Any:
        return np.maximum.reduce(self, axis, **options)

    def min(self, axis: Any = None, **options: Any) -> Any:
        return np.minimum.reduce(self, axis, **options)

    def any(self, axis: Any = None, **options: Any) -> Any:
        return np.logical_or.reduce(self, axis, **options)

    def all(self, axis: Any = None, **options: Any) -> Any:
        return np.logical_and.reduce(self, axis, **options)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        axes = lowering.reduced_axes(axis, self.ndim)
        n = int(np.prod([self.shape[i] for i in axes]))
        total = self.sum(axis, keepdims=keepdims, dtype=None if self.dtype.kind == "f" else float)
        return recorded_division(total, n, self.array.mean(axis, keepdims=keepdims))

    def cumsum(self, axis: Any = None) -> Any:
        return np.add.accumulate(self.reshape(-1) if axis is None else self, axis or 0)

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return np.clip(self, min, max)

    def __getattr__(self, name: str) -> Any:
        """Other methods of arrays: computed by NumPy, which no replay would do."""
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"TracedArray has no attribute {name!r}")
        return refused(f"ndarray.{name}", getattr(self.array, name))

    # ---- values read into Python --------------------------------------------------------------

    def item(self, *args: Any) -> Any:
        return read(self.array.item(*args))

    def tolist(self) -> Any:
        return read(self.array.tolist())

    def tobytes(self) -> bytes:
        return read(self.array.tobytes())  # type: ignore[no-any-return]

    def __float__(self) -> float:
        return float(read(self.array))

    def __int__(self) -> int:
        return int(read(self.array))

    def __bool__(self) -> bool:
        return bool(read(self.array))

    def __index__(self) -> int:
        return read(self.array).__index__()  # type: ignore[no-any-return]

    def __complex__(self) -> complex:
        return complex(read(self.array))

    def __contains__(self, value: Any) -> bool:
        return value in read(self.array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(read(self.array), dtype, copy=copy)

    def __repr__(self) -> str:
        return f"TracedArray({read(self.array)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return np.array, (read(self.array),)


def recorded(what: str, expected: Any, lower: Callable[[], Array]) -> TracedArray:
    """What NumPy gave, computed again by kernels that the program keeps; `lower` calls them."""
    expected = np.asarray(expected)
    program = _kernels.tracing()
    if program is None:
        return TracedArray(expected)
    try:
        return TracedArray(lowering.verified(lower(), expected))
    except Unrecordable as error:
        return refused(f"{what}: {error}", expected)  # type: ignore[no-any-return]


def recorded_division(total: Any, n: int, expected: Any) -> TracedArray:
    """A mean as NumPy makes it, of the sum."""
    made: TracedArray = np.true_divide(total, n).astype(np.asarray(expected).dtype)
    if made.array.tobytes() != np.asarray(expected).tobytes():
        return refused("mean", expected)  # type: ignore[no-any-return]
    return made


def refused(what: str, result: Any) -> Any:
    """Fails the recording for what kernels cannot do; the result of NumPy for who goes on."""
    program = _kernels.tracing()
    if program is not None:
        who = f"{program.op} uses {what}" if program.op else what
        _kernels.fail_recording(f"{who}, which computes in Python. Recorded are {RECORDABLE}")
    return (
        TracedArray(np.asarray(result)) if isinstance(result, np.ndarray | np.generic) else result
    )


def read(value: Any) -> Any:
    """Fails the recording for a value that Python gets to see."""
    program = _kernels.tracing()
    if program is not None:
        who = f" by {program.op}" if program.op else ""
        _kernels.fail_recording(f"a value is read into Python{who}")
    return value


def same(ufunc: np.ufunc, x: Array, expected: Any) -> Any:
    """Whether a ufunc gives the very bits that are expected."""
    try:
        with np.errstate(all="ignore"):
            made = np.asarray(ufunc(x))
    except TypeError:
        return False
    expected = np.asarray(expected)
    return made.dtype == expected.dtype and made.tobytes() == expected.tobytes()


def as_operand(value: Any) -> Any:
    """An argument of NumPy's function as an array or a Python number. What Python made of arrays
    is watched until the recording ends."""
    if isinstance(value, TracedArray):
        return value.array
    if isinstance(value, bool | np.generic | list | tuple):
        return np.asarray(value)
    if isinstance(value, np.ndarray):
        program = _kernels.tracing()
        if program is not None and not program.writes(value):
            program.witness(value)
    return value


def resolved_index(index: Any, ndim: int) -> tuple[list[Any], dict[int, Array] | None, Any]:
    """An index's parts, those that the program computes (None: no arrays at all), and the index as
    NumPy takes it."""
    given = index if isinstance(index, tuple) else (index,)
    arrays = any(isinstance(p, TracedArray | np.ndarray | list | np.bool_ | bool) for p in given)
    if not arrays:
        plain = given if any(p is ... for p in given) else (*given, ...)
        return [], None, plain
    plain = tuple(p.array if isinstance(p, TracedArray) else p for p in given)
    if any(isinstance(p, bool | np.bool_) for p in given):
        refused("an index of a single bool", None)
        return [], {0: np.asarray(True)}, plain
    parts = lowering_places.whole_index(plain, ndim)
    if any(p is ... for p in given):
        at = next(i for i, p in enumerate(given) if p is ...)
        shift = len(parts) - len(given)
    else:
        at, shift = len(given), 0
    traced = [i + shift * (i > at) for i, p in enumerate(given) if isinstance(p, TracedArray)]
    for i in [i for i, p in enumerate(parts) if isinstance(p, np.ndarray) and i not in traced]:
        as_operand(parts[i])
    return parts, {i: parts[i] for i in traced}, plain
