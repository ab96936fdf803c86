"""Tensors as such, and functions that call functions: cast, shape, cond, loops, map, scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg import _kernels, autograd, config
from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import constant
from corereg.graph.nest import flatten, map_nest, pack_like
from corereg.graph.node import is_symbolic
from corereg.graph.tensor import SymbolicTensor
from corereg.ops.indexing import where
from corereg.ops.operands import as_tensor, counted, keras_op, keras_op_shaped_like


@keras_op
def cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype; gradients flow between float32 and float64.

    >>> ops.cast([1.7, -1.7], "int32")
    Tensor([ 1, -1], dtype=int32)
    """
    return ops.astype(as_tensor(x), config.floatx() if dtype is None else dtype)


def _of_numbers(who: str, dtype: Any) -> np.dtype[Any]:
    """A dtype that a tensor may have; TypeError for others."""
    found: np.dtype[Any] = np.dtype(dtype)
    if found.kind not in "fiub":
        raise TypeError(
            f"{who}: expected dtype float32, float64, integer or bool, received {found.name}"
        )
    return found


@keras_op
def view(x: Any, dtype: Any = None) -> Tensor:
    """The bytes of x read as another dtype, without a derivative: where its numbers are shorter or
    longer, the last axis is longer or shorter. ValueError if that does not come out even,
    TypeError for a dtype that is not of numbers.

    >>> ops.view(Tensor([1.0, -0.5]), "int32")
    Tensor([ 1065353216, -1090519040], dtype=int32)
    """
    array = as_tensor(x).detach().numpy().copy()
    dtype = array.dtype if dtype is None else _of_numbers("view", dtype)
    wide, width = array.dtype.itemsize, dtype.itemsize
    last = array.shape[-1] * wide if array.ndim else wide
    if (not array.ndim and wide != width) or last % width:
        raise ValueError(
            f"view: expected a last axis whose bytes make whole numbers of {dtype}, received "
            f"shape {array.shape} of {array.dtype}"
        )
    return constant(array.view(dtype))


@keras_op
def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """x in another dtype; numbers beyond what that can hold become the nearest one that it can.
    TypeError for a dtype that is not of numbers.

    >>> ops.saturate_cast([-5.0, 300.0], "uint8")
    Tensor([  0, 255], dtype=uint8)
    """
    x = as_tensor(x)
    dtype = _of_numbers("saturate_cast", config.floatx() if dtype is None else dtype)
    if dtype.kind == x.dtype.kind == "f" or dtype.kind == "b":
        return ops.astype(x, dtype)
    limits: Any = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    low, high = limits.min, limits.max
    if x.dtype.kind in "iu":
        own = np.iinfo(x.dtype)
        low, high = max(low, own.min), min(high, own.max)
    elif x.dtype.kind == "f":
        toward: Any = np.nextafter(np.asarray(high, x.dtype), np.asarray(0, x.dtype))
        high = float(high) if int(np.asarray(high, x.dtype)) <= high else float(toward)
        low = float(low)
    else:
        return ops.astype(x, dtype)
    return ops.astype(ops.clip(x, low, high), dtype)


@keras_op
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """x as a tensor, in another dtype if that is given. A tensor of that dtype is returned as it
    is. Texts become a NumPy array of texts, which is what models and layers take. ValueError for
    sparse=True and ragged=True.

    >>> ops.convert_to_tensor([1, 2])
    Tensor([1, 2], dtype=int32)
    >>> ops.convert_to_tensor(np.ones(2))
    Tensor([1., 1.], dtype=float64)
    """
    if sparse or ragged:
        raise ValueError("convert_to_tensor: expected neither sparse nor ragged, all are dense")
    if dtype in (None, "string"):
        first = x
        while isinstance(first, list | tuple) and first:
            first = first[0]
        if isinstance(first, str):
            return np.asarray(x)
    x = as_tensor(x)
    return x if dtype is None or x.dtype == np.dtype(dtype) else ops.astype(x, dtype)


def convert_to_numpy(x: Any) -> Any:
    """x as an array, outside the graph. It is the tensor's own memory, not a copy.

    >>> ops.convert_to_numpy(Tensor([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """
    return as_tensor(x).detach().numpy()


