"""Ops of one's own: subclassing Op, its registry, and what the engine says of faulty ones."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Parameter, Sequential, Tensor, _kernels, layers
from corereg.autograd import Op, apply, check_grads, is_grad_enabled, ops, registry
from corereg.autograd.ops.activations import RELU, Activation

pytestmark = pytest.mark.usefixtures("registry_as_before")


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


def equal(t, *values):
    np.testing.assert_array_equal(t.data, values)


def returns(gradient):
    """An op x -> 2 x whose backward returns what the function makes of the gradient."""

    class Custom(Op):
        def forward(self, x):
            return 2 * x

        def backward(self, grad, out, x):
            return gradient(grad)

    return lambda x: apply(Custom(), x)


def test_unwritten_ops_say_so(fails):
    class Empty(Op):
        pass

    class Half(Op):
        def forward(self, x):
            return x * 2

    fails(lambda: apply(Empty(), leaf(1.0)), NotImplementedError, "Empty: forward is not written")
    assert apply(Half(), Tensor([2.0])).data == 4
    fails(apply(Half(), leaf(1.0)).backward, NotImplementedError, "Half: backward is not written")


def test_apply_takes_an_instance_and_tensors(fails):
    class Double(Op):
        def forward(self, x):
            return 2 * x

    x = leaf(1.0)
    expected = "^apply: expected an instance of an op, "
    for wrong, message in [
        (Double, r"received the class Double; call apply\(Double\(\), x\)$"),
        (int, "received the class int; write a corereg.autograd.Op$"),
        (np.exp, "a subclass of corereg.autograd.Op, received ufunc$"),
        (None, "a subclass of corereg.autograd.Op, received NoneType$"),
        (x, "a subclass of corereg.autograd.Op, received Tensor$"),
    ]:
        fails(lambda op=wrong: apply(op, x), TypeError, expected + message)
    for inputs, received in [
        ((x.data,), "ndarray"),
        ((3.0,), "float"),
        ((x, 3), "int"),
        ((x, x, None), "NoneType"),
    ]:
        message = rf"^apply: expected Tensors as inputs of Double, received {received}; convert"
        fails(lambda given=inputs: apply(Double(), *given), TypeError, message)
    equal(apply(Double(), x), 2)


@pytest.mark.parametrize(
    ("gradient", "exception", "message"),
    [
        (lambda g: g, TypeError, "Custom.backward: expected a tuple of 1 gradients.*ndarray"),
        (lambda g: None, TypeError, "expected a tuple of 1 gradients.*NoneType"),
        (lambda g: (g, g), TypeError, "expected a tuple of 1 gradients.*tuple of 2"),
        (
            lambda g: (g.T,),
            RuntimeError,
            r"Custom.backward: expected .*\(2, 3\).*received \(3, 2\)",
        ),
        (lambda g: (g[0],), RuntimeError, r"\(2, 3\).*received \(3,\)"),
        (lambda g: (g[:1],), RuntimeError, r"\(2, 3\).*received \(1, 3\)"),
        (lambda g: (1.0,), RuntimeError, r"\(2, 3\).*received \(\)"),
    ],
)
def test_wrong_gradients_of_own_ops(gradient, exception, message, fails):
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    fails(returns(gradient)(x).sum().backward, exception, message)
    assert x.grad is None


def test_gradients_of_own_ops_are_cast_and_summed():
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    returns(lambda g: (np.ones((4, 3)),))(x).sum().backward()
    assert x.grad.dtype == np.float32
    equal(x.grad, 4, 4, 4)
    number = leaf(1.0)
    returns(lambda g: (7,))(number.sum()).backward()
    equal(number.grad, 7)


def test_an_exception_in_backward_breaks_no_later_one():
    def fail(grad):
        raise ZeroDivisionError("mine")

    w = Parameter(np.ones((2, 2)))
    for _ in range(2):
        bad = ops.dense(returns(fail)(w * 1.0), w)
        with pytest.raises(ZeroDivisionError, match="mine"):
            bad.sum().backward()
        with pytest.raises(RuntimeError, match="freed"):
            bad.sum().backward()
        w.zero_grad()
        (w * 3).sum().backward()
        np.testing.assert_array_equal(w.grad.data, np.full((2, 2), 3.0))
        w.zero_grad()
    assert is_grad_enabled()


def test_an_own_op_takes_five_lines():
    class Cube(Op):
        def forward(self, x):
            return x**3

        def backward(self, grad, out, x):
            return (3 * x * x * grad,)

    assert registry["Cube"] is Cube
    check_grads(lambda x: apply(Cube(), x), np.array([0.5, -1.0, 2.0]))
    check_grads(lambda x: (apply(Cube(), x * x) + x).sum(), np.array(0.7))
    assert repr(apply(Cube(), leaf(2.0))) == "Tensor([8.], dtype=float64, op=Cube)"


def test_bases_of_ops_are_not_in_the_registry():
    class _Base(Op):
        pass

    class Real(_Base):
        pass

    assert registry["Real"] is Real
    assert "_Base" not in registry


def test_unneeded_gradients_are_neither_made_nor_left():
    wanted = []

    class Asks(Op):
        def forward(self, a, b):
            return a * b

        def backward(self, grad, out, a, b):
            wanted.append((self.needs_gradient(0), self.needs_gradient(1)))
            return grad * b, grad * a

    constant, x = Tensor([1.0]), leaf(2.0)
    apply(Asks(), constant, x).backward()
    apply(Asks(), x, x * 2).backward()
    assert wanted == [(False, True), (True, True)]
    assert constant.grad is None


# ---- recordings: `recordable` is not inherited ---------------------------------------------------


def relu_twice(says_so):
    """A subclass of a recordable op that calls its kernel twice, and how often its forward ran."""
    calls = []

    class Twice(Activation):
        if says_so:
            recordable = True

        def forward(self, x):
            calls.append(1)
            return super().forward(super().forward(x))

    return lambda x: apply(Twice(RELU), x), calls


@pytest.mark.parametrize("says_so", [False, True])
def test_a_subclass_of_a_recordable_op_says_itself_whether_it_is(says_so):
    assert Activation.recordable
    function, _ = relu_twice(says_so)
    assert registry["Twice"].recordable is says_so
    assert "recordable" in vars(registry["Twice"])
    program = _kernels.Program()
    with program:
        out = function(Tensor(np.array([-1.0, 2.0], np.float32)))
    equal(out, 0, 2)
    assert program.fault is None  # it does nothing but what can be recorded


@pytest.mark.parametrize("says_so", [False, True])
def test_fit_replays_a_subclass_of_a_recordable_op(says_so, rng):
    function, calls = relu_twice(says_so)

    class Layer(layers.Layer):
        recordable = True

        def call(self, x):
            return function(x)

    x = rng.standard_normal((40, 4)).astype(np.float32)
    losses, ran = [], []
    for activation in (Layer(), layers.Activation("relu")):
        corereg.set_random_seed(7)
        model = Sequential([layers.Input((4,)), layers.Dense(3), activation, layers.Dense(1)])
        model.compile("sgd", "mse")
        before = len(calls)  # those that found the shape of the output
        losses.append(model.fit(x, x[:, :1], 10, epochs=3, verbose=0).history["loss"])
        ran.append(len(calls) - before)
    assert losses[0] == losses[1]
    steps = 3 * 4
    assert ran[0] < steps


@pytest.mark.parametrize("says_so", [False, True])
def test_record_replays_a_subclass_of_a_recordable_op(says_so):
    function, calls = relu_twice(says_so)
    step = corereg.record(function)
    for _ in range(5):
        equal(step(np.ones(3, np.float32)), 1, 1, 1)
    assert len(calls) == 2
