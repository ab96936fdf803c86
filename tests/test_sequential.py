"""Sequential as a stack: adding, building, naming, describing, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from small import bits, data, fit, net

from corereg.layers import Dense, Dropout, Input, Layer
from corereg.models import Sequential


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: Sequential([3]), TypeError, "Sequential.add: expected a Layer, received int 3"),
        (lambda: Sequential([Dense]), TypeError, "Sequential.add: expected a Layer, received type"),
        (lambda: Sequential([Dense(1), Input((3,))]), ValueError, "an Input can only come first"),
        (
            lambda: Sequential([Dense(1, name="a"), Dense(1, name="a")]),
            ValueError,
            "there is a layer named 'a' already",
        ),
        (lambda: Sequential([layer := Dense(1), layer]), ValueError, "is already in the model"),
        (lambda: Sequential().build((None, 3)), ValueError, "the model has no layers"),
        (lambda: Sequential().pop(), IndexError, "the model has no layers"),
        (
            lambda: Sequential([Dense(1)]).build(3),
            ValueError,
            "expected an input_shape with the batch",
        ),
        (
            lambda: Sequential([Dense(1)]).build((3,)),
            ValueError,
            r"such as \(None, 10\), received \(3",
        ),
        (
            lambda: Sequential([Dense(1, input_dim=2)]).build((None, 3)),
            ValueError,
            r"expected inputs of shape \(None, 2\), received \(None, 3\)",
        ),
        (lambda: Sequential([Dense(1)]).count_params(), ValueError, "is not built; call build"),
        (lambda: Sequential([Dense(1)]).input_shape, AttributeError, "its input shape is open"),
        (lambda: Sequential([Dense(1)]).get_layer("x"), ValueError, "get_layer: no layer 'x'; has"),
        (
            lambda: Sequential([Dense(1)]).get_layer(index=1),
            ValueError,
            "get_layer: no layer 1; has",
        ),
        (
            lambda: Sequential([Dense(1), Dense(1, dtype="float64")]).dtype,
            ValueError,
            r"expected layers of one dtype, received \['float32', 'float64'\]",
        ),
    ],
)
def test_bad_stacks(call, exception, message, fails):
    fails(call, exception, message)


def test_a_failed_build_leaves_the_model_open():
    model = Sequential([Dense(2)])
    with pytest.raises(ValueError, match="expected an input_shape"):
        model.build((10,))
    with pytest.raises(ValueError, match="expected positive sizes"):
        model.build((None, 0))
    assert not model.built
    model.build((None, 10))
    assert [w.shape for w in model.get_weights()] == [(10, 2), (2,)]


def test_stacking_step_by_step():
    model = Sequential(name="m")
    assert repr(model) == "<Sequential 'm', 0 layers>"
    model.add(Dense(3, input_dim=2, name="a"))
    model.add(Dense(4, name="b"))
    assert model.output_shape == (None, 4)
    assert model.get_layer("b") is model.get_layer(index=1) is model.layers[1]
    assert model.count_params() == 9 + 16
    assert model.pop().name == "b"
    assert model.output_shape == (None, 3)
    model.pop()
    assert not model.built
    model.add(Dense(1, input_dim=7))
    assert model.input_shape == (None, 7)


def test_changed_layers_forget_what_was_recorded():
    """`pop` and `add` drop the recordings with the layers before, as the report says."""
    x, y = data()
    for change in (lambda model: model.pop(), lambda model: model.add(Dense(3))):
        model = net()
        fit(model, x, y, epochs=1)
        model.predict(x, verbose=0)
        model.evaluate(x, y, verbose=0)
        kinds = ("fit", "evaluate", "predict")
        assert all(model.execution_report()[kind].mode == "replayed" for kind in kinds)
        change(model)
        assert str(model.execution_report()) == "\n".join(f"{kind}: not run yet" for kind in kinds)


def test_a_frozen_model_does_not_train():
    x, y = data()
    model = net(dropout=0.5)
    frozen = Dense(5, trainable=False, input_dim=6)
    assert model.trainable
    assert Sequential([frozen, Dense(1)]).trainable
    model.trainable = False
    before = bits(model)
    assert not model.trainable
    assert [layer.trainable for layer in model.layers] == [False] * 3
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == len(model.weights) == 4
    fit(model, x, y, epochs=3)
    assert bits(model) == before
    model.trainable = True
    assert model.trainable
    assert len(model.trainable_weights) == 4
    fit(model, x, y, epochs=3)
    assert all(a != b for a, b in zip(bits(model), before, strict=True))


def test_a_model_of_the_same_structure():
    class Twice(Layer):
        def call(self, x):
            return x * 2.0

    first = Dense(8, "relu", kernel_regularizer="l1", input_dim=3, name="first")
    model = Sequential([first, Dropout(0.25), Twice(name="own")], name="net")
    twin = Sequential.from_config(model.get_config(), {"Twice": Twice})
    assert twin.get_config() == model.get_config()
    assert [type(layer) for layer in twin.layers] == [Dense, Dropout, Twice]
    assert (twin.name, twin.built, twin.input_shape) == ("net", True, (None, 3))
    assert [w.shape for w in twin.get_weights()] == [w.shape for w in model.get_weights()]
    assert bits(twin) != bits(model)  # its weights are drawn anew
    twin.set_weights(model.get_weights())
    x, _ = data()
    assert np.array_equal(twin.predict(x[:, :3]), model.predict(x[:, :3]))
    open_ended = Sequential.from_config(Sequential([Dense(2)], name="open").get_config())
    assert (open_ended.name, open_ended.built) == ("open", False)
    with pytest.raises(ValueError, match="Twice"):
        Sequential.from_config(model.get_config())


def test_metrics_names_are_what_evaluate_returns():
    x, y = data(3)
    model = net(3, metrics=["accuracy"], weighted_metrics=["acc"])
    assert Sequential().metrics_names == ["loss"]
    assert model.metrics_names == ["loss"]  # what "accuracy" means is seen with the first data
    found = model.evaluate(x, y, verbose=0)
    assert model.metrics_names == ["loss", "accuracy", "acc"]
    assert len(found) == 3


def test_summary(capsys):
    model = Sequential(name="net")
    model.add(Dense(8, kernel_regularizer="l1", name="first"))
    model.add(Dropout(0.25, name="drop"))
    model.add(Dense(2, bias_regularizer="l2", trainable=False, name="last"))
    model.summary()
    assert "Not built" in capsys.readouterr().out
    model.build((None, 4))
    lines = []
    model.summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    text = "\n".join(lines)
    for expected in [
        'Model: "net"',
        "first (Dense)",
        "(None, 8)",
        "kernel: L1(0.01)",
        "rate 0.25",
        "bias: L2(0.01)",
        "Total params: 58 (232.00 B)",
        "Trainable params: 40 (160.00 B)",
        "Non-trainable params: 18 (72.00 B)",
    ]:
        assert expected in text
