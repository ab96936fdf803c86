"""Programs as a user of Keras writes them, with only the import changed, run and check themselves.

Each file of tests/programs is one program: it makes its data, trains, prints a figure or two, and
asserts what its reader would expect. Here each is run by itself, in this process, from one seed.
"""

from __future__ import annotations

import ast
import pathlib
import random
import runpy
import warnings

import numpy as np
import pytest

import corereg
from corereg import naming

FOLDER = pathlib.Path(__file__).parent / "programs"
PROGRAMS = sorted(FOLDER.glob("*.py"))
RUNS_THROUGH_PYTHON = {"custom_optimizer_momentum"}
"""Programs whose own parts cannot be recorded, of which a PerformanceWarning tells."""


@pytest.fixture
def process_as_before(registrations_as_before):
    """Puts back what programs change in the process: seeds, counts of names, their own parts."""
    seeds = random.getstate(), np.random.get_state(), corereg.random.get_state()  # noqa: NPY002
    counts = dict(naming._counts)
    yield
    random.setstate(seeds[0])
    np.random.set_state(seeds[1])  # noqa: NPY002
    corereg.random.set_state(seeds[2])
    naming._counts.clear()
    naming._counts.update(counts)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path, process_as_before, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    corereg.set_random_seed(812)
    naming.restart()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if path.stem in RUNS_THROUGH_PYTHON:
            warnings.simplefilter("ignore", corereg.PerformanceWarning)
        runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()
    assert not any(tmp_path.iterdir()), "a program leaves files behind"


def test_programs_use_corereg_as_they_would_use_keras():
    """They import corereg and NumPy beside Python's own modules, and each asserts something."""
    allowed = {"corereg", "numpy", "csv", "itertools", "math", "os", "pathlib", "tempfile"}
    allowed |= {"collections", "copy", "pickle", "re", "time"}
    assert len(PROGRAMS) >= 100
    for path in PROGRAMS:
        tree = ast.parse(path.read_text())
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).split(".")[0])
        assert "corereg" in found, path
        assert found <= allowed, path
        assert ast.get_docstring(tree), path
        assert any(isinstance(node, ast.Assert) for node in ast.walk(tree)), path
