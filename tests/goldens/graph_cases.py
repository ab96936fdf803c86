"""Graphs of layers that are built alike with Keras and with corereg: branches, shared layers,
models inside models, several inputs and outputs.

`GRAPHS` maps names to functions of a library, which return a model. `describe` says what is
compared: the order of layers and weights, shapes, and the outputs for weights and inputs that
follow from the name.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
GRAPHS: dict[str, Callable[[Any], Any]] = {}
ROWS = 3


def graph(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator: the function becomes a case under its name."""
    GRAPHS[build.__name__] = build
    return build


@graph
def two_inputs(lib: Any) -> Any:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    left, right = lib.layers.Dense(5, "relu", name="l")(a), lib.layers.Dense(5, name="r")(b)
    return lib.Model([a, b], lib.layers.Dense(1, name="o")(lib.layers.Add(name="s")([left, right])))


@graph
def two_outputs(lib: Any) -> Any:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    h, g = lib.layers.Dense(5, name="h")(b), lib.layers.Dense(5, name="g")(a)
    both = lib.layers.Add(name="both")([g, h])
    return lib.Model([a, b], [both, lib.layers.Dense(1, name="p")(h)])


@graph
def outputs_the_other_way_round(lib: Any) -> Any:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    h, g = lib.layers.Dense(5, name="h")(b), lib.layers.Dense(5, name="g")(a)
    both = lib.layers.Add(name="both")([g, h])
    return lib.Model([b, a], [lib.layers.Dense(1, name="p")(h), both])


@graph
def dicts(lib: Any) -> Any:
    a, b = lib.Input((4,), name="x"), lib.Input((4,), name="y")
    p, q = lib.layers.Dense(1, name="p")(a), lib.layers.Dense(2, name="q")(b)
    return lib.Model({"z": a, "c": b}, {"y": p, "x": q})


@graph
def wide_and_deep(lib: Any) -> Any:
    wide, deep = lib.Input((6,), name="wide"), lib.Input((4,), name="deep")
    h = lib.layers.Dense(8, "relu", name="d1")(deep)
    h = lib.layers.Dense(8, "relu", name="d2")(h)
    both = lib.layers.Concatenate(name="both")([wide, h])
    return lib.Model([wide, deep], lib.layers.Dense(1, "sigmoid", name="out")(both))


@graph
def shared_layer(lib: Any) -> Any:
    a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b")
    shared = lib.layers.Dense(3, "tanh", name="shared")
    left, right = shared(a), shared(b)
    return lib.Model([a, b], lib.layers.Dot(1, name="dot")([left, right]))


@graph
def layer_called_at_two_depths(lib: Any) -> Any:
    x = lib.Input((4,), name="x")
    shared, other = lib.layers.Dense(4, name="shared"), lib.layers.Dense(4, "relu", name="other")
    once = shared(x)
    twice = shared(other(once))
    last = lib.layers.Dense(2, name="last")(lib.layers.Multiply(name="m")([once, twice]))
    return lib.Model(x, [last, once])


@graph
def skip(lib: Any) -> Any:
    x = lib.Input((4,), name="x")
    h = lib.layers.Dense(4, "relu", name="one")(x)
    h = lib.layers.Add(name="add")([lib.layers.Dense(4, name="two")(h), x])
    return lib.Model(x, lib.layers.Dense(2, "softmax", name="three")(h))


@graph
def stack_inside(lib: Any) -> Any:
    inner = lib.Sequential(
        [lib.layers.Dense(3, "relu", name="i1"), lib.layers.Dropout(0.5, name="i2")], name="inner"
    )
    x = lib.Input((4,), name="x")
    return lib.Model(x, lib.layers.Dense(2, name="out")(inner(x)))


@graph
def graph_inside_twice(lib: Any) -> Any:
    i = lib.Input((4,), name="i")
    block = lib.Model(
        i, lib.layers.Add(name="ba")([i, lib.layers.Dense(4, "tanh", name="bd")(i)]), name="block"
    )
    x = lib.Input((4,), name="x")
    h = block(lib.layers.Dense(4, name="between")(block(x)))
    return lib.Model(x, lib.layers.Dense(1, name="out")(h))


@graph
def stack_of_models(lib: Any) -> Any:
    return lib.Sequential(
        [
            lib.Input((4,), name="x"),
            lib.Sequential(
                [lib.layers.Dense(3, name="a"), lib.layers.Dense(3, name="b")], name="m"
            ),
            stack_inside_of(lib, 3),
            lib.layers.Dense(1, name="c"),
        ]
    )


def stack_inside_of(lib: Any, width: int) -> Any:
    x = lib.Input((width,), name="w")
    return lib.Model(x, lib.layers.Dense(2, "relu", name="wd")(x), name="n")


