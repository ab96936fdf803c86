"""Models as graphs, as subclasses, and inside each other."""

from __future__ import annotations

import copy
import io
import json
import pickle
import sys

import numpy as np
import pytest

import corereg
from corereg import Input, Model, Sequential, Tensor, no_grad, ops
from corereg.layers import (
    Add,
    Concatenate,
    Dense,
    Dropout,
    Layer,
    deserialize,
    serialize,
)
from corereg.models import clone_model, load_model

RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, 4)).astype("float32")
B = RNG.normal(size=(6, 3)).astype("float32")


def two_branches(name=None, inputs="list", outputs="list"):
    a, b = Input((4,), name="a"), Input((3,), name="b")
    left = Dense(5, "relu", name="left")(a)
    right = Dense(5, name="right")(b)
    both = Add(name="both")([left, right])
    out = Dense(1, name="out")(right)
    given = {"list": [a, b], "tuple": (a, b), "dict": {"first": a, "second": b}}[inputs]
    made = {"list": [both, out], "one": both, "dict": {"y": both, "x": out}}[outputs]
    return Model(given, made, name=name)


class Net(Model):
    recordable = True

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units = units
        self.first = Dense(units, "relu")
        self.rest = [Dropout(0.5), Dense(2)]

    def call(self, x, training=None):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def same_weights(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return len(one.weights) == len(other.weights) and all(np.array_equal(a, b) for a, b in pairs)


# ---- graphs ---------------------------------------------------------------------------------


def test_a_graph_of_two_branches():
    model = two_branches("net")
    assert [layer.name for layer in model.layers] == ["a", "b", "right", "left", "out", "both"] or [
        layer.name for layer in model.layers
    ] == ["a", "b", "left", "right", "both", "out"]
    assert model.built
    assert model.name == "net"
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["both", "out"]
    assert model.input_shape == [(None, 4), (None, 3)]
    assert model.output_shape == [(None, 5), (None, 1)]
    assert [t.name for t in model.inputs] == ["a", "b"]
    assert model.input == model.inputs
    assert model.output == model.outputs
    both, out = model([X, B])
    left, right = model.get_layer("left"), model.get_layer("right")
    np.testing.assert_allclose(both.data, (left(X) + right(B)).data, rtol=1e-6)
    np.testing.assert_allclose(out.data, model.get_layer("out")(right(B)).data, rtol=1e-6)
    assert model.count_params() == 25 + 20 + 6


def test_inputs_by_order_and_by_name():
    model = two_branches()
    expected = [t.data for t in model([X, B])]
    for given in ((X, B), [Tensor(X), B], {"a": X, "b": B}, {"b": B, "a": X, "c": X}):
        found = model(given)
        assert type(found) is list
        assert all(np.array_equal(t.data, e) for t, e in zip(found, expected, strict=True))
    named = two_branches(inputs="dict", outputs="dict")
    assert named.input_names == ["a", "b"]
    assert named.output_names == ["out", "both"]
    assert named.input_shape == {"first": (None, 4), "second": (None, 3)}
    assert named.output_shape == {"y": (None, 5), "x": (None, 1)}
    found = named({"second": B, "first": X})
    assert list(found) == ["y", "x"]
    assert found["y"].shape == (6, 5)
    assert named([X, B])["x"].shape == (6, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X, r"expected 2 inputs, \['a', 'b'\], received 1"),
        ([X], "received 1; give them as a list"),
        ([X, B, X], "received 3"),
        ({"a": X}, r"expected inputs named \['a', 'b'\], received \['a'\]; \['b'\] are missing"),
        ([B, X], r"expected the input 'a' of shape \(None, 4\), received \(6, 3\)"),
        ([X, X], "the input 'b' of shape"),
    ],
)
def test_wrong_inputs(given, message, fails):
    model = two_branches("net")
    fails(lambda: model(given), ValueError, f"Model 'net': .*{message}")


