"""bug_report: what it tells of, and what it keeps to itself."""

from __future__ import annotations

import os
import platform

import numpy as np
from small import data, net

import corereg


def test_versions_and_the_machine():
    text = corereg.bug_report()
    for expected in (corereg.__version__, np.__version__, platform.python_version(), "threads:"):
        assert expected in text
    assert "--- model" not in text
    assert "--- data" not in text


def test_the_environment_without_the_home_folder(monkeypatch):
    home = os.path.expanduser("~")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("COREREG_SOMETHING", f"{home}/secret")
    monkeypatch.setenv("PASSWORD", "hidden")
    text = corereg.bug_report()
    assert "OMP_NUM_THREADS=3" in text
    assert "COREREG_SOMETHING=~/secret" in text
    assert home not in text
    assert "hidden" not in text


def test_a_model_and_its_data():
    x, y = data()
    model = net()
    model.fit(x, y, verbose=0)
    text = corereg.bug_report(model, x, {"a": [y, y], "b": [1, 2.0]})
    lines = text.splitlines()
    assert any(line.startswith("Total params: ") for line in lines)
    assert any(line.startswith("fit: ") for line in lines)
    assert f"x: ndarray {x.shape} {x.dtype}" in lines
    one = f"ndarray {y.shape} {y.dtype}"
    assert f"y: dict of {{a: list of [{one}, {one}], b: list of 2 float, int}}" in lines


def test_a_frame():
    class DataFrame:  # as pandas has it
        shape = (2, 3)
        dtypes = (np.dtype("float64"), np.dtype("int64"), np.dtype("float64"))
        columns = ("secret", "b", "c")

    text = corereg.bug_report(x=DataFrame(), y="text")
    assert "x: DataFrame (2, 3) 2 x float64 1 x int64" in text
    assert "y: str" in text
    assert "secret" not in text
