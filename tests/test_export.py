"""What exports share: formats, the network that a model is, what is folded, and `verify`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import stack

import corereg
from corereg import export, layers, ops
from corereg.export import rows, verifying
from corereg.export.converters import Converters
from corereg.export.ends import inputs_of
from corereg.export.formats import FORMATS, Format, Ran
from corereg.export.network import Network
from corereg.export.simplifying import as_affine, cut_probabilities, fold_affine
from corereg.export.walking import network_of

table = Converters("a test")
for kind in (layers.Dense, layers.BatchNormalization, layers.Normalization, layers.Rescaling):
    table(kind)(lambda *given: None)


def kinds(network: Network) -> list[str]:
    return [call.kind for call in network.calls]


# ---- formats -------------------------------------------------------------------------------------


def test_a_format_is_said_by_the_suffix_or_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(Format, "function", lambda self, name: lambda *a, **k: seen.append((a, k)))
    model = stack((2,), layers.Dense(1))
    model.export(Path("a.ONNX"), logits=True)
    export.export(model, b"a.bin", format="c")
    assert seen == [((model, "a.ONNX"), {"logits": True}), ((model, "a.bin"), {})]


@pytest.mark.parametrize("format", ["tf_saved_model", "litert", "openvino", "torch"])
def test_formats_of_keras_are_refused(format: str) -> None:
    with pytest.raises(ValueError, match=rf"'onnx' .* or 'c' .*received '{format}', Keras's"):
        export.export(stack((2,), layers.Dense(1)), "a", format=format)


def test_unknown_formats_are_refused() -> None:
    model = stack((2,), layers.Dense(1))
    with pytest.raises(ValueError, match="expected a path whose suffix says the format"):
        model.export("a.bin")
    with pytest.raises(ValueError, match=r"expected format 'onnx' .*received 'onyx'"):
        model.export("a.onnx", format="onyx")
    with pytest.raises(TypeError, match="expected format as a text"):
        model.export("a.onnx", format=1)


def test_what_is_no_model_that_is_built_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a model, received Dense"):
        network_of(layers.Dense(1), table)
    with pytest.raises(ValueError, match="expected a model that is built"):
        network_of(corereg.Sequential([layers.Dense(1)]), table)


# ---- the network ---------------------------------------------------------------------------------


def test_a_network_has_the_calls_that_count() -> None:
    inner = stack((3,), layers.Dense(2, "tanh", name="a"), layers.Dropout(0.5))
    model = stack((3,), layers.Rescaling(2.0, name="r"), inner, layers.GaussianNoise(0.1))
    network = network_of(model, table)
    assert kinds(network) == ["Rescaling", "Dense", "activations.tanh"]
    assert [call.who for call in network.calls][:2] == ["Rescaling 'r'", "Dense 'a'"]
    assert network.calls[2].who.startswith("operation 'tanh")
    assert [one.shape for one in network.inputs] == [(None, 3)]
    assert [name for name, _ in network.outputs] == [model.layers[-1].name]
    assert network.calls[1].weights["kernel"].shape == (3, 2)
    assert len(list(network.arrays())) == 2
    assert repr(network.inputs[0]).endswith("shape=(None, 3), dtype=float32>")
    assert network.maker_of(network.inputs[0]) is None
    assert network.only_user_of(network.outputs[0][1]) is None


def test_weights_are_copies() -> None:
    model = stack((3,), layers.Dense(2))
    network = network_of(model, table)
    before = network.calls[0].weights["kernel"].copy()
    model.set_weights([w + 1 for w in model.get_weights()])
    assert np.array_equal(network.calls[0].weights["kernel"], before)


def test_what_nobody_uses_is_gone() -> None:
    class Wasteful(layers.Layer):
        def call(self, x: Any) -> Any:
            ops.exp(x)
            return ops.split(x, 2, axis=1)[0]

    assert kinds(network_of(stack((4,), Wasteful()), table)) == ["keras.split"]


def test_integers_are_cast_where_a_layer_casts_them() -> None:
    network = network_of(stack((4,), layers.Dense(2), dtype="int32"), table)
    assert kinds(network) == ["keras.cast", "Dense"]
    assert network.calls[0].arguments == {"x": network.inputs[0], "dtype": "float32"}


def constant(x: Any) -> Any:
    return corereg.Tensor(np.ones((1, 2), "f4"))


def test_a_call_that_gives_no_symbolic_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match="Tensor, which depends on no input"):
        network_of(stack((2,), layers.Lambda(constant)), table)


def test_a_layer_that_is_told_to_train_inside_a_call_is_refused() -> None:
    class Always(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = layers.Dropout(0.5)

        def call(self, x: Any) -> Any:
            return self.dropout(x, training=True)

    with pytest.raises(ValueError, match=r"Dropout 'dropout\S*' in Always .*draws numbers"):
        network_of(stack((2,), Always()), table)


def test_a_table_of_converters_takes_layers_and_keys() -> None:
    with pytest.raises(TypeError, match="expected classes of layers and keys of operations"):
        table(dict)
    own = Converters("mine")
    own("keras.exp")(print)
    assert own.find("keras.exp") is print
    assert own.find("keras.log") is None
    assert (own.kinds(), repr(own)) == (["keras.exp"], "<Converters for mine: keras.exp>")


# ---- what is folded ------------------------------------------------------------------------------


def folded(*parts: Any, shape: Any = (3,), everything: bool = False) -> list[str]:
    network = network_of(stack(shape, *parts), table)
    as_affine(network)
    fold_affine(network, everything)
    return kinds(network)


def test_affine_calls_fold_into_dense_layers() -> None:
    norm, dense = layers.BatchNormalization, layers.Dense
    assert folded(dense(2), norm(), dense(2)) == ["Dense", "Dense"]
    assert folded(norm(), dense(2)) == ["Dense"]
    assert folded(norm(), layers.Activation("relu")) == ["affine", "activations.relu"]
    assert folded(layers.Rescaling(2.0, 1.0), dense(2)) == ["Dense"]
    assert folded(layers.Rescaling(2.0, 9.0), dense(2)) == ["affine", "Dense"]
    assert folded(layers.Rescaling(2.0, 9.0), dense(2), everything=True) == ["Dense"]
    assert folded(dense(2), norm(axis=1), shape=(2, 3)) == ["Dense", "affine"]
    assert folded(norm(axis=1), dense(2), shape=(2, 3)) == ["affine", "Dense"]


def test_what_is_used_twice_is_not_folded() -> None:
    x = corereg.Input((3,))
    h = layers.Dense(3)(x)
    model = corereg.Model(x, layers.Dense(2)(layers.BatchNormalization()(h)) + h[:, :2])
    network = network_of(model, table)
    as_affine(network)
    fold_affine(network)
    assert kinds(network) == ["Dense", "Dense", "operator.get_item", "operator.add"]


def test_logits_are_cut_off() -> None:
    network = network_of(stack((3,), layers.Dense(2, "softmax")), table)
    cut_probabilities(network)
    assert kinds(network) == ["Dense"]
    with pytest.raises(ValueError, match="expected an output that ends with sigmoid or softmax"):
        cut_probabilities(network)


# ---- verify --------------------------------------------------------------------------------------


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the file gives that `verify` runs, as a function of its inputs."""
    found: dict[str, Any] = {}

    def run(path: str, inputs: list[Any]) -> Ran:
        found["inputs"] = inputs
        return Ran(found["function"](*inputs), "nothing")

    monkeypatch.setitem(FORMATS, "onnx", Format((".onnx",), "os"))
    monkeypatch.setattr(Format, "function", lambda self, name: run if name == "run" else None)
    return found