def test_inputs_are_cast_and_get_the_right_rank():
    x = Input((1,), dtype="float64")
    model = Model(x, x * 2)
    assert model(np.ones(3, "float32")).shape == (3, 1)
    assert model(np.ones(3, "float32")).dtype == "float64"
    wide = Input((4,))
    assert Model(wide, wide * 2)(X[:, :, None]).shape == (6, 4)
    whole = Input((2,), dtype="int32")
    assert Model(whole, whole * whole)(np.ones((1, 2), "int64")).data.dtype == "int32"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda a, b: Model(a, np.ones(3)), "expected outputs as symbolic tensors"),
        (lambda a, b: Model(3, a), "expected inputs as symbolic tensors"),
        (lambda a, b: Model(a), "expected outputs as symbolic tensors"),
        (lambda a, b: Model(a, []), "expected outputs as symbolic tensors"),
        (lambda a, b: Model([a, a], a * 2), "expected each input once"),
        (lambda a, b: Model(a, [a * 2, b * 2]), "depends on an input that is not among them"),
        (
            lambda a, b: Model(a, Dense(1, name="d")(Dense(2, name="d")(a))),
            "received two named 'd'",
        ),
    ],
)
def test_bad_graphs(make, message, fails):
    fails(lambda: make(Input((4,)), Input((4,))), ValueError, message)


def test_one_in_a_list_is_one():
    x = Input((4,))
    model = Model([x], [Dense(2)(x)])
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 2)
    assert isinstance(model(X), Tensor)
    assert isinstance(model([X]), Tensor)


def test_shared_layers_count_once():
    shared = Dense(3, name="shared", activity_regularizer="l2")
    a, b = Input((4,)), Input((4,))
    model = Model([a, b], Add()([shared(a), shared(b)]))
    assert len(model.weights) == 2
    expected = shared(X).data + shared(2 * X).data
    found = model([X, 2 * X])
    np.testing.assert_allclose(found.data, expected, rtol=1e-5)
    assert len(model.losses) == 2
    found.sum().backward()
    assert shared.kernel.grad is not None


def test_features_of_a_model():
    x = Input((4,))
    hidden = Dense(3, "relu", name="hidden")(x)
    model = Model(x, Dense(1)(hidden))
    features = Model(model.inputs, model.layers[-2].output)
    assert [layer.name for layer in features.layers][-1] == "hidden"
    assert np.array_equal(features(X).data, model.get_layer("hidden")(X).data)
    head = Model(hidden, model.output)
    assert len(head.layers) == 2
    assert head.input_shape == (None, 3)
    assert np.array_equal(head(features(X)).data, model(X).data)
    stack = Sequential([Dense(3, input_dim=4), Dense(2)])
    inner = Model(stack.inputs, stack.layers[-2].output)
    assert np.array_equal(inner(X).data, stack.layers[0](X).data)
    assert np.array_equal(Model(stack.input, stack.output)(X).data, stack(X).data)


def test_an_input_that_nothing_comes_from():
    a, b = Input((4,), name="a"), Input((3,), name="b")
    model = Model([a, b], Dense(2)(a))
    assert [layer.name for layer in model.layers][1:] != []
    assert {"a", "b"} <= {layer.name for layer in model.layers}
    assert model([X, B]).shape == (6, 2)
    assert Model(a, a)(X).shape == (6, 4)


def test_training_and_prediction_of_a_graph():
    corereg.set_random_seed(3)
    x = Input((4,))
    h = Dense(5, "relu", kernel_regularizer="l2")(x)
    model = Model(x, Dense(1)(Dropout(0.2)(h)))
    model.compile("sgd", "mse")
    before = model.get_weights()
    history = model.fit(X, X[:, :1], epochs=3, verbose=0).history
    assert history["penalty"][0] > 0
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.execution_report()["fit"].mode == "replayed"
    assert np.allclose(model.predict(X, verbose=0), model(X).data, atol=1e-6)
    assert model.execution_report()["predict"].mode == "replayed"
    model.layers[1].activation = "tanh"
    assert np.allclose(model.predict(X, verbose=0), model(X).data, atol=1e-6)
    model.trainable = False
    assert model.trainable_weights == []


def test_summary_of_a_graph():
    lines = []
    model = two_branches()
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "both (Add)" in text
    assert "Total params: 51" in text
    net = Net()
    net.build((None, 4))
    net.summary(print_fn=lines.append)
    assert "Total params: 23" in "\n".join(lines)


