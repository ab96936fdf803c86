"""What NumPy does inside ops as kernel calls that a program keeps: loops of ufuncs, reductions,
products, copies, selections. lowering_places.py has look-ups by index.

Each function takes arrays, gives a new array (or writes into one), and has its kernels give the
very bits of NumPy: it walks the operands in the order in which NumPy walks them (that of
`np.nditer`) and calls NumPy's own inner loops. `expected` is what NumPy gave here; results are
compared with it while a function is recorded, and what is not the same to the bit is refused.
Outside of recordings nothing of this runs.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.aliases import Array

FOLDING = {"add", "multiply", "maximum", "minimum", "logical_and", "logical_or", "bitwise_or"}
"""The ufuncs whose reductions are recorded."""


class Unrecordable(Exception):
    """What cannot be kept as kernel calls; the message says why."""


def verified(out: Array, expected: Array) -> Array:
    """out, if it has the bits that NumPy gave; one NaN is as good as another."""
    if out.tobytes() != expected.tobytes() and canonical(out) != canonical(expected):
        raise Unrecordable("its loop gives other bits than NumPy's function")
    return out


def canonical(x: Array) -> bytes:
    """The bits of an array, of every NaN the same."""
    return (np.where(np.isnan(x), np.nan, x) if x.dtype.kind == "f" else x).tobytes()


# ---- copies --------------------------------------------------------------------------------------


def same_layout(a: Array, b: Array) -> bool:
    """Whether two arrays are the same elements in the same order."""
    return (a.ctypes.data, a.shape, a.strides) == (b.ctypes.data, b.shape, b.strides)


def walked(*operands: Array, written: int) -> tuple[Array, ...]:
    """Operands broadcast to one shape, as NumPy would walk them: axes in the order of strides,
    those that lie together made one. written: which of them is written."""
    access: Any = [["writeonly" if i == written else "readonly"] for i in range(len(operands))]
    walk = np.nditer(operands, ["external_loop", "zerosize_ok"], access, order="K")
    return checked_views(tuple(walk.itviews))


def checked_views(views: tuple[Array, ...]) -> tuple[Array, ...]:
    if views[0].ndim > 8:
        raise Unrecordable("arrays of more than 8 axes that do not lie together")
    return views


def copy_into(target: Array, source: Array) -> None:
    """target[...] = source, cast as NumPy casts without a check."""
    target, source = native(target), native(source)
    if source.ndim > target.ndim:  # further axes of length 1, as NumPy allows
        source = source.reshape(source.shape[source.ndim - target.ndim :])
    if np.may_share_memory(target, source):
        if source.dtype == target.dtype and same_layout(target, source):
            return
        source = copied(source)
    if target.size:
        _kernels.strided_copy(walked(target, source, written=0), (target, source))


def copied(source: Array, dtype: Any = None, order: Any = "K") -> Array:
    """A new array of the same values."""
    out = np.empty_like(source, dtype or source.dtype, order=order)
    copy_into(out, source)
    return out


def native(x: Array) -> Array:
    """x, if kernels can read and write it where it is; Unrecordable otherwise."""
    if x.dtype.kind not in "fiub" or x.dtype.itemsize > 8 or x.dtype == np.float16:
        raise Unrecordable(f"arrays of dtype {x.dtype}")
    if not x.flags.aligned or not x.dtype.isnative:
        raise Unrecordable("arrays that are not aligned or not of the machine's byte order")
    return x


def contiguous(x: Array, dtype: Any = None) -> Array:
    """x, or a copy of it that is contiguous and of the dtype."""
    if x.flags.c_contiguous and x.dtype == (dtype or x.dtype):
        return native(x)
    return copied(x, dtype, "C")


def as_dtype(value: Any, dtype: Any) -> Array:
    """An operand in the dtype of a loop; a Python number as a constant."""
    if not isinstance(value, np.ndarray):
        return np.array(value, dtype)
    return native(value) if value.dtype == dtype else copied(value, dtype)


def select(condition: Any, a: Any, b: Any, expected: Array) -> Array:
    """a where the condition holds, b elsewhere."""
    parts = [
        as_dtype(x, d) for x, d in ((condition, bool), (a, expected.dtype), (b, expected.dtype))
    ]
    out = np.empty_like(expected)
    if out.size:
        _kernels.strided_select(walked(out, *parts, written=0), (out, *parts))
    return out


def concatenate(parts: list[Array], axis: int, expected: Array) -> Array:
    """Arrays one after the other."""
    out, start = np.empty_like(expected), 0
    for part in parts:
        end = start + part.shape[axis]
        copy_into(out[(*(slice(None),) * (axis % out.ndim), slice(start, end))], part)
        start = end
    return out


# ---- loops of ufuncs -----------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def loop_number(ufunc: np.ufunc, dtypes: tuple[Any, ...]) -> int:
    """Which of a ufunc's loops takes these dtypes."""
    for i, types in enumerate(ufunc.types):
        kinds = tuple(types.replace("->", ""))
        if "O" not in kinds and all(np.dtype(c) == d for c, d in zip(kinds, dtypes, strict=True)):
            return i
    raise Unrecordable(f"np.{ufunc.__name__} of {', '.join(map(str, dtypes))}")


