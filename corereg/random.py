"""Where randomness comes from: a seed, from which every layer and model draws its own, and the
functions of `keras.random`, which stand in corereg/autograd/seeded.py.

`set_random_seed(n)` makes everything that follows in this thread reproducible: initial weights,
dropout masks and the order of the rows in `fit`. A seed that the main thread sets is the process's,
which all threads share that never set one of their own; a seed that another thread sets belongs to
that thread. What a layer or a model has drawn belongs to it from then on, whichever thread trains
it: the order of rows is a function of the model's seed and of the number of the pass.
"""

from __future__ import annotations

import os
from _thread import _local, allocate_lock
from functools import cache
from typing import TYPE_CHECKING, Any

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    import numpy as np

_MODULES = dict.fromkeys(
    (
        *("SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal"),
        *("randint", "shuffle", "truncated_normal", "uniform"),
    ),
    "corereg.autograd.seeded",
)
__getattr__, __dir__, _names = lazy_package(__name__, _MODULES)
__all__ = ["get_state", "set_random_seed", "set_state", *_names]

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # of SplitMix64 (Steele, Lea, Flood 2014)
_MODELS = 0x6D6F64656C73  # tells the stream of models' seeds from that of all others


class _Streams:
    """Two sequences of seeds: for layers and arrays, and for models. A model draws from a sequence
    of its own, so that making one does not change the weights of the layers after it."""

    def __init__(self, state: int) -> None:
        self.lock = allocate_lock()
        self.set(state, mix(state ^ _MODELS))

    def set(self, state: int, models: int) -> None:
        self.state, self.models = state, models

    def next(self) -> int:
        with self.lock:
            self.state = (self.state + _STEP) & _MASK
            return mix(self.state)

    def next_model(self) -> int:
        with self.lock:
            self.models = (self.models + _STEP) & _MASK
            return mix(self.models)


def mix(x: int) -> int:
    """SplitMix64's output function: 64 well-mixed bits of x."""
    x = (x + _STEP) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


_process = _Streams(int.from_bytes(os.urandom(8), "little"))
_own = _local()  # `streams`: of a thread that has set a seed


def _after_fork_in_child() -> None:
    """A thread that held the lock does not live on in a forked child."""
    _process.lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _streams() -> _Streams:
    return getattr(_own, "streams", _process)


def _streams_to_set(state: int) -> _Streams:
    if not hasattr(_own, "streams"):
        import threading

        if threading.current_thread() is threading.main_thread():
            return _process
        _own.streams = _Streams(state)
    return _own.streams  # type: ignore[no-any-return]


class OwnStreams:
    """``with OwnStreams(seed):`` what this thread draws inside follows from an integer alone, and
    does not change what is drawn afterwards."""

    def __init__(self, seed: int = 0) -> None:
        self._state = mix(seed & _MASK) if seed else 0

    def __enter__(self) -> None:
        self._outside = getattr(_own, "streams", None)
        _own.streams = _Streams(self._state)

    def __exit__(self, *raised: object) -> None:
        if self._outside is None:
            del _own.streams
        else:
            _own.streams = self._outside


def set_random_seed(seed: int) -> None:
    """Seeds all that corereg draws from now on in this thread (in the main thread: in all threads
    that have no seed of their own), and, as Keras's function does, Python's `random` and NumPy's
    global generator, from which programs draw their data.

    seed: an integer in [0, 2**32), else ValueError.

    >>> random.set_random_seed(7)
    >>> first = corereg.rand(3)
    >>> random.set_random_seed(7)
    >>> first.equal(corereg.rand(3))
    True
    """
    import random as python_random

    import numpy as np

    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: expected an integer in [0, 2**32), received {seed!r}")
    state = mix(int(seed))
    _streams_to_set(state).set(state, mix(state ^ _MODELS))
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002


def get_state() -> dict[str, int]:
    """Where this thread's sequences of seeds are: JSON-able, for `set_state`.

    >>> state = random.get_state()
    >>> first = corereg.rand(3)
    >>> random.set_state(state)
    >>> first.equal(corereg.rand(3))
    True
    """
    streams = _streams()
    with streams.lock:
        return {"state": streams.state, "models": streams.models}


def set_state(state: dict[str, Any]) -> None:
    """Puts back what `get_state` gave, in this thread (see `set_random_seed`). ValueError for
    anything else; nothing is changed then.

    >>> state = random.get_state()
    >>> first = layers.Dense(2, bias_initializer="normal")
    >>> random.set_state(state)
    >>> second = layers.Dense(2, bias_initializer="normal")
    >>> x = np.ones((1, 3))
    >>> first(x).equal(second(x))
    True
    """
    values = [state.get(key) for key in ("state", "models")] if isinstance(state, dict) else []
    if not values or not all(type(value) is int and 0 <= value <= _MASK for value in values):
        raise ValueError(
            f"corereg.random.set_state: expected what get_state returned, received {state!r}"
        )
    _streams_to_set(state["state"]).set(state["state"], state["models"])


def next_seed() -> int:
    """A fresh 64-bit seed, the next of this thread's sequence."""
    return _streams().next()


def next_model_seed() -> int:
    """A fresh 64-bit seed for a model, the next of this thread's sequence of those."""
    return _streams().next_model()


def generator(seed: int | None = None) -> np.random.Generator:
    """A NumPy generator for this seed, or for the next of this thread's sequence."""
    from numpy.random import Generator, Philox

    return Generator(Philox(_key_class()(next_seed() if seed is None else mix(int(seed)))))


@cache
def _key_class() -> type:
    """The class of what `Philox` takes its key from. Given as ``Philox(key=...)``, it asks the
    system for random numbers, too, which takes four times as long, and uses none of them."""
    import numpy as np
    from numpy.random.bit_generator import ISeedSequence

    class Key(ISeedSequence):
        def __init__(self, key: int) -> None:
            self._key = key

        def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
            return np.array([self._key, 0], np.uint64)

    return Key
