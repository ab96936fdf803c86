"""A file of format version 2, as it first was: files/version_2.corereg loads and trains on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from archives import assert_weights_load

from corereg.models import load_model
from corereg.saving import archive

FILE = Path(__file__).parent / "files" / "version_2.corereg"
X, Y = np.linspace(-1, 1, 24, dtype="f4").reshape(8, 3), np.arange(8) % 2


def outputs(model):
    return model.predict(X[:3], verbose=0)[:, 0]


def test_it_predicts_and_trains_on():
    model = load_model(FILE)
    assert [layer.name for layer in model.layers] == ["first", "norm", "drop", "last"]
    np.testing.assert_allclose(outputs(model), [0.39304060, 0.42424408, 0.45606336], rtol=1e-5)
    assert model.optimizer.iterations == 6
    model.fit(X, Y, batch_size=4, verbose=0)
    np.testing.assert_allclose(outputs(model), [0.39211163, 0.42352003, 0.45555890], rtol=1e-5)
    assert model.optimizer.iterations == 8


def test_its_weights_load_into_a_model():
    assert_weights_load(FILE)


def test_it_has_the_sections_of_its_version():
    config, sections = archive.read(FILE)
    assert config["iterations"] == 6
    assert set(sections) >= {"weights", "training", "optimizer"}
