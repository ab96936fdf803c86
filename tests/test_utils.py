"""corereg.utils: seeds for everything at once. `to_categorical` is tested in test_losses.py."""

from __future__ import annotations

import random

import numpy as np
import pytest

import corereg
from corereg import utils


@pytest.fixture
def generators_as_before():
    """Gives Python's and NumPy's own generators their states back."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    yield
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002


@pytest.mark.usefixtures("generators_as_before")
@pytest.mark.parametrize("seed", [0, 7, np.int64(9), 2**32 - 1])
def test_set_random_seed_seeds_python_and_numpy_too(seed):
    def drawn():
        return corereg.rand(3).tolist(), random.random(), np.random.rand()  # noqa: NPY002

    utils.set_random_seed(seed)
    ours, pythons, numpys = drawn()
    assert drawn() != (ours, pythons, numpys)
    assert pythons == random.Random(int(seed)).random()
    assert numpys == np.random.RandomState(int(seed)).rand()
    corereg.set_random_seed(seed)
    assert ours == corereg.rand(3).tolist()
    utils.set_random_seed(seed)
    assert drawn() == (ours, pythons, numpys)
