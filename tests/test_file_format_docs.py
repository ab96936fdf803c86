"""docs/file-format.md: its reader, which needs NumPy alone, and its tables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archives import arrays, assert_same_sections, sections

from corereg.layers import Activation, Dense, Dropout, Flatten, Input
from corereg.models import Sequential
from corereg.saving import Limits, archive, npy

TEXT = (Path(__file__).parents[1] / "docs" / "file-format.md").read_text()
(CODE,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def reader():
    names = {"__name__": "reader"}
    exec(CODE, names)
    return names


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.corereg"


def test_the_reader_is_short_and_needs_numpy_alone():
    assert len(CODE.splitlines()) <= 60
    imported = set(re.findall(r"^(?:import|from) (\w+)", CODE, re.MULTILINE))
    assert imported - {"numpy"} <= sys.stdlib_module_names


def test_the_reader_finds_what_was_written(reader, path):
    archive.write(path, {"a": [1, None]}, sections())
    config, got = reader["read_model"](path)
    assert config == {"a": [1, None]}
    assert_same_sections(got, sections())


def test_the_reader_predicts(reader, path):
    model = Sequential(
        [
            Input((3, 2)),
            Flatten(),
            Dense(8, "relu", kernel_regularizer="l1"),
            Dropout(0.4),
            Dense(7, "tanh", use_bias=False),
            Activation("sigmoid"),
            Dense(6),
            Dense(4, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(1).standard_normal((9, 3, 2)).astype("float32")
    model.fit(x, np.arange(9) % 4, verbose=0)
    model.save(path)
    found = reader["predict"](*reader["read_model"](path), x)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5)


def test_the_reader_runs_without_corereg(path):
    archive.write(path, {}, {"weights": arrays()})
    hidden = f"import sys\nsys.modules['corereg'] = None\nsys.argv[1:] = [{str(path)!r}]\n"
    child = [sys.executable, "-c", hidden + CODE]
    result = subprocess.run(child, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert "h1/kernel" in result.stdout


def test_the_reader_predicts_where_corereg_cannot_be_imported(path, tmp_path):
    model = Sequential([Input((4,)), Dense(8, "relu"), Dropout(0.5), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(2).standard_normal((20, 4)).astype("float32")
    model.save(path, include_optimizer=False)
    np.save(tmp_path / "x.npy", x)
    use = f"""
import sys
sys.modules["corereg"] = None
exec({CODE.partition("if __name__")[0]!r})
folder = {str(tmp_path)!r}
found = predict(*read_model({str(path)!r}), np.load(folder + "/x.npy"))
np.save(folder + "/found.npy", found)
try:
    import corereg
except ImportError:
    print("alone")
"""
    child = [sys.executable, "-c", use]
    result = subprocess.run(child, capture_output=True, text=True, timeout=30)
    assert result.stdout == "alone\n", result.stderr
    found = np.load(tmp_path / "found.npy")
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5)


def test_keys_are_those_of_the_tables(path):
    model = Sequential([Input((4,)), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", log_penalties=True)
    x = np.ones((6, 4), "float32")
    model.fit(x, np.arange(6) % 3, verbose=0)
    model.save(path)
    config, sections = archive.read(path)
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE))
    assert config.keys() <= told.keys()
    assert all(f"`{key}`" in told["compile"] for key in config["compile"])
    assert sections.keys() <= told.keys()
    with zipfile.ZipFile(path) as members:
        assert json.loads(members.read("metadata.json")).keys() <= told.keys()


def test_the_reader_refuses_what_is_damaged(reader, path):
    archive.write(path, {}, {"weights": arrays()})
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"\0", data[:100] + b"?" + data[101:], b"", b"PK"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged, or no corereg file"):
            reader["read_model"](path)


def test_the_command_that_shows_the_digest(path):
    archive.write(path, {}, {"weights": arrays()})
    (command,) = re.findall(r"^    (head .*)$", TEXT, re.MULTILINE)
    try:
        shown = subprocess.run(
            command, shell=True, cwd=path.parent, capture_output=True, text=True, timeout=30
        ).stdout.split()
    except OSError:
        pytest.skip("no shell")
    if len(shown) != 3:
        pytest.skip("no sha256sum here, or a head that counts otherwise")
    assert shown[0] == shown[2]


def test_limits_are_those_of_the_table():
    table = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+(?: MiB)?) \|", TEXT, re.MULTILINE))
    for name, value in Limits()._asdict().items():
        number, _, unit = table[name].replace(",", "").partition(" ")
        assert int(number) * (1 << 20 if unit else 1) == value


def test_dtypes_are_those_of_the_text():
    for dtype in npy.DTYPES:
        assert dtype in TEXT
