"""Files that are not to be trusted: good archives whose contents make no sense or mean harm.

What the archive below does with damaged files is in test_archive_damaged.py.
"""

from __future__ import annotations

import copy
import tracemalloc

import numpy as np
import pytest

from corereg import regularizers
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential, load_model
from corereg.saving import FileFormatError, archive


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.corereg"


@pytest.fixture
def saved(path):
    """A good file's config and sections."""
    model = Sequential(
        [Input((3,)), Dense(2, "relu", kernel_regularizer="l1"), Dropout(0.5), Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.train_on_batch(np.ones((2, 3)), np.ones(2))
    model.save(path)
    return archive.read(path)


def test_an_untouched_copy_loads(saved, path):
    archive.write(path, *saved)
    assert load_model(path).count_params() == 11


def put(*keys, value):
    """A change that sets config[keys...]."""

    def change(config, sections):
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


def drop(*keys):
    def change(config, sections):
        for key in keys[:-1]:
            config = config[key]
        del config[keys[-1]]

    return change


def array(section, name, value):
    def change(config, sections):
        sections[section][name] = value

    return change


LAYER = ("model", "layers", 1, "config")
HOSTILE = {
    "unknown layer": (
        put("model", "layers", 1, "class_name", value="Conv2D"),
        "unknown layer 'Conv2D'",
    ),
    "layer of another kind": (
        put("model", "layers", 1, "class_name", value="L1"),
        "unknown layer 'L1'",
    ),
    "layer without a name": (
        put("model", "layers", 1, "class_name", value=None),
        "unknown layer None",
    ),
    "layer with a list for a name": (
        put("model", "layers", 1, "class_name", value=[]),
        r"unknown layer \[\]",
    ),
    "huge units": (
        put(*LAYER, "units", value=10**12),
        "expected the file to give 'kernel' of shape",
    ),
    "more than huge units": (put(*LAYER, "units", value=10**400), "expected the file to give"),
    "no units": (drop(*LAYER, "units"), "units"),
    "units as text": (put(*LAYER, "units", value="2"), "expected a positive integer for units"),
    "other units": (
        put(*LAYER, "units", value=3),
        r"expected the file to give 'kernel' of shape \(3, 3",
    ),
    "huge input": (
        put("model", "layers", 0, "config", "shape", value=[10**15]),
        "expected the file to",
    ),
    "other input": (
        put("model", "layers", 0, "config", "shape", value=[4]),
        "expected the file to give",
    ),
    "unknown argument": (
        put(*LAYER, "hook", value="os.system"),
        "unexpected keyword argument 'hook'",
    ),
    "huge rate": (put("model", "layers", 2, "config", "rate", value=10**400), "expected a rate in"),
    "unknown activation": (put(*LAYER, "activation", value="eval"), "unknown activation 'eval'"),
    "unknown initializer": (
        put(*LAYER, "kernel_initializer", value={"class_name": "eval", "config": {}}),
        "unknown initializer 'eval'",
    ),
    "huge strength": (
        put(*LAYER, "kernel_regularizer", "config", "l1", value=10**400),
        "does not make",
    ),
    "negative strength": (
        put(*LAYER, "kernel_regularizer", "config", "l1", value=-1),
        "expected a finite",
    ),
    "dtype": (put(*LAYER, "dtype", value="O"), "expected dtype"),
    "config as a list": (put("model", "layers", 1, "config", value=[1]), "does not make a model"),
    "layers as a number": (put("model", "layers", value=3), "does not make a model"),
    "layers twice": (
        lambda c, s: c["model"]["layers"].append(c["model"]["layers"][1]),
        "named .* already",
    ),
    "no model": (drop("model"), "does not make a model: lacks 'model'"),
    "no kind": (drop("kind"), "holds weights without a model"),
    "no compile": (drop("compile"), "does not make a model: lacks 'compile'"),
    "compile as text": (put("compile", value="adam"), "does not make a model"),
    "unknown optimizer": (
        put("compile", "optimizer", "class_name", value="X"),
        "unknown optimizer 'X'",
    ),
    "unknown loss": (put("compile", "loss", "class_name", value="X"), "unknown loss 'X'"),
    "unknown metric": (put("compile", "metrics", value=["X"]), "unknown metric 'X'"),
    "huge learning rate": (
        put("compile", "optimizer", "config", "learning_rate", value=10**400),
        "does not make a model",
    ),
    "iterations as text": (put("iterations", value="1"), "lacks some of the optimizer's state"),
    "negative iterations": (put("iterations", value=-5), "expected iterations >= 0, received -5"),
    "huge iterations": (put("iterations", value=2**70), "load_model"),
    "no state": (lambda c, s: s["optimizer"].pop("0"), "lacks some of the optimizer's state"),
    "state of another shape": (array("optimizer", "0", np.zeros(9)), "expected state of shapes"),
    "no weight": (lambda c, s: s["weights"].pop("0/bias"), "the file lacks its 'bias'"),
    "weight too many": (array("weights", "0/more", np.zeros(3)), "0/more.* besides"),
    "weight of another layer": (
        array("weights", "9/kernel", np.zeros(3)),
        "9/kernel.* besides",
    ),
    "weight of another shape": (
        array("weights", "0/bias", np.zeros(3)),
        r"expected the file to give 'bias'",
    ),
    "no random state": (lambda c, s: s["training"].pop("random/1"), "lacks 'random/1'"),
    "random state of another shape": (
        array("training", "random/1", np.zeros(3, "u8")),
        "expected a key and a count",
    ),
    "random state that overflows": (
        array("training", "random/1", np.full(2, 2**64 - 1, "u8")),
        "expected a key and a count",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_raise(case, saved, path):
    change, message = HOSTILE[case]
    config, sections = copy.deepcopy(saved)
    change(config, sections)
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


def test_sizes_in_a_config_are_not_believed(saved, path):
    """No array is made before the file was seen to hold one of its shape."""
    config, sections = saved
    for units in (10**6, 10**7, 10**8):
        config["model"]["layers"][1]["config"]["units"] = units
        archive.write(path, config, sections)
        tracemalloc.start()
        with pytest.raises(FileFormatError, match="expected the file to give 'kernel'"):
            load_model(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10**6


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{}" + b])
def test_damaged_files_raise(damage, saved, path, fails):
    path.write_bytes(damage(path.read_bytes()))
    fails(lambda: load_model(path), FileFormatError, "cannot load .*model.corereg")


def test_missing_files_raise_as_open_does(tmp_path, fails):
    fails(lambda: load_model(tmp_path / "no"), FileNotFoundError, "no")
    fails(lambda: load_model(tmp_path), IsADirectoryError, "directory")


def test_layers_of_several_dtypes_with_optimizer_state(saved, path):
    config, sections = saved
    config["model"]["layers"][3]["config"]["dtype"] = "float64"
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError, match=r"load_model: '.*model\.corereg': .*one dtype"):
        load_model(path)


def test_layers_that_are_none(saved, path):
    class Odd:
        @classmethod
        def from_config(cls, config):
            return 3

    config, sections = saved
    config["model"]["layers"][1]["class_name"] = "Odd"
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError, match="layer 'Odd': expected a Layer, received int"):
        load_model(path, custom_objects={"Odd": Odd})


@pytest.mark.parametrize("section", ["weights", "training", "optimizer"])
def test_files_without_a_section_raise(section, saved, path):
    config, sections = saved
    del sections[section]
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError, match=r"load_model: .* lacks"):
        load_model(path)


@pytest.mark.parametrize(
    ("section", "name"), [("weights", "0/bias"), ("training", "random/1"), ("optimizer", "0")]
)
def test_texts_instead_of_arrays_raise(section, name, saved, path):
    config, sections = saved
    sections[section][name] = ["a", "b"]
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError, match="load_model: "):
        load_model(path)


def test_a_failed_load_does_not_spoil_the_next(saved, path):
    config, sections = copy.deepcopy(saved)
    config["model"]["layers"][1]["config"]["units"] = 3
    archive.write(path, config, sections)
    with pytest.raises(FileFormatError):
        load_model(path, custom_objects={"Mine": regularizers.L2})
    with pytest.raises(ValueError, match="unknown regularizer 'Mine'"):
        regularizers.get({"class_name": "Mine", "config": {}})
    archive.write(path, *saved)
    assert load_model(path).count_params() == 11
    assert Dense(3)(np.ones((1, 2))).shape == (1, 3)
