"""Programs as users of scikit-learn with Keras write them, with only the import changed: each file
of tests/programs/scikit_learn runs by itself and checks itself."""

from __future__ import annotations

import pathlib
import runpy

import pytest
from test_programs import process_as_before  # noqa: F401  # a fixture

import corereg
from corereg import naming

pytest.importorskip("sklearn")

LONG = {
    "grid_search_optimizer_epochs_batches",
    "pipeline_house_prices",
    "titanic_columns_and_searches",
}
PROGRAMS = sorted((pathlib.Path(__file__).parent / "programs" / "scikit_learn").glob("*.py"))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.exhaustive] * (path.stem in LONG))
        for path in PROGRAMS
    ],
)
def test_program(path, process_as_before, capsys, monkeypatch, tmp_path):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    corereg.set_random_seed(812)
    naming.restart()
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()
    assert not any(tmp_path.iterdir()), "a program leaves files behind"


def test_the_programs_are_there():
    assert len(PROGRAMS) >= 8