@graph
def operators(lib: Any) -> Any:
    x = lib.Input((4,), name="x")
    h = lib.layers.Dense(4, name="h")(x * 2.0 - 1.0)
    return lib.Model(x, lib.layers.Dense(1, name="o")((h + x[:, :1]) / 2.0))


@graph
def merges(lib: Any) -> Any:
    a, b = lib.Input((3, 4), name="a"), lib.Input((4,), name="b")
    parts = [
        lib.layers.Maximum(name="max")([a, b]),
        lib.layers.Minimum(name="min")([b, a]),
        lib.layers.Average(name="mean")([a, b, a]),
        lib.layers.Subtract(name="sub")([a, b]),
        lib.layers.Multiply(name="mul")([b, a]),
    ]
    whole = lib.layers.Concatenate(axis=1, name="all")(parts)
    return lib.Model([a, b], lib.layers.Dense(2, name="o")(lib.layers.Flatten(name="f")(whole)))


@graph
def dots(lib: Any) -> Any:
    a, b, c = (lib.Input(s, name=n) for s, n in (((3, 4), "a"), ((2, 4), "b"), ((4,), "c")))
    return lib.Model(
        [a, b, c],
        [
            lib.layers.Dot(2, name="d1")([a, b]),
            lib.layers.Dot((2, 1), name="d2")([a, c]),
            lib.layers.Dot(1, normalize=True, name="d3")([c, c]),
        ],
    )


@graph
def features(lib: Any) -> Any:
    x = lib.Input((4,), name="x")
    h = lib.layers.Dense(3, "relu", name="h")(x)
    whole = lib.Model(x, lib.layers.Dense(1, name="o")(h))
    return lib.Model(whole.inputs, [whole.layers[-2].output, whole.output])


@graph
def unused_input(lib: Any) -> Any:
    a, b = lib.Input((4,), name="a"), lib.Input((3,), name="b")
    return lib.Model([b, a], lib.layers.Dense(2, name="d")(a))


def random_graph(seed: int) -> Callable[[Any], Any]:
    """A graph of 5 to 14 calls on 1 to 3 inputs, with 1 to 3 outputs; every tensor is (rows, 4)."""

    def build(lib: Any) -> Any:
        rng = random.Random(seed)
        inputs = [lib.Input((4,), name=f"i{i}") for i in range(rng.randint(1, 3))]
        tensors = list(inputs)
        layers: list[Any] = []
        for i in range(rng.randint(5, 14)):
            kind = rng.choice(["dense", "dense", "shared", "merge", "merge", "stack"])
            if kind == "merge":
                made = rng.choice(["Add", "Multiply", "Average", "Maximum"])
                layer = getattr(lib.layers, made)(name=f"m{i}")
                tensors.append(layer([rng.choice(tensors) for _ in range(rng.randint(2, 3))]))
                continue
            if kind == "shared" and layers:
                layer = rng.choice(layers)
            elif kind == "stack":
                parts = [lib.layers.Dense(3, name=f"s{i}a"), lib.layers.Dense(4, name=f"s{i}b")]
                layer = lib.Sequential(parts, name=f"s{i}")
            else:
                activation = rng.choice([None, "relu", "tanh"])
                layer = lib.layers.Dense(4, activation, name=f"d{i}")
            layers.append(layer)
            tensors.append(layer(rng.choice(tensors[-4:])))
        outputs = rng.sample(tensors[len(inputs) :], rng.randint(1, 3))
        return lib.Model(inputs, outputs if len(outputs) > 1 else outputs[0])

    return build


GRAPHS |= {f"random_{seed}": random_graph(seed) for seed in range(26)}


def describe(name: str, lib: Any) -> tuple[dict[str, Any], Arrays]:
    """What a library makes of a case: its structure, for JSON, and the outputs."""
    model = GRAPHS[name](lib)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    weights = [rng.uniform(-0.7, 0.7, w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights(weights)
    x = [rng.normal(size=(ROWS, *t.shape[1:])).astype("float32") for t in model.inputs]
    nest: Any = x[0] if len(x) == 1 else x
    if isinstance(getattr(model, "input", None), dict):
        nest = dict(zip(sorted(model.input), x, strict=True))
    structure = {
        "layers": [layer.name for layer in model.layers],
        "weights": [list(w.shape) for w in weights],
        "inputs": [list(t.shape) for t in model.inputs],
        "outputs": [list(t.shape) for t in model.outputs],
        "trainable": len(model.trainable_weights),
    }
    if hasattr(model, "output_names"):
        structure["output_names"] = list(model.output_names)
    found = model(nest)
    if isinstance(found, dict):
        found = [found[key] for key in sorted(found)]
    outputs = found if isinstance(found, list | tuple) else [found]
    return structure, {str(i): np.asarray(lib.numpy(o)) for i, o in enumerate(outputs)}
