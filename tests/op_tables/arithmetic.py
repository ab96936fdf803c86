"""Arithmetic, selection, products of matrices."""

from __future__ import annotations

import operator

import numpy as np

from corereg.autograd import ops
from op_tables.parts import BROADCAST, apart, call, pairs, positive, unary, x

MATMUL = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((3,), (2, 5, 3, 4)),
    ((2, 5, 4, 3), (3,)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((2, 3, 0), (0,)),
    ((0,), (2, 0, 3)),
    ((1, 1), (1, 1)),
]
EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ji,jk->ki", (3, 2), (3, 4)),
    ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (3,), (3,)),
    ("ij,ij->j", (3, 4), (3, 4)),
    ("ij,k->k", (3, 4), (2,)),
    ("ii,i->i", (3, 3), (3,)),
    ("iji,jj->ij", (3, 2, 3), (2, 2)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...i,i...->...", (2, 3), (3, 2)),
    ("ij...,...", (2, 3, 4), (1,)),
    ("i,i->i", (1,), (3,)),
    ("i,i->", (3,), (1,)),
    (" i j , j -> i ", (2, 0), (0,)),
    (",->", (), ()),
    ("abcde,cdefg->abfg", (3, 4, 3, 4, 3), (3, 4, 3, 4, 3)),  # much work: by way of BLAS
]


def einsum(subscripts):
    return lambda *tensors: ops.einsum(subscripts, *tensors)


def of_two(op, base):
    """Cases of an op whose kinks are where its operands are equal."""
    made = [(apart(*a), 0.505 + apart(*b)) for a, b in BROADCAST]
    return [*((op, a, b) for a, b in made), (lambda t: op(t, base), apart(3, 4))]


MASK = np.array([True, False, True])

GRADIENTS = {
    "Add": [*pairs(operator.add), (lambda t: 2 + t, x(3)), (lambda t: t + t, x(3))],
    "Subtract": [*pairs(operator.sub), (lambda t: 2 - t, x(3)), (lambda t: t - 2 * t, x(3))],
    "Multiply": [
        *pairs(operator.mul),
        (lambda t: 2 * t, x(3)),
        (lambda t: t * t, x(3)),
        (ops.outer, x(3), x(4)),
        (ops.outer, x(0), x(4)),
    ],
    "Divide": [*pairs(operator.truediv), (lambda t: 2 / t, x(3)), (lambda t: t / (t * t), x(3))],
    "Power": [
        *((operator.pow, positive(*a), x(*b)) for a, b in BROADCAST),
        (lambda t: 2**t, x(3, 4)),
        (lambda t: t**t, positive(3)),
        (operator.pow, positive(3), np.zeros(3)),
        (lambda t: t ** [0, 1, 2], x(4, 3)),
    ],
    "NumberPower": [
        *((lambda t, n=n: t**n, x(3, 4)) for n in (-2, -1, 0, 1, 2, 3)),
        *((lambda t, c=c: t**c, positive(3, 4)) for c in (-1.5, 0.5, 2.5)),
        *((lambda t: t**3, x(*shape)) for shape in [(), (2, 0)]),
    ],
    "Negative": unary(operator.neg),
    "Matmul": [
        *pairs(operator.matmul, MATMUL),
        (lambda t: t @ t, x(3, 3)),
        (lambda t: t @ t, x(4)),
        (lambda t: t @ t.T, x(2, 3)),
    ],
    "Einsum": [
        *((einsum(subscripts), x(*a), x(*b)) for subscripts, a, b in EINSUM),
        (lambda t: ops.einsum("ij,jk", t, t), x(3, 3)),
    ],
    "Maximum": of_two(ops.maximum, 0.5),
    "Minimum": of_two(ops.minimum, 0.5),
    "Clip": [
        *unary(call(ops.clip, -1, 1)),
        (call(ops.clip, None, 1), x(3, 4)),
        (call(ops.clip, -1, None), x(3, 4)),
    ],
    "Where": [
        *(
            (lambda a, b: ops.where(MASK[:, None], a, b), x(*a), x(*b))
            for a, b in [((3, 4), (3, 4)), ((4,), (3, 1)), ((), (1, 1)), ((3, 0), (1,))]
        ),
        (lambda t: ops.where(t > 0, t, 2 * t), x(3, 4)),
        (lambda t: ops.where(MASK, 1, t), x(3)),
        (lambda t: ops.where(MASK, t, 1), x(3)),
    ],
}

VALUES = {
    "t+a": (operator.add, np.add, x(3, 1), x(4)),
    "t-a": (operator.sub, np.subtract, x(3, 1), x(4)),
    "t*a": (operator.mul, np.multiply, x(3, 1), x(4)),
    "t/a": (operator.truediv, np.divide, x(3, 1), x(4)),
    "t**a": (operator.pow, np.power, positive(3, 1), x(4)),
    "t**2": (lambda t: t**2, lambda a: a**2, x(3, 4)),
    "t@a": (operator.matmul, np.matmul, x(3, 5), x(2, 5, 4)),
    "-t": (operator.neg, np.negative, x(3, 4)),
    "outer": (ops.outer, np.outer, x(3), x(4)),
    "maximum": (ops.maximum, np.maximum, x(3, 1), x(4)),
    "minimum": (ops.minimum, np.minimum, x(3, 1), x(4)),
    "where": (
        lambda a, b: ops.where(MASK, a, b),
        lambda a, b: np.where(MASK, a, b),
        x(4, 3),
        x(4, 1),
    ),
    "clip": (lambda t: t.clip(-0.5, 1), lambda a: np.clip(a, -0.5, 1), x(3, 4)),
    **{
        f"einsum {s}": (einsum(s), lambda a, b, s=s: np.einsum(s, a, b), x(*a), x(*b))
        for s, a, b in EINSUM
    },
    **{
        f"einsum {s}": (einsum(s), lambda a, s=s: np.einsum(s, a), x(*a))
        for s, a in [
            ("ij->ji", (2, 3)),
            ("ii", (3, 3)),
            ("iij->j", (3, 3, 2)),
            ("ba", (2, 3)),
            ("i...->...", (2, 3)),
            ("...ii->...i", (2, 3, 3)),
            ("i->i", (0,)),
        ]
    },
}
