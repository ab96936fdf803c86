"""The registry: names and aliases of every kind, and parts of the user's own in files."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading

import numpy as np
import pytest

import corereg
from corereg import (
    activations,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    registry,
    regularizers,
)
from corereg.models import Sequential, load_model
from corereg.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register,
    register_keras_serializable,
)
from corereg.saving import FileFormatError

GET = {
    "activation": activations.get,
    "initializer": initializers.get,
    "loss": losses.get,
    "metric": metrics.get,
    "optimizer": optimizers.get,
    "regularizer": regularizers.get,
}
DESERIALIZE = {
    "activation": activations.deserialize,
    "initializer": initializers.deserialize,
    "layer": layers.deserialize,
    "loss": losses.deserialize,
    "metric": metrics.deserialize,
    "regularizer": regularizers.deserialize,
}
SERIALIZE = {
    "activation": activations.serialize,
    "initializer": initializers.serialize,
    "layer": layers.serialize,
    "loss": losses.serialize,
    "metric": metrics.serialize,
    "optimizer": optimizers.serialize,
    "regularizer": regularizers.serialize,
}
# Names that programs and files of today use: none of them may go.
NAMES = {
    "activation": "linear relu sigmoid softmax tanh",
    "initializer": """Constant constant Zeros zeros Ones ones RandomUniform random_uniform
        RandomNormal random_normal TruncatedNormal truncated_normal VarianceScaling variance_scaling
        GlorotUniform glorot_uniform GlorotNormal glorot_normal HeUniform he_uniform HeNormal
        he_normal LecunUniform lecun_uniform LecunNormal lecun_normal""",
    "layer": "Activation Dense Dropout Flatten InputLayer",
    "loss": """BinaryCrossentropy binary_crossentropy bce BCE CategoricalCrossentropy
        categorical_crossentropy SparseCategoricalCrossentropy sparse_categorical_crossentropy
        MeanSquaredError mean_squared_error mse MSE MeanAbsoluteError mean_absolute_error mae
        MAE""",
    "metric": """BinaryAccuracy binary_accuracy CategoricalAccuracy categorical_accuracy
        SparseCategoricalAccuracy sparse_categorical_accuracy MeanSquaredError mean_squared_error
        mse MSE MeanAbsoluteError mean_absolute_error mae MAE""",
    "optimizer": "SGD sgd RMSprop rmsprop Adam adam AdamW adamw",
    "regularizer": "L1 l1 L2 l2 L1L2 l1_l2 l1l2 OrthogonalRegularizer orthogonal",
}
ARGUMENTS = {
    "Activation": ["relu"],
    "CategoryEncoding": [3],
    "Dense": [3],
    "Discretization": [[0.0, 1.0]],
    "Dropout": [0.5],
    "InputLayer": [(2,)],
}


@pytest.fixture(autouse=True)
def _registry_as_before():
    """Forgets what a test registers."""
    for kind in registry.PACKAGES:
        registry.names(kind)  # which imports what is built in, to stay
    tables = [registry._custom, registry._registered_names, *registry._parts.values()]
    before = [dict(table) for table in tables]
    yield
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)
    assert not registry._scopes.stack


# ---- built-in parts ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NAMES)
def test_every_name_of_today_is_known(kind):
    assert set(NAMES[kind].split()) <= set(registry.names(kind))
    assert registry.names(kind) == sorted(registry.names(kind))


def test_there_is_no_kind_without_names():
    for kind in registry.PACKAGES.keys() - {"model"}:
        assert kind in NAMES
    assert registry.names("model") == [] or "Sequential" in registry.names("model")


def needs_arguments(part):
    """Whether it cannot be made without arguments: then its own test makes it."""
    parameters = inspect.signature(part).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in variable for p in parameters)


@pytest.mark.parametrize("kind", GET)
def test_get_takes_every_name(kind):
    for name in registry.names(kind):
        part = registry.find(kind, name)
        if kind != "activation" and needs_arguments(part):
            continue
        found = GET[kind](name)
        assert found is part if kind == "activation" else type(found) is part, name


@pytest.mark.parametrize("kind", NAMES)
def test_every_part_comes_back_from_its_description(kind):
    for name, part in registry.parts(kind).items():
        assert registry.find(kind, name) is part
        if kind != "activation" and name not in ARGUMENTS and needs_arguments(part):
            continue
        made = part if kind == "activation" else part(*ARGUMENTS.get(name, []))
        described = SERIALIZE[kind](made)
        again = DESERIALIZE.get(kind, GET.get(kind))(described)
        assert SERIALIZE[kind](again) == described
        if kind == "activation":
            assert (described, again) == (name, made)
        else:
            assert described == {"class_name": name, "config": made.get_config()}
            assert type(again) is part


@pytest.mark.parametrize("kind", GET)
def test_unknown_names_list_the_known(kind, fails):
    names = registry.names(kind)
    for identifier in ("nope", *([] if kind == "activation" else [{"class_name": "nope"}])):
        with pytest.raises(ValueError, match=f"unknown {kind} 'nope'; known are ") as caught:
            GET[kind](identifier)
        listed = str(caught.value).partition("known are ")[2].replace(";", ",").split(", ")
        assert set(names) <= set(listed)
        assert [name for name in listed if name in names] == names


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_no_description_raises(kind, fails):
    part = next(name for name in registry.parts(kind))
    for config, exception, message in [
        ({}, ValueError, f"unknown {kind} None; known are"),
        ({"class_name": ["x"]}, ValueError, rf"unknown {kind} \['x'\]; known are"),
        (
            {"class_name": part, "config": 3},
            ValueError,
            f"{kind} '{part}': expected a config of na",
        ),
        ({"class_name": part, "config": {3: 4}}, ValueError, "expected a config of named values"),
        ([part], TypeError, f"{kind}: expected a dict of 'class_name' and 'config', received"),
    ]:
        fails(lambda c=config: registry.deserialize(kind, c), exception, message)


def test_parts_of_one_name_in_two_kinds_are_apart():
    assert registry.find("loss", "mse") is losses.MeanSquaredError
    assert registry.find("metric", "mse") is metrics.MeanSquaredError
    assert registry.find("layer", "mse") is None


def test_names_are_given_once(fails):
    def enter(kind, name, *aliases):
        return register(kind, *aliases)(type(name, (), {"__module__": "elsewhere"}))

    for name, aliases in [("MeanSquaredError", []), ("Fresh", ["mse"])]:
        fails(
            lambda n=name, a=aliases: enter("loss", n, *a),
            ValueError,
            "register: there is a loss named '(mse|MeanSquaredError)' already: <class 'corereg.los",
        )
    assert registry.find("loss", "Fresh") is None
    assert registry.find("loss", "mse") is losses.MeanSquaredError
    made = enter("loss", "Fresh", "fresh")
    assert registry.find("loss", "fresh") is made
    again = enter("loss", "Fresh", "fresh")  # a module that is reloaded, a notebook's cell
    assert registry.find("loss", "fresh") is again is not made
    message = r"register: expected a kind of \['activation', .*\], received 'cost'"
    fails(lambda: enter("cost", "Fresh"), ValueError, message)


# ---- names for a while ---------------------------------------------------------------------------


class Cubic(regularizers.Regularizer):
    def __init__(self, strength=0.01):
        self.strength = strength

    def __call__(self, w):
        return (w.abs() ** 3).sum() * self.strength

    def get_config(self):
        return {"strength": self.strength}


class Other(Cubic):
    pass


def name_of(identifier):
    return type(regularizers.get(identifier)).__name__


def test_scopes_nest():
    described = {"class_name": "Mine", "config": {"strength": 3}}
    with custom_object_scope({"Mine": Cubic, "l2": Cubic}):
        assert name_of("Mine") == name_of(described) == "Cubic"
        assert regularizers.get(described).strength == 3
        assert name_of("l2") == "Cubic"  # in place of the built-in one
        assert name_of("l1") == "L1"
        with CustomObjectScope({"Mine": Other}), custom_object_scope({}):
            assert name_of("Mine") == name_of(described) == "Other"
            assert name_of("l2") == "Cubic"
        assert name_of("Mine") == "Cubic"
        with pytest.raises(RuntimeError, match="stop"), custom_object_scope({"Mine": Other}):
            raise RuntimeError("stop")
        assert name_of("Mine") == "Cubic"
    assert name_of("l2") == "L2"
    for identifier in ("Mine", described):
        with pytest.raises(ValueError, match="unknown regularizer 'Mine'"):
            regularizers.get(identifier)


def test_a_scope_is_listed_among_the_known(fails):
    with custom_object_scope({"Mine": Cubic}):
        fails(
            lambda: regularizers.get("Yours"), ValueError, "known are L1, .*Mine, .*or pass an obj"
        )


def test_a_scope_may_be_entered_twice_and_left_in_any_order():
    scope = custom_object_scope({"Mine": Cubic})
    with scope, scope:
        assert name_of("Mine") == "Cubic"
    first, second = custom_object_scope({"Mine": Cubic}), custom_object_scope({"Mine": Cubic})
    first.__enter__()
    with second:
        first.__exit__()
        assert registry._scopes.stack == [second._given]
        assert registry._scopes.stack[0] is second._given
    assert not registry._scopes.stack


def test_scopes_belong_to_their_thread():
    inside, go_on = threading.Event(), threading.Event()
    seen = []

    def other():
        with custom_object_scope({"Mine": Other}):
            inside.set()
            assert go_on.wait(10)
            seen.append(name_of("Mine"))

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(ValueError, match="unknown regularizer 'Mine'"):
        regularizers.get("Mine")
    with custom_object_scope({"Mine": Cubic}):
        go_on.set()
        thread.join(10)
        assert name_of("Mine") == "Cubic"
    assert seen == ["Other"]


def test_custom_objects_of_the_process():
    assert get_custom_objects() is get_custom_objects()
    get_custom_objects()["Mine"] = Cubic
    assert name_of("Mine") == "Cubic"
    with custom_object_scope({"Mine": Other}):
        assert name_of("Mine") == "Other"  # the nearest one
    seen = []
    thread = threading.Thread(target=lambda: seen.append(name_of("Mine")))
    thread.start()
    thread.join(10)
    assert seen == ["Cubic"]
    del get_custom_objects()["Mine"]
    with pytest.raises(ValueError, match="unknown regularizer 'Mine'"):
        regularizers.get("Mine")


def test_deserialize_takes_custom_objects():
    own = {
        "activation": lambda x: x,
        "layer": type("Mine", (layers.Layer,), {}),
        "loss": type("Mine", (losses.Loss,), {}),
        "metric": type("Mine", (metrics.Metric,), {}),
    }
    for kind, part in own.items():
        config = "Mine" if kind == "activation" else {"class_name": "Mine", "config": {}}
        found = DESERIALIZE[kind](config, custom_objects={"Mine": part})
        assert found is part if kind == "activation" else type(found) is part
        with pytest.raises(ValueError, match=f"unknown {kind} 'Mine'"):
            DESERIALIZE[kind](config)


def test_what_makes_no_layer(fails):
    fails(
        lambda: layers.deserialize({"class_name": "Mine", "config": {}}, {"Mine": Cubic}),
        TypeError,
        "layer 'Mine': expected a Layer, received Cubic",
    )
    fails(lambda: layers.serialize(3), TypeError, "layers.serialize: expected a Layer, received 3")


# ---- registered for files ------------------------------------------------------------------------


def test_registered_names():
    decorated = register_keras_serializable()(Cubic)
    assert decorated is Cubic
    assert get_registered_name(Cubic) == "Custom>Cubic"
    assert get_registered_name(Other) == "Other"  # a subclass is another class
    register_keras_serializable("lab", "Alias")(Other)
    assert get_registered_name(Other) == "lab>Alias"
    assert get_registered_object("lab>Alias") is Other
    assert get_registered_object("Other") is None
    assert get_registered_object("Other", {"Other": Other}) is Other
    assert get_registered_object("Other", None, {"Other": Other}) is Other
    assert get_custom_objects() == {"Custom>Cubic": Cubic, "lab>Alias": Other}
    described = regularizers.serialize(Other(0.5))
    assert described == {
        "class_name": "Other",
        "config": {"strength": 0.5},
        "registered_name": "lab>Alias",
    }
    again = regularizers.deserialize(described)
    assert type(again) is Other
    assert again.strength == 0.5
    assert type(regularizers.get("lab>Alias")) is Other


def test_registering_what_cannot_be(fails):
    class Bare:
        pass

    fails(
        lambda: register_keras_serializable()(Bare),
        ValueError,
        r"register_keras_serializable: expected a class with get_config\(\), received Bare",
    )
    register_keras_serializable("lab", "Mine")(Cubic)
    register_keras_serializable("lab", "Mine")(Cubic)
    fails(
        lambda: register_keras_serializable("lab", "Mine")(Other),
        ValueError,
        "register_keras_serializable: 'lab>Mine' is registered already: <class .*Cubic'>",
    )
    fails(
        lambda: register_keras_serializable(Cubic),
        TypeError,
        "expected package as a string, received .*Cubic.*; as a decorator it is written with paren",
    )


def test_a_part_of_ones_own_is_never_taken_for_a_built_in_one(fails):
    mine = type("L2", (Cubic,), {"__module__": __name__})
    register_keras_serializable("lab")(mine)
    described = regularizers.serialize(mine(2))
    assert type(regularizers.get(described)) is mine
    assert type(regularizers.get("L2")) is regularizers.L2
    get_custom_objects().clear()
    fails(lambda: regularizers.get(described), ValueError, "unknown regularizer 'lab>L2'; .*")
    with custom_object_scope({"L2": Other}):  # by the name of its class
        assert type(regularizers.get(described)) is Other
    described["registered_name"] = None
    assert type(regularizers.get({**described, "config": {}})) is regularizers.L2


def every_part_of_ones_own():
    """A model and what it is made of, registered."""

    @register_keras_serializable("lab")
    class Scale(layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight((input_shape[-1],), eighths, regularizer=Cubic(0.5))

        def call(self, x):
            return x * self.factor

    @register_keras_serializable("lab")
    def eighths(shape, dtype=None):
        return np.full(shape, 0.125, dtype)

    @register_keras_serializable("lab")
    def squared(x):
        return x * x

    @register_keras_serializable("lab")
    def quartic_sum(w):
        return (w**4).sum()

    @register_keras_serializable("lab")
    class Quartic(losses.Loss):
        def call(self, y_true, y_pred):
            return (y_true - y_pred) ** 4

    @register_keras_serializable("lab")
    class Worst(metrics.Metric):
        def rows(self, y_true, y_pred):
            return np.abs(y_true - y_pred).max(axis=1)

    @register_keras_serializable("lab")
    def bias(y_true, y_pred):
        return y_pred - y_true

    register_keras_serializable("lab")(Cubic)
    dense = layers.Dense(
        *(2, squared),
        kernel_initializer=eighths,
        kernel_regularizer=Cubic(0.25),
        bias_regularizer=quartic_sum,
    )
    model = Sequential([Scale(), dense, layers.Activation(squared)])
    model.compile("adam", Quartic(), metrics=[Worst(), bias])
    return model


def test_models_of_registered_parts_are_loaded_without_custom_objects(tmp_path):
    path = tmp_path / "model.corereg"
    x = np.random.default_rng(1).standard_normal((20, 3))
    model = every_part_of_ones_own()
    model.fit(x, x[:, :2], verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert loaded.get_config() == model.get_config()
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]
    assert type(loaded.layers[1].kernel_regularizer) is Cubic
    assert type(loaded.loss) is type(model.loss)
    runs = [m.fit(x, x[:, :2], shuffle=False, verbose=0).history for m in (model, loaded)]
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"loss", "penalty", "worst", "bias"}
    copied = Sequential.from_config(model.get_config())
    assert copied.get_config() == model.get_config()
    get_custom_objects().clear()
    with pytest.raises(FileFormatError, match=r"unknown layer 'lab>Scale'; known are .*regist"):
        load_model(path)
    given = {"lab>Scale": type(model.layers[0])}
    with pytest.raises(FileFormatError, match="unknown activation 'lab>squared'; known are"):
        load_model(path, custom_objects=given)


def test_a_loss_function_is_saved_by_its_registered_name(tmp_path, fails):
    path = tmp_path / "model.corereg"

    def fourth(y_true, y_pred):
        return (y_true - y_pred) ** 4

    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", fourth, metrics=[fourth])
    fails(lambda: model.save(path), TypeError, "cannot save the (loss|metric) function 'fourth'")
    register_keras_serializable("lab")(fourth)
    assert losses.serialize(model.loss) == metrics.serialize(metrics.get(fourth)) == "lab>fourth"
    model.save(path)
    loaded = load_model(path)
    x = np.ones((3, 2))
    assert loaded.evaluate(x, [1, 2, 3], verbose=0) == model.evaluate(x, [1, 2, 3], verbose=0)
    assert loaded.loss.function is fourth


# ---- a part in one new file ----------------------------------------------------------------------

NEW_FILES = {
    "losses/quartic.py": """
