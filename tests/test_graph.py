"""Symbolic tensors and nodes: what may be done with them before there are numbers."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Tensor, activations, ops
from corereg.graph import KerasTensor, SymbolicTensor
from corereg.layers import Dense, Dropout, Flatten, Input as LayersInput, InputLayer, Layer

X = np.random.default_rng(3).normal(size=(5, 4)).astype("float32")


def test_input():
    x = Input((4,), name="x")
    assert isinstance(x, SymbolicTensor)
    assert KerasTensor is SymbolicTensor is corereg.KerasTensor
    assert (x.shape, x.dtype, x.name, x.ndim) == ((None, 4), "float32", "x", 2)
    assert repr(x) == "<SymbolicTensor 'x', shape=(None, 4), dtype=float32>"
    assert LayersInput is Input
    assert Input(shape=(2, 3), batch_size=7, dtype="int64").shape == (7, 2, 3)
    assert Input(batch_shape=(None, None, 3)).shape == (None, None, 3)
    assert Input((), dtype="bool").dtype == "bool"
    layer = InputLayer((4,), name="y")
    assert layer.output.name == "y"
    assert layer.output.node.operation is layer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Input(), "expected shape or batch_shape, received neither"),
        (lambda: Input((2,), batch_shape=(None, 2)), "received both"),
        (lambda: Input((0,)), "expected positive sizes"),
        (lambda: Input(batch_shape=4), "expected batch_shape with the batch first"),
        (lambda: Input((2,), dtype="float16"), "expected dtype 'float32', 'float64', an integer"),
    ],
)
def test_bad_inputs(call, message, fails):
    fails(call, ValueError, message)


CALLS = {
    "add": lambda x: x + 2,
    "radd": lambda x: 2 + x,
    "sub": lambda x: x - x[:, :1],
    "rsub": lambda x: 1.0 - x,
    "mul": lambda x: x * x,
    "div": lambda x: x / 2,
    "rdiv": lambda x: 2 / (x * x + 1),
    "pow": lambda x: x**2,
    "rpow": lambda x: 2**x,
    "whole quotient": lambda x: x // 0.3 + 3 // (x * x + 1),
    "remainder": lambda x: x % 0.3 + 3 % (x * x + 1),
    "sum of a dim": lambda x: x.sum(dim=1, keepdim=True),
    "neg": lambda x: -x,
    "abs": lambda x: abs(x),
    "matmul": lambda x: x @ np.ones((4, 3), "float32"),
    "less": lambda x: x < 0.1,
    "at most": lambda x: x <= 0.1,
    "greater": lambda x: x > 0.1,
    "at least": lambda x: x >= 0.1,
    "array first": lambda x: np.ones((1, 4), "float32") + x,
    "column": lambda x: x[:, 0],
    "slices": lambda x: x[:, 1:3],
    "reversed": lambda x: x[..., ::-1],
    "reshape": lambda x: x.reshape((-1, 2, 2)),
    "sum": lambda x: x.sum(axis=1),
    "whole sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=-1, keepdims=True),
    "max": lambda x: x.max(axis=1),
    "exp": lambda x: ops.exp(x),
    "concatenate": lambda x: ops.concatenate([x, x * 2], axis=1),
    "stack": lambda x: ops.stack((x, x), axis=1),
    "sum of a list": lambda x: ops.sum(ops.stack([x[:, 0], x[:, 1]]), axis=0),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "clip": lambda x: x.clip(-0.5, 0.5),
    "relu": lambda x: activations.relu(x),
    "linear": lambda x: activations.linear(x),
    "softmax": lambda x: activations.get("softmax")(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_operators_and_ops_become_nodes(name):
    call = CALLS[name]
    x = Input((4,))
    symbolic = call(x)
    assert isinstance(symbolic, SymbolicTensor)
    expected = call(Tensor(X)).data
    found = Model(x, symbolic)(X).data
    assert np.array_equal(found, expected)
    assert symbolic.dtype == str(expected.dtype)
    assert len(symbolic.shape) == expected.ndim
    assert all(n in (None, m) for n, m in zip(symbolic.shape, expected.shape, strict=True))
    assert (symbolic.shape[:1] == (None,)) == (expected.ndim > 0)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "@"])
def test_a_tensor_leaves_operators_to_a_symbolic_one(symbol):
    x = Input((4,), batch_size=4)
    other = Tensor(np.full((4, 4), 2.0, "float32"))
    call = eval(f"lambda a, b: a {symbol} b")
    found = Model(x, call(other, x))(X[:4])
    assert np.array_equal(found.numpy(), call(other.numpy(), X[:4]))


def test_several_outputs_of_one_op():
    x = Input((4,))
    left, right = ops.split(x, 2, axis=1)
    assert left.shape == right.shape == (None, 2)
    assert left.node is right.node
    found = Model(x, right - left)(X).data
    assert np.array_equal(found, X[:, 2:] - X[:, :2])


def test_unknown_sizes():
    x = Input((None, 4))
    assert Dense(2)(x).shape == (None, None, 2)
    assert ops.sum(x, axis=1).shape == (None, 4)
    assert Flatten()(x).shape == (None, None)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            float,
            r"float\(\): expected numbers, received the symbolic tensor 'x' of shape \(None, 4",
        ),
        (int, r"int\(\)"),
        (bool, r"bool\(\).* a layer's call"),
        (list, "iteration"),
        (len, r"len\(\).*in \.shape"),
        (np.asarray, "NumPy.*corereg.ops"),
        (np.exp, "does not support ufuncs"),
        (Tensor, "NumPy"),
    ],
)
def test_symbolic_tensors_have_no_numbers(call, message, fails):
    x = Input((4,), name="x")
    with pytest.raises(TypeError, match=message):
        call(x)


def test_errors_of_calls_name_who_is_at_fault(fails):
    x = Input((4,))
    fails(lambda: Dense(3, name="d")(Input((4, None))), ValueError, "Dense 'd': expected inputs")
    fails(lambda: x @ np.ones((3, 2)), ValueError, "matmul: expected a call that computes for")
    fails(lambda: ops.reshape(x, (7, 7)), ValueError, "reshape: expected a call that computes")

    class Picky(Layer):
        def call(self, x):
            raise RuntimeError("never")

    class Wrong(Layer):
        def call(self, x):
            return 3

    fails(lambda: Picky(name="p")(x), ValueError, "Picky 'p': .* RuntimeError: never")
    fails(lambda: Wrong(name="w")(x), ValueError, "Wrong 'w': .* returns tensors, received int")
    fails(
        lambda: Dense(2, name="d")([x, x]), ValueError, "Dense 'd': expected one tensor, received"
    )


def test_layers_know_their_calls(fails):
    layer = Dense(3, name="d")
    fails(lambda: layer.input, AttributeError, "Dense 'd': it has no input")
    layer(X)
    fails(lambda: layer.output, AttributeError, "it has no output, for it is part of no graph")
    x = Input((4,))
    first = layer(x)
    assert layer.input is x
    assert layer.output is first
    second = layer(x * 2)  # as in Keras, the first call counts
    assert layer.input is x
    assert layer.output is first
    assert second.shape == (None, 3)
    assert len(layer.weights) == 2


def test_nodes_are_freed_when_nobody_holds_them():
    gc.disable()
    try:
        layer = Dense(3)
        x = Input((4,))
        out = layer(x)
        node = weakref.ref(out.node)
        gone = weakref.ref(layer)
        del out
        assert node() is None
        del layer, x
        assert gone() is None
    finally:
        gc.enable()


def test_a_symbolic_call_may_say_training():
    x = Input((40,))
    model = Model(x, Dropout(0.5)(x, training=True))
    assert (model(np.ones((3, 40))).data == 0).any()
    assert (model(np.ones((3, 40)), training=False).data == 0).any()
    off = Model(x, Dropout(0.5)(x, training=False))
    assert (off(np.ones((3, 40)), training=True).data == 1).all()


def test_ops_go_straight_through_for_tensors():
    np.testing.assert_allclose(ops.exp(X).data, np.exp(X), rtol=1e-6)
    assert isinstance(ops.add(1.0, Tensor(X)), Tensor)
    assert ops.exp.__name__ == "exp"
    assert ops.exp.__doc__.startswith("e ** x")


# ---- layers of nests ------------------------------------------------------------------------


class Dicts(Layer):
    """Takes a dict of tensors, gives a dict."""

    def build(self, shapes):
        self.seen = shapes

    def call(self, x, more=None):
        found = {"sum": x["a"] + x["b"][0], "a": x["a"]}
        if more is not None:
            found["sum"] = found["sum"] + more[0]
        return found


def test_layers_of_dicts():
    layer = Dicts()
    found = layer({"a": X, "b": [X]})
    assert layer.seen == {"a": (None, 4), "b": [(None, 4)]}
    assert np.array_equal(found["sum"].data, 2 * X)
    assert layer.compute_output_shape(layer.seen)["sum"] == (None, 4)
    x, y = Input((4,)), Input((4,))
    out = layer({"a": x, "b": [y]})
    assert isinstance(out["sum"], SymbolicTensor)
    model = Model([x, y], out)
    assert np.array_equal(model([X, X])["sum"].data, 2 * X)
    more = Dicts()({"a": x, "b": [y]}, more=[x, 1.0])
    model = Model([x, y], more["sum"])
    assert np.array_equal(model([X, X]).data, 3 * X)
    twin = Model.from_config(model.get_config(), {"Dicts": Dicts})
    assert np.array_equal(twin([X, X]).data, 3 * X)
    assert np.array_equal(Dicts()({"a": X, "b": [X]}, more=(Tensor(X), X))["sum"].data, 3 * X)


def test_symbolic_tensors_as_named_arguments():
    x = Input((4,))
    out = ops.concatenate([x, x], axis=1)
    assert np.array_equal(Model(x, out)(X).data, np.concatenate([X, X], 1))
    found = ops.where(x > 0, x, 0.0)
    assert "Operation 'where" in repr(found.node.operation)

    class Takes(Layer):
        def call(self, x, other=None):
            return x - other

    y = Input((4,))
    layer = Takes()
    out = layer(x, other=y)
    assert layer.input == [x, y]
    model = Model([x, y], [out, layer(y, other=x)])
    np.testing.assert_allclose(model([X, 3 * X])[0].data, -2 * X, rtol=1e-5)
    assert model.get_config()["layers"][-1]["inbound_nodes"][0]["kwargs"].keys() == {"other"}


def test_an_activity_regularizer_of_ones_own_in_a_graph():
    x = Input((4,))
    out = Dense(2, activity_regularizer=lambda t: ops.sum(t * t))(x)
    merged = corereg.layers.Add(activity_regularizer="l2")([out, out])
    model = Model(x, merged)
    model(X)
    assert len(model.losses) == 2
    model(X)
    assert len(model.losses) == 2


def test_calls_that_are_decorated_tell_of_training():
    import functools

    def twice(call):
        @functools.wraps(call)
        def called(self, *args, **named):
            return call(self, *args, **named) * 2

        return called

    class Decorated(Layer):
        @twice
        def call(self, x, training=None):
            return x * 0 if training else x

        build = functools.partialmethod(lambda self, shape: None)

    layer = Decorated()
    assert np.array_equal(layer(X).data, 2 * X)
    assert (layer(X, training=True).data == 0).all()


def test_arguments_that_no_file_holds(fails):
    class Odd(Layer):
        def call(self, x, odd=None):
            return x

    x = Input((4,))
    fails(Model(x, Odd()(x, odd=object())).get_config, TypeError, "that a file can hold, received")
    config = Model(x, Odd()(x, odd={"n": np.float32(2), "t": (1, None)})).get_config()
    again = Model.from_config(config, {"Odd": Odd})
    assert again.get_config() == config


def test_an_op_s_argument_may_be_symbolic_by_name():
    x = Input((4,))
    found = ops.sum(x, axis=1)
    assert found.shape == (None,)

    class Passes(Layer):
        def call(self, x):
            return x

    outputs = Passes()([x, [x, x]])
    assert [t.shape for t in (outputs[0], *outputs[1])] == [(None, 4)] * 3
    assert InputLayer((4,)).compute_output_shape((None, 4)) == (None, 4)
    assert InputLayer((4,))(X).shape == (5, 4)


@pytest.mark.parametrize(
    ("call", "shapes", "expected"),
    [
        (ops.add, [(None, 3), (2, None)], (2, 3)),
        (ops.maximum, [(None, 3), (2, 1)], (2, 3)),
        (ops.dot, [(None, 3), (None, None, 2)], (None, None, 2)),
        (lambda x: ops.split(x, 2)[1], [(None, 3)], (None, 3)),
        (lambda *xs: ops.vstack(xs), [(None, 3), (None, None)], (None, 3)),
        (lambda *xs: ops.dstack(xs), [(None, 3), (None, None)], (None, 3, 2)),
        (lambda x: x[5], [(None, 4)], (4,)),
        (lambda x: ops.reshape(x, (3, 2)), [(None, 3)], (3, 2)),
    ],
)
def test_open_lengths_that_have_to_fit_others(call, shapes, expected):
    inputs = [corereg.Input(batch_shape=shape) for shape in shapes]
    assert call(*inputs).shape == expected


def test_lengths_that_fit_in_no_way_are_told_as_before():
    x, y = corereg.Input(batch_shape=(None, 3)), corereg.Input(batch_shape=(None, 4))
    with pytest.raises(ValueError, match=r"add: expected a call .* shapes \(2,3\) \(2,4\)"):
        ops.add(x, y)
    with pytest.raises(ValueError, match="inv: expected a call that computes for inputs of shape"):
        ops.inv(corereg.Input((None, 3)))