# ---- models inside models -------------------------------------------------------------------


def nested():
    inner = Sequential([Dense(3, "relu"), Dropout(0.5)], name="inner")
    x = Input((4,), name="x")
    graph = two_branches("graph", outputs="one")
    h = graph([inner(x) @ np.eye(3, 4, dtype="float32"), x[:, :3]])
    return Model(x, Dense(2, name="last")(h), name="outer")


def test_models_inside_models():
    model = nested()
    assert {"inner", "graph"} <= {layer.name for layer in model.layers}
    assert len(model.weights) == 2 + 4 + 2
    assert model(X).shape == (6, 2)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, X[:, :2], verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    stack = Sequential([Input((4,)), Sequential([Dense(5)]), model.get_layer("last")])
    assert stack.output_shape == (None, 2)
    open_ended = Sequential([Sequential([Dense(3)]), Dense(1)])
    assert not open_ended.built
    assert open_ended(X).shape == (6, 1)
    first = Sequential([Sequential([Dense(3, input_dim=4)]), Dense(1)])
    assert first.built

    class Holds(Layer):
        def __init__(self):
            super().__init__()
            self.model = Sequential([Dense(3), Dropout(0.5)])

        def call(self, x):
            return self.model(x)

    holds = Holds()
    assert (holds(np.ones((9, 4)), training=True).data == 0).any()
    assert len(holds.weights) == 2
    assert holds.compute_output_shape((None, 4)) == (None, 3)


def test_a_model_called_on_an_input():
    stack = Sequential([Dense(3), Dense(2)])
    x = Input((4,))
    out = stack(x)
    assert out.shape == (None, 2)
    assert stack.built
    assert Model(x, out)(X).shape == (6, 2)
    assert stack(Input((4,), batch_size=3)).shape == (3, 2)
    graph = two_branches()
    assert [t.shape for t in graph([Input((4,), 2), Input((3,), 2)])] == [(2, 5), (2, 1)]
    net = Net()
    assert net(x).shape == (None, 2)
    assert len(Model(x, net(x)).weights) == 4


# ---- subclasses -----------------------------------------------------------------------------


def test_a_subclass_with_call(fails):
    net = Net()
    assert not net.built
    assert net.weights == []
    fails(lambda: net.count_params(), ValueError, "is not built")
    fails(lambda: net.input_shape, AttributeError, "its input shape is open")
    fails(lambda: net.inputs, AttributeError, "it has no inputs, for it is no graph")
    assert net(X).shape == (6, 2)
    assert net.input_shape == (None, 4)
    assert net.output_shape == (None, 2)
    assert [type(layer) for layer in net.layers] == [Dense, Dropout, Dense]
    assert net.name.startswith("net")
    other = Net()
    other.build((None, 4))
    assert len(other.weights) == 4
    fails(lambda: Model()(X), NotImplementedError, "expected inputs and outputs, or a subclass")


def test_a_subclass_is_trained():
    net = Net()
    net.compile("sgd", "mse")
    net.fit(X, X[:, :2], epochs=2, verbose=0)
    assert net.execution_report()["fit"].mode == "replayed"
    assert np.allclose(net.predict(X, verbose=0), net(X).data, atol=1e-6)
    net.rest[1] = Dense(2)
    assert np.allclose(net.predict(X, verbose=0), net(X).data, atol=1e-6)


def test_a_subclass_that_is_a_graph():
    class Wide(Model):
        def __init__(self, units):
            x = Input((4,))
            super().__init__(inputs=x, outputs=Dense(units)(x))
            self.extra = Dense(7)

    model = Wide(3)
    assert model.built
    assert model(X).shape == (6, 3)
    assert model.output_shape == (None, 3)
    assert len(model.layers) == 3


def test_losses_of_a_model():
    class Adds(Model):
        def __init__(self):
            super().__init__()
            self.d = Dense(2, activity_regularizer="l2")

        def call(self, x):
            self.add_loss(ops.mean(x * x))
            return self.d(x)

    model = Adds()
    model(X)
    model(X)
    assert len(model.losses) == 2


# ---- copies, configs and files --------------------------------------------------------------