from corereg.losses.base import Loss
from corereg.registry import register

@register("loss", "quartic", "fourth_power")
class Quartic(Loss):
    def call(self, y_true, y_pred):
        return (y_true - y_pred) ** 4
""",
    "layers/scale.py": """
from corereg.layers.base import Layer
from corereg.registry import register

@register("layer")
class Scale(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "tenths", regularizer="cubic")

    def call(self, x):
        return x * self.factor
""",
    "metrics/worst.py": """
import numpy as np
from corereg.metrics.base import Metric
from corereg.registry import register

@register("metric", "worst")
class Worst(Metric):
    def rows(self, y_true, y_pred):
        return np.abs(y_true - y_pred).max(axis=1)
""",
    "regularizers/cubic.py": """
from corereg.regularizers.base import Regularizer
from corereg.registry import register

@register("regularizer", "cubic")
class Cubic(Regularizer):
    def __call__(self, w):
        return (w.abs() ** 3).sum() * 0.01
""",
    "initializers/tenths.py": """
from corereg.initializers.constant import Constant
from corereg.registry import register

@register("initializer", "tenths")
class Tenths(Constant):
    def __init__(self):
        super().__init__(0.1)

    def get_config(self):
        return {}
""",
    "activations/squared.py": """
from corereg.registry import register

