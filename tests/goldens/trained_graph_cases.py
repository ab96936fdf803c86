"""Graphs of layers that Keras 3 and corereg must build, order and train alike.

A case is a function of a module namespace `lib`, which is `keras` in
make_trained_graph_goldens.py and `corereg` in ../test_trained_graphs.py; it returns a model, the
arguments of `compile`, and those of `fit`. Layers have names of their own, for the two count their
default names apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .cases import Arrays, split

Lib = Any
Made = tuple[Any, dict[str, Any], dict[str, Any]]
ROWS, EPOCHS, BATCH = 40, 3, 16
CASES: dict[str, Callable[[Lib], Made]] = {}


def case(build: Callable[[Lib], Made]) -> Callable[[Lib], Made]:
    CASES[build.__name__] = build
    return build


def numbers(columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((ROWS, columns))


X, X2, X3 = numbers(4), numbers(3, 1), numbers(4, 2)
Y1, Y2 = numbers(1, 3), numbers(2, 4)
LABELS = np.random.default_rng(5).integers(0, 3, ROWS)
WEIGHT = np.random.default_rng(6).random(ROWS)
BITS = (numbers(1, 7) > 0).astype("float64")


def dense(lib: Lib, units: int, name: str, activation: str | None = "tanh", **options: Any) -> Any:
    return lib.layers.Dense(units, activation=activation, name=name, **options)


def one_input(lib: Lib, build: Callable[[Any], Any], **compile: Any) -> Made:
    """A model of x (rows, 4) -> (rows, 1), trained by the mean squared error."""
    x = lib.Input((4,), name="x")
    model = lib.Model(x, dense(lib, 1, "out", None)(build(x)))
    return model, {"loss": "mse", "optimizer": "adam", **compile}, {"x": X, "y": Y1}


def merged(lib: Lib, merge: Any) -> Made:
    def build(x: Any) -> Any:
        return merge([dense(lib, 5, "left")(x), dense(lib, 5, "right", "relu")(x)])

    return one_input(lib, build)


@case
def add_of_two_branches(lib: Lib) -> Made:
    return merged(lib, lib.layers.Add(name="merge"))


@case
def subtract(lib: Lib) -> Made:
    return merged(lib, lib.layers.Subtract(name="merge"))


@case
def multiply(lib: Lib) -> Made:
    return merged(lib, lib.layers.Multiply(name="merge"))


@case
def average(lib: Lib) -> Made:
    return merged(lib, lib.layers.Average(name="merge"))


@case
def maximum(lib: Lib) -> Made:
    return merged(lib, lib.layers.Maximum(name="merge"))


@case
def minimum(lib: Lib) -> Made:
    return merged(lib, lib.layers.Minimum(name="merge"))


@case
def concatenate(lib: Lib) -> Made:
    return merged(lib, lib.layers.Concatenate(name="merge"))


@case
def dot(lib: Lib) -> Made:
    return merged(lib, lib.layers.Dot(axes=1, name="merge"))


@case
def dot_normalized(lib: Lib) -> Made:
    return merged(lib, lib.layers.Dot(axes=-1, normalize=True, name="merge"))


@case
def merging_by_function(lib: Lib) -> Made:
    return merged(lib, lambda parts: lib.layers.add(parts, name="merge"))


@case
def concatenating_by_function(lib: Lib) -> Made:
    return merged(lib, lambda parts: lib.layers.concatenate(parts, name="merge"))


@case
def operators(lib: Lib) -> Made:
    return one_input(lib, lambda x: dense(lib, 3, "a")(x) * 2.0 + 1.0 - dense(lib, 3, "b")(x))


@case
def functions_of_ops(lib: Lib) -> Made:
    return one_input(lib, lambda x: lib.ops.tanh(dense(lib, 3, "a", None)(x)))


@case
def residual(lib: Lib) -> Made:
    def build(x: Any) -> Any:
        h = dense(lib, 6, "first")(x)
        for i in range(3):
            h = lib.layers.Add(name=f"add{i}")([h, dense(lib, 6, f"block{i}", "relu")(h)])
        return h

    return one_input(lib, build)


@case
def diamond(lib: Lib) -> Made:
    def build(x: Any) -> Any:
        top = dense(lib, 5, "top")(x)
        left, right = dense(lib, 4, "left")(top), dense(lib, 3, "right")(top)
        deep = dense(lib, 2, "deep")(right)
        return lib.layers.Concatenate(name="bottom")([deep, left, top])

    return one_input(lib, build)


@case
def shared_layer(lib: Lib) -> Made:
    def build(x: Any) -> Any:
        shared = dense(lib, 4, "shared", kernel_regularizer="l2")
        return shared(shared(x))

    return one_input(lib, build)


@case
def frozen_branch(lib: Lib) -> Made:
    made = merged(lib, lib.layers.Add(name="merge"))
    made[0].get_layer("left").trainable = False
    return made


@case
def penalties_in_branches(lib: Lib) -> Made:
    def build(x: Any) -> Any:
        left = dense(lib, 4, "left", kernel_regularizer="l1", bias_regularizer="l2")(x)
        right = dense(lib, 4, "right", activity_regularizer="l2")(x)
        return lib.layers.Add(name="merge")([left, right])

    return one_input(lib, build)


@case
def sequential_inside(lib: Lib) -> Made:
    def build(x: Any) -> Any:
        inner = [dense(lib, 5, "a"), dense(lib, 4, "b")]
        return lib.Sequential(inner, name="inside")(x)

    return one_input(lib, build)


@case
def functional_inside(lib: Lib) -> Made:
    i = lib.Input((4,), name="i")
    h = dense(lib, 5, "h")(i)
    inner = lib.Model(i, lib.layers.Concatenate(name="c")([h, dense(lib, 2, "g")(h)]), name="inner")
    return one_input(lib, lambda x: inner(x))


@case
def three_deep(lib: Lib) -> Made:
    a = lib.Sequential([lib.Input((4,)), dense(lib, 4, "a")], name="one")
    b = lib.Sequential([a, dense(lib, 4, "b")], name="two")
    return one_input(lib, lambda x: lib.Sequential([b, dense(lib, 4, "c")], name="three")(x))


@case
def functional_in_sequential(lib: Lib) -> Made:
    i = lib.Input((4,), name="i")
    inner = lib.Model(i, dense(lib, 3, "h")(i), name="inner")
    model = lib.Sequential([lib.Input((4,)), inner, dense(lib, 1, "out", None)])
    return model, {"loss": "mse", "optimizer": "sgd"}, {"x": X, "y": Y1}


@case
def features(lib: Lib) -> Made:
    x = lib.Input((4,), name="x")
    whole = lib.Model(x, dense(lib, 1, "last")(dense(lib, 5, "h")(x)))
    cut = lib.Model(whole.inputs, whole.layers[-2].output)
    out = dense(lib, 1, "out", None)(cut.output)
    return lib.Model(cut.input, out), {"loss": "mse", "optimizer": "adam"}, {"x": X, "y": Y1}


# ---- several inputs ------------------------------------------------------------------------------


def two_inputs(lib: Lib, **compile: Any) -> Made:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    h = lib.layers.Concatenate(name="c")([dense(lib, 3, "ha")(a), b])
    model = lib.Model([a, b], dense(lib, 1, "out", None)(h))
    return model, {"loss": "mse", "optimizer": "adam", **compile}, {"x": [X, X2], "y": Y1}


@case
def inputs_as_a_list(lib: Lib) -> Made:
    return two_inputs(lib)


@case
def inputs_as_a_dict(lib: Lib) -> Made:
    model, compile, data = two_inputs(lib)
    return model, compile, {**data, "x": {"b": X2, "a": X}}


@case
def inputs_of_a_dict(lib: Lib) -> Made:
    a, b = lib.Input((4,), name="p"), lib.Input((3,), name="q")
    out = dense(lib, 1, "out", None)(lib.layers.Concatenate(name="c")([b, dense(lib, 3, "h")(a)]))
    data = {"x": {"first": X, "second": X2}, "y": Y1}
    return lib.Model({"second": b, "first": a}, out), {"loss": "mse", "optimizer": "sgd"}, data


@case
def three_inputs(lib: Lib) -> Made:
    a, b, c = lib.Input((4,), name="a"), lib.Input((3,), name="b"), lib.Input((4,), name="c")
    both = lib.layers.Multiply(name="m")([dense(lib, 3, "ha")(a), dense(lib, 3, "hb")(b)])
    h = lib.layers.Concatenate(name="cat")([both, c])
    model = lib.Model([c, a, b], dense(lib, 1, "out", None)(h))
    return model, {"loss": "mae", "optimizer": "adam"}, {"x": [X3, X, X2], "y": Y1}


@case
def siamese(lib: Lib) -> Made:
    a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b")
    encoder = lib.Sequential([dense(lib, 5, "e1", "relu"), dense(lib, 3, "e2")], name="encoder")
    distance = lib.layers.Subtract(name="s")([encoder(a), encoder(b)])
    model = lib.Model([a, b], dense(lib, 1, "out", "sigmoid")(distance))
    compile = {"loss": "binary_crossentropy", "optimizer": "adam", "metrics": ["accuracy"]}
    return model, compile, {"x": [X, X3], "y": BITS}


@case
def wide_and_deep(lib: Lib) -> Made:
    wide, deep = lib.Input((3,), name="wide"), lib.Input((4,), name="deep")
    h = dense(lib, 8, "d2", "relu")(dense(lib, 8, "d1", "relu", kernel_regularizer="l2")(deep))
    model = lib.Model(
        [wide, deep],
        dense(lib, 1, "out", "sigmoid")(lib.layers.concatenate([wide, h], name="both")),
    )
    compile = {"loss": "binary_crossentropy", "optimizer": "adam", "metrics": ["accuracy"]}
    return model, compile, {"x": [X2, X], "y": BITS, "sample_weight": WEIGHT}


@case
def validated(lib: Lib) -> Made:
    model, compile, data = two_inputs(lib, metrics=["mae"])
    return model, compile, {**data, "validation_data": ([X[:9], X2[:9]], Y1[:9])}


@case
def split_for_validation(lib: Lib) -> Made:
    model, compile, data = two_inputs(lib)
    return model, compile, {**data, "validation_split": 0.25}


# ---- several outputs -----------------------------------------------------------------------------


def two_outputs(lib: Lib, **compile: Any) -> Made:
    x = lib.Input((4,), name="x")
    h = dense(lib, 6, "h", "relu")(x)
    outs = [dense(lib, 1, "one", None)(h), dense(lib, 2, "two", None)(h)]
    compile = {"loss": "mse", "optimizer": "adam", **compile}
    return lib.Model(x, outs), compile, {"x": X, "y": [Y1, Y2]}


@case
def outputs_with_one_loss(lib: Lib) -> Made:
    return two_outputs(lib)


@case
def losses_as_a_list(lib: Lib) -> Made:
    return two_outputs(lib, loss=["mse", "mae"], loss_weights=[2.0, 0.5])


@case
def losses_as_a_dict(lib: Lib) -> Made:
    weights = {"one": 0.3, "two": 1.5}
    return two_outputs(lib, loss={"two": "mae", "one": "mse"}, loss_weights=weights)


@case
def metrics_as_a_list(lib: Lib) -> Made:
    return two_outputs(lib, metrics=[["mae"], ["mse", "mae"]])


@case
def metrics_as_a_dict(lib: Lib) -> Made:
    return two_outputs(lib, metrics={"two": ["mae"], "one": ["mse"]})


@case
def targets_as_a_dict(lib: Lib) -> Made:
    model, compile, data = two_outputs(lib, loss={"one": "mse", "two": "mae"})
    return model, compile, {**data, "y": {"two": Y2, "one": Y1}}


@case
def weights_by_output(lib: Lib) -> Made:
    model, compile, data = two_outputs(lib, weighted_metrics=[["mse"], ["mae"]])
    return model, compile, {**data, "sample_weight": [WEIGHT, WEIGHT[::-1].copy()]}


@case
def weights_for_all(lib: Lib) -> Made:
    model, compile, data = two_outputs(lib)
    return model, compile, {**data, "sample_weight": WEIGHT}


@case
def classes_and_a_number(lib: Lib) -> Made:
    x = lib.Input((4,), name="x")
    h = dense(lib, 6, "h", "relu")(x)
    outs = [dense(lib, 3, "kind", "softmax")(h), dense(lib, 1, "size", None)(h)]
    compile = {
        "loss": ["sparse_categorical_crossentropy", "mse"],
        "optimizer": "adam",
        "metrics": {"kind": ["accuracy"]},
    }
    return lib.Model(x, outs), compile, {"x": X, "y": [LABELS, Y1]}


@case
def outputs_of_a_dict(lib: Lib) -> Made:
    x = lib.Input((4,), name="x")
    h = dense(lib, 5, "h")(x)
    outs = {"q": dense(lib, 1, "a", None)(h), "p": dense(lib, 2, "b", None)(h)}
    compile = {"loss": {"q": "mse", "p": "mae"}, "optimizer": "sgd"}
    return lib.Model(x, outs), compile, {"x": X, "y": {"q": Y1, "p": Y2}}


@case
def an_output_on_the_way(lib: Lib) -> Made:
    x = lib.Input((4,), name="x")
    first = dense(lib, 2, "first")(x)
    last = dense(lib, 1, "last", None)(first)
    compile = {"loss": "mse", "optimizer": "adam"}
    return lib.Model(x, [last, first]), compile, {"x": X, "y": [Y1, Y2]}


@case
def two_inputs_and_three_outputs(lib: Lib) -> Made:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    h = lib.layers.Concatenate(name="both")(
        [dense(lib, 3, "ha", "relu")(a), dense(lib, 3, "hb", "relu")(b)]
    )
    outs = [
        dense(lib, 1, "one", None)(h),
        dense(lib, 2, "two", None, kernel_regularizer="l1")(h),
        dense(lib, 3, "three", "softmax")(h),
    ]
    compile = {
        "loss": ["mse", "mae", "sparse_categorical_crossentropy"],
        "loss_weights": [1.0, 0.2, 0.7],
        "optimizer": "adam",
    }
    return lib.Model([a, b], outs), compile, {"x": [X, X2], "y": [Y1, Y2, LABELS]}


# ---- classes of one's own ------------------------------------------------------------------------


@case
def subclassed_model(lib: Lib) -> Made:
    class Net(lib.Model):
        def __init__(self) -> None:
            super().__init__(name="net")
            self.last = dense(lib, 1, "last", None)
            self.blocks = [dense(lib, 4, f"block{i}", kernel_regularizer="l2") for i in range(2)]

        def call(self, x: Any) -> Any:
            for block in self.blocks:
                x = block(x)
            return self.last(x)

    model = Net()
    model(np.zeros((1, 4), "float32"))
    return model, {"loss": "mse", "optimizer": "adam"}, {"x": X, "y": Y1}


@case
def layer_of_layers(lib: Lib) -> Made:
    class Block(lib.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="block")
            self.inner = dense(lib, 4, "inner", kernel_regularizer="l1")
            self.parts = {"a": dense(lib, 4, "a"), "b": [dense(lib, 4, "b")]}

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            h = self.parts["a"](self.inner(x))
            return self.parts["b"][0](h) * self.scale

    block = Block()
    return one_input(lib, lambda x: block(x))


# ---- running -------------------------------------------------------------------------------------


def cast(value: Any, dtype: str) -> Any:
    """A structure of arrays with its float64 ones in dtype."""
    if isinstance(value, dict):
        return {key: cast(part, dtype) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(cast(part, dtype) for part in value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(dtype)
    return value


def leaves(value: Any) -> list[np.ndarray]:
    """The arrays of a structure, dicts by sorted keys."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [np.asarray(value)]


