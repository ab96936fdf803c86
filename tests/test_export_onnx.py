"""Models as ONNX files, run by ONNX Runtime beside `predict`: every layer, every operation, random
models, options and refusals."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from exported import (  # noqa: E402
    LAYERS,
    activation_results,
    operations,
    random_model,
    stack,
)

import corereg  # noqa: E402
from corereg import export, layers, ops, registry  # noqa: E402
from corereg.export.onnx import converts  # noqa: E402
from corereg.graph.operations import OPERATIONS  # noqa: E402

FLOOR = (
    3e-7  # of float32, relative to the output's scale: what is as near to float64 as that is near
)


def check(model: Any, path: Path, x: Any = None, **options: Any) -> Any:
    """Exports a model, and fails unless the file gives what the model gives."""
    model.export(path, **options)
    report = export.verify(model, path, x, rows=40, logits=options.get("logits", False))
    assert report.ok, report
    for one in report.outputs:
        assert one.of_file <= 2 * one.of_predict + FLOOR, report
    return onnx.load(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


MORE = pytest.mark.exhaustive
CASES = [
    pytest.param(name, i, marks=[MORE] * (i > 0 or name.startswith(("Random", "Gaussian"))))
    for name, makers in LAYERS.items()
    for i in range(len(makers))
]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_layer(name: str, i: int, path: Path) -> None:
    corereg.set_random_seed(i)
    check(LAYERS[name][i](), path)


REFUSED = {"AutoContrast", "HashedCrossing", "Hashing", "TextVectorization"}


def test_every_layer_is_exported_or_refused() -> None:
    known = set(registry.parts("layer")) - {"Layer"}
    assert set(LAYERS) | REFUSED >= {name for name in known if registry.built_in("layer", name)}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(
    "opset", [None, *(pytest.param(one, marks=MORE) for one in (13, 17, 18, 21))]
)
def test_every_operation(opset: int | None, path: Path) -> None:
    model = corereg.Model(**operations())
    check(model, path, **({} if opset is None else {"opset_version": opset}))


def test_axes_that_are_not_said(path: Path) -> None:
    a = corereg.Input((3,))
    both = ops.stack([a, 2 * a])
    outputs = {
        "concatenate": ops.sum(ops.concatenate([a, a]), 0) + a,
        "split": ops.split(both, 2)[1][0],
        "stack": ops.sum(both, 0),
        "unstack": ops.unstack(both, 2)[1],
        "sort": ops.sort(a),
        "softmax": ops.softmax(a),
        "log_softmax": ops.log_softmax(a),
        "sparsemax": ops.sparsemax(a),
        "normalize": ops.normalize(a),
        "one_hot": ops.one_hot(ops.cast(a > 0, "int32"), 2),
    }
    check(corereg.Model(a, outputs), path)


def test_every_activation(path: Path) -> None:
    check(corereg.Model(**activation_results()), path)


def test_the_table_of_operations_is_whole() -> None:
    known = {kind.removeprefix("keras.") for kind in converts.kinds() if kind in OPERATIONS}
    known = {name for name in known if "." not in name}
    assert known - set(operations()["outputs"]) == set()


@pytest.mark.filterwarnings("ignore")
def test_random_models(path: Path) -> None:
    for seed in range(6):
        model, x = random_model(seed)
        check(model, path, x)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tens", range(20))
def test_two_hundred_random_models(tens: int, path: Path) -> None:
    for seed in range(100 + 10 * tens, 110 + 10 * tens):
        model, x = random_model(seed)
        check(model, path, x)


# ---- options -------------------------------------------------------------------------------------


def two_outputs() -> Any:
    x, z = corereg.Input((3,), name="x"), corereg.Input((2,), name="z")
    h = layers.Dense(4, "relu")(layers.Concatenate()([x, z]))
    ends = {"p": layers.Dense(3, "softmax")(h), "n": layers.Dense(1)(h)}
    return corereg.Model({"x": x, "z": z}, ends)


def sizes(values: Any) -> dict[str, list[Any]]:
    return {
        value.name: [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_names_sizes_versions_and_metadata(path: Path) -> None:
    made = check(two_outputs(), path, opset_version=15, metadata={"task": "demo"})
    assert sizes(made.graph.input) == {"x": ["rows", 3], "z": ["rows", 2]}
    assert sizes(made.graph.output) == {"n": ["rows", 1], "p": ["rows", 3]}
    assert made.opset_import[0].version == 15
    assert {one.key: one.value for one in made.metadata_props} == {"task": "demo"}
    assert (made.producer_name, made.producer_version) == ("corereg", corereg.__version__)


def test_names_of_columns_are_in_the_file(path: Path) -> None:
    model = stack((2,), layers.Dense(1))
    model.feature_names = ["age", "height"]
    made = check(model, path)
    assert json.loads(made.metadata_props[0].value) == ["age", "height"]


def test_logits_are_what_sigmoid_and_softmax_take(path: Path) -> None:
    made = check(two_outputs(), path, logits=True)
    assert "Softmax" not in {node.op_type for node in made.graph.node}
    made = check(
        stack((3,), stack((3,), layers.Dense(1), layers.Activation("sigmoid"))), path, logits=True
    )
    assert {node.op_type for node in made.graph.node} == {"Gemm"}
    model = stack((3,), layers.Dense(3), layers.Softmax())
    model.export(path, logits=True)
    assert [node.op_type for node in onnx.load(path).graph.node] == ["Gemm"]


def test_batch_normalization_is_folded_into_dense(path: Path) -> None:
    made = check(LAYERS["BatchNormalization"][0](), path)
    assert [node.op_type for node in made.graph.node] == ["Gemm", "Relu", "Gemm"]
    layer = layers.BatchNormalization()
    model = stack((2,), layers.Dense(2, "relu"), layer, layers.Dense(1))
    layer.moving_mean.assign(np.array([100.0, 0.0]))  # the difference needs all its digits
    made = check(model, path)
    assert [node.op_type for node in made.graph.node] == ["Gemm", "Relu", "Sub", "Mul", "Gemm"]


def test_an_output_that_is_an_input_or_is_there_twice(path: Path) -> None:
    x = corereg.Input((3,), name="x")
    y = layers.Dense(2, name="y")(x)
    check(corereg.Model(x, [y, x, y, layers.Activation("relu", name="r")(y)]), path)
    check(stack((3,), layers.Dropout(0.5)), path)


def test_a_layer_used_twice_shares_its_weights(path: Path) -> None:
    x, z = corereg.Input((3,)), corereg.Input((3,))
    shared = layers.Dense(3, name="shared")
    made = check(corereg.Model([x, z], layers.Add()([shared(shared(x)), shared(z)])), path)
    assert sorted(one.name for one in made.graph.initializer) == ["shared/bias", "shared/kernel"]


def test_a_model_in_float64(path: Path) -> None:
    parts = [layers.Dense(4, name_, dtype="float64") for name_ in ("gelu", "elu", "softplus")]
    model = stack((3,), *parts, dtype="float64")
    made = check(model, path)
    assert made.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


def test_inputs_of_other_shapes_in_models_inside(path: Path) -> None:
    x, v = corereg.Input((1,)), corereg.Input(())
    dense = corereg.Model(x, layers.Dense(2)(x))
    doubled = corereg.Model(v, layers.Rescaling(2.0)(v))
    column = corereg.Input((1,))
    made = check(corereg.Model(column, dense(doubled(column))), path)
    assert [node.op_type for node in made.graph.node] == ["Squeeze", "Mul", "Unsqueeze", "Gemm"]


# ---- layers and models of a user's own -----------------------------------------------------------


class Gated(layers.Layer):
    """Made of a layer, weights and functions, so that its call can be followed."""

    def build(self, input_shape: Any) -> None:
        self.dense = layers.Dense(input_shape[-1])
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")

    def call(self, x: Any, training: bool = False) -> Any:
        self.add_loss(ops.mean(x))
        noise = 1.0 if training else 0.0
        return self.factor * x * ops.sigmoid(self.dense(x)) + noise


class Net(corereg.Model):
    """A model whose call is Python."""

    def __init__(self) -> None:
        super().__init__()
        self.gated, self.dropout, self.out = Gated(), layers.Dropout(0.5), layers.Dense(2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.out(self.dropout(self.gated(x), training=training))


class TwoInputs(corereg.Model):
    """The same of a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = layers.Dense(3), layers.Dense(3)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return {"sum": self.one(x["a"]) + self.other(x["b"]), "one": ops.relu(self.one(x["a"]))}


