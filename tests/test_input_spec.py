"""InputSpec: what a layer takes, checked at each call."""

from __future__ import annotations

from re import escape

import numpy as np
import pytest

import corereg
from corereg import Input, layers
from corereg.layers import InputSpec
from corereg.testing import check_layer, numbers


class Checked(layers.Layer):
    """A layer that takes what a spec says."""

    recordable = True

    def __init__(self, spec):
        super().__init__(name="c")
        self.input_spec = spec

    def call(self, x):
        return x if not isinstance(x, list | dict) else next(iter(layers_of(x)))


def layers_of(nest):
    return nest.values() if isinstance(nest, dict) else nest


RIGHT = {
    "ndim": ({"ndim": 2}, (3, 4)),
    "max_ndim": ({"max_ndim": 2}, (3,)),
    "min_ndim": ({"min_ndim": 2}, (3, 4, 5)),
    "axes": ({"axes": {-1: 4, 1: None}}, (3, 4)),
    "shape": ({"shape": (None, 4)}, (3, 4)),
    "squeezed": ({"shape": (None, 4, 1), "allow_last_axis_squeeze": True}, (3, 4)),
    "not_squeezed": ({"shape": (None, 4), "allow_last_axis_squeeze": True}, (3, 4, 1)),
    "dtype": ({"dtype": "float32"}, (3, 4)),
    "nothing": ({}, ()),
}
WRONG = {
    "ndim": ({"ndim": 2}, (3,), "of 2 axes, received shape (3,)"),
    "max_ndim": ({"max_ndim": 2}, (3, 4, 5), "of at most 2 axes, received shape (3, 4, 5)"),
    "min_ndim": ({"min_ndim": 2}, (3,), "of at least 2 axes, received shape (3,)"),
    "axes": ({"axes": {-1: 4}}, (3, 5), "with 4 along axis -1, received shape (3, 5)"),
    "no_axis": ({"axes": {2: 4}}, (3, 5), "with an axis 2, received shape (3, 5)"),
    "shape": ({"shape": (None, 4)}, (3, 5), "of shape (None, 4), received shape (3, 5)"),
    "squeezed": (
        {"shape": (None, 4, 1), "allow_last_axis_squeeze": True},
        (3, 5),
        "of shape (None, 4, 1), received shape (3, 5)",
    ),
    "dtype": ({"dtype": "float64"}, (3, 4), "of dtype float64, received dtype float32"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_inputs_as_they_should_be(name):
    spec, shape = RIGHT[name]
    layer = Checked(InputSpec(**spec))
    assert layer(np.ones(shape, "float32")).shape == shape
    assert layer(np.ones(shape, "float64")).dtype == "float32"  # floats are cast before
    if shape:
        assert layer(Input(shape[1:])).shape == (None, *shape[1:])


@pytest.mark.parametrize("name", WRONG)
def test_inputs_that_are_not(name, fails):
    spec, shape, message = WRONG[name]
    layer = Checked(InputSpec(**spec))
    text = escape(f"Checked 'c': expected an input {message}")
    fails(lambda: layer(np.ones(shape, "float32")), ValueError, text)
    fails(lambda: layer(np.ones(shape, "float32").tolist()), ValueError, text)
    assert not layer.built
    symbolic = text.replace(r"shape\ \(3,", r"shape\ \(None,")
    fails(lambda: layer(Input(shape[1:])), ValueError, symbolic)


def test_several_inputs(fails):
    layer = Checked([InputSpec(ndim=2), None, InputSpec(ndim=1)])
    x = [np.ones((2, 3)), np.ones((1, 2, 3)), np.ones(2)]
    layer(x)
    fails(lambda: layer(x[:2]), ValueError, escape("Checked 'c': expected 3 inputs, received 2"))
    text = escape("Checked 'c': expected input 2 of 1 axes, received shape (2, 3)")
    fails(lambda: layer([*x[:2], x[0]]), ValueError, text)
    layer = Checked([InputSpec(ndim=2, name="b"), InputSpec(ndim=1, name="a")])
    layer({"a": x[2], "b": x[0]})
    fails(
        lambda: layer({"a": x[2], "c": x[0]}),
        ValueError,
        escape("Checked 'c': expected a dict with the keys ['b', 'a'], received ['a', 'c']"),
    )


def test_merging_layers_check_too(fails):
    layer = layers.Add(name="a")
    layer.input_spec = [InputSpec(ndim=2), InputSpec(ndim=2)]
    a, b = Input((3,)), Input((3,))
    model = corereg.Model([a, b], layer([a, b]))
    assert model([np.ones((2, 3))] * 2).shape == (2, 3)
    layer.input_spec = [InputSpec(axes={1: 4})] * 2
    text = escape("Add 'a': expected input 0 with 4 along axis 1, received shape (2, 3)")
    fails(lambda: model([np.ones((2, 3))] * 2), ValueError, text)


def test_models_check_too(fails):
    model = corereg.Sequential([layers.Flatten()])
    model.input_spec = InputSpec(max_ndim=2)
    assert model(np.ones((2, 3), "float32")).shape == (2, 3)
    text = "expected an input of at most 2 axes, received shape (2, 3, 4)"
    fails(lambda: model(np.ones((2, 3, 4), "float32")), ValueError, escape(text))


def test_integers_are_looked_at_as_they_are_given():
    layer = Checked(InputSpec(dtype="int32"))
    layer(np.ones(3, "int32"))
    with pytest.raises(ValueError, match="of dtype int32, received dtype int64"):
        layer(np.ones(3, "int64"))


def test_bad_specs(fails):
    fails(
        lambda: InputSpec(axes={"a": 1}),
        TypeError,
        escape("InputSpec: expected axes as a dict with integers as keys, received {'a': 1}"),
    )
    fails(
        lambda: InputSpec(ndim=2, axes={2: 1}),
        ValueError,
        "InputSpec: expected axes below 2, the number of axes, received 2",
    )


def test_configs():
    spec = InputSpec("float32", shape=[None, 3], axes={1: 3}, optional=True)
    assert (spec.shape, spec.ndim, spec.dtype) == ((None, 3), 2, "float32")
    again = InputSpec.from_config(spec.get_config())
    assert again.get_config() == spec.get_config()
    assert repr(InputSpec(ndim=3)) == "InputSpec(ndim=3)"


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_what_holds_for_spatial_dropout(rate):
    check_layer(layers.SpatialDropout1D, (4, 3), rate=rate, seed=1)


def test_spatial_dropout_drops_whole_features(fails):
    layer = layers.SpatialDropout1D(0.5, seed=3, name="s")
    x = numbers(40, 5, 6)
    y = layer(x, training=True).data
    kept = y[:, 0] != 0
    assert np.array_equal(y, np.where(kept[:, None], 2 * x, 0))
    assert 0.3 < kept.mean() < 0.7
    assert np.array_equal(layer(x).data, x)
    assert layer.get_config().keys() >= {"rate", "seed"}
    assert "noise_shape" not in layer.get_config()
    fails(
        lambda: layer(np.ones((2, 3))),
        ValueError,
        escape("SpatialDropout1D 's': expected an input of 3 axes, received shape (2, 3)"),
    )
