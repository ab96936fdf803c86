"""What the tables are written with."""

from __future__ import annotations

import zlib

import numpy as np

random = np.random.default_rng(5)

BROADCAST = [
    ((3, 4), (3, 4)),
    ((4,), (3, 4)),
    ((3, 4), (3, 1)),
    ((2, 3, 1), (1, 4)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((1, 1), (3,)),
    ((2, 0), (2, 0)),
    ((2, 0), (2, 1)),
    ((1,), (0,)),
    ((), (0, 3)),
]
SHAPES = [(3, 4), (5,), (), (2, 3, 4), (0,), (2, 0)]


def x(*shape):
    """Numbers of order 1 and either sign, away from 0 and from 1, where some ops have kinks."""
    size = random.uniform(0.2, 0.9, shape)
    return random.choice([-1, 1], shape) * (size + random.choice([0, 0.9], shape))


def positive(*shape):
    return np.abs(x(*shape))


def apart(*shape):
    """The same, no two nearer than 0.01: for maxima, which have kinks where two are equal."""
    a = x(*shape)
    places = np.random.default_rng(zlib.crc32(repr(shape).encode())).permutation(a.size)
    return np.sign(a) * (0.2 + 0.02 * places.reshape(shape))


def pairs(op, shapes=BROADCAST):
    return [(op, x(*a), x(*b)) for a, b in shapes]


def unary(op, made=x):
    return [(op, made(*shape)) for shape in SHAPES]


def call(op, *args, **kwargs):
    """A function of tensors: the op with these further arguments."""
    return lambda *tensors: op(*tensors, *args, **kwargs)