MAKERS = {
    "branches": two_branches,
    "dicts": lambda: two_branches(inputs="dict", outputs="dict"),
    "tuple": lambda: two_branches(inputs="tuple", outputs="one"),
    "nested": nested,
    "shared": lambda: shared(),
}


def shared():
    x = Input((4,), name="x")
    layer, other = Dense(4, "tanh", name="layer"), Dense(4, name="other")
    h = layer(other(layer(x)))
    left, right = ops.split(h, 2, axis=1)
    h = ops.where(
        h[:, 1:3] > 0, left * 2.0, ops.concatenate([right[..., :1], right[:, 1:]], axis=1)
    )
    return Model(x, Concatenate(axis=-1)([h, x]) ** 2)


def data_for(model):
    return [{(None, 4): X, (None, 3): B}[t.shape] for t in model.inputs]


def flat(outputs):
    found = outputs if isinstance(outputs, list) else [outputs]
    return [t.data for o in found for t in (o.values() if isinstance(o, dict) else [o])]


def same_outputs(one, other):
    x = data_for(one)
    pairs = zip(flat(one(x)), flat(other(x)), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", MAKERS)
def test_configs_make_the_same_graph(name):
    model = MAKERS[name]()
    config = json.loads(json.dumps(model.get_config()))
    twin = Model.from_config(config)
    assert twin.get_config() == model.get_config()
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    twin.set_weights(model.get_weights())
    assert same_outputs(model, twin)
    again = deserialize(serialize(model))
    assert again.get_config() == model.get_config()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("how", ["file", "pickle", "deepcopy"])
def test_copies_of_graphs(name, how):
    model = MAKERS[name]()
    model.compile("sgd", "mse")
    if how == "file":
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        twin = load_model(file)
    else:
        twin = pickle.loads(pickle.dumps(model)) if how == "pickle" else copy.deepcopy(model)
    assert same_weights(model, twin)
    assert same_outputs(model, twin)
    assert [t.shape for t in twin.outputs] == [t.shape for t in model.outputs]
    assert not {id(p) for p in twin.weights} & {id(p) for p in model.weights}
    last = twin.layers[-1]
    assert last.output.shape == model.layers[-1].output.shape
    assert Model(twin.inputs, last.output)(data_for(twin)) is not None


def test_saving_subclasses():
    model = Net(5)
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    twin = load_model(file, custom_objects={"Net": Net})
    assert type(twin) is Net
    assert twin.name == model.name
    assert same_weights(model, twin)
    assert np.array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    for one in (model, twin):
        one.fit(X, X[:, :2], verbose=0, shuffle=False)
    assert same_weights(model, twin)
    x = Input((4,))
    outer = Model(x, Dense(1)(model(x)))
    file = io.BytesIO()
    outer.save(file)
    file.seek(0)
    again = load_model(file, custom_objects={"Net": Net})
    assert same_weights(outer, again)
    assert np.array_equal(again(X).data, outer(X).data)


def test_weights_of_graphs_go_to_files_alone(tmp_path):
    model, twin = nested(), nested()
    model.save_weights(tmp_path / "w.corereg")
    twin.load_weights(tmp_path / "w.corereg")
    assert same_weights(model, twin)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["layers"].pop(2), "lacks|expected calls that follow"),
        (lambda c: c["layers"].append(c["layers"][0]), "expected a layer named 'a' once"),
        (lambda c: c.update(output_layers=["nobody", 0, 0]), "nobody"),
        (lambda c: c["layers"][2].update(class_name="Nothing"), "Nothing"),
        (
            lambda c: c["layers"][2]["inbound_nodes"][0].update(args=[{"class_name": "x"}]),
            "expected an argument of a call",
        ),
    ],
)
def test_damaged_configs(change, message):
    config = json.loads(json.dumps(two_branches().get_config()))
    change(config)
    with pytest.raises((ValueError, KeyError), match=message):
        Model.from_config(config)


def test_unknown_ops_are_refused():
    x = Input((4,))
    config = Model(x, ops.exp(x)).get_config()
    config["layers"][1]["config"]["function"] = "os.system"
    with pytest.raises(ValueError, match=r"unknown op 'os\.system'"):
        Model.from_config(config)