def test_verify_reports_differences(results: dict[str, Any]) -> None:
    model = stack((3,), layers.Dense(2, name="d"))
    results["function"] = lambda x: [model.predict(x, verbose=0)]
    report = export.verify(model, "m.onnx", rows=5)
    assert report.ok
    assert (report.rows, report.by, report.tolerance) == (5, "nothing", 1e-5)
    (one,) = report.outputs
    assert (one.name, one.largest, one.relative) == ("d", 0.0, 0.0)
    assert one.of_file == one.of_predict < 1e-6
    results["function"] = lambda x: [model.predict(x, verbose=0) + 0.5]
    report = export.verify(model, os.fsencode("m.onnx"), np.full((4, 3), 2.0))
    assert not report.ok
    assert report.outputs[0].largest == pytest.approx(0.5)
    assert repr(report).startswith("<Verification NOT ok: 4 rows by nothing\n  d: differs by 0.5")
    results["function"] = lambda x: [np.full((len(x), 2), np.nan, "f4")]
    assert export.verify(model, "m.onnx").outputs[0].relative == np.inf
    results["function"] = lambda x: [np.zeros((1, 2), "f4")]
    assert export.verify(model, "m.onnx").outputs[0].largest == np.inf


def test_verify_of_logits(results: dict[str, Any]) -> None:
    model = stack((3,), stack((3,), layers.Dense(2), layers.Activation("softmax")))
    kernel, bias = model.get_weights()
    results["function"] = lambda x: [x @ kernel + bias]
    assert export.verify(model, "m.onnx", logits=True).ok
    assert model.layers[0].layers[1].activation is corereg.activations.softmax
    with pytest.raises(ValueError, match="expected outputs of Dense or Activation layers"):
        export.verify(stack((3,), layers.Dense(1)), "m.onnx", logits=True)


