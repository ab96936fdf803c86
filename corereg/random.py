"""Where randomness comes from: one global seed, from which every layer and shuffle draws its own.

`set_random_seed(n)` makes everything that follows reproducible: initial weights, dropout masks
and the order of the rows in `fit`.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_MASK = (1 << 64) - 1
_lock = threading.Lock()
_state = int.from_bytes(os.urandom(8), "little")


def set_random_seed(seed: int) -> None:
    """Seeds all that corereg draws from now on. seed: an integer >= 0."""
    global _state
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ValueError(f"set_random_seed: expected an integer >= 0, received {seed!r}")
    _state = mix(int(seed))


def mix(x: int) -> int:
    """SplitMix64's output function (Steele, Lea, Flood 2014): 64 well-mixed bits of x."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def next_seed() -> int:
    """A fresh 64-bit seed, the next of the sequence that the global seed fixes."""
    global _state
    with _lock:
        _state = (_state + 0x9E3779B97F4A7C15) & _MASK
        return mix(_state)


def generator(seed: int | None = None) -> np.random.Generator:
    """A NumPy generator for this seed, or for the next of the global sequence."""
    from numpy.random import Generator, Philox

    return Generator(Philox(key=next_seed() if seed is None else mix(int(seed))))