def test_a_file_is_believed_in_models_inside_models_no_more_than_outside():
    """Weights that the file does not hold are never allocated."""
    from corereg.saving import archive
    from corereg.saving.limits import FileFormatError

    file = io.BytesIO()
    nested().save(file)
    file.seek(0)
    config, sections = archive.read(file)
    inner = next(e for e in config["model"]["layers"] if e["name"] == "inner")["config"]
    inner["layers"][0]["config"]["units"] = 10**12
    bad = io.BytesIO()
    archive.write(bad, config, sections, required=["weights"])
    bad.seek(0)
    with pytest.raises(FileFormatError, match="expected the file to give 'kernel' of shape"):
        load_model(bad)
    deep = {"class_name": "Sequential", "config": {"name": "s", "layers": [], "input_shape": None}}
    config["model"]["layers"] += [deep] * 3
    bad = io.BytesIO()
    archive.write(bad, config, sections, required=["weights"])
    bad.seek(0)
    limits = corereg.saving.Limits(layers=8)
    with pytest.raises(FileFormatError, match="layers"):
        load_model(bad, limits=limits)


def test_parameters_of_a_model_itself_are_saved():
    class Scaled(Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.scale = corereg.Parameter(np.ones((), "float32"), name="scale")
            self.d = Dense(2)

        def call(self, x):
            return self.d(x) * self.scale

    model = Scaled()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert float(model.scale) != 1
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    assert same_weights(load_model(file, custom_objects={"Scaled": Scaled}), model)


# ---- clone_model ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_clones(name):
    model = MAKERS[name]()
    twin = clone_model(model)
    assert twin.get_config() == model.get_config()
    assert not {id(layer) for layer in twin.layers} & {id(layer) for layer in model.layers}
    assert not {id(p) for p in twin.weights} & {id(p) for p in model.weights}
    twin.set_weights(model.get_weights())
    assert same_outputs(model, twin)


def test_clones_by_a_function(fails):
    def renamed(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "name": f"c_{config['name']}"})

    twin = clone_model(two_branches(), clone_function=renamed)
    assert {layer.name for layer in twin.layers} == {
        "a",
        "b",
        "c_left",
        "c_right",
        "c_both",
        "c_out",
    }
    stack = Sequential([Dense(3, input_dim=4, name="x"), Dense(2, name="y")])
    assert [layer.name for layer in clone_model(stack, None, renamed).layers] == ["c_x", "c_y"]
    assert clone_model(stack).output_shape == (None, 2)
    new = Input((4,))
    assert clone_model(stack, new).inputs[0].name == new.name
    assert not clone_model(Sequential([Dense(3)])).built
    x, y = Input((4,), name="p"), Input((3,), name="q")
    assert clone_model(two_branches(), [x, y]).input_names == ["p", "q"]
    net = Net(7)
    assert clone_model(net).units == 7
    fails(lambda: clone_model(3), TypeError, "expected a Model")
    fails(lambda: clone_model(net, clone_function=renamed), ValueError, "a call of its own")
    fails(lambda: clone_model(two_branches(), x), ValueError, "expected 2 input_tensors")


# ---- Sequential -----------------------------------------------------------------------------


def test_a_stack_of_symbolic_input_and_layers(fails):
    x = Input((4,), name="x")
    model = Sequential([x, Dense(2)])
    assert model.input_shape == (None, 4)
    assert model.input_names == ["x"]
    fails(lambda: Sequential([x * 2, Dense(2)]), TypeError, "expected a Layer, received Symbolic")
    fails(lambda: Sequential([Dense(2), x]), ValueError, "an Input can only come first")
    fails(
        lambda: Sequential([x, two_branches("t")]),
        ValueError,
        r"Model 't': expected 2 inputs",
    )