def resolved(ufunc: np.ufunc, inputs: list[Any]) -> tuple[Any, ...]:
    """The dtypes of the loop that NumPy takes for these inputs, arrays and Python numbers."""
    if ufunc.nout != 1 or ufunc.nargs > 4:
        raise Unrecordable(f"np.{ufunc.__name__}")
    kinds = [x.dtype if isinstance(x, np.ndarray) else type(x) for x in inputs]
    found = ufunc.resolve_dtypes((*kinds, None))
    integers = ufunc is np.power and found[0].kind in "iu"
    if integers and isinstance(inputs[1], np.ndarray):  # its loop raises for exponents below 0
        raise Unrecordable("np.power of integers unless by a Python number")
    return found


def elementwise(ufunc: np.ufunc, inputs: list[Any], expected: Array, target: Any = None) -> Array:
    """ufunc(*inputs), in `target` if that is given: of the result's shape and dtype."""
    dtypes = resolved(ufunc, inputs)
    arrays = [as_dtype(x, d) for x, d in zip(inputs, dtypes[:-1], strict=True)]
    out = np.empty_like(expected) if target is None else target
    if target is not None:
        for i, x in enumerate(arrays):
            if np.may_share_memory(x, target) and not same_layout(x, target):
                arrays[i] = copied(x)
    which = loop_number(ufunc, dtypes)
    if out.size:
        views = walked(*arrays, out, written=len(arrays))
        access = "r" * len(arrays) + "w"
        _kernels.numpy_loop(ufunc, which, views, access, (*arrays, out))
    return out


def reduced_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None or not ndim:  # NumPy takes axes 0 and -1 of what has none
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def reduction(
    ufunc: np.ufunc, x: Array, expected: Array, axis: Any, keepdims: bool, initial: Any
) -> Array:
    """ufunc.reduce(x): an output that has stride 0 along the reduced axes is an input too."""
    if ufunc.__name__ not in FOLDING:
        raise Unrecordable(f"np.{ufunc.__name__}.reduce")
    dtype = expected.dtype
    if x.dtype != dtype and dtype.kind == "f" and x.size > 8192:
        raise Unrecordable("sums that NumPy casts piece by piece")
    x, out = as_dtype(x, dtype), np.empty_like(expected)
    axes = reduced_axes(axis, x.ndim)
    full = out if keepdims else np.expand_dims(out, axes)
    start = ufunc.identity if initial is None else initial
    first = start is None
    if first:
        start = x[(*(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim)), ...)]
    copy_into(full, as_dtype(start, dtype))
    if x.size:
        order = reduction_order(ufunc, dtype, x.shape, x.strides, full.strides, axes, first)
        if order is not None:
            source, x = x, laid_out(x, order)
            copy_into(x, source)
        which = loop_number(ufunc, (dtype,) * 3)
        y, each = in_order_of_strides(full, x)
        _kernels.numpy_loop(ufunc, which, (y, each, y), "rw", (x, out), first)
    return out


