"""Shapes, joining, cutting, indexing."""

from __future__ import annotations

import numpy as np

from corereg import Tensor
from corereg.autograd import ops
from op_tables.parts import call, x

ROWS = np.array([2, 0, 2])
MASK = np.array([[True, False, True, False], [False] * 4, [True] * 4])
PLACES = np.array([[3, 0], [-1, 1], [2, 2]])
# shape and index
BASIC = [
    ((3, 4), 1),
    ((3, 4), -1),
    ((3, 4), (1, 2)),
    ((3, 4), slice(None)),
    ((3, 4), slice(2, 0, -1)),
    ((3, 4), (slice(None), slice(1, None, 2))),
    ((2, 3, 4), (..., 0)),
    ((2, 3, 4), (0, ..., slice(1, 3))),
    ((3, 4), (None, 1, None)),
    ((), ()),
    ((), None),
    ((5,), slice(3, 3)),
    ((0, 3), (slice(None), 1)),
]
ADVANCED = [
    ((3, 4), ROWS),
    ((3, 4), ([0, 2], [1, 1])),
    ((3, 4), ([0, 0], [1, 1])),
    ((3, 4), (slice(None), np.array([[0, 3], [3, 3]]))),
    ((2, 3, 4), (np.array([1, 1]), slice(None), 2)),
    ((2, 3, 4), (0, slice(1, 3), np.array([3, 0, 3]))),
    ((3, 4), (np.array([[0], [2]]), np.array([1, 3]))),
    ((3, 4), MASK),
    ((3, 4), (MASK[:, 0], slice(None))),
    ((3, 4), (MASK[:, 0], 1)),
    ((3, 4), (None, ROWS)),
    ((3, 4), []),
    ((5,), np.array(3)),
    ((5,), np.zeros((0, 2), int)),
    ((3, 4), Tensor([2, 0, 2])),
    ((3, 4), Tensor(MASK)),
]
INDEXED = BASIC + ADVANCED


def at(op, shape, index, value=None):
    """set_at or add_at: of x and of value, each of which broadcasts."""
    room = np.zeros(shape)[index.data if isinstance(index, Tensor) else index].shape
    value = room if value is None else value
    return lambda t, v: op(t, index, v), x(*shape), x(*value)


def placing(op):
    return [
        *(at(op, shape, index) for shape, index in INDEXED),
        at(op, (3, 4), ROWS, ()),
        at(op, (3, 4), ROWS, (3, 1)),
        at(op, (3, 4), slice(1, None), (4,)),
        at(op, (3, 4), MASK, (1,)),
        (lambda t: op(t, ROWS, 2.0 * t), x(3, 4)),
        (lambda t: op(np.zeros((3, 4), t.dtype), ROWS, t), x(4)),
    ]


def joined(op, *axes):
    return [
        *((lambda a, b, axis=axis: op([a, b, a], axis), x(3, 4), x(3, 4)) for axis in axes),
        (lambda a, b: op([a, b]), x(2), x(2)),
        (lambda a: op([a]), x(2, 3)),
        (lambda a: op([a, [1.0, 2.0]]), x(2)),
        (lambda a, b: op((a, b), 1), x(0, 3), x(0, 3)),
    ]


def pieces(sections, axis=0):
    """A function whose result is not the same if pieces change places."""

    def function(t):
        parts = ops.split(t, sections, axis)
        return sum(((i + 1) * part * part).sum() for i, part in enumerate(parts))

    return function


def method(name, *args):
    return lambda t: getattr(t, name)(*args)


