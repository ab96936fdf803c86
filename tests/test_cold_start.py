"""What a program that loads a model and predicts imports, for that is what it waits for: modules
are counted, which the machine's load leaves alone. benches/cold_start.py measures the time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import corereg
from corereg import layers

PREDICT = """
import json, sys
import numpy
before = set(sys.modules)
import corereg
model = corereg.saving.load_model({path!r}, compile={compile})
x = numpy.ones((1, 100), "float32")
model.predict(x, verbose=0)
model.predict(x, verbose=0)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
# Of corereg, by packages: whoever adds to this list makes every start slower.
NEEDED = """
_kernels
_lazy
activations: entering lookup smooth straight
autograd: conversions deferred extents inplace mode op ops ops.activations ops.arguments
    ops.layers parameter tensor unbroadcast whole_copies
config
graph: nest node operations operators tensor
importing
initializers: base constants scaled
layers: base building calling dense holder input_layer lookup shapes tracking
    weight_option
models: inputs model own_steps sequential structure
named_tuple
naming
random
recordable
registry
runtime: capture dependencies scheduling
saving: archive archive_format archive_reader foreign json_text limits model_file
    npy stored_zip training_state weight_sections
shown
tables: masked
training: arguments compilation data data.checks data.iterables data.model_data data.model_shapes
    data.row_order data.structures overriding predict sparse_products trainer
version
warn
"""
OF_PYTHON: set[str] = set()


def needed():
    """All modules of the list."""
    found = {"corereg"}
    for line in NEEDED.replace("\n    ", " ").split("\n"):
        package, _, names = line.partition(":")
        found |= {f"corereg.{package}", *(f"corereg.{package}.{name}" for name in names.split())}
    return found - {"corereg."}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    model = corereg.Sequential(
        [
            corereg.Input((100,)),
            layers.Dense(64, "relu"),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    found = tmp_path_factory.mktemp("cold") / "model.corereg"
    model.save(found)
    return str(found)


def imported(path, compile):
    code = PREDICT.format(path=path, compile=compile)
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert output.returncode == 0, output.stderr
    names = json.loads(output.stdout)
    own = {name for name in names if name.split(".")[0] == "corereg"}
    return own, {name.split(".")[0] for name in names} - {"corereg"}


def test_a_model_that_only_predicts_imports_what_it_needs(path):
    own, others = imported(path, False)
    assert own - needed() == set()
    assert needed() - own == set(), "these are not needed any more"
    others = {name for name in others if not name.startswith(("_", "cython"))}
    assert others <= OF_PYTHON, others - OF_PYTHON


def test_a_compiled_model_imports_nothing_of_training_loops(path):
    own, others = imported(path, True)
    assert needed() <= own
    assert len(own - needed()) <= 40, sorted(own - needed())
    parts = ("fit", "loop", "evaluate", "custom", "steps", "fused_epochs", "augmentation")
    assert not {f"corereg.training.{part}" for part in parts} & own
    assert not {"corereg.progress", "corereg.callbacks.callback_list"} & own
    assert not {"hashlib", "pkgutil", "copy"} & others