def test_verify_takes_data_as_predict_does(results: dict[str, Any]) -> None:
    a, b = corereg.Input((1,), name="a"), corereg.Input((2,), dtype="int32", name="b")
    model = corereg.Model([a, b], layers.Concatenate()([a, ops.cast(b, "float32")]))
    results["function"] = lambda x, y: [np.concatenate([x, y], 1).astype("f4")]
    data = {"a": np.ones(3), "b": np.ones((3, 2))}
    for x in (data, list(data.values())):
        assert export.verify(model, "m.onnx", x).ok
        assert [(one.dtype, one.shape) for one in results["inputs"]] == [
            (np.float32, (3, 1)),
            (np.int32, (3, 2)),
        ]
    with pytest.raises(ValueError, match=r"expected inputs named \['a', 'b'\], \['b'\] are miss"):
        export.verify(model, "m.onnx", {"a": np.ones(3)})
    with pytest.raises(ValueError, match="expected 2 inputs"):
        export.verify(model, "m.onnx", np.ones(3))


def test_rows_are_drawn_that_a_model_takes() -> None:
    lookup = layers.StringLookup(vocabulary=["x", "y"])
    model = stack((2,), lookup, layers.Embedding(3, 2), dtype="string")
    (texts,) = rows.drawn(model, inputs_of(model)[0], 30)
    assert set(texts.ravel()) == {"x", "y", "?"}
    model = stack((None,), layers.Embedding(3, 2), dtype="int32")
    (codes,) = rows.drawn(model, inputs_of(model)[0], 30)
    assert (codes.dtype, codes.shape, codes.max()) == (np.int64, (30, 4), 2)
    encoding = layers.NumericEncoding()
    encoding.adapt(np.random.default_rng(0).normal(size=(9, 2)))
    model = stack((2,), encoding)
    (numbers,) = rows.drawn(model, inputs_of(model)[0], 30)
    assert np.isnan(numbers).any()


def test_differences_of_what_cannot_be_compared() -> None:
    apart = verifying._apart
    assert apart(np.array([np.nan, np.inf]), np.array([np.nan, np.inf])) == 0
    assert apart(np.array([np.inf]), np.array([1.0])) == np.inf
    assert apart(np.array([1]), np.array([1.0])) == np.inf
