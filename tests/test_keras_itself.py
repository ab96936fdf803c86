"""Keras itself loads what corereg wrote, where Keras is installed: the same predictions, and the
same steps when both train on. (The other direction needs no Keras: test_keras_files.py.)"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corereg
from tests.goldens.keras_file_cases import CASES, OF_OPTIMIZERS

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")
ALL = {**CASES, **OF_OPTIMIZERS}


def outputs(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def difference(found: list[Any], expected: list[Any]) -> float:
    """The largest difference, relative to the largest number of an output."""
    assert [one.shape for one in found] == [one.shape for one in expected]
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(one - two).max() / np.abs(two).max()) for one, two in pairs)


@pytest.mark.parametrize("name", ALL)
def test_keras_loads_what_is_written(name: str, tmp_path: Path) -> None:
    corereg.set_random_seed(1)
    model, x, y = ALL[name](corereg)
    options = {"batch_size": 4, "verbose": 0, "shuffle": False}
    if y is not None:
        model.fit(x, y, epochs=3, **options)
    model.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    assert difference(outputs(theirs, x), outputs(model, x)) < 1e-6
    model.save_weights(tmp_path / "m.weights.h5")
    theirs.load_weights(tmp_path / "m.weights.h5")
    if y is not None:
        assert int(theirs.optimizer.iterations) == model.optimizer.iterations
        for one in (model, theirs):
            one.fit(x, y, epochs=2, **options)
        assert difference(outputs(theirs, x), outputs(model, x)) < 1e-5


PARTS = {
    "loss": {"Quantile", "GaussianNLL"},
    "metric": set(),
    "regularizer": {"ProximalL1", "ProximalL1L2", "ProximalGroupLasso"},
    "initializer": {"FromArray"},
    "constraint": {"Constraint"},
    "schedule": set(),
}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("IoU", "OneHotIoU"), (3, [0, 1])),
    **dict.fromkeys(("MeanIoU", "OneHotMeanIoU"), (3,)),
    **dict.fromkeys(("PrecisionAtRecall", "RecallAtPrecision"), (0.5,)),
    **dict.fromkeys(("SensitivityAtSpecificity", "SpecificityAtSensitivity"), (0.5,)),
    **dict.fromkeys(("CosineDecay", "CosineDecayRestarts"), (0.1, 5)),
    **dict.fromkeys(("ExponentialDecay", "InverseTimeDecay"), (0.1, 5, 0.5)),
    "PiecewiseConstantDecay": ([3], [0.1, 0.01]),
    "PolynomialDecay": (0.1, 5),
}


@pytest.mark.parametrize("kind", PARTS)
def test_keras_knows_every_part(kind: str) -> None:
    """Each loss, metric and so on, as it stands in a file; and Keras's comes back as ours."""
    wrong = {}
    for name, made in corereg.registry.parts(kind).items():
        if name in PARTS[kind] or name == "MeanMetricWrapper":
            continue
        given = corereg.saving.serialize_keras_object(made(*ARGUMENTS.get(name, ())))
        try:
            theirs = keras.saving.deserialize_keras_object(given)
            assert type(theirs).__name__ == name
            back = keras.saving.serialize_keras_object(theirs)
            again = corereg.saving.deserialize_keras_object(back)
            assert type(again) is made
        except Exception as error:
            wrong[name] = error
    assert not wrong