@keras_op
def stop_gradient(variable: Any) -> Tensor:
    """The same values, without a gradient.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> (x * ops.stop_gradient(x)).backward()
    >>> x.grad
    Tensor(3.)
    """
    return as_tensor(variable).detach()


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor.

    >>> ops.is_tensor(Tensor(1.0)), ops.is_tensor(np.ones(2))
    (True, False)
    """
    return isinstance(x, Tensor)


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape; None for what is open in a symbolic tensor.

    >>> ops.shape([[1, 2, 3]]), ops.shape(layers.Input((4,)))
    ((1, 3), (None, 4))
    """
    return tuple(x.shape) if isinstance(x, SymbolicTensor) else as_tensor(x).shape


def ndim(x: Any) -> int:
    """How many axes x has.

    >>> ops.ndim([[1, 2, 3]])
    2
    """
    return len(shape(x))


def size(x: Any) -> int | None:
    """How many elements x has; None if a length of a symbolic tensor is open.

    >>> ops.size([[1, 2, 3]])
    3
    """
    lengths = shape(x)
    return None if None in lengths else int(np.prod(lengths, dtype=np.int64))  # type: ignore[arg-type]


def dtype(x: Any) -> str:
    """The name of the dtype.

    >>> ops.dtype([1, 2]), ops.dtype([1.0])
    ('int32', 'float32')
    """
    return str(x.dtype if isinstance(x, SymbolicTensor) else as_tensor(x).dtype)


# ---- choices -------------------------------------------------------------------------------------


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """true_fn() if pred is true, else false_fn(). Where pred has no value yet, in graphs and in
    recorded functions, both are called, and `where` chooses among their results.

    >>> ops.cond(2 > 1, lambda: "yes", lambda: "no")
    'yes'
    """
    if not is_symbolic(pred) and (not isinstance(pred, Tensor) or _kernels.tracing() is None):
        return true_fn() if bool(pred) else false_fn()
    left, right = true_fn(), false_fn()
    both = zip(flatten(left), flatten(right), strict=True)
    return pack_like(left, [None if a is None else where(pred, a, b) for a, b in both])


@keras_op
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """branches[index](*operands); an index that is out of range counts as the nearest one.

    >>> branches = [lambda x: x + 1, lambda x: x * 10]
    >>> ops.switch(1, branches, 5), ops.switch(-3, branches, 5)
    (50, 6)
    """
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


# ---- loops: they run in Python ------------------------------------------------------------------


def _tensors(nest: Any) -> Any:
    return map_nest(as_tensor, nest)


def _same_variables(cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any = None) -> Any:
    return loop_vars


