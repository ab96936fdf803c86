"""Every loss against Keras's: values, reductions, weights of each rank, gradients, trainings.

goldens/make_loss_goldens.py has made the numbers; these tests need no Keras.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.loss_cases import CASES, RATE, STEPS, run, training_data

import corereg
from corereg import Tensor, layers, losses, optimizers
from corereg.models import Sequential

GOLDENS = dict(np.load(Path(__file__).parent / "goldens" / "loss_goldens.npz"))
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
ROUNDED = {"log_cosh": 1e-7}  # of which Keras computes a constant in float32


def differentiate(function, p):
    leaf = Tensor(p, requires_grad=True)
    value = function(leaf)
    value.sum().backward()
    return value.data, leaf.grad.data


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name, dtype):
    tolerance = max(TOLERANCE[dtype], ROUNDED.get(name, 0))
    for part, found in run(name, losses, dtype, differentiate).items():
        assert all(one.dtype == dtype for one in found)
        expected = GOLDENS[f"{name} {part}"]
        flat = np.concatenate([np.ravel(one) for one in found])
        np.testing.assert_allclose(
            flat, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max())
        )


@pytest.mark.parametrize("name", CASES)
def test_trainings(name):
    """A few steps of a model, of which all but the first two are replayed, in float64."""
    case = CASES[name]
    x, y, kernel = training_data(name)
    before = corereg.config.floatx()
    corereg.config.set_floatx("float64")
    try:
        inside = layers.Dense(3, case.activation, use_bias=False, kernel_initializer=kernel)
        model = Sequential([layers.Input((3,)), inside])
        model.compile(optimizers.SGD(RATE), getattr(losses, case.loss)(**case.arguments))
        model.fit(x, y, epochs=STEPS, batch_size=6, shuffle=False, verbose=0)
        assert model.execution_report()["fit"].mode == "replayed"
    finally:
        corereg.config.set_floatx(before)
    expected = GOLDENS[f"{name} trained"]
    tolerance = max(1e-11, ROUNDED.get(name, 0))
    np.testing.assert_allclose(inside.kernel.data.ravel(), expected, rtol=tolerance, atol=tolerance)
