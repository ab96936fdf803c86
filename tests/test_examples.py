"""The programs and notebooks of docs/examples run, print what they say and warn of nothing.

Running them is `exhaustive`, for each takes a second or more; .ci/run does. A notebook runs in a
kernel of its own, as it does for a reader. What a cell gives is compared with nothing, but every
cell has to end, and a notebook in the repository was run from its first cell to its last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
NEEDED = {"grid_search": "sklearn", "wide_and_deep": "pandas"}  # of other packages


def of_files(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=lambda file: file.stem)


def test_there_are_examples():
    assert len(PROGRAMS) >= 8
    assert len(NOTEBOOKS) >= 4


@of_files(PROGRAMS)
def test_a_program_tells_how_it_is_run(file):
    text = file.read_text()
    assert f"python docs/examples/{file.name}\n" in text
    assert text.startswith('"""')


@pytest.mark.exhaustive
@of_files(PROGRAMS)
def test_a_program_runs(file, tmp_path):
    if file.stem in NEEDED:
        pytest.importorskip(NEEDED[file.stem])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 2, done.stdout
    assert not done.stderr


@of_files(NOTEBOOKS)
def test_a_notebook_was_run_as_a_whole(file):
    cells = json.loads(file.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert "error" not in kinds
    assert "/home/" not in file.read_text()
    assert cells[0]["cell_type"] == "markdown"


@pytest.mark.exhaustive
@of_files(NOTEBOOKS)
def test_a_notebook_runs(file, tmp_path, monkeypatch):
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setitem(os.environ, "MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(file, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    client.NotebookClient(notebook, timeout=300, resources=resources).execute()
    printed = [
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream" and output["name"] == "stderr"
    ]
    assert not printed
