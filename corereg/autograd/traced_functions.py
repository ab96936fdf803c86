"""NumPy's functions on a TracedArray, each with how kernels do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import lowering, lowering_places
from corereg.autograd.aliases import Array
from corereg.autograd.lowering import Unrecordable
from corereg.autograd.traced import TracedArray, as_operand, recorded, refused, resolved_index

# ---- ufuncs --------------------------------------------------------------------------------------


def call_ufunc(
    self: TracedArray, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
) -> Any:
    """TracedArray.__array_ufunc__: a ufunc, or one of its methods."""
    if any(isinstance(x, _kernels.TensorCore) for x in inputs):
        return NotImplemented  # the tensor's op records it
    if method == "at":
        return add_at(ufunc, *inputs)
    out = options.pop("out", None)
    if out is not None and method == "__call__" and isinstance(out[0], np.ndarray):
        adopted(out[0])  # before it is read: x += y
    several = method in ("__call__", "outer")
    given = [as_operand(x) if several or not i else plain(x) for i, x in enumerate(inputs)]
    options = {k: plain(v) for k, v in options.items()}
    what = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if out is not None and method == "__call__" and not options.keys() - {"casting"}:
        return into(ufunc, given, out[0], options)
    expected = getattr(ufunc, method)(*given, **options)
    if out is not None:
        return refused(f"{what}(out=...)", expected)
    if isinstance(expected, tuple):
        return tuple(refused(what, part) for part in expected)
    expected = np.asarray(expected)
    return recorded(what, expected, lambda: lowered(ufunc, method, given, options, expected))


def lowered(
    ufunc: np.ufunc, method: str, given: list[Any], options: dict[str, Any], expected: Array
) -> Array:
    """A ufunc or one of its methods by kernels."""
    if method == "__call__" and not options:
        if ufunc is np.matmul:
            return lowering.product(given[0], given[1], expected)
        return lowering.elementwise(ufunc, given, expected)
    if method == "reduce" and not options.keys() - {"axis", "dtype", "keepdims", "initial"}:
        axis = given[1] if len(given) > 1 else options.get("axis", 0)
        keepdims, initial = options.get("keepdims", False), options.get("initial")
        return lowering.reduction(ufunc, given[0], expected, axis, keepdims, initial)
    if method == "accumulate" and not options.keys() - {"axis", "dtype"}:
        axis = given[1] if len(given) > 1 else options.get("axis", 0)
        return lowering.running(ufunc, given[0], expected, axis)
    raise Unrecordable(f"with {', '.join(options) or method}")


def into(ufunc: np.ufunc, given: list[Any], out: Any, options: dict[str, Any]) -> Any:
    """A ufunc with out=, as `x += y` calls it."""
    target = out.array if isinstance(out, TracedArray) else out
    if _kernels.tracing() is None:
        ufunc(*given, out=target, **options)
        return out
    expected = np.empty_like(target)
    ufunc(*given, out=expected, **options)  # raises what NumPy raises

    def lower() -> Array:
        made = np.asarray(ufunc(*given))
        if ufunc is not np.matmul and made.shape == target.shape and made.dtype == target.dtype:
            return lowering.elementwise(ufunc, given, made, target)
        lowering.copy_into(target, lowered(ufunc, "__call__", given, {}, made))
        return target

    if recorded(f"np.{ufunc.__name__}(out=...)", expected, lower).array is not target:
        target[...] = expected
    return out if isinstance(out, TracedArray) else TracedArray(target)


def adopted(target: Array) -> None:
    """Has every replay begin with what Python's own array holds now, before a kernel writes it."""
    owner = target
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    program = _kernels.tracing()
    if program is not None and not program.writes(owner):
        lowering.copy_into(owner, owner.copy())


def add_at(ufunc: np.ufunc, x: Any, index: Any, value: Any) -> None:
    """np.add.at"""
    target = x.array if isinstance(x, TracedArray) else x
    parts, dynamic, plain = resolved_index(index, target.ndim)
    value = as_operand(value)
    if _kernels.tracing() is None:
        ufunc.at(target, plain, value)
        return
    expected = target.copy()
    ufunc.at(expected, plain, value)
    if not isinstance(x, TracedArray):
        adopted(target)

    def lower() -> Array:
        if ufunc is not np.add or any(a.dtype == bool for a in (dynamic or {}).values()):
            raise Unrecordable("of other than np.add by integers")
        whole = parts or lowering_places.whole_index(plain, target.ndim)
        lowering_places.changed_at(target, whole, dynamic or {}, value, True)
        return target

    if recorded(f"np.{ufunc.__name__}.at", expected, lower).array is not target:
        target[...] = expected