@register("activation")
def squared(x):
    return x * x
""",
}
USE = """
import sys
import numpy as np
import corereg
folder, path = sys.argv[1:]
for package in ("losses", "layers", "metrics", "regularizers", "initializers", "activations"):
    getattr(corereg, package).__path__.append(f"{folder}/{package}")  # as if they lay there
"""
SAVE = """
assert type(corereg.losses.get("fourth_power")).__name__ == "Quartic"
from corereg.layers import Scale
assert corereg.losses.Quartic is corereg.losses.get("quartic").__class__
assert not hasattr(corereg.losses, "Scale") and not hasattr(corereg.losses, "quintic")
dense = corereg.layers.Dense(2, "squared", kernel_regularizer="cubic")
model = corereg.Sequential([Scale(), dense])
model.compile("sgd", "quartic", metrics=["worst"])
"""
RUN = """
x = np.arange(12.0).reshape(4, 3) / 12
print(model.evaluate(x, x[:, :2], verbose=0, return_dict=True))
model.save(path)
"""
LOAD = "model = corereg.models.load_model(path)\n"


def test_a_part_is_one_new_file(tmp_path):
    """Found by get, by its package's attribute, saved, and loaded in another process."""
    for name, text in NEW_FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    printed = []
    for code in (USE + SAVE + RUN, USE + LOAD + RUN):
        child = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), str(tmp_path / "model.corereg")],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert child.returncode == 0, child.stderr
        printed.append(child.stdout)
    assert printed[0] == printed[1]
    assert "'worst'" in printed[0]
    assert registry.find("loss", "Quartic") is None
    assert corereg.__version__
