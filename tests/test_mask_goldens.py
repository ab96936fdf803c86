"""Masks go through layers, losses and metrics as Keras has them.

`goldens/make_mask_goldens.py` made the file, with Keras.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.mask_cases import CALLS, TRAINED, model_of, trained

import corereg

with np.load(Path(__file__).parent / "goldens" / "masks.npz") as _file:
    GOLDEN = dict(_file)


def test_there_is_a_golden_of_every_case():
    assert {name.split("/")[0] for name in GOLDEN} == {*CALLS, *TRAINED}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_as_keras_has_it(name):
    found = list(CALLS[name](corereg))
    assert len(found) == sum(key.startswith(f"{name}/") for key in GOLDEN)
    for i, one in enumerate(found):
        expected = GOLDEN[f"{name}/{i}"]
        assert np.shape(one) == expected.shape, i
        np.testing.assert_allclose(one, expected, 1e-5, 1e-6, err_msg=str(i))


@pytest.mark.parametrize("name", TRAINED)
def test_training_is_as_keras_does_it(name):
    found = trained(name, corereg)
    golden = {key.split("/")[1]: v for key, v in GOLDEN.items() if key.startswith(f"{name}/")}
    assert {*found} == {*golden}
    for key, value in found.items():
        np.testing.assert_allclose(value, golden[key], 1e-5, 1e-5, err_msg=key)
    for key, value in trained(name, corereg, replayed=False).items():
        assert np.array_equal(value, found[key]), key


@pytest.mark.parametrize("name", TRAINED)
def test_masked_steps_are_replayed(name):
    model = model_of(name, corereg)
    _, _, x, y, weight = TRAINED[name]
    model.fit(x, y, sample_weight=weight, epochs=3, verbose=0)
    model.evaluate(x, y, sample_weight=weight, verbose=0)
    model.predict(x, verbose=0)
    report = model.execution_report()
    assert {report[what].mode for what in ("fit", "evaluate", "predict")} == {"replayed"}