def calls_of(function):
    """How many Python functions are called."""
    count = 0

    def tally(frame, event, arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(tally)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.exhaustive
def test_adding_and_loading_layers_is_linear():
    def stack(n):
        model = Sequential([Input((1,))])
        for i in range(n):
            model.add(Dense(1, use_bias=False, name=f"d{i}"))
        return model

    def loaded(n):
        file = io.BytesIO()
        stack(n).save(file)
        file.seek(0)
        return calls_of(lambda: load_model(file))

    stack(3)
    loaded(3)
    assert calls_of(lambda: stack(200)) < 2.2 * calls_of(lambda: stack(100))
    assert loaded(200) < 2.2 * loaded(100)


@pytest.mark.exhaustive
def test_a_long_stack_can_be_copied():
    model = Sequential([Input((1,)), *(Dense(1, name=f"d{i}") for i in range(1200))])
    twin = pickle.loads(pickle.dumps(model))
    with no_grad():
        assert np.array_equal(twin(X[:, :1]).data, model(X[:, :1]).data)
    assert twin.output_shape == (None, 1)


def test_what_a_merging_layer_in_a_graph_is_given():
    """Tensors of its dtype go straight to its call, others are cast first."""

    class Sums(Layer):
        def call(self, xs, training=False):
            self.told = training
            return xs[0] + xs[1]

    class Plain(Layer):
        def call(self, xs):
            return xs[0] + xs[1]

    for layer in (Sums(dtype="float64"), Sums(), Plain(), Plain(dtype="float64")):
        x, y = Input((4,)), Input((4,))
        model = Model([x, y], layer([x, y]))
        found = model([X, X], training=True)
        assert found.dtype == layer.dtype
        assert np.array_equal(found.data, 2 * X)
        assert getattr(layer, "told", True) is True
        model([X, X])
        assert getattr(layer, "told", False) is False


def test_recorded_graphs_train_as_eager_ones_do():
    def trained(run_eagerly):
        corereg.set_random_seed(4)
        x = Input((4,))
        shared = Dense(6, "relu", kernel_regularizer="l1", name="shared")
        other = Dense(6, "relu", name="other")(x)
        h = Add()([shared(x), other])
        model = Model(x, Dense(2)(Dropout(0.3)(h)))
        model.compile("adam", "mse", run_eagerly=run_eagerly)
        model.fit(X, X[:, :2], batch_size=4, epochs=4, verbose=0)
        return model

    recorded, eager = trained(False), trained(True)
    assert same_weights(recorded, eager)
    assert recorded.execution_report()["fit"].mode == "replayed"


def test_stacks_refuse_what_is_no_line(fails):
    class Pair(Layer):
        def call(self, x):
            return x, x

    fails(
        lambda: Sequential([Input((4,)), Pair(name="p")]),
        ValueError,
        r"expected layers with one output, received Pair 'p'.*use Model\(inputs, outputs\)",
    )
    x = Input((4,))
    fails(
        lambda: Sequential([Dense(2)])([x, x]), ValueError, "expected .*one tensor|received a list"
    )
    model = Sequential([Dense(2, input_dim=4)])
    model.build((None, 4))
    assert len(model.weights) == 2
    open_ended = Sequential([Dense(2), Dense(3)])
    open_ended.pop()
    assert len(open_ended.layers) == 1
    graph = two_branches()
    assert graph.compute_output_shape(graph.input_shape) == graph.output_shape
    assert graph.compute_output_shape([(2, 4), (2, 3)]) == [(2, 5), (2, 1)]


def test_saving_a_subclass_of_several_inputs():
    class Sums(Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.d = Dense(2)

        def call(self, x):
            return self.d(x["a"]) + self.d(x["b"][0])

    model = Sums()
    data = {"a": X, "b": [X]}
    expected = model(data).data
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    assert np.array_equal(load_model(file, {"Sums": Sums})(data).data, expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"shape": [5]', '"shape": [2147483648]'), ('"items": [1, 3]', '"items": [1, 2147483648]')],
    ids=["a row of an input", "an argument"],
)
def test_a_graph_of_huge_rows_is_refused_before_the_memory_is_taken(old, new):
    a = Input((5,))
    model = Model(a, Dense(2)(ops.tile(ops.exp(a), (1, 3))))
    text = json.dumps(model.get_config())
    assert text.count(old) == 1
    with pytest.raises(ValueError, match="expected a result that fits into memory"):
        Model.from_config(json.loads(text.replace(old, new)))