@functools.lru_cache(maxsize=512)
def reduction_order(
    ufunc: np.ufunc,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    full: tuple[int, ...],
    axes: tuple[int, ...],
    first: bool,
) -> Any:
    """How x has to lie so that one loop sums in NumPy's order, found by trial with random numbers:
    None as it is; else the order of axes of a copy, for NumPy puts what lies apart into a buffer
    first."""
    random, which = np.random.default_rng(5), loop_number(ufunc, (dtype,) * 3)
    low = sum(min((n - 1) * step, 0) for n, step in zip(shape, strides, strict=True))
    high = sum(max((n - 1) * step, 0) for n, step in zip(shape, strides, strict=True))
    memory = np.zeros((high - low) // dtype.itemsize + 1, dtype)
    x: Array = np.ndarray(shape, dtype, memory, -low, strides)
    y: Array = np.empty([1 if i in axes else n for i, n in enumerate(shape)], dtype)
    y = np.empty_like(np.lib.stride_tricks.as_strided(y, y.shape, full)) if y.size else y
    begin = None if first else dtype.type(ufunc.identity or 0)
    options: Any = {} if first else {"initial": begin}
    start = [slice(0, 1) if i in axes else slice(None) for i in range(x.ndim)]
    orders: list[Any] = [None, tuple(range(x.ndim))]
    if x.ndim <= 4:
        orders += itertools.permutations(range(x.ndim))
    for order in orders:
        for _ in range(3 + 30 // max(y.size, 1)):
            sizes = random.uniform(0.7, 1.4, memory.shape) * random.choice([-1, 1], memory.shape)
            memory[...] = sizes.astype(dtype)
            with np.errstate(all="ignore"):
                wanted = ufunc.reduce(x, axes, keepdims=True, **options).tobytes()
            each = x if order is None else laid_out(x, order)
            if order is not None:
                each[...] = x
            y[...] = each[(*start, ...)] if first else begin
            a, b = in_order_of_strides(y, each)
            _kernels.numpy_loop(ufunc, which, (a, b, a), "", (), first, recorded=False)
            if y.tobytes() != wanted:
                break
        else:
            return order
    raise Unrecordable("reductions of large arrays that do not lie together; make a copy first")


def laid_out(x: Array, order: tuple[int, ...]) -> Array:
    """A new array of the shape of x, its axes in memory in this order, the last one innermost."""
    back = sorted(range(x.ndim), key=order.__getitem__)
    made: Array = np.empty([x.shape[i] for i in order], x.dtype).transpose(back)
    return made


def in_order_of_strides(y: Array, x: Array) -> tuple[Array, Array]:
    """Views of an output with axes of length 1, repeated, and of an input: axes in NumPy's order,
    that of their strides, and made one where they lie together."""
    y = np.broadcast_to(y, x.shape) if y.shape != x.shape else y
    both = [(n, a, b) for n, a, b in zip(x.shape, y.strides, x.strides, strict=True) if n != 1]
    order: list[tuple[int, int, int]] = []  # innermost first
    for axis in reversed(both):
        at = len(order)
        for i in reversed(range(len(order))):
            known = [(s, t) for s, t in zip(order[i][1:], axis[1:], strict=True) if s and t]
            if known and any(abs(s) <= abs(t) for s, t in known):
                break
            at = i if known else at
        order.insert(at, axis)
    merged: list[tuple[int, int, int]] = []
    for n, a, b in order:
        if merged and (a, b) == tuple(merged[-1][0] * s for s in merged[-1][1:]):
            merged[-1] = (merged[-1][0] * n, *merged[-1][1:])
        else:
            merged.append((n, a, b))
    shape = [n for n, _, _ in reversed(merged)]
    if len(shape) > 8:
        raise Unrecordable("arrays of more than 8 axes that do not lie together")
    as_strided = np.lib.stride_tricks.as_strided
    return (
        as_strided(y, shape, [a for _, a, _ in reversed(merged)]),
        as_strided(x, shape, [b for _, _, b in reversed(merged)]),
    )


def running(ufunc: np.ufunc, x: Array, expected: Array, axis: int) -> Array:
    """ufunc.accumulate(x): the output, one place behind, is an input too."""
    x, out = as_dtype(x, expected.dtype), np.empty_like(expected)
    each, y = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    if x.ndim > 8:
        raise Unrecordable("arrays of more than 8 axes")
    copy_into(y[..., :1], each[..., :1])
    which = loop_number(ufunc, (x.dtype,) * 3)
    if out.size and each.shape[-1] > 1:
        views = (y[..., :-1], each[..., 1:], y[..., 1:])
        _kernels.numpy_loop(ufunc, which, views, "rw", (x, out), False, (), False)
    return out


def corner(x: Array, core: int) -> Array:
    """The first elements along the last axes: what a loop over the others begins with."""
    index: Any = (..., *(0,) * core)
    first: Array = x[index]
    return first


def product(a: Array, b: Array, expected: Array) -> Array:
    """a @ b, by the loop that NumPy's matmul calls, which calls BLAS."""
    dtypes = resolved(np.matmul, [a, b])
    a, b = (  # NumPy casts into contiguous arrays
        native(x) if x.dtype == dtype else copied(x, dtype, "C")
        for x, dtype in zip((a, b), dtypes, strict=False)
    )
    out = np.empty_like(expected)
    if not (a.size and b.size):
        copy_into(out, np.zeros((), out.dtype))
        return out
    # Rows m, inner n, columns p; a vector's missing axis has length 1 and stride 0.
    m, row_a = (a.shape[-2], a.strides[-2]) if a.ndim > 1 else (1, 0)
    p, column_b = (b.shape[-1], b.strides[-1]) if b.ndim > 1 else (1, 0)
    row_b = b.strides[-2] if b.ndim > 1 else b.strides[0]
    strides = iter(out.strides[out.ndim - (a.ndim > 1) - (b.ndim > 1) :])
    row = next(strides) if a.ndim > 1 else 0
    column = next(strides) if b.ndim > 1 else 0
    core = ((m, a.shape[-1], p), (row_a, a.strides[-1], row_b, column_b, row, column))
    stacks = [
        corner(x, n)
        for x, n in ((a, min(a.ndim, 2)), (b, min(b.ndim, 2)), (out, (a.ndim > 1) + (b.ndim > 1)))
    ]
    views = walked(*stacks, written=2)
    which = loop_number(np.matmul, dtypes)
    _kernels.numpy_loop(np.matmul, which, views, "rrw", (a, b, out), False, core)
    return out