def run(name: str, lib: Lib, start: Any, dtype: str) -> tuple[list[str], Arrays]:
    """Trains a case in `lib`, whose floatx the caller has set. start: the flat starting weights, or
    a function that makes them of the fresh ones. Returns the names of the layers in order, and the
    weights, histories, results of evaluate and predictions by name."""
    model, compile, data = CASES[name](lib)
    data = cast(data, dtype)
    model.compile(**compile)
    fresh = model.get_weights()
    flat = start(fresh) if callable(start) else start
    model.set_weights(split(flat.astype(dtype), fresh))
    options = {"batch_size": BATCH, "verbose": 0}
    history = model.fit(**data, **options, epochs=EPOCHS, shuffle=False).history
    rows = {key: data[key] for key in ("x", "y", "sample_weight") if key in data}
    found = model.evaluate(**rows, **options, return_dict=True)
    results = {
        **{f"weight {i}": weight for i, weight in enumerate(model.get_weights())},
        **{key: np.array(history[key]) for key in sorted(history) if "penalty" not in key},
        **{f"evaluate {key}": np.array(found[key]) for key in sorted(found) if key != "penalty"},
        **{f"predict {i}": a for i, a in enumerate(leaves(model.predict(data["x"], verbose=0)))},
    }
    return [layer.name for layer in model.layers], results
