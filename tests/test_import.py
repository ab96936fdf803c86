"""What `import corereg` brings in, what it shows of itself, and how deep a call goes."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys

import numpy as np
import pytest

import corereg
from corereg import Tensor, _kernels, layers, no_grad

LISTING = """
import json, sys
import numpy
before = set(sys.modules)
import corereg
{}
print(json.dumps([sorted(set(sys.modules) - before), sorted(sys.modules)]))
"""
USE = "corereg.Sequential([corereg.layers.Dense(1)]).compile('adam', 'mse', metrics=['accuracy'])"
# Each costs a millisecond or more, and none is needed before something is saved, drawn or logged.
HEAVY = {
    *("asyncio", "concurrent", "csv", "ctypes.util", "dataclasses", "email", "http", "inspect"),
    *("logging", "matplotlib", "multiprocessing", "numpy.random", "numpy.testing", "pickle"),
    *("random", "shutil", "socket", "subprocess", "tempfile", "unittest", "urllib", "zipfile"),
}


def modules_after(code):
    """What `import corereg` and then some code have added, and all that is imported."""
    child = [sys.executable, "-c", LISTING.format(code)]
    output = subprocess.run(child, capture_output=True, text=True, check=True, timeout=30).stdout
    return map(set, json.loads(output))


def test_importing_the_package_imports_no_part_of_it():
    added, everything = modules_after("")
    own = {name for name in added if name.split(".")[0] == "corereg"}
    assert own == {
        "corereg",
        *(f"corereg.{name}" for name in ("_kernels", "_lazy", "importing", "recordable")),
    }
    assert not HEAVY & added
    assert "numpy.random" not in everything
    assert len(added - own) < 8, added - own


def test_using_a_model_is_light():
    added, everything = modules_after(USE)
    assert "corereg.optimizers.adam" in added
    assert "corereg.training.loop" not in added
    assert not HEAVY & added
    assert "numpy.random" not in everything
    others = {name for name in added if name.split(".")[0] != "corereg"}
    assert len(others) < 8, others
    not_needed = {"corereg.demo", "corereg.reference", "corereg.models.summary", "corereg._plot"}
    assert not not_needed & added
    assert "corereg.saving.archive" not in added


def test_import_prints_and_warns_nothing():
    child = [sys.executable, "-W", "error", "-c", "import corereg"]
    result = subprocess.run(child, capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_tree_that_is_not_built_says_so():
    """As in a fresh clone: all is there but the compiled part."""
    code = "import sys; sys.modules['corereg._kernels'] = None; import corereg"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    *_, last = result.stderr.splitlines()
    assert last == (
        "ImportError: corereg: its compiled part is not here. In a source tree, build it with "
        "`pip install -e .`, or start Python in another folder to use the installed package."
    )


MODULES = [m.name for m in pkgutil.walk_packages(corereg.__path__, "corereg.")]


@pytest.mark.parametrize("name", ["corereg", *(n for n in MODULES if n != "corereg.__main__")])
def test_public_names_exist(name):
    if name.startswith(("corereg.sklearn", "corereg.wrappers")):
        pytest.importorskip("sklearn")
    module = importlib.import_module(name)
    public = getattr(module, "__all__", [])
    assert len(set(public)) == len(public)
    for attribute in public:
        assert hasattr(module, attribute)


def test_show_config(capsys):
    assert corereg.show_config() is None
    printed = capsys.readouterr().out
    found = corereg.show_config(mode="dicts")
    assert capsys.readouterr().out == ""
    assert len(printed.splitlines()) == len(found)
    for key, value in found.items():
        assert any(
            line.startswith(f"{key}:") and line.endswith(str(value).strip())
            for line in printed.splitlines()
        )
    assert found["corereg"] == corereg.__version__
    assert found["numpy"] == np.__version__
    assert found["instruction set"] in found["instruction sets available"].split(", ")
    assert found["threads"] == corereg.get_num_threads() >= 1
    assert found["build flags"]
    with pytest.raises(ValueError, match="expected mode 'stdout' or 'dicts', received 'yaml'"):
        corereg.show_config("yaml")


def test_show_config_tells_whether_a_free_threaded_python_has_the_gil(monkeypatch):
    assert ("GIL" in corereg.show_config("dicts")) == ("t" in getattr(sys, "abiflags", ""))
    monkeypatch.setattr(sys, "abiflags", "t", raising=False)
    for enabled, told in ((True, "on, switched on by"), (False, "off, .* from one thread only")):
        monkeypatch.setattr(sys, "_is_gil_enabled", lambda found=enabled: found, raising=False)
        assert re.match(told, corereg.show_config("dicts")["GIL"])


@pytest.mark.parametrize(
    ("make", "kernel"),
    [
        (lambda: layers.Dense(3), "dense_forward"),
        (lambda: layers.Dense(3, activation="relu"), "dense_forward"),
        (lambda: layers.Dense(3, activation="softmax"), "dense_forward"),
        (lambda: layers.Dense(3, activation="softmax"), "activation_forward"),
        (lambda: layers.Dense(3, kernel_regularizer="l1"), "dense_forward"),
        (lambda: layers.Dropout(0.5), "dropout_forward"),
    ],
)
@pytest.mark.parametrize("recorded", [True, False])
def test_at_most_four_python_frames_from_a_layer_to_its_kernel(make, kernel, recorded, monkeypatch):
    layer, x = make(), Tensor(np.ones((2, 4), "float32"))
    layer(x, training=True)
    real, here, depths = getattr(_kernels, kernel), inspect.currentframe(), []

    def counting(*args, **kwargs):
        frame, depth = inspect.currentframe().f_back, 0
        while frame is not here:
            frame, depth = frame.f_back, depth + 1
        depths.append(depth)
        return real(*args, **kwargs)

    monkeypatch.setattr(_kernels, kernel, counting)
    if recorded:
        layer(x, training=True)
    else:
        with no_grad():
            layer(x, training=True)
    expected = recorded or kernel != "activation_forward"  # one kernel does all without a graph
    assert len(depths) == expected
    assert all(depth <= 4 for depth in depths)