GRADIENTS = {
    "Reshape": [
        (method("reshape", 4, 3), x(3, 4)),
        (method("reshape", -1), x(2, 3, 4)),
        (method("reshape", (2, -1, 2)), x(3, 4)),
        (method("reshape"), x(1, 1)),
        (method("reshape", 1, 1), x()),
        (method("reshape", 0, 5), x(3, 0)),
        (ops.flatten, x(2, 3)),
        (ops.flatten, x()),
        (ops.squeeze, x(1, 3, 1)),
        (call(ops.squeeze, -1), x(1, 3, 1)),
        (call(ops.squeeze, (0, 2)), x(1, 3, 1)),
        (call(ops.expand_dims, 1), x(2, 3)),
        (call(ops.expand_dims, (0, -1)), x(2, 3)),
        (call(ops.expand_dims, 0), x()),
    ],
    "Transpose": [
        (method("transpose"), x(3, 4)),
        (method("transpose"), x(2, 3, 4)),
        (method("transpose", 2, 0, 1), x(2, 3, 4)),
        (method("transpose", [-1, 0, -2]), x(2, 3, 4)),
        (method("transpose"), x()),
        (method("transpose", 0), x(5)),
        (method("transpose", 1, 0), x(3, 0)),
        (call(ops.swapaxes, 0, -1), x(2, 3, 4)),
        (lambda t: ops.einsum("ij->ji", t), x(2, 3)),
    ],
    "BroadcastTo": [
        (call(ops.broadcast_to, (2, 3, 4)), x(3, 1)),
        (call(ops.broadcast_to, (2, 3)), x()),
        (call(ops.broadcast_to, 3), x(1)),
        (call(ops.broadcast_to, (0, 3)), x(1, 3)),
    ],
    "Copy": [*((ops.copy, x(*shape)) for shape in [(3, 4), (), (0, 2)])],
    "Flip": [
        (ops.flip, x(3, 4)),
        (call(ops.flip, 0), x(3, 4)),
        (call(ops.flip, (0, -1)), x(2, 3, 4)),
        (ops.flip, x()),
        (call(ops.flip, 1), x(2, 0)),
    ],
    "Concatenate": [
        *joined(ops.concatenate, 0, 1, -1),
        (lambda a, b: ops.concatenate([a, b], 1), x(2, 3), x(2, 0)),
        (lambda a, b: ops.concatenate([a, b]), x(3, 2), x(1, 2)),
    ],
    "Stack": joined(ops.stack, 0, 1, 2, -1),
    "Pad": [
        (call(ops.pad, 1), x(2, 3)),
        (call(ops.pad, (1, 2), 0.5), x(2, 3)),
        (call(ops.pad, ((0, 1), (2, 0)), -1), x(2, 3)),
        (call(ops.pad, 0), x()),
        (call(ops.pad, 2), x(0)),
    ],
    "Tile": [
        (call(ops.tile, (2, 3)), x(2, 3)),
        (call(ops.tile, 2), x(2, 3)),
        (call(ops.tile, (2, 1, 3)), x(2, 3)),
        (call(ops.tile, (2, 0)), x(2, 3)),
        (call(ops.tile, ()), x(3)),
        (call(ops.tile, 3), x()),
    ],
    "Repeat": [
        (call(ops.repeat, 2), x(2, 3)),
        (call(ops.repeat, 3, 1), x(2, 3)),
        (call(ops.repeat, 2, -2), x(2, 3, 4)),
        (call(ops.repeat, 0, 0), x(2, 3)),
        (call(ops.repeat, 2), x()),
    ],
    "Getitem": [
        *((lambda t, index=index: t[index], x(*shape)) for shape, index in INDEXED),
        (call(ops.repeat, [2, 0, 1], 0), x(3, 4)),
        (call(ops.take, PLACES), x(3, 4)),
        (call(ops.take, PLACES, 1), x(2, 4, 3)),
        (call(ops.take, 1, -1), x(2, 4)),
        (call(ops.take, [], 0), x(2, 4)),
        (call(ops.take_along_axis, PLACES, 1), x(3, 4)),
        (call(ops.take_along_axis, PLACES[:1] % 3, -1), x(3, 4)),
        (call(ops.take_along_axis, PLACES.T % 3, 0), x(3, 3)),
        *((pieces(s), x(5)) for s in (1, 2, 5, 7, [2, 3], [0, 5, 0])),
        (pieces(2, -1), x(2, 3)),
        (lambda t: ops.einsum("iij->ij", t), x(3, 3, 2)),
    ],
    "SetAt": placing(ops.set_at),
    "AddAt": placing(ops.add_at),
}


def same(name, shape, *args):
    """An op that NumPy has under the same name."""
    function = getattr(np, name)
    return call(getattr(ops, name), *args), lambda a: function(a, *args), x(*shape)


def added(a):
    np.add.at(a, ROWS, np.array([[1], [2], [3]]))
    return a


def changed(a):
    a[ROWS] = [[1], [2], [3]]
    return a


VALUES = {
    "reshape": (lambda t: t.reshape(2, -1), lambda a: a.reshape(2, -1), x(3, 4)),
    "transpose": (lambda t: t.transpose(1, 2, 0), lambda a: a.transpose(1, 2, 0), x(2, 3, 4)),
    "T": (lambda t: t.T, lambda a: a.T, x(2, 3, 4)),
    "flatten": (ops.flatten, np.ravel, x(2, 3)),
    "swapaxes": same("swapaxes", (2, 3, 4), 0, -1),
    "squeeze": same("squeeze", (1, 3, 1), 2),
    "expand_dims": same("expand_dims", (3, 4), (0, -1)),
    "broadcast_to": same("broadcast_to", (3, 1), (2, 3, 4)),
    "copy": same("copy", (3, 4)),
    "flip": same("flip", (3, 4)),
    "flip axis": same("flip", (3, 4), 1),
    "pad": same("pad", (2, 3), ((1, 2), (0, 1))),
    "pad value": (
        lambda t: ops.pad(t, 1, 7),
        lambda a: np.pad(a, 1, constant_values=7),
        x(2, 3),
    ),
    "tile": same("tile", (2, 3), (2, 1, 3)),
    "repeat": same("repeat", (2, 3), 2),
    "repeat each": same("repeat", (3, 2), [2, 0, 1], 0),
    "take": same("take", (3, 4), PLACES),
    "take axis": same("take", (2, 4, 3), PLACES, 1),
    "take_along_axis": same("take_along_axis", (3, 4), PLACES, 1),
    "concatenate": (
        lambda a, b: ops.concatenate([a, b], 1),
        lambda a, b: np.concatenate([a, b], 1),
        x(2, 3),
        x(2, 1),
    ),
    "stack": (
        lambda a, b: ops.stack([a, b], -1),
        lambda a, b: np.stack([a, b], -1),
        x(2, 3),
        x(2, 3),
    ),
    "set_at": (lambda t: ops.set_at(t, ROWS, [[1], [2], [3]]), changed, x(3, 4)),
    "add_at": (lambda t: ops.add_at(t, ROWS, [[1], [2], [3]]), added, x(3, 4)),
    **{
        f"getitem {i}": (
            lambda t, index=index: t[index],
            lambda a, index=index: a[index.data if isinstance(index, Tensor) else index],
            x(*shape),
        )
        for i, (shape, index) in enumerate(INDEXED)
    },
}
