"""Rounding, functions of two numbers, running sums and products, orders, diagonals."""

from __future__ import annotations

import operator

import numpy as np

from corereg.autograd import ops
from op_tables.parts import BROADCAST, apart, call, pairs, positive, unary, x

ORDERED = [((3, 4), -1), ((3, 4), 0), ((2, 3, 4), 1), ((5,), 0), ((20,), 0), ((0, 3), 1)]


def weighted(op, *args, **kwargs):
    """The op's result times 1, 2, 3, ...: so that it matters which element is where."""

    def function(t):
        out = op(t, *args, **kwargs)
        return out * np.arange(1, out.size + 1).reshape(out.shape).astype(out.dtype)

    return function


def divided(op):
    """Cases of a division with a whole quotient, which jumps where the quotient is whole."""
    return [
        *((op, x(*a), 0.31 + positive(*b)) for a, b in BROADCAST),
        *((lambda t, n=n: op(t, n), x(3, 4)) for n in (0.37, -0.37)),
        (lambda t: op(3.3, t), positive(3, 4)),
    ]


def running(op):
    return [
        (op, x(3, 4)),
        *((call(op, axis), x(2, 3, 4)) for axis in (0, 1, -1)),
        (op, x(5)),
        (op, x()),
        (call(op, 0), x(0, 3)),
    ]


def top(k):
    return lambda t: ops.top_k(t, k)[0] * np.arange(1, k + 1).astype(t.dtype)


GRADIENTS = {
    "Floor": unary(ops.floor),
    "Ceil": unary(ops.ceil),
    "Trunc": unary(ops.trunc),
    "Round": [*unary(ops.round), (call(ops.round, 1), x(7)), (call(ops.round, -1), 9 * x(7))],
    "FloorDivide": divided(operator.floordiv),
    "Remainder": divided(operator.mod),
    "Fmod": divided(ops.fmod),
    "Arctan2": pairs(ops.arctan2),
    "Hypot": pairs(ops.hypot),
    "Logaddexp": pairs(ops.logaddexp),
    "CumSum": running(ops.cumsum),
    "CumProd": [
        *running(ops.cumprod),
        (ops.cumprod, x(17)),
        (call(ops.cumprod, 0), np.array([2.0, 0.0, 3.0, 0.5])),
        (call(ops.cumprod, 1), np.array([[0.0, 2.0, 3.0], [0.5, 0.0, 0.0]])),
    ],
    "Roll": [
        (weighted(ops.roll, 2), x(3, 4)),
        (weighted(ops.roll, -1, 0), x(3, 4)),
        (weighted(ops.roll, (1, 2), (0, -1)), x(3, 4)),
        (weighted(ops.roll, 7, [0, 1]), x(3, 4)),
        (call(ops.roll, 1), x(0)),
        (call(ops.roll, 1), x()),
    ],
    "Sort": [
        *((weighted(ops.sort, axis), apart(*shape)) for shape, axis in ORDERED),
        *((weighted(ops.sort, axis, True), apart(*shape)) for shape, axis in ORDERED),
        (weighted(ops.sort, None), apart(3, 4)),
        (ops.sort, x()),
        *((call(ops.median, axis=axis), apart(3, 4)) for axis in (None, 0, 1, (0, 1))),
        (call(ops.median, axis=(0, -1), keepdims=True), apart(3, 5, 2)),
        (ops.median, x(1)),
    ],
}


def same(name, shape, *args):
    """An op that NumPy has under the same name."""
    function = getattr(np, name)
    return call(getattr(ops, name), *args), lambda a: function(a, *args), x(*shape)


VALUES = {
    **{name: same(name, (3, 4)) for name in ("floor", "ceil", "trunc", "round", "cumprod")},
    **{f"round {n}": same("round", (3, 4), n) for n in (2, -1)},
    **{
        name: (getattr(ops, name), getattr(np, name), x(3, 1), x(4))
        for name in ("arctan2", "hypot", "logaddexp", "fmod")
    },
    "t//a": (operator.floordiv, np.floor_divide, x(3, 1), x(4)),
    "t%a": (operator.mod, np.remainder, x(3, 1), x(4)),
    "cumsum": (ops.cumsum, np.cumsum, x(3, 4)),
    "cumsum axis": (call(ops.cumsum, -2), lambda a: np.cumsum(a, -2), x(3, 4)),
    "cumprod axis": same("cumprod", (3, 4), 0),
    "roll": same("roll", (3, 4), 5),
    "roll axes": same("roll", (3, 4), (1, -1), (1, 0)),
    "sort": same("sort", (3, 4)),
    "sort all": same("sort", (3, 4), None),
    "sort down": (call(ops.sort, 0, True), lambda a: -np.sort(-a, 0), x(5, 4)),
    **{f"median {axis}": same("median", (3, 4, 2), axis) for axis in (None, 1, (0, 2))},
    "top_k": (top(3), lambda a: -np.sort(-a)[:, :3] * [1, 2, 3], x(4, 7)),
    **{f"diagonal {n}": same("diagonal", (3, 5), n) for n in (0, 1, -1, 4, -2)},
    "diagonal axes": same("diagonal", (3, 4, 5), 1, 2, 0),
    "trace": same("trace", (3, 5)),
    "trace offset": same("trace", (3, 4, 5), -1, -1, 0),
    **{f"triu {n}": same("triu", (2, 3, 4), n) for n in (0, 1, -1, 9)},
    **{f"tril {n}": same("tril", (4, 3), n) for n in (0, 1, -2)},
}
