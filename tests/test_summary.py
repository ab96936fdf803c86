"""model.summary(): its table, its totals, and its arguments."""

from __future__ import annotations

import numpy as np
import pytest
from small import data, fit, net

import corereg
from corereg import layers, naming
from corereg.models import Model, Sequential


def text(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines) + "\n"


def branches():
    """Two branches, an op, a layer called twice, and a model within the model."""
    naming.restart()
    i = corereg.Input((3,), name="i")
    a = layers.Dense(3, name="a", trainable=False)
    h, b = a(i), layers.Dense(3, name="b", kernel_regularizer="l2")(i)
    both = layers.Add(name="both")([h, b]) + h
    inside = [corereg.Input((3,)), layers.Dense(2, name="x"), layers.Dropout(0.1, name="d")]
    return Model(i, [Sequential(inside, name="inner")(both), a(b)], name="g")


GRAPH = """\
Model: "g"
-------------------------------------------------------------------------------------------
Layer (type)        Output Shape  Param #  Connected to         Trainable  Regularizer
-------------------------------------------------------------------------------------------
i (InputLayer)      (None, 3)           0  -                    -
a (Dense)           (None, 3)          12  i[0][0], b[0][0]     N
b (Dense)           (None, 3)          12  i[0][0]              Y          kernel: L2(0.01)
both (Add)          (None, 3)           0  a[0][0], b[0][0]     -
add (Operation)     (None, 3)           0  both[0][0], a[0][0]  -
inner (Sequential)  (None, 2)           8  add[0][0]            Y
    x (Dense)       (None, 2)           8  -                    Y
    d (Dropout)     (None, 2)           0  -                    -          rate 0.1
-------------------------------------------------------------------------------------------
Total params: 32 (128.00 B)
Trainable params: 20 (80.00 B)
Non-trainable params: 12 (48.00 B)
"""


def test_a_graph_with_branches():
    assert text(branches(), expand_nested=True, show_trainable=True) == GRAPH


def test_an_unbuilt_model_and_one_of_its_own():
    found = text(Sequential([layers.Dense(2, name="d")], name="m"))
    assert "d (Dense)     ?             0 (unbuilt)\n" in found
    assert "Total params: 0 (0.00 B)\n" in found
    assert found.endswith("Not built: the input shape is open\n")

    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2, name="dense")

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(np.zeros((2, 3), "float32"))
    assert "dense (Dense)  ?                   8\n" in text(model)
    assert "Connected" not in text(model)


def test_totals_are_those_of_keras_with_the_optimizer_once_it_has_trained():
    model = net()
    assert "Optimizer" not in text(model)
    fit(model, *data())
    found = text(model)
    # 41 weights with two moments each, the step and the learning rate
    assert found.endswith(
        "Total params: 125 (508.00 B)\n"
        "Trainable params: 41 (164.00 B)\n"
        "Non-trainable params: 0 (0.00 B)\n"
        "Optimizer params: 84 (344.00 B)\n"
    )


def test_long_names_take_several_lines_within_the_width():
    name = "long_" * 30
    model = Sequential([corereg.Input((3,)), layers.Dense(2, name=name), layers.Dense(1)])
    for options, width in (({}, 100), ({"line_length": 60}, 60), ({"line_length": 120}, 120)):
        lines = text(model, **options).splitlines()
        assert max(map(len, lines)) == width == len(lines[1])
        cells = "".join(line.split("  ")[0].strip() for line in lines[4:-5])
        assert cells.startswith(name)


def test_positions_set_the_columns():
    lines = text(branches(), positions=[0.3, 0.6, 0.75, 1.0], line_length=80).splitlines()
    assert lines[2].startswith("Layer (type)" + " " * 12 + "Output Shape" + " " * 15 + "Param")
    absolute = text(branches(), positions=[24, 48, 60, 80], line_length=80).splitlines()
    assert absolute == lines
    with pytest.raises(ValueError, match=r"expected positions for 4 columns .*, received 2"):
        text(branches(), positions=[0.3, 1.0])


def rows(model, **options):
    """The names in the first column."""
    lines = text(model, **options).splitlines()
    rules = [i for i, line in enumerate(lines) if line.startswith("---")]
    return [line.split(" (")[0] for line in lines[rules[1] + 1 : rules[2]]]


def test_a_range_of_layers():
    assert rows(branches(), layer_range=["a", "both"]) == ["a", "b", "both"]
    assert rows(branches(), layer_range=("inner", "b")) == [*("b", "both", "add", "inner")]
    assert rows(branches(), layer_range=["inn", "inner"], expand_nested=True) == [
        *("inner", "    x", "    d"),
    ]
    with pytest.raises(ValueError, match="no layer fits 'q'; there are i, a, b, both"):
        text(branches(), layer_range=["q", "a"])
    with pytest.raises(ValueError, match="expected layer_range as two names"):
        text(branches(), layer_range=["a"])


def test_a_graph_that_is_a_line_names_no_connections():
    i = corereg.Input((3,))
    model = Model(i, layers.Dense(1)(layers.Dense(2)(i)))
    assert "Connected" not in text(model)
    assert "Connected" in text(branches())
