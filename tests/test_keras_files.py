"""Keras's files: what Keras wrote is read, what is written is laid out as Keras's, and nothing in a
file is believed.

tests/goldens/keras_files has files that Keras wrote, and what its models predict;
tests/test_keras_itself.py has Keras read what corereg writes.
"""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import layers, losses, optimizers
from corereg.models import load_model
from corereg.naming import snake_case
from corereg.saving import (
    FileFormatError,
    Limits,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from corereg.saving.keras_files.hdf5 import written
from corereg.saving.keras_files.lacking import LAYERS
from tests.goldens.keras_file_cases import CASES, OF_OPTIMIZERS

h5py = pytest.importorskip("h5py")

GOLDENS = Path(__file__).parent / "goldens" / "keras_files"
ALL = {**CASES, **OF_OPTIMIZERS}


@pytest.fixture(scope="module")
def predictions() -> Any:
    with np.load(GOLDENS / "predictions.npz") as file:
        return dict(file)


def outputs(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def assert_near(found: list[Any], expected: list[Any], tolerance: float) -> None:
    assert [one.shape for one in found] == [one.shape for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)


def layout(data: Any) -> dict[str, Any]:
    """Of an HDF5 file what stands at each path: shape, dtype and attributes."""
    found: dict[str, Any] = {}

    def note(path: str, one: Any) -> None:
        kind = (one.shape, str(one.dtype)) if isinstance(one, h5py.Dataset) else "group"
        found[path] = kind, dict(one.attrs)

    with h5py.File(data, "r") as file:
        file.visititems(note)
        found[""] = "group", dict(file.attrs)
    return found


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


# ---- Keras's files are read, and ours are like them ----------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_file_of_keras_is_read(name: str, predictions: Any, tmp_path: Path) -> None:
    """It predicts what Keras predicted and trains on as Keras did; written again it does, too."""
    model = load_model(GOLDENS / f"{name}.keras")
    _, x, y = ALL[name](corereg)

    def expected(when: str) -> list[Any]:
        keys = sorted(key for key in predictions if key.startswith(f"{name}/{when}/"))
        return [predictions[key] for key in keys]

    tolerance = 1e-12 if name == "double" else 2e-6
    assert_near(outputs(model, x), expected("saved"), tolerance)
    model.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    for one, other in zip(outputs(again, x), outputs(model, x), strict=True):
        assert one.tobytes() == other.tobytes()
    if y is not None:
        for one in (model, again):
            one.fit(x, y, epochs=2, batch_size=4, verbose=0, shuffle=False)
        assert_near(outputs(model, x), expected("trained"), 2e-5)
        for one, other in zip(outputs(again, x), outputs(model, x), strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_is_laid_out_as_in_keras(name: str, tmp_path: Path) -> None:
    """The paths, shapes, dtypes and attributes in the HDF5 file, and the form of the config."""
    model = load_model(GOLDENS / f"{name}.keras")
    model.save(tmp_path / "ours.keras")
    ours, theirs = members(tmp_path / "ours.keras"), members(GOLDENS / f"{name}.keras")
    assert list(ours) == list(theirs) == ["metadata.json", "config.json", "model.weights.h5"]
    h5 = [layout(io.BytesIO(one["model.weights.h5"])) for one in (ours, theirs)]
    assert h5[0] == h5[1]
    own, other = (json.loads(one["config.json"]) for one in (ours, theirs))
    assert_same_form(own, other, name)


_LEFT_OUT = {"quantization_config", "input_axes", "output_axes", "rms_scaling", "sparse"}
_LEFT_OUT |= {"activity_regularizer", "shared_object_id", "steps_per_execution"}
_LEFT_OUT |= {"mask", "compile_config", "dtype"}


def assert_same_form(own: Any, other: Any, where: str) -> None:
    """What Keras wrote is there with the same values; defaults of Keras's may be left out, and a
    name may stand for a part that is described in full."""
    if isinstance(other, str) and isinstance(own, dict):
        assert own["class_name"], where
    elif isinstance(other, dict):
        for key, value in other.items():
            if (key in _LEFT_OUT and key not in own) or key in ("build_config", "jit_compile"):
                continue
            if key in ("config", "layers") or key in own:
                assert_same_form(own[key], value, f"{where}/{key}")
            else:
                raise AssertionError(f"{where} lacks {key}")
    elif isinstance(other, list):
        assert len(own) == len(other), where
        for i, (one, value) in enumerate(zip(own, other, strict=True)):
            assert_same_form(one, value, f"{where}/{i}")
    elif isinstance(other, float):
        assert own == pytest.approx(other, rel=1e-6), where
    else:
        assert own == other, where


def test_all_layers_and_optimizers_are_covered() -> None:
    from corereg import registry

    seen: set[str] = set()

    def look(one: Any) -> None:
        if isinstance(one, dict):
            seen.add(str(one.get("class_name")))
            for value in one.values():
                look(value)
        elif isinstance(one, list):
            for value in one:
                look(value)

    for name in ALL:
        look(json.loads(members(GOLDENS / f"{name}.keras")["config.json"]))
    # Keras has lookups only with TensorFlow, keeps the code of a Lambda, and mixes rows of dicts
    apart = {"Hashing", "HashedCrossing", "IntegerLookup", "StringLookup", "Lambda", "MixUp"}
    apart |= {"CutMix", "SpectralNormalization", "TextVectorization", *LAYERS}
    apart |= {"AutoContrast", "CenterCrop", "RandomBrightness", "RandomColorDegeneration"}
    apart |= {"RandomContrast", "RandomCrop", "RandomGrayscale", "RandomInvert"}
    apart |= {"RandomPosterization", "Solarization"}
    assert set(registry.parts("layer")) - seen == apart
    assert set(registry.parts("optimizer")) - seen == {"SAM"}


def test_weights_alone(tmp_path: Path) -> None:
    """save_weights and load_weights, and the weights of a whole model."""
    model, x, y = CASES["nested"](corereg)
    model.fit(x, y, verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    model.save(tmp_path / "m.keras")
    whole = members(tmp_path / "m.keras")["model.weights.h5"]
    assert layout(tmp_path / "w.weights.h5") == layout(io.BytesIO(whole))
    for file in ("w.weights.h5", "m.keras"):
        other, _, _ = CASES["nested"](corereg)
        other.load_weights(tmp_path / file)
        for one, two in zip(other.get_weights(), model.get_weights(), strict=True):
            assert one.tobytes() == two.tobytes()
        assert other.optimizer.iterations == 0
    bare = load_model(tmp_path / "m.keras", compile=False)
    bare.set_weights([one * 0 for one in bare.get_weights()])
    bare.load_weights(tmp_path / "m.keras")
    assert bare.optimizer is None
    assert bare.get_weights()[0].tobytes() == model.get_weights()[0].tobytes()
    other.fit(x, y, verbose=0)
    other.load_weights(tmp_path / "m.keras")  # with the optimizer's state, for it has begun
    assert other.optimizer.iterations == model.optimizer.iterations
    for one, two in zip(other.optimizer.state, model.optimizer.state, strict=True):
        assert one.tobytes() == two.tobytes()


def test_what_compile_was_told_comes_back(tmp_path: Path) -> None:
    model = load_model(GOLDENS / "dense.keras")
    assert isinstance(model.optimizer, optimizers.Adam)
    assert isinstance(model.loss, losses.CategoricalCrossentropy)
    assert model.loss.label_smoothing == 0.1
    assert model.optimizer.iterations == 6
    _, x, y = CASES["dense"](corereg)
    assert model.evaluate(x, y, verbose=0, return_dict=True).keys() == {
        *("loss", "accuracy", "area", "mse", "penalty")
    }
    assert load_model(GOLDENS / "dense.keras", compile=False).optimizer is None


def test_a_learning_rate_that_was_changed_stays(tmp_path: Path) -> None:
    model, x, y = OF_OPTIMIZERS["optimizer_adam"](corereg)
    model.fit(x, y, verbose=0)
    model.optimizer.learning_rate = 0.25
    model.save(tmp_path / "m.keras")
    assert float(load_model(tmp_path / "m.keras").optimizer.learning_rate) == 0.25


# ---- parts of the user's own ---------------------------------------------------------------------


class Block(layers.Layer):  # type: ignore[misc]
    def __init__(self, units: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.zeta = layers.Dense(units)
        self.alpha = [layers.Dense(units), layers.LayerNormalization(), layers.Dense(units)]
        self._hidden = layers.Dense(units)
        self.named = {"k": layers.Dense(units)}

    def build(self, input_shape: Any) -> None:
        self.first = self.add_weight((self.units,), "ones", name="first")
        self.count = self.add_weight((), "zeros", trainable=False, name="count")
        self.second = self.add_weight((self.units,), "zeros", name="second")

    def call(self, x: Any) -> Any:
        x = self._hidden(self.zeta(x))
        for one in self.alpha:
            x = one(x)
        return self.named["k"](x) * self.first + self.second + self.count

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Ordered(corereg.Model):  # type: ignore[misc]
    """Of its layers one has a name before "layers", and one a name behind it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.body, self.tail = layers.Dense(3), layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.tail(self.body(x))


class Net(corereg.Model):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.b = Block(2)
        self.a = layers.Dense(2)
        self.c = corereg.Sequential([layers.Dense(2)])

    def call(self, x: Any) -> Any:
        return self.c(self.a(self.b(x)))


def doubled(x: Any) -> Any:
    return x * 2


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Registers the parts above for each test, and for no test of another file."""
    known = dict(get_custom_objects())
    for part in (Block, Net, doubled):
        if get_registered_object(f"keras_files>{part.__name__}") is None:
            register_keras_serializable("keras_files")(part)
    yield
    get_custom_objects().clear()
    get_custom_objects().update(known)


def test_attributes_behind_layers_are_in_layers(tmp_path: Path) -> None:
    """Keras visits attributes by name, `layers` among them, and each layer once."""
    model = Ordered()
    model(np.ones((1, 4), "f4"))
    model.save_weights(tmp_path / "ordered.weights.h5")
    with h5py.File(tmp_path / "ordered.weights.h5") as file:
        assert file["body/vars/0"].shape == (4, 3)
        assert file["layers/dense_1/vars/0"].shape == (3, 2)
        assert "tail" not in file


def test_layers_in_layers_of_ones_own(tmp_path: Path) -> None:
    """As Keras names them: attributes in the order of their names, private ones last."""
    model = Net()
    x = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    model.compile("adam", "mse")
    model.fit(x, x, verbose=0)
    model.save(tmp_path / "net.keras")
    found = layout(io.BytesIO(members(tmp_path / "net.keras")["model.weights.h5"]))
    names = {
        path.removesuffix("/vars"): one[1]["name"]
        for path, one in found.items()
        if path.endswith("/vars") and "optimizer" not in path
    }
    assert set(names) == {
        *("a", "b", "b/_hidden", "b/alpha/dense", "b/alpha/dense_1", "b/alpha/layer_normalization"),
        *("b/named/dense", "b/zeta", "c", "c/layers/dense"),
    }
    assert [found[f"b/vars/{i}"][0][0] for i in range(3)] == [(2,), (2,), ()]
    again = load_model(tmp_path / "net.keras")
    assert outputs(again, x)[0].tobytes() == outputs(model, x)[0].tobytes()
    again.fit(x, x, verbose=0, shuffle=False)
    model.fit(x, x, verbose=0, shuffle=False)
    assert outputs(again, x)[0].tobytes() == outputs(model, x)[0].tobytes()


def test_functions_of_ones_own(tmp_path: Path) -> None:
    x = corereg.Input((3,))
    y = layers.Dense(2, activation=doubled)(layers.Lambda(doubled)(x))
    model = corereg.Model(x, layers.Activation(doubled)(y))
    model.save(tmp_path / "m.keras")
    config = json.loads(members(tmp_path / "m.keras")["config.json"])
    named = config["config"]["layers"][1]["config"]["function"]
    assert named["class_name"] == "function"
    assert named["config"] == "keras_files>doubled"
    rows = np.ones((2, 3), "float32")
    again = load_model(tmp_path / "m.keras")
    assert outputs(again, rows)[0].tobytes() == outputs(model, rows)[0].tobytes()


class Unregistered(layers.Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x + 1


def test_custom_objects(tmp_path: Path) -> None:
    model = corereg.Sequential([corereg.Input((2,)), Unregistered()])
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileFormatError, match=r"unknown layer 'Unregistered'.*custom_objects"):
        load_model(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", {"Unregistered": Unregistered})
    assert (outputs(again, np.zeros((1, 2), "float32"))[0] == 1).all()


def test_lookups_keep_their_vocabulary(tmp_path: Path) -> None:
    words = layers.StringLookup(vocabulary=["b", "a"], output_mode="one_hot")
    numbers = layers.IntegerLookup()
    numbers.adapt(np.array([[3], [5], [5]]))
    s, i = corereg.Input((1,), dtype="string"), corereg.Input((1,), dtype="int64")
    joined = layers.Concatenate()([words(s), layers.CategoryEncoding(4)(numbers(i))])
    model = corereg.Model([s, i], joined)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    x = [np.array([["a"], ["b"], ["?"]]), np.array([[5], [3], [1]])]
    assert outputs(again, x)[0].tobytes() == outputs(model, x)[0].tobytes()


def test_a_vocabulary_in_a_file_of_its_own(tmp_path: Path) -> None:
    """Keras writes what `adapt` found beside the config."""
    words = layers.StringLookup(vocabulary=["b", "a"], name="words")
    model = corereg.Sequential([corereg.Input((1,), dtype="string"), words])
    model.save(tmp_path / "m.keras")
    parts = members(tmp_path / "m.keras")
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"]["vocabulary"] = None
    parts["config.json"] = json.dumps(config).encode()
    parts["assets/layers/string_lookup/vocabulary.txt"] = b"[UNK]\nb\na"
    write(tmp_path / "m.keras", parts)
    again = load_model(tmp_path / "m.keras")
    assert again.get_layer("words").get_vocabulary() == ["[UNK]", "b", "a"]


@pytest.mark.parametrize("mode", ["int", "count"])
def test_the_words_of_texts(mode: str, tmp_path: Path) -> None:
    """In the config, or, where `adapt` of Keras found them, in a file beside it."""
    words = layers.TextVectorization(vocabulary=["b", "a"], ngrams=(1, 2), output_mode=mode)
    model = corereg.Sequential([corereg.Input((1,), dtype="string"), words])
    model.save(tmp_path / "m.keras")
    x = np.array([["a b"], ["?"]])
    wanted = model.predict(x, verbose=0)
    assert np.array_equal(load_model(tmp_path / "m.keras").predict(x, verbose=0), wanted)
    parts = members(tmp_path / "m.keras")
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"]["vocabulary"] = None
    parts["config.json"] = json.dumps(config).encode()
    text = b"\n[UNK]\nb\na" if mode == "int" else b"[UNK]\nb\na"
    parts["assets/layers/text_vectorization/vocabulary.txt"] = text
    write(tmp_path / "m.keras", parts)
    assert np.array_equal(load_model(tmp_path / "m.keras").predict(x, verbose=0), wanted)


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_weights_of_tokens(kind: str, tmp_path: Path) -> None:
    """As Keras has them: the weight of every column, also of what is not known, in the HDF5 file
    under their name, from which `adapt` of Keras has them back."""
    numbers = kind == "IntegerLookup"
    tokens = [-1, 3, 1] if numbers else ["[UNK]", "b", "a"]
    idf = {"idf_weights": [0.75, 0.5, 0.25], "pad_to_max_tokens": True, "max_tokens": 5}
    layer = getattr(layers, kind)(vocabulary=tokens, output_mode="tf_idf", **idf)
    source = corereg.Input((1,), dtype="int64" if numbers else "string")
    model = corereg.Sequential([source, layer])
    model.save(tmp_path / "m.keras")
    x = np.array([[1], [3], [9]] if numbers else [["a"], ["b"], ["z"]])
    wanted = np.array([[0, 0, 0.25, 0, 0], [0, 0.5, 0, 0, 0], [0.75, 0, 0, 0, 0]], "float32")
    assert np.array_equal(model.predict(x, verbose=0), wanted)
    assert np.array_equal(load_model(tmp_path / "m.keras").predict(x, verbose=0), wanted)

    parts = members(tmp_path / "m.keras")
    place = f"layers/{snake_case(kind)}"
    inner = [f"{place}/_lookup_layer"] if kind == "TextVectorization" else []
    with h5py.File(io.BytesIO(parts["model.weights.h5"]), "r") as file:
        for path in [place, *inner]:
            assert list(file[f"{path}/vars"]) == ["idf_weights"]
            assert file[f"{path}/vars/idf_weights"][()].tolist() == [0.75, 0.5, 0.25, 0, 0]
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"] |= {"vocabulary": None, "idf_weights": None}
    parts["config.json"] = json.dumps(config).encode()
    parts[f"assets/{place}/vocabulary.txt"] = "\n".join(map(str, tokens)).encode()
    write(tmp_path / "m.keras", parts)
    again = load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict(x, verbose=0), wanted)
    assert again.layers[-1].get_vocabulary() == tokens


def test_weights_of_tokens_that_are_not_there(tmp_path: Path) -> None:
    words = layers.StringLookup(vocabulary=["b"], idf_weights=[0.5], output_mode="tf_idf")
    corereg.Sequential([corereg.Input((1,), dtype="string"), words]).save(tmp_path / "m.keras")
    parts = members(tmp_path / "m.keras")
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"] |= {"vocabulary": None, "idf_weights": None}
    parts["config.json"] = json.dumps(config).encode()
    parts["assets/layers/string_lookup/vocabulary.txt"] = b"[UNK]\nb"
    parts["model.weights.h5"] = written([("layers/string_lookup", "s", [])])
    write(tmp_path / "m.keras", parts)
    with pytest.raises(FileFormatError, match="lacks the variable 'idf_weights'"):
        load_model(tmp_path / "m.keras")


# ---- what Keras does not have --------------------------------------------------------------------


def stack(*parts: Any, **compiled: Any) -> Any:
    model = corereg.Sequential([corereg.Input((3,)), *(parts or (layers.Dense(2, name="d"),))])
    if compiled:
        model.compile(**compiled)
    return model


LACKING: dict[str, tuple[Callable[[], Any], str]] = {
    "lazy": (
        lambda: stack(optimizer=optimizers.Adam(lazy=True), loss="mse"),
        "the argument lazy of the optimizer Adam",
    ),
    "multipliers": (
        lambda: stack(
            optimizer=optimizers.SGD(learning_rate_multipliers={"bias": 2.0}), loss="mse"
        ),
        "the argument learning_rate_multipliers of the optimizer SGD",
    ),
    "excluded": (
        lambda: stack(optimizer=_excluding(), loss="mse"),
        "the argument excluded_from_weight_decay of the optimizer AdamW",
    ),
    "quantile": (
        lambda: stack(optimizer="sgd", loss=losses.Quantile([0.1, 0.9])),
        "the loss Quantile",
    ),
    "likelihood": (
        lambda: stack(optimizer="sgd", loss=losses.GaussianNLL()),
        "the loss GaussianNLL",
    ),
    "array": (
        lambda: stack(layers.Dense(2, name="d", kernel_initializer=np.ones((3, 2), "float32"))),
        "the initializer FromArray in kernel_initializer of Dense 'd'",
    ),
}


def _excluding() -> Any:
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize("name", LACKING)
def test_what_keras_lacks_is_refused_or_left_out(name: str, tmp_path: Path) -> None:
    make, what = LACKING[name]
    model, path = make(), tmp_path / "m.keras"
    with pytest.raises(ValueError, match=f"Keras does not have {what}.*portable=True"):
        model.save(path)
    assert not path.exists()
    with pytest.warns(UserWarning, match=what):
        model.save(path, portable=True)
    again = load_model(path)
    x = np.ones((2, 3), "float32")
    assert outputs(again, x)[0].tobytes() == outputs(model, x)[0].tobytes()


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "function of ops": (
        lambda: stack(layers.Dense(2, activation=corereg.ops.gelu)),
        "corereg.ops.gelu",
    ),
    "lambda of an op": (lambda: stack(layers.Lambda(corereg.ops.abs)), "'keras.abs'"),
    "words of pytorch": (
        lambda: corereg.Model(x := corereg.Input((2, 3)), x.sum(1, True)),
        "'tensor.sum' in a graph",
    ),
    "two words of pytorch": (
        lambda: corereg.Model(x := corereg.Input((2, 3)), x.sum(1)),
        "'tensor.sum' in a graph",
    ),
    "named words of pytorch": (
        lambda: corereg.Model(x := corereg.Input((2, 3)), x.sum(dim=1)),
        "'tensor.sum' in a graph",
    ),
    "weights of an activation": (
        lambda: stack(layers.Activation(layers.PReLU())),
        "no weights of a layer that is used as an activation",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_file_of_keras_can_say_is_refused(name: str, tmp_path: Path) -> None:
    make, what = REFUSED[name]
    for portable in (False, True):
        with pytest.raises(ValueError, match=what):
            make().save(tmp_path / "m.keras", portable=portable)
    assert not list(tmp_path.iterdir())


def test_a_word_of_pytorch_for_two_tensors(tmp_path: Path) -> None:
    a = corereg.Input((2,))
    corereg.Model(a, a.maximum(-a)).save(tmp_path / "m.keras")
    x = np.array([[1, -2]], "float32")
    assert outputs(load_model(tmp_path / "m.keras"), x)[0].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        *(("save", name) for name in ("m.h5", "m.hdf5", "m.weights.h5", "m.onnx", "m.tflite")),
        *(("save_weights", name) for name in ("m.h5", "m.keras", "m.onnx")),
    ],
)
def test_no_file_that_lies(method: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.corereg"):
        getattr(stack(), method)(tmp_path / name)
    assert not list(tmp_path.iterdir())


# ---- files of others -----------------------------------------------------------------------------


def write(path: Path, parts: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in parts.items():
            file.writestr(name, data)


def changed(path: Path, change: Callable[[Any], object]) -> None:
    """The file with another config."""
    parts = members(path)
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    write(path, parts)


def rewritten(path: Path, change: Callable[[Any], object]) -> None:
    """The file with another HDF5 file."""
    parts = members(path)
    buffer = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(buffer, "a") as file:
        change(file)
    write(path, parts | {"model.weights.h5": buffer.getvalue()})


@pytest.fixture
def small(tmp_path: Path) -> Path:
    model = stack(layers.Dense(4, name="one"), layers.Dense(2, name="two"))
    model.save(tmp_path / "small.keras")
    return tmp_path / "small.keras"


def entry(config: Any, position: int = 1) -> Any:
    return config["config"]["layers"][position]


def put(**values: Any) -> Callable[[Any], object]:
    return lambda config: entry(config).update(values)


def option(**values: Any) -> Callable[[Any], object]:
    return lambda config: entry(config)["config"].update(values)


POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4w==\n", None, None]}}
CONFIGS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a layer that is not here": (put(class_name="Conv2D"), "'one'.*Conv2D.*convolutions"),
    "no such layer": (put(class_name="Nonsense"), "'one'.*Nonsense"),
    "a dtype": (option(dtype=POLICY), "'one'.*mixed_float16.*float32"),
    "an argument": (option(quantization_config={"a": 1}), "'one'.*quantization_config"),
    "an unknown argument": (option(flavour=3), "flavour"),
    "code": (option(activation=LAMBDA), "'one'.*lambda.*safe_mode=False"),
    "no config": (put(config=[1]), "'Dense': expected a config"),
    "a size": (option(units=10**9), r"'one'.*\(3, 1000000000\).*\(3, 4\)"),
    "no layers": (lambda config: config.update(config={}), "without layers"),
    "another model": (lambda config: config.update(class_name="Thing"), "unknown model 'Thing'"),
    "a foreign class": (put(module="os", class_name="system", registered_name="system"), "system"),
    "a missing key": (lambda config: config["config"].pop("name"), "name"),
    "an op": (put(module="keras.src.ops.nn", class_name="Conv"), "Conv"),
    "a salt": (put(class_name="StringLookup", config={"name": "one", "salt": 3}), "salt=3 are"),
    "a hash": (
        put(class_name="StringLookup", config={"name": "one", "oov_method": "md5"}),
        "oov_method='md5'",
    ),
    "a number for a layer": (lambda config: config["config"]["layers"].append(3), "or a model.*3"),
    "a number for a class": (put(class_name=3), "expected a layer or a model"),
    "a list for its own config": (put(module="mine", config=[1]), "expected a class_name and a"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_that_makes_no_model(name: str, small: Path) -> None:
    change, what = CONFIGS[name]
    changed(small, change)
    with pytest.raises(FileFormatError, match=f"small.keras.*{what}"):
        load_model(small)


def test_a_graph_whose_layers_are_called_by_nothing(tmp_path: Path) -> None:
    x = corereg.Input((3,))
    path = tmp_path / "graph.keras"
    corereg.Model(x, layers.Dense(2)(x)).save(path)
    changed(path, put(inbound_nodes=3))
    with pytest.raises(FileFormatError, match=r"expected a layer with inbound_nodes"):
        load_model(path)


def test_a_module_of_keras_that_is_no_package_has_layers(small: Path) -> None:
    changed(small, put(module="keras.somewhere"))
    assert load_model(small).layers[0].units == 4


def test_a_mixed_policy_stays_with_its_layer(small: Path, tmp_path: Path) -> None:
    changed(small, option(dtype=POLICY | {"config": {"name": "mixed_bfloat16"}}))
    model = load_model(small)
    again = tmp_path / "again.keras"
    model.save(again)
    for found in (model, load_model(again)):
        told = [layer.get_config()["dtype"] for layer in found.layers]
        assert told == ["mixed_bfloat16", "float32"]
    config = json.loads(members(again)["config.json"])
    assert entry(config)["config"]["dtype"]["config"] == {"name": "mixed_bfloat16"}


def external(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense_1/vars/0")


def other_file(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset(
        "0", (3, 4), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def virtual(file: Any) -> None:
    del file["layers/dense/vars/0"]
    whole = h5py.VirtualLayout((3, 4), "f4")
    whole[:] = h5py.VirtualSource("other.h5", "x", shape=(3, 4))
    file["layers/dense/vars"].create_virtual_dataset("0", whole)


def replaced(**how: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars"].create_dataset("0", **how)

    return change


def missing(file: Any) -> None:
    del file["layers/dense"]


HDF5: dict[str, tuple[Callable[[Any], None], str]] = {
    "a link out of the file": (external, "link"),
    "a link inside of it": (soft, "link"),
    "data in another file": (other_file, "another file"),
    "a virtual array": (virtual, "another file"),
    "more than it holds": (replaced(shape=(1 << 20, 1 << 10), dtype="f4", chunks=True), "larger"),
    "a compressed array": (replaced(data=np.zeros((3, 4)), compression="gzip"), "larger"),
    "another shape": (replaced(data=np.zeros((4, 3), "f4")), r"\(4, 3\)"),
    "texts": (replaced(data=[b"a", b"b"]), "dtype"),
    "longer numbers": (replaced(data=np.zeros((3, 4), np.longdouble)), "dtype"),
    "nothing": (replaced(data=h5py.Empty("f4")), "no array"),
    "a group": (lambda file: _as_group(file), "no array"),
    "no weights": (missing, "lacks"),
}


def _as_group(file: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_group("0")


@pytest.mark.parametrize("name", HDF5)
def test_weights_that_are_not_believed(name: str, small: Path) -> None:
    """They are refused by name, and a model that asks for them stays as it was."""
    change, what = HDF5[name]
    model = stack(layers.Dense(4, name="one"), layers.Dense(2, name="two"))
    before = [one.tobytes() for one in model.get_weights()]
    rewritten(small, change)
    with pytest.raises(FileFormatError, match=f"small.keras.*'one'.*{what}|{what}.*'one'"):
        model.load_weights(small)
    assert [one.tobytes() for one in model.get_weights()] == before
    with pytest.raises(FileFormatError, match=r"small.keras.*'one'"):
        load_model(small)


def test_zip_files_that_are_not_believed(small: Path, tmp_path: Path) -> None:
    parts = members(small)
    path = tmp_path / "bad.keras"

    def fails(what: str, **options: Any) -> None:
        with pytest.raises(FileFormatError, match=f"bad.keras.*{what}"):
            load_model(path, **options)

    write(path, parts | {"config.json": b"0" * (1 << 20)}, zipfile.ZIP_DEFLATED)
    fails("compressed")
    write(path, parts)
    fails("limit", limits=Limits(json_bytes=100))
    fails("limit", limits=Limits(members=2))
    fails("limit", limits=Limits(layers=1))
    write(path, parts | {"config.json": b"[" * 1000})
    fails("deep")
    write(path, parts | {"config.json": b'{"a": 1, "a": 2}'})
    fails("twice")
    write(path, {name: parts[name] for name in parts if "config" not in name})
    fails("no config.json")
    write(path, {name: parts[name] for name in parts if "weights" not in name})
    fails("no model.weights.h5")
    write(path, {**{n: parts[n] for n in parts if "h5" not in n}, "model.weights.json": b"{}"})
    fails("shards")
    write(path, parts | {"model.weights.h5": parts["model.weights.h5"][:500]})
    fails("damaged")
    path.write_bytes(small.read_bytes()[:-30])
    fails("damaged")
    path.write_bytes(b"\x80\x04pickle")
    fails("pickle")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nowhere.keras")


def test_cut_and_changed_files(small: Path, tmp_path: Path) -> None:
    """Whatever is cut off or overwritten in a file, it loads or is refused by one error."""
    data, path = small.read_bytes(), tmp_path / "cut.keras"
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(20):
            broken = bytearray(data)
            at = int(rng.integers(len(data) - 8))
            broken[at : at + 8] = rng.bytes(8)
            path.write_bytes(bytes(broken) if rng.random() < 0.7 else data[:at])
            try:
                load_model(path)
            except FileFormatError as error:
                assert "cut.keras" in str(error)  # noqa: PT017


def test_code_in_a_file(tmp_path: Path) -> None:
    """Python code runs only if the caller says so."""
    import base64
    import marshal

    code = base64.b64encode(marshal.dumps((lambda x: x * 3).__code__)).decode()
    model = stack(layers.Lambda(doubled, name="l"))
    path = tmp_path / "small.keras"
    model.save(path)
    given = {"class_name": "__lambda__", "config": {"value": [code, None, None]}}
    changed(path, option(function=given))
    with pytest.raises(FileFormatError, match=r"'l'.*safe_mode=False"):
        load_model(path)
    x = np.ones((1, 3), "float32")
    assert (outputs(load_model(path, safe_mode=False), x)[0] == 3).all()
    number = base64.b64encode(marshal.dumps(3)).decode()
    for value in ([number, None, None], [code, None, [1]]):
        changed(path, option(function={"class_name": "__lambda__", "config": {"value": value}}))
        with pytest.raises(FileFormatError, match="it is no code, or has a closure"):
            load_model(path, safe_mode=False)


class Heavy(optimizers.Optimizer):
    """Momentum, as a rule in Python."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        momentum = self.momentums[self._get_variable_index(variable)]
        momentum.assign(momentum * 0.9 + gradient)
        variable.assign_sub(momentum * learning_rate)


def test_the_state_of_a_rule_in_python(tmp_path: Path) -> None:
    """Without that of frozen weights, for which Keras makes none."""
    model = stack(layers.Dense(2, trainable=False, name="frozen"), layers.Dense(1, name="last"))
    model.compile(Heavy(0.1, use_ema=True), "mse")
    x = np.ones((4, 3), "f4")
    model.fit(x, x[:, :1], epochs=2, batch_size=2, verbose=0)
    path = tmp_path / "m.keras"
    model.save(path)
    with h5py.File(io.BytesIO(members(path)["model.weights.h5"])) as file:
        shapes = [file[f"optimizer/vars/{i}"].shape for i in range(len(file["optimizer/vars"]))]
    assert sorted(shapes) == [(), (), (1,), (1,), (2, 1), (2, 1)]
    other = load_model(path, custom_objects={"Heavy": Heavy})
    assert other.optimizer.iterations == 4
    for one, two, parameter in zip(
        other.optimizer.momentums, model.optimizer.momentums, model.weights, strict=True
    ):
        assert parameter.trainable == bool(two.data.any())
        np.testing.assert_array_equal(one.data, two.data)


def test_an_optimizer_that_does_not_fit(tmp_path: Path) -> None:
    model, x, y = OF_OPTIMIZERS["optimizer_adam"](corereg)
    model.fit(x, y, verbose=0)
    path = tmp_path / "m.keras"
    model.save(path)
    rewritten(path, lambda file: file["optimizer/vars"].pop("9"))
    with pytest.warns(UserWarning, match="begins anew"):
        assert load_model(path).optimizer.iterations == 0
    model.save(path)

    def other_shape(file: Any) -> None:
        del file["optimizer/vars/3"]
        file["optimizer/vars/3"] = np.zeros(7, "f4")

    rewritten(path, other_shape)
    with pytest.raises(FileFormatError, match=r"optimizer 'adam.*shapes"):
        load_model(path)


def of_optimizer(**values: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        for position, value in values.items():
            del file[f"optimizer/vars/{position[1:]}"]
            file[f"optimizer/vars/{position[1:]}"] = value

    return change


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (of_optimizer(_0=np.int32(-1)), "no valid iteration"),
        (of_optimizer(_0=np.float32(1)), "no valid iteration"),
        (of_optimizer(_1=np.float32(-1)), "the learning rate -1"),
        (of_optimizer(_1=np.float32(np.nan)), "the learning rate nan"),
        (of_optimizer(_1=np.float32(np.inf)), "the learning rate inf"),
        (of_optimizer(_1=np.float32(0)), None),
    ],
)
def test_numbers_that_no_optimizer_has(
    change: Callable[[Any], None], what: str | None, tmp_path: Path
) -> None:
    model, x, y = OF_OPTIMIZERS["optimizer_adam"](corereg)
    model.fit(x, y, verbose=0)
    path = tmp_path / "m.keras"
    model.save(path)
    rewritten(path, change)
    if what is None:
        assert load_model(path).optimizer.learning_rate == 0
    else:
        with pytest.raises(FileFormatError, match=f"optimizer 'adam.*{what}"):
            load_model(path)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.ones(1)])
def test_scales_that_no_optimizer_has(scale: Any, tmp_path: Path) -> None:
    model = stack(optimizer=optimizers.LossScaleOptimizer(optimizers.SGD(0.1)), loss="mse")
    x = np.ones((4, 3), "f4")
    model.fit(x, model.predict(x, verbose=0), verbose=0)
    path = tmp_path / "m.keras"
    model.save(path)
    rewritten(path, of_optimizer(_3=np.float32(scale)))
    with pytest.raises(FileFormatError, match="has no valid scale"):
        load_model(path)


def test_a_failed_save_leaves_the_older_file(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corereg.saving.keras_files import container

    before = small.read_bytes()

    def fail(*args: Any) -> None:
        args[0].write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(container, "write", fail)
    with pytest.raises(OSError, match="an older file there is unchanged"):
        stack().save(small)
    assert small.read_bytes() == before
    assert list(tmp_path.iterdir()) == [small]


def test_without_h5py(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (
        lambda: stack().save(tmp_path / "m.keras"),
        lambda: stack().save_weights(tmp_path / "m.weights.h5"),
        lambda: load_model(GOLDENS / "dense.keras"),
    ):
        with pytest.raises(ImportError, match=r"pip install 'corereg\[keras\]'"):
            call()
    assert not list(tmp_path.iterdir())


# ---- serialize_keras_object ----------------------------------------------------------------------


def test_objects_go_to_dicts_and_back() -> None:
    dense = serialize_keras_object(layers.Dense(3, kernel_regularizer="l2"))
    assert dense["module"] == "keras.layers"
    assert dense["registered_name"] is None
    assert dense["config"]["kernel_regularizer"]["module"] == "keras.regularizers"
    again = deserialize_keras_object(dense)
    assert serialize_keras_object(again) == dense
    for part in (
        losses.Huber(2.0),
        optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)),
        corereg.metrics.AUC(num_thresholds=7),
        corereg.constraints.NonNeg(),
        corereg.initializers.HeNormal(seed=1),
        stack(),
        Block(3),
    ):
        given = serialize_keras_object(part)
        found = deserialize_keras_object(json.loads(json.dumps(given)))
        assert type(found) is type(part)
        assert serialize_keras_object(found) == given
    assert serialize_keras_object(Block(3))["registered_name"] == "keras_files>Block"
    assert deserialize_keras_object(serialize_keras_object(losses.mean_squared_error)) is (
        losses.mean_squared_error
    )
    assert deserialize_keras_object(serialize_keras_object(doubled)) is doubled
    assert serialize_keras_object((1, {"a": np.float32(2)})) == (1, {"a": 2.0})
    assert serialize_keras_object(slice(1, None)) == {
        "class_name": "__slice__",
        "config": {"start": 1, "stop": None, "step": None},
    }
    array = deserialize_keras_object(serialize_keras_object(np.arange(3)))
    assert array.dtype == np.int64
    assert corereg.utils.serialize_keras_object is serialize_keras_object


def test_a_dict_that_only_looks_like_an_object() -> None:
    for given in ({"class_name": "a"}, {"config": "a"}):
        assert deserialize_keras_object(given) == given


def test_what_is_no_object() -> None:
    with pytest.raises(TypeError, match="register_keras_serializable"):
        serialize_keras_object(lambda x: x)
    with pytest.raises(TypeError, match="get_config"):
        serialize_keras_object(object())
    with pytest.raises(ValueError, match="unknown function 'nothing'"):
        deserialize_keras_object(
            {"module": "builtins", "class_name": "function", "config": "nothing"}
        )
    with pytest.raises(ValueError, match=r"Conv2D.*convolutions"):
        deserialize_keras_object({"module": "keras.layers", "class_name": "Conv2D", "config": {}})
    with pytest.raises(TypeError, match="serialize_keras_object gave"):
        deserialize_keras_object(object())


def test_a_stack_that_was_built_by_data_tells_its_input(tmp_path: Path) -> None:
    """Keras has the input before the layers once it is known, and no shape before that."""
    model = corereg.Sequential([layers.Dense(2)], name="stack")
    named: list[tuple[str, Any]] = []
    for _ in range(2):
        model.save(tmp_path / "m.keras")
        config = json.loads(members(tmp_path / "m.keras")["config.json"])["config"]
        found = [one["class_name"] for one in config["layers"]]
        shapes = [one["config"].get("batch_shape") for one in config["layers"]]
        named.append((config.get("build_input_shape"), list(zip(found, shapes, strict=True))))
        model(np.ones((2, 3), "float32"))
    assert named[0] == (None, [("Dense", None)])
    assert named[1] == ([None, 3], [("InputLayer", [None, 3]), ("Dense", None)])
