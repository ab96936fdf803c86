"""Variable and Parameter: values assigned in place."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import corereg
from corereg import Parameter, Tensor
from corereg.autograd import parameter
from corereg.autograd.parameter import Variable


def variable(kind, dtype="float32"):
    return kind(np.arange(3, dtype=dtype), "v")


@pytest.mark.parametrize("kind", [Variable, Parameter])
def test_assigning_keeps_place_and_dtype(kind, dtype):
    v = variable(kind, dtype)
    place, before = v.data.ctypes.data, v._version
    assert place % 64 == 0
    assert v.assign([3, 4, 5]) is v
    assert v.data.tolist() == [3, 4, 5]
    v.assign_add(np.array([1.0, 2.0, 3.0]))
    assert v.data.tolist() == [4, 6, 8]
    v.assign_sub(Tensor(np.array([0.5, 0, 1], dtype)))
    assert v.data.tolist() == [3.5, 6, 7]
    v.assign_add(1)
    assert v.data.tolist() == [4.5, 7, 8]
    assert v.value is v
    assert v.numpy().tolist() == [4.5, 7, 8]
    assert (v.data.ctypes.data, str(v.dtype)) == (place, dtype)
    assert v._version == before + 4


@pytest.mark.parametrize("shape", [(0,), (8,), (9,), (5, 7), (1, 64), (64, 1)])
def test_copies_that_are_made_in_pieces(shape, monkeypatch):
    monkeypatch.setattr(parameter, "_PIECE", 32)  # eight numbers
    v = Variable(np.random.default_rng(0).standard_normal(shape, dtype="f4"), "v")
    expected = v.data.tolist()
    found = v._copied()
    v.assign(v.data * 0)
    assert (found.shape, found.dtype, found.tolist()) == (shape, v.data.dtype, expected)
    v.data = np.arange(60, dtype="f4").reshape(6, 10)[:, ::2]  # nobody lays it out so, but a user
    assert v._copied().tolist() == v.data.tolist()


def test_a_variable_needs_no_gradient_and_a_parameter_does():
    v, p = variable(Variable), variable(Parameter)
    assert not v.requires_grad
    assert p.requires_grad
    assert p.trainable
    (v * p).sum().backward()
    assert v.grad is None
    assert p.grad.numpy().tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", [Variable, Parameter])
def test_what_cannot_be_assigned(kind, fails):
    v = variable(kind)
    who, before = f"^{kind.__name__} 'v': expected", v._version
    for call in (lambda: v.assign(np.ones(2)), lambda: v.assign_add(np.ones((2, 3)))):
        fails(call, ValueError, rf"{who} a value of shape \(3,\), received", v.data)
    fails(lambda: v.assign(["a", "b", "c"]), TypeError, f"{who} numbers, received dtype", v.data)
    assert v._version == before


def test_zeros():
    v = Variable.zeros((3, 5), "float64", "z")
    assert (v.shape, v.dtype, v.name, v.requires_grad) == ((3, 5), np.float64, "z", False)
    assert v.data.ctypes.data % 64 == 0
    assert not v.data.any()


def test_integers():
    counts = Variable(np.zeros(2, np.int64), "counts")
    counts.assign_add(1)
    assert counts.data.dtype == np.int64
    assert counts.data.tolist() == [1, 1]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies(copied):
    v = variable(Variable)
    again = copied(v)
    assert type(again) is Variable
    assert again.name == "v"
    again.assign([7, 8, 9])
    assert v.data.tolist() == [0, 1, 2]
    assert again.data.ctypes.data % 64 == 0


def test_assigning_is_recorded():
    p = variable(Parameter)

    @corereg.record
    def step(x):
        p.assign(x)
        return x * 2

    for n in range(4):
        step(np.full(3, n, np.float32))
        assert p.data.tolist() == [n] * 3
    assert step.python_calls == 2
