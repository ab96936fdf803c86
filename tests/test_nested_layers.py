"""Layers that hold layers and parameters: what is part of them, and how calls reach it."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref

import numpy as np
import pytest

import corereg
from corereg import Parameter, Sequential, Tensor, no_grad, ops
from corereg.layers import Activation, Dense, Dropout, Input, Layer
from corereg.models import load_model
from corereg.regularizers import L2

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


class Named(Layer):
    """Two weights that train and one that does not, named after the layer."""

    def build(self, input_shape):
        self.a = self.add_weight((1,), name="a")
        self.n = self.add_weight((2,), name="n", trainable=False)
        self.b = self.add_weight((3,), name="b")

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape


class Outer(Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.first = Named(name="first")
        self.list = [Named(name="l0")]
        self.dict = {"x": Named(name="dx"), "y": [Named(name="dy")]}
        self.tuple = (Named(name="t0"),)
        self.again = self.first

    def build(self, input_shape):
        self.w = self.add_weight((4,), name="w")
        self.nt = self.add_weight((5,), name="nt", trainable=False)
        self.v = Parameter(np.zeros(6, "float32"), name="v")
        self.list.append(Named(name="l1"))
        for layer in self._flatten_layers(include_self=False):
            layer.build(input_shape)

    def call(self, x):
        return x


class Block(Layer):
    recordable = True

    def __init__(self, units=4, rate=0.5, **options):
        super().__init__(**options)
        self.units, self.rate = units, rate
        self.inner = Dense(units, "relu", kernel_regularizer="l2")
        self.drop = Dropout(rate)

    def call(self, x, training=False):
        return self.drop(self.inner(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rate": self.rate}


class Notes(Layer):
    """Keeps what it was told about training."""

    def __init__(self, **options):
        super().__init__(**options)
        self.told = None

    def call(self, x, training=None):
        self.told = training
        return x


class Around(Layer):
    def __init__(self, inner, **options):
        super().__init__(**options)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def names(weights):
    return [p.name for p in weights]


def test_the_order_of_weights_is_keras_s():
    outer = Outer(name="o")
    outer.build((None, 3))
    inner = ["first", "l0", "dx", "dy", "t0", "l1"]
    expected = ["o/w", "v", "o/nt", *(f"{n}/{w}" for n in inner for w in "abn")]
    assert names(outer.weights) == names(outer.variables) == expected
    assert names(outer.trainable_weights) == [n for n in expected if n[-1] not in "nt"]
    assert names(outer.non_trainable_weights) == [n for n in expected if n[-1] in "nt"]
    assert outer.count_params() == 15 + 6 * 6
    assert [w.shape for w in outer.get_weights()] == [w.shape for w in outer.weights]
    outer.set_weights([np.full(w.shape, i) for i, w in enumerate(outer.weights)])
    assert outer.list[1].b.data[0] == 19


def test_freezing_goes_down_and_comes_up_again():
    outer = Outer(name="o")
    outer.build((None, 3))
    order = names(outer.weights)
    outer.trainable = False
    assert outer.trainable_weights == []
    assert not outer.dict["y"][0].trainable
    assert names(outer.weights) == order
    outer.trainable = True
    outer.first.trainable = False
    assert outer.trainable
    assert [n for n in names(outer.trainable_weights) if n.startswith("first")] == []
    assert "o/nt" not in names(outer.trainable_weights)
    frozen = Block(trainable=False)
    frozen(X)
    assert frozen.trainable_weights == []
    assert frozen.losses == []


def test_containers_are_lists_dicts_and_tuples():
    outer = Outer()
    assert isinstance(outer.list, list)
    assert isinstance(outer.dict, dict)
    assert type(outer.tuple) is tuple
    assert repr(outer.list) == repr(list(outer.list))
    assert type(outer.list.copy()) is list
    assert type(outer.dict.copy()) is dict


def held(layer):
    return [inner.name for inner in layer._flatten_layers(include_self=False)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda o: o.list.append(Named(name="new")), "first l0 dx dy t0 new"),
        (lambda o: o.list.extend([Named(name="new")]), "first l0 dx dy t0 new"),
        (lambda o: o.list.insert(0, Named(name="new")), "first l0 dx dy t0 new"),
        (lambda o: o.list.__iadd__([Named(name="new")]), "first l0 dx dy t0 new"),
        (lambda o: o.list.__imul__(0), "first dx dy t0"),
        (lambda o: o.list.pop(), "first dx dy t0"),
        (lambda o: o.list.remove(o.list[0]), "first dx dy t0"),
        (lambda o: o.list.clear(), "first dx dy t0"),
        (lambda o: o.list.__delitem__(0), "first dx dy t0"),
        (lambda o: o.list.__setitem__(0, Named(name="new")), "first dx dy t0 new"),
        (
            lambda o: o.list.__setitem__(slice(0, 1), [Named(name="new"), 3]),
            "first dx dy t0 new",
        ),
        (lambda o: o.dict.__setitem__("z", (Named(name="new"),)), "first l0 dx dy t0 new"),
        (lambda o: o.dict.__setitem__("x", Named(name="new")), "first l0 dy t0 new"),
        (lambda o: o.dict.update(x=None), "first l0 dy t0"),
        (lambda o: o.dict.__ior__({"x": None}), "first l0 dy t0"),
        (lambda o: o.dict.setdefault("z", Named(name="new")), "first l0 dx dy t0 new"),
        (lambda o: o.dict.setdefault("x", Named(name="new")), "first l0 dx dy t0"),
        (lambda o: o.dict.pop("x"), "first l0 dy t0"),
        (lambda o: o.dict.popitem(), "first l0 dx t0"),
        (lambda o: o.dict.clear(), "first l0 t0"),
        (lambda o: o.dict.__delitem__("x"), "first l0 dy t0"),
        (lambda o: o.dict["y"].append({"deep": [Named(name="new")]}), "first l0 dx dy t0 new"),
        (lambda o: setattr(o, "tuple", None), "first l0 dx dy"),
        (lambda o: setattr(o, "again", None), "first l0 dx dy t0"),
        (lambda o: (delattr(o, "again"), delattr(o, "first")), "l0 dx dy t0"),
        (lambda o: setattr(o, "more", [[Named(name="new")], o.first]), "first l0 dx dy t0 new"),
    ],
)
@pytest.mark.parametrize("copied", [False, True])
def test_what_is_put_in_and_taken_out(change, expected, copied):
    outer = copy.deepcopy(Outer()) if copied else Outer()
    change(outer)
    assert held(outer) == expected.split()


def test_a_parameter_as_an_attribute_takes_part():
    class Scaled(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.scale = Parameter(np.ones((), "float32"), name="scale", regularizer=L2(0.5))

        def call(self, x):
            return x * self.scale

    layer = Scaled()
    assert layer.count_params() == 1
    assert float(layer.losses[0]) == 0.5
    model = Sequential([Input((4,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones(8), epochs=2, verbose=0)
    assert float(layer.scale) != 1
    assert len(model.weights) == 3
    layer.scale = None
    assert layer.weights == []


def test_attributes_may_be_set_before_init():
    class Early(Layer):
        def __init__(self):
            self.inner = Dense(3)
            super().__init__()

        def call(self, x):
            return self.inner(x)

    layer = Early()
    assert layer(X).shape == (8, 3)
    assert len(layer.weights) == 2


def test_a_layer_inside_a_layer_is_trained_counted_and_penalised():
    model = Sequential([Input((4,)), Block(4), Dense(3)])
    assert model.count_params() == 35
    assert len(model.losses) == 1
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((8, 3)), verbose=0)
    after = model.get_weights()
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    text = []
    model.summary(print_fn=text.append)
    assert "Trainable params: 35" in "\n".join(text)


def test_training_reaches_inner_layers():
    notes = Notes()
    outer = Around(Around(notes))
    outer(X, training=True)
    assert notes.told is True
    outer(X)
    assert notes.told is None
    outer(X, training=False)
    assert notes.told is False
    model = Sequential([Input((4,)), outer, Dense(1)])
    model(X, training=True)
    assert notes.told is True
    model.predict(X, verbose=0)
    assert notes.told is False

    class Insists(Around):
        def call(self, x, training=False):
            return self.inner(x, training=True)

    Insists(notes)(X, training=False)
    assert notes.told is True

    class Default(Around):
        def call(self, x, training=True):
            return self.inner(x)

    Default(notes)(X)
    assert notes.told is True
    Around(Default(notes))(X, training=False)
    assert notes.told is False


def test_an_inner_dropout_is_on_while_the_model_trains():
    class Owner(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.d = Dropout(0.5)

        def call(self, x, training=False):
            return self.d(x)

    owner = Owner()
    assert (owner(np.ones((4, 50)), training=True).data == 0).any()
    assert (owner(np.ones((4, 50))).data == 1).all()
    model = Sequential([Input((4,)), owner])
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    assert owner.d.random_state[1] > 1


def test_build_by_hand_builds_once_and_for_all(fails):
    layer = Dense(2)
    layer.build((None, 3))
    kernel = layer.kernel
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    assert float(layer(np.ones((1, 3))).data[0, 0]) == 3
    layer.build((None, 3))
    layer.build([7, 3])
    assert layer.kernel is kernel
    assert len(layer.weights) == 2
    fails(lambda: layer.build((None, 5)), ValueError, r"built once, received build for .* 5\)")

    class Own(Layer):
        def build(self, input_shape):
            super().build(input_shape)
            self.w = self.add_weight((input_shape[-1],))

        def call(self, x):
            return x * self.w

    own = Own()
    own.build((None, 3))
    own(np.ones((2, 3)))
    assert own.built
    assert len(own.weights) == 1


def test_no_weights_and_layers_after_building(fails):
    class Grows(Layer):
        def call(self, x):
            return x * self.add_weight((1,), name="late")

    class GrowsLayers(Layer):
        def call(self, x):
            self.inner = Dense(2)
            return self.inner(x)

    layer = Grows(name="g")
    fails(
        lambda: layer(X),
        ValueError,
        r"Grows 'g': expected its weights .*name='late'.* move it to b",
    )
    assert layer.weights == []
    fails(lambda: GrowsLayers()(X), ValueError, r"made in __init__ or build, received Dense")
    block = Block()
    block(X)
    fails(lambda: setattr(block, "more", [Dense(2)]), ValueError, "after it was built")
    assert not hasattr(block, "more")
    block.inner = Dense(3)  # in the place of another one
    assert block(X).shape == (8, 3)
    assert [w.shape for w in block.weights] == [(4, 3), (3,)]


def test_a_failed_build_leaves_nothing():
    class Fails(Layer):
        ready = False

        def __init__(self, **options):
            super().__init__(**options)
            self.inner = Dense(2)

        def build(self, input_shape):
            self.w = self.add_weight((1,))
            self.more = Dense(3)

        def call(self, x):
            out = self.inner(x)
            if not self.ready:
                raise RuntimeError("not now")
            return self.more(out)

    layer = Fails()
    with pytest.raises(ValueError, match="not now"):
        layer.build((None, 4))
    assert not layer.built
    assert not layer.inner.built
    assert layer.weights == []
    layer.ready = True
    layer.build((None, 4))
    assert len(layer.weights) == 5


def test_the_output_shape_is_found_by_a_dry_run(fails):
    class Swaps(Layer):
        def call(self, x):
            return x.reshape((x.shape[0], x.shape[2], x.shape[1]))

    class Sums(Layer):
        def call(self, x):
            return x.sum()

    assert Swaps().compute_output_shape((None, 3, 5)) == (None, 5, 3)
    assert Swaps().compute_output_shape((7, 3, 5)) == (7, 5, 3)
    assert Swaps().compute_output_shape((None, None, 5)) == (None, 5, None)
    assert Sums().compute_output_shape((None, 3)) == ()
    model = Sequential([Input((3, 5)), Swaps(name="swaps"), Dense(2)])
    assert model.output_shape == (None, 5, 2)
    fails(
        lambda: Sequential([Input((3,)), Swaps(name="swaps"), Dense(2)]),
        ValueError,
        "Swaps 'swaps': expected a call that computes for inputs of shape",
    )
    block = Block()
    state = block.drop.random_state.copy()
    with no_grad():
        assert block.compute_output_shape((None, 3)) == (None, 4)
    assert (block.drop.random_state == state).all()


def test_a_dry_run_in_a_recording_is_not_recorded():
    block = Block(rate=0.0)

    @corereg.record
    def function(x):
        return block(x)

    with no_grad():
        first = function(Tensor(X))
        for _ in range(4):
            again = function(Tensor(X))
        expected = block(X)
    assert np.array_equal(first.data, expected.data)
    assert np.array_equal(again.data, expected.data)


def test_exchanging_an_inner_layer_forgets_recordings():
    block = Block(4)
    model = Sequential([Input((4,)), block, Dense(1)])
    model.predict(X, verbose=0)
    model.predict(X, verbose=0)
    assert model.execution_report()["predict"].mode == "replayed"
    for change in (
        lambda: setattr(block, "inner", Dense(4)),
        lambda: setattr(block.inner, "activation", "tanh"),
        lambda: setattr(block, "inner", Activation("linear")),
        lambda: block.inner.__setattr__("activation", corereg.activations.get("relu")),
    ):
        change()
        found = model.predict(X, verbose=0)
        assert np.allclose(found, model(X).data)


def test_lists_of_layers_are_dependencies():
    class Stack(Layer):
        recordable = True

        def __init__(self, **options):
            super().__init__(**options)
            self.stack = [Activation("relu"), Activation("tanh")]

        def call(self, x):
            for layer in self.stack:
                x = layer(x)
            return x

    stack = Stack()
    model = Sequential([Input((4,)), stack])
    assert np.allclose(model.predict(X, verbose=0), np.tanh(np.maximum(X, 0)), atol=1e-5)
    model.predict(X, verbose=0)
    stack.stack.reverse()
    assert np.allclose(model.predict(X, verbose=0), np.maximum(np.tanh(X), 0), atol=1e-5)
    stack.stack.pop()
    assert np.allclose(model.predict(X, verbose=0), np.tanh(X), atol=1e-5)


@pytest.mark.parametrize("how", ["pickle", "deepcopy"])
def test_copies_are_whole_and_apart(how):
    outer = Outer(name="o")
    outer.build((None, 3))
    twin = pickle.loads(pickle.dumps(outer)) if how == "pickle" else copy.deepcopy(outer)
    assert names(twin.weights) == names(outer.weights)
    assert not {id(p) for p in twin.weights} & {id(p) for p in outer.weights}
    twin.list.pop()
    assert held(twin) == ["first", "l0", "dx", "dy", "t0"]
    assert "l1" in held(outer)
    assert twin.again is twin.first


def test_a_shallow_copy_leaves_the_original_alone():
    outer = Outer()
    twin = copy.copy(outer)
    twin.list.append(Named(name="new"))
    outer.list.pop()
    assert held(twin) == ["first", "l0", "dx", "dy", "t0", "new"]
    assert held(outer) == ["first", "dx", "dy", "t0"]


def test_an_exchanged_layer_is_trained():
    block = Block(4)
    model = Sequential([Input((4,)), block, Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    block.inner = Dense(4)
    model(X)
    before = model.get_weights()
    model.fit(X, X[:, :1], verbose=0)
    changed = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [True] * 4


def test_a_stack_with_a_call_of_its_own():
    class Doubles(Sequential):
        def call(self, x, training=None):
            return super().call(x, training=training) * 2

    model = Doubles([Input((4,)), Dense(2)])
    expected = 2 * model.layers[0](X).data
    assert np.array_equal(model(X).data, expected)
    assert np.allclose(model.predict(X, verbose=0), expected)


def test_a_built_layer_refuses_another_width(fails):
    layer = Dense(2, name="d")
    layer(X)
    message = r"Dense 'd': expected inputs of shape \(batch, ..., 4\), for which it was built"
    fails(lambda: layer(Input((5,))), ValueError, message)


def test_names_that_are_taken_and_init_that_is_forgotten(fails):
    class Keeps(Layer):
        def build(self, input_shape):
            self.input_shape = input_shape[-1]

        def call(self, x):
            return x * self.input_shape

    class Takes(Layer):
        def __init__(self):
            super().__init__(name="t")
            self.output = Dense(3)

    class Forgets(Layer):
        def __init__(self):
            self.d = Dense(2)

        def call(self, x):
            return self.d(x)

    class ForgetsModel(corereg.Model):
        def __init__(self):
            self.d = Dense(2)

    assert np.array_equal(Keeps()(X).data, 4 * X)
    fails(Takes, AttributeError, "Takes 't': expected another name than 'output'")
    fails(lambda: Forgets()(X), RuntimeError, r"Forgets: expected super\(\).__init__\(\)")
    fails(lambda: ForgetsModel().fit(X, X), RuntimeError, "that lacks '_trainer'; call it first")
    fails(lambda: Dense(2).nothing, AttributeError, "'Dense' object has no attribute 'nothing'")


def test_layers_are_freed_at_once():
    gc.disable()
    try:
        outer = Outer()
        gone = weakref.ref(outer)
        del outer
        assert gone() is None
    finally:
        gc.enable()


def test_layers_inside_are_saved_and_loaded():
    class Late(Block):
        def build(self, input_shape):
            self.more = [Dense(5, name="same"), {"x": Dense(2, name="same")}]

        def call(self, x):
            return self.more[1]["x"](self.more[0](super().call(x)))

    custom = {"Block": Block, "Late": Late}
    model = Sequential([Input((4,)), Block(6), Late(3), Block(2)])
    model.compile("adam", "mse")
    model.fit(X, np.ones((8, 2)), verbose=0)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    twin = load_model(file, custom_objects=custom)
    assert [p.shape for p in twin.weights] == [p.shape for p in model.weights]
    for a, b in zip(twin.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert (twin.layers[0].drop.random_state == model.layers[0].drop.random_state).all()
    assert np.array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    for one in (model, twin):
        one.fit(X, np.ones((8, 2)), verbose=0, shuffle=False)
    for a, b in zip(twin.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_losses_of_inner_layers():
    class Penalised(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = Dense(4, activity_regularizer="l2", kernel_regularizer="l1")

        def call(self, x):
            self.add_loss(ops.mean(x))
            return self.inner(self.inner(x))

    layer = Penalised()
    layer(X)
    assert len(layer.losses) == 4
    layer(X)
    assert len(layer.losses) == 4
    assert len(layer.inner.losses) == 3


def test_add_loss(fails):
    class Adds(Layer):
        def call(self, x):
            self.add_loss([ops.sum(x * x), 2.0])
            return x

    layer = Adds()
    layer(X)
    layer(X)
    assert [round(float(p), 3) for p in layer.losses] == [round(float((X**2).sum()), 3), 2.0]
    fails(lambda: layer.add_loss(Tensor(X)), ValueError, r"expected a scalar, received shape \(8,")
    model = Sequential([Input((4,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    found = model.evaluate(X, np.zeros(8), verbose=0)
    plain = float(np.mean((model.predict(X, verbose=0)[:, 0]) ** 2))
    assert found == pytest.approx(plain + float((X**2).sum()) + 2, rel=1e-4)


def test_layers_of_several_inputs(fails):
    class Mix(Layer):
        def build(self, shapes):
            self.seen = shapes

        def call(self, inputs, scale=1.0, training=False):
            a, b = inputs
            return (a + b) * scale

    layer = Mix()
    found = layer([X, Tensor(X)], scale=2.0)
    assert np.allclose(found.data, 4 * X)
    assert layer.seen == [(None, 4), (None, 4)]
    assert np.allclose(layer((X, X), 3.0).data, 6 * X)
    assert layer.compute_output_shape([(None, 4), (None, 4)]) == (None, 4)

    class Two(Layer):
        def build(self, left, right):
            self.seen = (left, right)

        def call(self, left, right, training):
            return left @ right if training else left

    two = Two()
    assert two(X, np.ones((4, 2))).shape == (8, 4)
    assert two(X, np.ones((4, 2)), True).shape == (8, 2)
    assert two.seen == ((None, 4), (None, 2))
    fails(lambda: Dense(2)([Tensor(X), X]), ValueError, "expected one tensor, received a list of 2")
    fails(lambda: two(X, X, True, training=True), TypeError, "received training twice")


def test_what_a_dense_layer_is_told_later(fails):
    layer = Dense(3, "softmax", input_dim=4)
    model = Sequential([layer])
    model.predict(X, verbose=0)
    layer.activation = "linear"
    assert np.allclose(model.predict(X, verbose=0), X @ layer.kernel.data, atol=1e-5)
    assert layer.get_config()["activation"] == "linear"
    fails(lambda: setattr(layer, "units", 5), AttributeError, "before the layer is built")
    fails(lambda: setattr(layer, "use_bias", False), AttributeError, "make a new layer")
    layer = Dense(3)
    layer.units, layer.use_bias = 2, False
    layer.build((None, 4))
    assert [w.shape for w in layer.weights] == [(4, 2)]


def test_named_tuples_and_containers_without_an_owner():
    from collections import namedtuple

    from corereg.layers.tracking import TrackedDict, TrackedList

    Two = namedtuple("Two", "left right")
    outer = Outer()
    outer.two = Two([Named(name="left")], {"r": Named(name="right")})
    assert type(outer.two) is Two
    assert held(outer)[-2:] == ["left", "right"]
    outer.two.left.append(Named(name="more"))
    assert held(outer)[-1] == "more"
    outer.again = outer.list
    assert outer.again is outer.list
    alone, table = TrackedList([1]), TrackedDict([("a", 1)])
    alone.append(Named())
    alone.pop()
    table["a"] = 2
    del table["a"]
    assert (list(alone), dict(table)) == ([1], {})
    mine = outer.list
    del outer
    mine.append(3)  # the layer is gone
    mine.pop()
