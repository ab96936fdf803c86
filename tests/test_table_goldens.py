"""Embeddings, pooling and preprocessing give what Keras gives.

`goldens/make_table_goldens.py` made the file, with Keras.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from goldens.table_cases import LAYERS, TRAINED, trained

import corereg
from corereg import layers, optimizers

with np.load(Path(__file__).parent / "goldens" / "tables.npz") as _file:
    GOLDEN = dict(_file)
LIB = SimpleNamespace(
    Input=corereg.Input, Model=corereg.Model, layers=layers, optimizers=optimizers
)


def test_there_is_a_golden_of_every_case():
    assert {name.split("/")[0] for name in GOLDEN} == {*TRAINED, *LAYERS}


@pytest.mark.parametrize("name", TRAINED)
def test_training_is_as_keras_does_it(name):
    tolerance = 1e-12 if TRAINED[name][3] == "float64" else 1e-5
    if name == "no_mask":  # Keras's mean of float64 is rounded to float32 on the way
        tolerance = 1e-6
    found = trained(name, LIB)
    assert {key.split("/")[1] for key in GOLDEN if key.startswith(f"{name}/")} == {*found}
    for key, value in found.items():
        np.testing.assert_allclose(value, GOLDEN[f"{name}/{key}"], tolerance, tolerance)
    for key, value in trained(name, LIB, replayed=False).items():
        assert np.array_equal(value, found[key]), key


@pytest.mark.parametrize("name", LAYERS)
def test_preprocessing_is_as_keras_does_it(name):
    found = LAYERS[name](layers)
    found = found.data if hasattr(found, "data") and not isinstance(found, np.ndarray) else found
    assert found.shape == GOLDEN[name].shape
    np.testing.assert_allclose(found, GOLDEN[name], rtol=1e-5, atol=1e-5)
