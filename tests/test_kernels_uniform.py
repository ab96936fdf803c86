"""Uniform starting values: the numbers of NumPy's Generator over Philox, which fixes them here."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from corereg import _kernels, initializers, random, reference

GOLDEN = {  # key: the first numbers of [0, 1)
    0: [0.011546754286331562, 0.24154919656271812, 0.11142585551493822],
    2**64 - 1: [0.23494158814525556, 0.7173107484541781, 0.41117733204481477],
}


@pytest.mark.parametrize("key", [0, 1, 123456789, 2**63, 2**64 - 1])
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 4097])
def test_numbers_are_those_of_numpy_to_the_bit(key, n):
    for low, high in ((0.0, 1.0), (-0.3, 0.7), (5.0, 5.0), (-1e300, 1e300)):
        found = _kernels.uniform(key, low, high - low, n)
        assert found.dtype == np.float64
        assert found.tobytes() == reference.uniform(key, low, high - low, n).tobytes()


@pytest.mark.parametrize("key", GOLDEN)
def test_golden_numbers(key):
    assert _kernels.uniform(key, 0.0, 1.0, 3).tolist() == GOLDEN[key]


def test_bad_arguments(fails):
    fails(
        lambda: _kernels.uniform(1, 0.0, 1.0, -3),
        ValueError,
        "uniform: expected n >= 0, received -3",
    )
    with pytest.raises(OverflowError):
        _kernels.uniform(2**64, 0.0, 1.0, 3)


@pytest.mark.parametrize("seed", [0, 7, -3, 2**70])
def test_initializers_draw_what_a_generator_would(seed):
    rng = random.generator(seed)
    limit = np.sqrt(6 / 12)
    wanted = rng.uniform(-limit, limit, (5, 7)).astype(np.float32)
    assert (initializers.GlorotUniform(seed)((5, 7)) == wanted).all()
    values = initializers.RandomUniform(-2.0, 3.0, seed=seed)((2, 3, 4), "float64")
    assert (values == random.generator(seed).uniform(-2.0, 3.0, (2, 3, 4))).all()


def test_a_model_and_its_first_fit_do_without_numpy_random():
    code = """
import sys
import numpy as np
before = set(sys.modules)
import corereg
from corereg import layers
stack = [corereg.Input((3,)), layers.Dense(4, "relu"), layers.Dropout(0.5), layers.Dense(2)]
model = corereg.Sequential(stack)
model.compile("adam", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
print(*{"numpy.random", "threading", "random"} & (set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