def test_calls_written_in_python_are_followed(path: Path) -> None:
    net = Net()
    net.predict(np.ones((2, 3)), verbose=0)
    check(net, path)
    check(stack((3,), net), path)
    two = TwoInputs()
    two.predict({"a": np.ones((2, 3)), "b": np.ones((2, 4))}, verbose=0)
    made = check(two, path)
    assert [one.name for one in made.graph.input] == ["a", "b"]
    assert [one.name for one in made.graph.output] == ["one", "sum"]


class Listed(corereg.Model):
    """The same of a list, with weights that it computes with."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.dense(x[0]) @ ops.transpose(self.dense.kernel) + x[1]


def test_a_call_on_a_list_is_followed(path: Path) -> None:
    model = Listed()
    model.predict([np.ones((2, 2)), np.ones((2, 2))], verbose=0)
    made = check(model, path)
    assert [one.name for one in made.graph.input] == ["input", "input_1"]


def test_formulas_of_terms() -> None:
    graph = export.onnx.OnnxGraph(17)
    x = graph.term(corereg.Tensor([1.0, 2.0]))
    assert repr(1 + x) == "<Term 'Add' of float32>"
    assert repr(x - 1) == "<Term 'Sub' of float32>"
    assert repr(graph) == "<OnnxGraph of opset 17, 2 nodes>"
    assert x.cast("float32") is x


class Odd(layers.Layer):
    """Reads numbers, which nobody can follow."""

    def call(self, x: Any) -> Any:
        return corereg.Tensor(np.flip(x.numpy(), axis=-1).copy())


def test_a_converter_for_a_layer_of_ones_own(path: Path) -> None:
    model = stack((3,), layers.Dense(3), Odd(name="odd"), layers.Dense(1))
    with pytest.raises(ValueError, match=r"cannot export Odd 'odd': its call cannot be followed"):
        model.export(path)

    @converts(Odd)
    def odd(graph: Any, call: Any, x: Any) -> Any:
        return x.op("Gather", graph.ints(2, 1, 0), axis=-1)

    try:
        check(model, path)
        assert "test_export_onnx.Odd" in converts.kinds()
    finally:
        converts._of_layers.pop(Odd)
        converts._of_kinds.pop("test_export_onnx.Odd")


class Doubled(layers.Dense):
    """Inherits a converter that does not fit."""

    def call(self, x: Any, training: bool = False) -> Any:
        return super().call(x) * 2  # Dense.call reads arrays


def test_a_call_that_is_overridden_does_not_inherit_a_converter(path: Path) -> None:
    with pytest.raises(ValueError, match="cannot export Doubled"):
        stack((3,), Doubled(2)).export(path)


# ---- refusals ------------------------------------------------------------------------------------


def refused(model: Any, path: Path, match: str, **options: Any) -> None:
    path.write_bytes(b"older")
    with pytest.raises(ValueError, match=match):
        model.export(path, **options)
    assert path.read_bytes() == b"older"


def test_layers_that_onnx_has_not(path: Path) -> None:
    texts = stack((2,), layers.Hashing(5, name="h"), dtype="string")
    refused(texts, path, r"cannot export Hashing 'h': ONNX has no form of it; write its call")
    numbers = [corereg.Input((1,), dtype="int64") for _ in range(2)]
    crossed = corereg.Model(numbers, layers.HashedCrossing(5)(numbers))
    refused(crossed, path, "cannot export HashedCrossing")
    for count, why in ((0, "a file raises no errors"), (2, "ONNX does not have its hash")):
        lookup = layers.StringLookup(vocabulary=["a"], num_oov_indices=count)
        refused(stack((2,), lookup, dtype="string"), path, f"num_oov_indices={count} .*{why}")
    refused(stack((2,), layers.Discretization(num_bins=3)), path, "call its adapt")
    inside = stack((2,), stack((2,), Odd(name="odd"), layers.Dense(1)))
    refused(inside, path, r"cannot export Odd 'odd' in Sequential")


def test_layers_that_draw_or_train(path: Path) -> None:
    x = corereg.Input((3,))
    drawing = corereg.Model(x, layers.Dropout(0.5)(x, training=True))
    refused(drawing, path, r"cannot export Dropout .*training=True and draws numbers")
    norm = corereg.Model(x, layers.BatchNormalization()(x, training=True))
    refused(norm, path, r"cannot export BatchNormalization .*takes the batch's mean")


def test_operations_without_a_form(path: Path) -> None:
    x, m = corereg.Input((4,)), corereg.Input((2, 2))
    one = corereg.Model(m, ops.det(m))
    refused(one, path, r"cannot export operation 'det\S*' \(keras.det\): there is no converter")
    for call, match in (
        (lambda: ops.normalize(x, order=1), "order=1 has no form"),
        (lambda: ops.argmax(x), "along all axes depends"),
        (lambda: ops.max(x, axis=1, initial=0.0), "with initial= has no form"),
        (lambda: x.var(1, correction=1), "with a correction has no form"),
        (lambda: x.sum(1, dtype="float64"), "its argument dtype='float64' has no form"),
        (lambda: ops.norm(m, "nuc", axis=(1, 2)), "of order 'nuc' has no form"),
        (lambda: ops.round(ops.cast(x, "int32")), "rounds whole numbers"),
        (lambda: ops.pad(x, 1, mode="reflect"), "of mode 'reflect' has no form"),
        (lambda: ops.repeat(x, 2), "one number of repeats along one axis"),
        (lambda: ops.repeat(x, 2, axis=0), "whose size is open"),
        (lambda: ops.sort(x, axis=0), "whose size is open"),
        (lambda: ops.split(x[:, :2], 1, axis=0)[0], "whose size is open"),
        (lambda: ops.add(x > 0, x < 1), "of two bools has no form"),
        (lambda: ops.dot(x, np.ones((2, 4, 3))), "of more than two axes"),
        (lambda: ops.where(x > 0)[0], "whose number no shape tells"),
        (lambda: m[:, np.array([0, 1]), np.array([1, 0])], "by several arrays"),
        (lambda: x[x > 0], "by a mask has no form"),
    ):
        refused(corereg.Model(m if "m" in call.__code__.co_freevars else x, call()), path, match)


def test_bad_options(path: Path) -> None:
    model = stack((3,), layers.Dense(2))
    refused(model, path, "expected opset_version from 13 to", opset_version=12)
    for ends in (model, stack((3,), layers.Dense(2, "relu")), stack((3,), layers.ReLU())):
        refused(ends, path, "expected an output that ends with sigmoid or softmax", logits=True)
    with pytest.raises(TypeError, match="expected metadata as texts by name"):
        model.export(path, metadata={"a": 1})
    with pytest.raises(TypeError, match="unexpected keyword argument 'no_such'"):
        model.export(path, no_such=1)


def test_verify_refuses_the_file_of_another_model(path: Path) -> None:
    model = stack((3,), layers.Dense(2))
    two_outputs().export(path)
    with pytest.raises(ValueError, match=r"expected a file of 1 inputs, .*which has \['x', 'z'\]"):
        export.verify(model, path)
    x = corereg.Input((3,))
    corereg.Model(x, [layers.Dense(2)(x), x]).export(path)
    with pytest.raises(ValueError, match=r"expected a file of the outputs \['dense\S*'\], "):
        export.verify(model, path)


def test_without_the_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'corereg\[onnx\]'"):
        stack((3,), layers.Dense(2)).export(path)


# ---- while another thread trains -----------------------------------------------------------------


def test_a_file_has_the_weights_of_one_step(path: Path) -> None:
    """Each step of training adds the same to all weights: a file of half a step would differ."""
    parts = [layers.Dense(8, kernel_initializer="zeros", use_bias=False) for _ in range(6)]
    model = stack((8,), *parts)
    stop = threading.Event()

    def train() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            model.set_weights([np.full((8, 8), float(step))] * 6)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(3):
            model.export(path)
            arrays = [onnx.numpy_helper.to_array(x) for x in onnx.load(path).graph.initializer]
            assert len({float(one[0, 0]) for one in arrays}) == 1
    finally:
        stop.set()
        thread.join()