# ---- other functions -----------------------------------------------------------------------------


def call_function(self: TracedArray, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """TracedArray.__array_function__: one of NumPy's other functions."""
    if any(issubclass(t, _kernels.TensorCore) for t in types):
        return NotImplemented
    name = function.__name__
    if name in FUNCTIONS and function.__module__ == "numpy":
        return FUNCTIONS[name](*args, **kwargs)
    if name in ("shape", "ndim", "size", "may_share_memory", "shares_memory", "result_type"):
        return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
    result = function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
    return refused(f"{function.__module__}.{name}", result)


def plain(value: Any) -> Any:
    """An argument with arrays for TracedArrays."""
    if isinstance(value, TracedArray):
        return value.array
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value


def where(condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        return refused("np.where(condition)", np.where(plain(condition), *map(plain, choices)))
    test, a, b = (as_operand(x) for x in (condition, *choices))
    expected = np.where(test, a, b)
    return recorded("np.where", expected, lambda: lowering.select(test, a, b, expected))


def clip(x: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    low, high = options.get("min", a_min), options.get("max", a_max)
    if low is None:
        return x.copy() if high is None else np.minimum(x, high)
    return np.maximum(x, low) if high is None else CLIP(x, low, high)


def clip_ufunc() -> Any:
    """The ufunc behind ndarray.clip, which has no public name."""
    found = []

    class Probe:
        def __array_ufunc__(self, ufunc: Any, *args: Any, **kwargs: Any) -> Any:
            found.append(ufunc)

    probe: Any = Probe()
    np.zeros(1).clip(probe, probe)
    return found[0]


CLIP = clip_ufunc()


def view(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a function is called that gives a view of its argument."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        made = np.asarray(function(plain(x), *args, **kwargs))
        if not made.ndim:  # np.flip gives a number
            return x.reshape(())
        if made.size and not np.may_share_memory(made, plain(x)):
            return refused(f"np.{function.__name__}", made)
        return TracedArray(made)

    return call


def moves(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a function is called that puts elements elsewhere, whatever they are."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        def apply(array: Array) -> Array:
            made: Array = function(array, *map(plain, args), **kwargs)
            return made

        what = f"np.{function.__name__}"
        if any(isinstance(a, TracedArray) for a in (*args, *kwargs.values())):
            result = function(
                plain(x), *map(plain, args), **{k: plain(v) for k, v in kwargs.items()}
            )
            return refused(f"{what} by computed arguments", result)
        array = as_operand(x)
        expected = apply(array)
        return recorded(what, expected, lambda: lowering_places.moved(array, apply, expected))

    return call


def method(name: str) -> Callable[..., Any]:
    return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def joins(function: Callable[..., Any]) -> Callable[..., Any]:
    """concatenate and stack."""

    def call(arrays: Any, axis: int = 0) -> Any:
        parts = [np.asarray(as_operand(a)) for a in arrays]
        expected = function(parts, axis=axis)
        if function is np.stack:
            parts = [np.expand_dims(p, axis) for p in parts]
        elif axis is None:
            return refused("np.concatenate(axis=None)", expected)
        what = f"np.{function.__name__}"
        return recorded(what, expected, lambda: lowering.concatenate(parts, axis, expected))

    return call


def filled(function: Callable[..., Any]) -> Callable[..., Any]:
    """zeros_like and its like: new arrays, which every replay fills again."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        made = function(plain(x), *map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        if _kernels.tracing() is None:
            return TracedArray(made)
        value = made.reshape(-1)[:1].reshape((1,) * made.ndim).copy() if made.size else made
        out: Array = np.empty_like(made)

        def lower() -> Array:
            lowering.copy_into(out, value)
            return out

        return recorded(f"np.{function.__name__}", made, lower)

    return call


def full_like(x: Any, value: Any, dtype: Any = None, shape: Any = None) -> Any:
    if isinstance(value, TracedArray):
        made = np.full_like(plain(x), value.array, dtype, shape=shape)
        return recorded("np.full_like", made, lambda: broadcast_copy(value.array, made))
    return filled(np.full_like)(x, value, dtype=dtype, shape=shape)


def broadcast_copy(value: Array, like: Array) -> Array:
    out: Array = np.empty_like(like)
    lowering.copy_into(out, value)
    return out


def copyto(target: Any, value: Any, casting: str = "same_kind", where: Any = True) -> None:
    if where is not True:
        refused("np.copyto(where=...)", None)
    if not isinstance(target, TracedArray):
        adopted(target)
        target = TracedArray(target)
    value = value if isinstance(value, TracedArray) else np.asarray(value)
    if not np.can_cast(value.dtype, target.dtype, casting):  # type: ignore[arg-type]
        np.copyto(target.array.copy(), plain(value), casting)  # type: ignore[arg-type]
    target[...] = value


def extremes(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        array = as_operand(x)
        expected = np.asarray(function(array, axis, keepdims=keepdims))
        least = function is np.argmin
        return recorded(
            f"np.{function.__name__}",
            expected,
            lambda: lowering_places.extreme_places(array, expected, axis, keepdims, least),
        )

    return call


def argsort(
    x: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    """np.argsort: stable whatever is asked for, so that there is one result."""
    if axis is None:
        return argsort(x.reshape(-1), 0)
    array = as_operand(x)
    expected = np.asarray(np.argsort(array, axis, kind="stable"))
    return recorded(
        "np.argsort", expected, lambda: lowering_places.sorted_places(array, expected, axis)
    )


def sort(x: Any, axis: Any = -1, **options: Any) -> Any:
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return take_along_axis(x, argsort(x, axis), axis)


def take(x: Any, indices: Any, axis: Any = None) -> Any:
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis % x.ndim)
    x = x if isinstance(x, TracedArray) else TracedArray(x)
    return x[(*(slice(None),) * axis, indices)]


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Any:
    index: list[Any] = [
        np.arange(n).reshape(-1, *(1,) * (x.ndim - i - 1)) for i, n in enumerate(x.shape)
    ]
    index[axis] = indices
    return (x if isinstance(x, TracedArray) else TracedArray(x))[tuple(index)]


def dot(a: Any, b: Any) -> Any:
    if np.ndim(plain(a)) == 0 or np.ndim(plain(b)) == 0:
        return np.multiply(a, b)
    if np.ndim(plain(b)) > 2 or np.ndim(plain(a)) > 2:
        return refused("np.dot of more than two axes", np.dot(plain(a), plain(b)))
    return np.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    return np.multiply(a.reshape(-1, 1), b.reshape(1, -1))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": where,
    "clip": clip,
    "copyto": copyto,
    "take": take,
    "take_along_axis": take_along_axis,
    "dot": dot,
    "outer": outer,
    "full_like": full_like,
    "amax": method("max"),
    "amin": method("min"),
    "argsort": argsort,
    "sort": sort,
    "argmax": extremes(np.argmax),
    "argmin": extremes(np.argmin),
    **{
        name: method(name)
        for name in (
            *("sum", "prod", "max", "min", "any", "all", "mean", "cumsum"),
            *("reshape", "ravel", "transpose", "swapaxes", "squeeze", "copy", "diagonal"),
        )
    },
    **{
        f.__name__: view(f)
        for f in (np.broadcast_to, np.expand_dims, np.flip, np.moveaxis, np.flipud, np.fliplr)
    },
    **{f.__name__: moves(f) for f in (np.repeat, np.tile, np.roll, np.rot90)},
    **{f.__name__: joins(f) for f in (np.concatenate, np.stack)},
    **{f.__name__: filled(f) for f in (np.zeros_like, np.ones_like)},
    "empty_like": filled(np.zeros_like),
}

# ---- what the engine asks for: plain arrays in and out -------------------------------------------


def added(a: Array, b: Array) -> Array:
    """a + b"""
    left: Any = TracedArray(a)
    total: Array = (left + TracedArray(b)).array
    return total


def add_into(y: Array, x: Array) -> None:
    """y += x"""
    target: Any = TracedArray(y)
    target += TracedArray(x)


def copied(x: Array, order: str = "C") -> Array:
    """x.copy(order)"""
    return TracedArray(x).copy(order).array


def copy_into(y: Array, x: Array) -> None:
    """y[...] = x"""
    TracedArray(y)[...] = TracedArray(x)


for _name in ("take", "repeat", "argmax", "argmin", "argsort"):
    setattr(TracedArray, _name, FUNCTIONS[_name])
_hooks: Any = TracedArray
_hooks.__array_ufunc__, _hooks.__array_function__ = call_ufunc, call_function
_kernels.bind_tracing(TracedArray, added, add_into, copied, copy_into)
