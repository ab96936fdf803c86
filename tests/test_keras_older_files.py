"""Keras's older files, .h5, and the JSON of Keras 2 and 3: what Keras wrote is read, trains on as
it did there, and nothing in a file is believed.

tests/goldens/older_files.tar.xz has the files that Keras wrote, and what its models predict.
"""

from __future__ import annotations

import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import layers, models, optimizers
from corereg.saving import FileFormatError, Limits, load_model
from tests.goldens.older_file_cases import CASES, NAMES, rows

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(Path(__file__).parent / "goldens" / "older_files.tar.xz") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            (folder / member.name.replace(".weights", "_weights.h5")).write_bytes(file.read())
    return folder


class Stand:
    """Stands for Keras 2 or 3 in the cases, of which only the data are wanted."""

    def __init__(self, version: str) -> None:
        self.__version__ = version

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


def data_of(name: str) -> tuple[Any, Any]:
    case, _, version = name.rpartition("_")
    _, x, y = CASES[case][0](Stand(version))
    return x, y


def outputs(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def assert_near(found: list[Any], expected: Any, when: str, tolerance: float) -> None:
    assert len(found) == sum(key.startswith(f"{when}/") for key in expected.files)
    for i, one in enumerate(found):
        other = expected[f"{when}/{i}"]
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_keras_is_read(name: str, files: Path) -> None:
    """It predicts what Keras predicted, and trains on as Keras did: compile's arguments and the
    optimizer's state are those of the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_model(files / f"{name}.h5")
    x, y = data_of(name)
    with np.load(files / f"{name}.npz") as expected:
        assert_near(outputs(model, x), expected, "saved", 2e-6)
        assert model.optimizer.iterations == 6
        model.fit(x, y, epochs=2, batch_size=4, verbose=0, shuffle=False)
        assert_near(outputs(model, x), expected, "trained", 2e-5)


@pytest.mark.parametrize("version", [2, 3])
def test_what_compile_was_told_comes_back(version: int, files: Path) -> None:
    model = load_model(files / f"dense_{version}.h5")
    assert model.name == "dense_model"
    assert isinstance(model.optimizer, optimizers.Adam)
    assert model.loss.label_smoothing == pytest.approx(0.1)
    assert model.layers[0].kernel_regularizer.l1 == pytest.approx(0.01)
    assert model.layers[4].negative_slope == pytest.approx(0.1)
    x, y = data_of(f"dense_{version}")
    assert sorted(model.evaluate(x, y, verbose=0, return_dict=True)) == [
        *("accuracy", "loss", "penalty")
    ]
    model = load_model(files / f"texts_{version}.h5")
    x, y = data_of(f"texts_{version}")
    assert sorted(model.evaluate(x, y, verbose=0, return_dict=True)) == ["acc", "loss", "mae"]
    model = load_model(files / f"graph_{version}.h5")
    x, y = data_of(f"graph_{version}")
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert {"one_accuracy", "one_area", "one_loss", "two_loss"} < {*logs}
    assert logs["loss"] == pytest.approx(logs["one_loss"] + 0.5 * logs["two_loss"], rel=1e-5)


def test_an_old_decay_is_a_schedule(files: Path) -> None:
    model = load_model(files / "older_sgd_2.h5")
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / (1 + 0.1 * 6))


def test_compile_false(files: Path) -> None:
    model = load_model(files / "dense_2.h5", compile=False)
    assert model.optimizer is None


def test_a_model_of_an_older_file_is_saved_to_newer_ones(files: Path, tmp_path: Path) -> None:
    model = load_model(files / "graph_2.h5")
    x, _ = data_of("graph_2")
    for name in ("m.keras", "m.corereg"):
        model.save(tmp_path / name)
        for one, other in zip(
            outputs(load_model(tmp_path / name), x), outputs(model, x), strict=True
        ):
            assert np.array_equal(one, other)
    with pytest.raises(ValueError, match=r"older HDF5 format.*\.keras"):
        model.save(tmp_path / "m.h5")


# ---- weights alone -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dense", "graph"])
def test_weights_are_read_in_order(name: str, files: Path) -> None:
    """Of a file of weights, and of one of a whole model; names do not matter."""
    model = load_model(files / f"{name}_2.h5")
    x, _ = data_of(f"{name}_2")
    for file in (f"{name}_2_weights.h5", f"{name}_2.h5"):
        other = models.clone_model(model)
        other.load_weights(files / file)
        for one, two in zip(outputs(other, x), outputs(model, x), strict=True):
            assert np.array_equal(one, two)


def other_network(last: int = 2) -> Any:
    return corereg.Sequential(
        [
            corereg.Input((4,)),
            layers.Dense(5, name="dense"),
            layers.Dense(3, name="new"),
            layers.Dense(last, name="dense_2"),
        ]
    )


def test_weights_by_name(files: Path) -> None:
    file = files / "dense_2_weights.h5"
    source = load_model(files / "dense_2.h5")
    kernels = {layer.name: layer.get_weights() for layer in source.layers}
    model = corereg.Sequential(
        [
            corereg.Input((4,)),
            layers.Dense(5, name="dense"),
            layers.Dense(4, use_bias=False, name="dense_1"),
            layers.Dense(7, name="new"),
        ]
    )
    before = model.layers[2].get_weights()
    model.load_weights(file, by_name=True)
    for layer in model.layers[:2]:
        for one, other in zip(layer.get_weights(), kernels[layer.name], strict=True):
            assert np.array_equal(one, other)
    assert np.array_equal(model.layers[2].get_weights()[0], before[0])


def test_weights_that_do_not_fit(files: Path) -> None:
    file = files / "dense_2_weights.h5"
    model = other_network()
    before = model.get_weights()
    with pytest.raises(FileFormatError, match=r"it has weights of 5 layers .* the model of 3"):
        model.load_weights(file)
    with pytest.raises(FileFormatError, match=r"does not fit layer 'dense_2': expected shapes"):
        model.load_weights(file, by_name=True)
    with pytest.raises(FileFormatError, match="no layer of the model has one of the names"):
        corereg.Sequential([corereg.Input((4,)), layers.Dense(5, name="x")]).load_weights(
            file, by_name=True
        )
    for one, other in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(one, other)
    with pytest.warns(UserWarning, match="layer 'dense_2' is left as it is"):
        model.load_weights(file, skip_mismatch=True, by_name=True)
    assert not np.array_equal(model.get_weights()[0], before[0])
    assert np.array_equal(model.get_weights()[4], before[4])
    with pytest.raises(ValueError, match="the model is not built"):
        corereg.Sequential([layers.Dense(5)]).load_weights(file)


def test_by_name_is_for_older_files(tmp_path: Path) -> None:
    model = other_network()
    model.save_weights(tmp_path / "w.corereg")
    with pytest.raises(ValueError, match="by_name and skip_mismatch are for Keras's older files"):
        model.load_weights(tmp_path / "w.corereg", by_name=True)


def test_a_model_is_no_file_of_weights(files: Path) -> None:
    with pytest.raises(FileFormatError, match="has no model_config: it holds weights alone"):
        load_model(files / "dense_2_weights.h5")


# ---- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dense_2", "dense_3", "graph_2", "graph_3"])
def test_json_of_keras(name: str, files: Path) -> None:
    model = models.model_from_json((files / f"{name}.json").read_text())
    assert model.optimizer is None
    model.set_weights(load_model(files / f"{name}.h5").get_weights())
    x, _ = data_of(name)
    with np.load(files / f"{name}.npz") as expected:
        assert_near(outputs(model, x), expected, "saved", 2e-6)
    again = models.model_from_json(model.to_json())
    assert again.get_config() == model.get_config()


def older_json(*entries: Any, **more: Any) -> str:
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "i"}}
    config = {"name": "m", "layers": [first, *entries]}
    given = {"class_name": "Sequential", "config": config, "keras_version": "2.4.0", **more}
    return json.dumps(given)


def test_json_of_the_first_versions_of_keras_2() -> None:
    """A list of layers, the shape at the first one, initializers of TensorFlow 1."""
    scaled = {
        "class_name": "VarianceScaling",
        "config": {
            "scale": 1.0,
            "mode": "fan_avg",
            "distribution": "normal",
            "seed": None,
            "dtype": "float32",
        },
    }
    regularizer = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.25}}
    layer = {
        "class_name": "Dense",
        "config": {
            "name": "d",
            "trainable": True,
            "batch_input_shape": [None, 4],
            "dtype": "float32",
            "units": 3,
            "activation": "relu",
            "use_bias": True,
            "kernel_initializer": scaled,
            "kernel_regularizer": regularizer,
        },
    }
    text = json.dumps({"class_name": "Sequential", "config": [layer], "keras_version": "2.1.0"})
    model = models.model_from_json(text)
    assert model.input_shape == (None, 4)
    assert model.layers[0].kernel_initializer.distribution == "truncated_normal"
    assert model.layers[0].kernel_regularizer.l2 == 0.25


def test_layers_of_ones_own_are_found_by_their_names() -> None:
    class Twice(layers.Layer):
        def __init__(self, factor: float = 2.0, **options: Any) -> None:
            super().__init__(**options)
            self.factor = factor

        def call(self, x: Any) -> Any:
            return x * self.factor

    for name in ("Twice", "mine>Twice"):
        text = older_json({"class_name": name, "config": {"name": "t", "factor": 3.0}})
        model = models.model_from_json(text, custom_objects={name: Twice})
        assert model.predict(np.ones((1, 4)), verbose=0).tolist() == [[3.0] * 4]
    with pytest.raises(ValueError, match="Twice"):
        models.model_from_json(older_json({"class_name": "Twice", "config": {"name": "t"}}))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            {"class_name": "LSTM", "config": {"name": "l"}},
            "recurrence is for sequences",
        ),
        (
            {"class_name": "TFOpLambda", "config": {"name": "o", "function": "math.add"}},
            "it calls TensorFlow's 'math.add' on a symbolic tensor",
        ),
        (
            {
                "class_name": "Lambda",
                "config": {
                    "name": "l",
                    "function": ["AAAA", None, None],
                    "function_type": "lambda",
                },
            },
            "its function is a lambda, whose Python code stands in the file",
        ),
        ({"class_name": "Dense", "config": 3}, "expected a config of named values"),
        ({"config": {}}, "expected a layer or a model"),
        (
            {
                "class_name": "Dense",
                "config": {"units": 3, "dtype": {"class_name": "Policy", "config": {"name": "f2"}}},
            },
            "f2",
        ),
    ],
)
def test_what_is_not_here_is_named(entry: Any, told: str) -> None:
    with pytest.raises((ValueError, TypeError), match=told):
        models.model_from_json(older_json(entry))


# ---- damaged and hostile files ----------------------------------------------------------------


def changed(source: Path, target: Path, change: Any) -> Path:
    target.write_bytes(source.read_bytes())
    with h5py.File(target, "r+") as file:
        change(file)
    return target


def larger(file: Any) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][1]["config"]["units"] = 10**9
    file.attrs["model_config"] = json.dumps(config)


def renamed(file: Any) -> None:
    file["model_weights"].attrs["layer_names"] = ["nowhere"]


def without(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]


def without_layer(file: Any) -> None:
    del file["model_weights/dense/dense"]


def linked(file: Any) -> None:
    del file["model_weights/dense/dense"]
    file["model_weights/dense/dense"] = h5py.ExternalLink("/etc/other.h5", "x")


def typed(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file["model_weights/dense/dense/kernel:0"] = np.array([b"text"])


def no_json(file: Any) -> None:
    file.attrs["model_config"] = "{"


def a_list(file: Any) -> None:
    file.attrs["model_config"] = "[1]"


def number(file: Any) -> None:
    file.attrs["model_config"] = 3


def bad_bytes(file: Any) -> None:
    file.attrs["model_config"] = np.bytes_(b"\xff\xfe")


def without_weights(file: Any) -> None:
    del file["model_weights"]


def negative_step(file: Any) -> None:
    file["optimizer_weights/iteration:0"][...] = -1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (larger, r"'kernel' of shape \(4, 1000000000\), received \(4, 5\)"),
        (renamed, "Dense 'dense': the file lacks its 'kernel'"),
        (without, "layer 'dense' .* lacks the variable 'dense/kernel:0'"),
        (without_layer, "layer 'dense' .* lacks the variable 'dense/kernel:0'"),
        (linked, "has a link 'dense' to another place"),
        (typed, r"layer 'dense' \(at 'model_weights/dense'\) has a variable 'kernel:0' of dtype"),
        (no_json, "model_config: bad JSON"),
        (a_list, "model_config: the JSON is no object"),
        (number, "model_config: the JSON is no object"),
        (bad_bytes, "model_config .* cannot be read"),
        (without_weights, "has no layer_names"),
        (negative_step, "'Adam' has no valid iteration"),
    ],
)
def test_a_damaged_file_is_refused(change: Any, what: str, files: Path, tmp_path: Path) -> None:
    path = changed(files / "dense_2.h5", tmp_path / "m.h5", change)
    with pytest.raises(FileFormatError, match=rf"load_model: .*m\.h5.*{what}"):
        load_model(path)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_truncated_file_is_refused(size: int, files: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes((files / "dense_2.h5").read_bytes()[:size])
    with pytest.raises(FileFormatError, match="truncated or damaged"):
        load_model(path)
    with pytest.raises(FileFormatError, match="truncated or damaged"):
        other_network().load_weights(path)


def test_limits_hold(files: Path) -> None:
    for limits in (Limits(layers=2), Limits(json_bytes=100), Limits(json_depth=2)):
        with pytest.raises(FileFormatError, match=r"more than the limit|deep"):
            load_model(files / "graph_2.h5", limits=limits)


def test_state_that_does_not_fit_begins_anew(files: Path, tmp_path: Path) -> None:
    def fewer(file: Any) -> None:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:-1]

    path = changed(files / "dense_2.h5", tmp_path / "m.h5", fewer)
    with pytest.warns(UserWarning, match="the optimizer 'Adam' begins anew"):
        model = load_model(path)
    assert model.optimizer.iterations == 0


def test_state_of_the_oldest_files_is_taken_in_order(files: Path, tmp_path: Path) -> None:
    """Keras without TensorFlow wrote all first moments, then all second ones, without names."""
    expected = load_model(files / "older_adam_2.h5").optimizer

    def unnamed(file: Any) -> None:
        group = file["optimizer_weights"]
        names = group.attrs["weight_names"][:9]  # without those of amsgrad
        arrays = [group[name][()] for name in names]
        config = json.loads(file.attrs["training_config"])
        config["optimizer_config"]["config"] |= {"amsgrad": False, "lr": 0.02}
        file.attrs["training_config"] = json.dumps(config)
        del file["optimizer_weights"]
        group = file.create_group("optimizer_weights")
        new = ["Adam/iterations:0", *(f"training/Adam/Variable_{i}:0" for i in range(8))]
        group.attrs["weight_names"] = new
        for name, array in zip(new, arrays, strict=True):
            group[name] = array

    model = load_model(changed(files / "older_adam_2.h5", tmp_path / "m.h5", unnamed))
    state = {str(v.name): v.data for v in model.optimizer._state}
    for v in expected._state:
        if not str(v.name).endswith("_hat"):
            assert np.array_equal(state[str(v.name)], v.data)


def test_long_lists_of_names_are_in_parts(files: Path, tmp_path: Path) -> None:
    def in_parts(file: Any) -> None:
        names = file["model_weights"].attrs["layer_names"]
        del file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs["layer_names0"] = names[:3]
        file["model_weights"].attrs["layer_names1"] = names[3:]

    path = changed(files / "dense_2.h5", tmp_path / "m.h5", in_parts)
    x, _ = data_of("dense_2")
    assert np.array_equal(
        outputs(load_model(path), x)[0], outputs(load_model(files / "dense_2.h5"), x)[0]
    )


def test_frozen_layers_keep_their_place(tmp_path: Path) -> None:
    """In a layer the weights that train come first; a frozen one has none of these."""
    model = other_network()
    model.layers[0].trainable = False
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = [f"{layer.name}/{n}:0" for n in ("kernel", "bias")]
            for name, p in zip(group.attrs["weight_names"], layer.weights, strict=True):
                group[name] = p.data + 1
    before = model.get_weights()
    model.load_weights(path)
    for one, other in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(one, other + 1)
    assert rows(1, 4).shape == (1, 4)
