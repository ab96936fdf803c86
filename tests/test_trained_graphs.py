"""Graphs trained as Keras 3 trained them: same weights and batches in, same numbers out, in the
same order of layers and weights.

goldens/trained_graphs.npz is made by goldens/make_trained_graph_goldens.py, which needs Keras;
these tests do not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.cases import split
from goldens.trained_graph_cases import CASES, run
from test_goldens import TOLERANCE, compare, dtype  # noqa: F401

import corereg

with np.load(Path(__file__).parent / "goldens" / "trained_graphs.npz") as _file:
    GOLDENS = dict(_file)


@pytest.mark.filterwarnings("ignore::corereg.PerformanceWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_graph_trains_as_in_keras(name: str, dtype: str) -> None:  # noqa: F811
    layers, ours = run(name, corereg, GOLDENS[f"{name}/start"], dtype)
    assert layers == GOLDENS[f"{name}/layers"].tolist()
    names = GOLDENS[f"{name}/names"].tolist()
    assert sorted(ours) == sorted(names)
    theirs = split(GOLDENS[f"{name}/{dtype}"], [ours[key] for key in names])
    for key, array in zip(names, theirs, strict=True):
        compare(key, ours[key], array, TOLERANCE[dtype])


def test_the_file_has_all_cases() -> None:
    assert {key.partition("/")[0] for key in GOLDENS} - {"keras"} == set(CASES)
