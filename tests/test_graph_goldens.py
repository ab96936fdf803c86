"""Graphs built alike with Keras and corereg: the order of layers and weights, shapes, outputs.

`goldens/make_graph_goldens.py` made the files, with Keras.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from goldens.graph_cases import GRAPHS, describe

import corereg
from corereg import layers

HERE = Path(__file__).parent / "goldens"
GOLDEN = json.loads((HERE / "graphs.json").read_text())["graphs"]
LIB = SimpleNamespace(
    Input=corereg.Input,
    Model=corereg.Model,
    Sequential=corereg.Sequential,
    layers=layers,
    numpy=lambda tensor: tensor.data,
)


def test_there_is_a_golden_of_every_graph():
    assert set(GOLDEN) == set(GRAPHS)
    assert len(GRAPHS) >= 40


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_are_as_keras_makes_them(name):
    structure, outputs = describe(name, LIB)
    golden = GOLDEN[name]
    assert {key: structure[key] for key in golden} == golden
    with np.load(HERE / "graphs.npz") as arrays:
        for place, output in outputs.items():
            np.testing.assert_allclose(output, arrays[f"{name}/{place}"], rtol=1e-5, atol=1e-5)