def _same_value(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    return init_val


@keras_op_shaped_like(_same_variables)
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Runs loop_vars = body(*loop_vars) as long as cond(*loop_vars) is true, maximum_iterations
    times at most, and returns the last ones. What body returns has the form of loop_vars: a tuple,
    a list, or one value (else ValueError). In a recorded function cond cannot ask a tensor for its
    value; let it ask Python's numbers.

    >>> ops.while_loop(lambda n: n < 100, lambda n: n * 3, 1)
    Tensor(243, dtype=int32)
    """
    several = isinstance(loop_vars, tuple | list)
    state = tuple(loop_vars) if several else (loop_vars,)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(cond(*state)):
        made = body(*state)
        state = tuple(made) if isinstance(made, tuple | list) else (made,)
        if len(state) != (len(loop_vars) if several else 1):
            raise ValueError(
                f"while_loop: expected body to return as many values as loop_vars has, received "
                f"{len(state)}"
            )
        count += 1
    final = [_tensors(one) for one in state]
    return type(loop_vars)(final) if several else final[0]


@keras_op_shaped_like(_same_value)
def fori_loop(lower: int, upper: int, body_fun: Callable[..., Any], init_val: Any) -> Any:
    """Runs init_val = body_fun(i, init_val) for i from lower to upper - 1, and returns the last
    one.

    >>> ops.fori_loop(0, 4, lambda i, total: total + i, 10)
    Tensor(16, dtype=int32)
    """
    state = init_val
    for i in range(int(lower), int(upper)):
        state = body_fun(i, state)
    return _tensors(state)


def _length(who: str, nest: Any, axis: int = 0) -> int:
    lengths = {one.shape[axis] if one.ndim else None for one in flatten(nest)}
    if len(lengths) != 1 or None in lengths:
        raise ValueError(f"{who}: expected tensors of one length, received {lengths or 'none'}")
    return int(lengths.pop() or 0)


def _row(nest: Any, i: int) -> Any:
    """The i-th rows of a nest of tensors."""
    return map_nest(lambda one: one[i], nest)


def _stacked(results: list[Any], axis: int = 0) -> Any:
    columns = zip(*(list(flatten(one)) for one in results), strict=True)
    parts = [
        None if c[0] is None else ops.stack([as_tensor(one) for one in c], axis) for c in columns
    ]
    return pack_like(results[0], parts)


@keras_op
def map(f: Callable[..., Any], xs: Any) -> Any:
    """f called for each row of xs, a tensor or a nest of them; the results are stacked. ValueError
    if there are no rows.

    >>> ops.map(lambda row: row.sum(), Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([3., 7.])
    """
    xs = _tensors(xs)
    rows = range(_length("map", xs))
    if not rows:
        raise ValueError("map: expected one row or more")
    return _stacked([f(_row(xs, i)) for i in rows])


@keras_op
def vectorized_map(function: Callable[..., Any], elements: Any) -> Any:
    """As `map`: the function is called for each row, one after the other.

    >>> ops.vectorized_map(lambda row: row * row[0], Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[ 1.,  2.],
            [ 9., 12.]])
    """
    return map(function, elements)


@keras_op
def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """carry, y = f(carry, row) for each row of xs, from the last one on for reverse=True: the last
    carry, and all y stacked in the order of xs. xs None: length times f(carry, None). unroll
    changes no result.

    >>> ops.scan(lambda total, x: (total + x, 10 * x), 0, Tensor([1, 2, 3]))
    (Tensor(6, dtype=int64), Tensor([10, 20, 30], dtype=int64))
    """
    if not callable(f):
        raise TypeError(f"scan: expected f as a function, received {f!r}")
    if not isinstance(unroll, int) or (unroll is not False and unroll < 1):
        raise ValueError(
            f"scan: expected unroll as a positive integer or a bool, received {unroll!r}"
        )
    if xs is None and length is None:
        raise ValueError("scan: expected xs, or a length")
    xs = None if xs is None else _tensors(xs)
    count = int(length or 0) if xs is None else _length("scan", xs)
    if length is not None and length != count:
        raise ValueError(f"scan: expected length={count} as xs has, received {length}")
    carry, made = init, []
    for i in reversed(range(count)) if reverse else range(count):
        row = None if xs is None else _row(xs, i)
        carry, y = f(carry, row)
        made.append(y)
    made = made[::-1] if reverse else made
    return _tensors(carry), _stacked(made) if made else None


@keras_op
def associative_scan(
    f: Callable[..., Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """The results of f(f(e0, e1), e2), ... of all slices up to each along an axis, which f gets
    with that axis, of length 1; from the last one on for reverse=True.

    >>> ops.associative_scan(lambda a, b: a * b, Tensor([1, 2, 3, 4]))
    Tensor([ 1,  2,  6, 24], dtype=int64)
    """
    elems = _tensors(elems)
    count = _length("associative_scan", elems, axis)

    def part(i: int) -> Any:
        def of(one: Any) -> Any:
            before = (slice(None),) * counted(axis, one.ndim, "associative_scan")
            return one[(*before, slice(i, i + 1))]

        return map_nest(of, elems)

    made: list[Any] = []
    for i in reversed(range(count)) if reverse else range(count):
        made.append(f(made[-1], part(i)) if made else part(i))
    made = made[::-1] if reverse else made
    columns = zip(*(list(flatten(one)) for one in made), strict=True)
    return pack_like(elems, [ops.concatenate([*c], axis) for c in columns])


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """(fun(*primals), its derivative along the tangents). has_aux: fun returns (value, something
    else), and that comes third. See `corereg.jvp`.

    >>> ops.jvp(lambda x: x * x, [Tensor(3.0)], [1.0])
    (Tensor(9.), Tensor(6.))
    """
    if not has_aux:
        return autograd.jvp(fun, primals, tangents)
    kept: list[Any] = []

    def value(*args: Any) -> Any:
        out, aux = fun(*args)
        kept[:] = [aux]
        return out

    return (*autograd.jvp(value, primals, tangents), kept[0])
