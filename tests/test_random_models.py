"""Random graphs of layers: replayed equals eager, to the bit, on one thread and on two.
campaigns/random_models.py tries thousands."""

from __future__ import annotations

import pytest
import random_models

import corereg


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(12))
def test_a_random_model_is_replayed_as_it_runs_eagerly(seed: int) -> None:
    threads = corereg.get_num_threads()
    corereg.set_num_threads(1 + seed % 2)
    try:
        random_models.check(seed)
    finally:
        corereg.set_num_threads(threads)
