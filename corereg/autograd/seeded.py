"""Random numbers in Keras's words, as in `keras.random`: each function takes a seed.

seed: a `SeedGenerator`, which gives other numbers at every call; an integer, which gives the same
numbers at every call; None: numbers from the global seed (see `corereg.random.set_random_seed`).
`normal` and `dropout` of a `SeedGenerator` are replayed where a step is; everything else that draws
makes the step run through Python. Numbers are other ones than those of Keras's backends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels, config
from corereg.autograd.draws import count_draw, note_draw
from corereg.autograd.ops.layers import Dropout, filled_shape
from corereg.autograd.tensor import Tensor, apply, tensor
from corereg.naming import unique_name
from corereg.random import mix, next_seed
from corereg.shown import as_call

Shape = Sequence[int]


class SeedGenerator:
    """A sequence of random numbers for the functions of `corereg.random`; a layer makes one in its
    `__init__` and gives it to all that it draws.

    seed: a non-negative integer fixes the sequence; None draws one from the global seed. ValueError
    for anything else. Copies, pickles and files of models that have it go on where the original is.

    >>> seed = random.SeedGenerator(42)
    >>> first, second = random.uniform((3,), seed=seed), random.uniform((3,), seed=seed)
    >>> first.equal(second)
    False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None:
            _check_seed("SeedGenerator", seed)
        self.seed = seed
        self.name = unique_name("seed_generator") if name is None else name
        self._key = next_seed() if seed is None else mix(int(seed))
        self._drawn = np.zeros((), np.int64)  # draws so far; the kernels read it

    __repr__ = as_call

    def next(self) -> tuple[int, int]:
        """The key and the number of the next draw, which it counts."""
        _kernels.fail_recording("a SeedGenerator counts in Python")
        found = self._key, int(self._drawn)
        self._drawn += 1
        note_draw(self._drawn)
        return found

    @property
    def random_state(self) -> np.ndarray[Any, Any]:
        """The key of the numbers and how often they were drawn: two uint64. Settable."""
        return np.array([self._key, int(self._drawn)], np.uint64)

    @random_state.setter
    def random_state(self, value: np.ndarray[Any, Any]) -> None:
        if value.shape != (2,) or value.dtype != np.uint64 or value[1] >= 2**63:
            raise ValueError(f"SeedGenerator: expected a key and a count, received {value!r}")
        self._key = int(value[0])
        self._drawn[...] = value[1]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """One that begins the sequence again."""
        return cls(**config)


def normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal numbers of this mean and standard deviation. dtype: `floatx()` unless given; it and
    those of the other functions have to be float32 or float64, else ValueError.

    >>> x = random.normal((2, 3), seed=1)  # an integer gives the same numbers at every call
    >>> x.equal(random.normal((2, 3), seed=1))
    True
    """
    out = np.empty(_shape_of("normal", shape), _float("normal", dtype))
    key, drawn = _counter("normal", seed)
    _kernels.normal(out, key, drawn, float(mean), float(stddev))
    count_draw(drawn)
    return Tensor(out)


def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None
) -> Tensor:
    """inputs with each element zeroed with probability rate, in [0, 1], and the rest scaled by
    1/(1-rate). noise_shape: that of the mask, None for the inputs' own length, 1 where it is
    shared.

    >>> x = random.dropout(np.ones(1000), 0.5, seed=1)
    >>> np.unique(x)
    array([0., 2.])
    """
    x = tensor(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: expected a rate in [0, 1], received {rate!r}")
    mask = filled_shape("dropout", noise_shape, x.shape)
    key, drawn = _counter("dropout", seed)
    given = x if mask == x.shape else Tensor(np.ones(mask, x.dtype))
    kept = apply(Dropout(float(rate), key, drawn, False, given.data.size), given)
    count_draw(drawn)
    return kept if given is x else x * kept


def uniform(
    shape: Shape, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers uniform in [minval, maxval).

    >>> x = random.uniform((100,), 2, 5, seed=1)
    >>> bool((x >= 2).all() & (x < 5).all())
    True
    """
    size, kind = _shape_of("uniform", shape), _float("uniform", dtype)
    drawn = _generator("uniform", seed).random(size, kind)
    return Tensor((drawn * (maxval - minval) + minval).astype(kind))


def truncated_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """As `normal`, but what lies more than two standard deviations from the mean is drawn anew.

    >>> x = random.truncated_normal((1000,), stddev=0.5, seed=1)
    >>> bool(x.abs().max() <= 1)
    True
    """
    size, kind = _shape_of("truncated_normal", shape), _float("truncated_normal", dtype)
    draw = _generator("truncated_normal", seed)
    found = draw.standard_normal(size)
    while (far := np.abs(found) > 2).any():
        found = np.where(far, draw.standard_normal(size), found)
    return Tensor(np.asarray(found * stddev + mean, kind))


def randint(
    shape: Shape, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None
) -> Tensor:
    """Integers from minval to below maxval. ValueError for a dtype that is not of integers.

    >>> x = random.randint((100,), 0, 3, seed=1)
    >>> np.unique(x)
    array([0, 1, 2], dtype=int32)
    """
    if np.dtype(dtype).kind not in "iu":
        raise ValueError(f"randint: expected a dtype of integers, received {dtype!r}")
    drawn = _generator("randint", seed).integers(minval, maxval, _shape_of("randint", shape))
    return Tensor(np.asarray(drawn, dtype))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Indices (batch, num_samples), drawn with the probabilities softmax(logits), of logits
    (batch, classes).

    >>> logits = [[0.0, -np.inf], [-np.inf, 0.0]]
    >>> random.categorical(logits, 3, seed=1)
    Tensor([[0, 0, 0],
            [1, 1, 1]], dtype=int32)
    """
    scores = np.asarray(tensor(logits).data)
    if scores.ndim != 2:
        raise ValueError(
            f"categorical: expected logits (batch, classes), received shape {scores.shape}"
        )
    noise = _generator("categorical", seed).gumbel(size=(len(scores), num_samples, scores.shape[1]))
    return Tensor((scores[:, None, :] + noise).argmax(-1).astype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The slices of x along an axis in random order.

    >>> x = random.shuffle([1, 2, 3, 4], seed=1)
    >>> x.sort().values
    Tensor([1, 2, 3, 4], dtype=int64)
    """
    draw = _generator("shuffle", seed)
    return Tensor(draw.permutation(np.asarray(tensor(x).data), axis))


def beta(shape: Shape, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers of the beta distribution, between 0 and 1, of mean alpha / (alpha + beta); alpha and
    beta are positive, and may be arrays.

    >>> x = random.beta((1000,), 2.0, 6.0, seed=1)
    >>> bool((x.mean() - 0.25).abs() < 0.05)
    True
    """
    size, kind = _shape_of("beta", shape), _float("beta", dtype)
    return Tensor(np.asarray(_generator("beta", seed).beta(alpha, beta, size), kind))


def gamma(shape: Shape, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers of the gamma distribution of scale 1 and mean alpha; alpha is positive, and may be an
    array.

    >>> x = random.gamma((1000,), 3.0, seed=1)
    >>> bool((x.mean() - 3).abs() < 0.3)
    True
    """
    size, kind = _shape_of("gamma", shape), _float("gamma", dtype)
    return Tensor(np.asarray(_generator("gamma", seed).gamma(alpha, size=size), kind))


def binomial(
    shape: Shape, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """How many of `counts` trials succeed, each with this probability.

    >>> random.binomial((2, 3), 5, [0.0, 1.0, 1.0], seed=1)
    Tensor([[0., 5., 5.],
            [0., 5., 5.]])
    """
    size, kind = _shape_of("binomial", shape), _float("binomial", dtype)
    drawn = _generator("binomial", seed).binomial(np.asarray(counts, int), probabilities, size)
    return Tensor(np.asarray(drawn, kind))


def _check_seed(who: str, seed: Any) -> None:
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ValueError(
            f"{who}: expected seed as a SeedGenerator, a non-negative integer or None, received "
            f"{seed!r}"
        )


def _counter(who: str, seed: Any) -> tuple[int, Any]:
    """The key of the numbers, and how many draws there were: an array that the caller moves."""
    if isinstance(seed, SeedGenerator):
        return seed._key, seed._drawn
    _kernels.fail_recording(f"random.{who} draws anew only with seed=SeedGenerator()")
    if seed is None:
        return next_seed(), np.zeros((), np.int64)
    _check_seed(who, seed)
    return mix(int(seed)), np.zeros((), np.int64)


def _generator(who: str, seed: Any) -> np.random.Generator:
    """A NumPy generator for one draw."""
    from numpy.random import Generator, Philox

    _kernels.fail_recording(f"random.{who} draws in Python")
    key, drawn = _counter(who, seed)
    count = int(drawn)
    drawn += 1
    note_draw(drawn)
    return Generator(Philox(key=mix(key ^ count)))


def _shape_of(who: str, shape: Any) -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in shape)
    except TypeError:
        raise TypeError(
            f"random.{who}: expected shape as a tuple of integers, received {shape!r}"
        ) from None


def _float(who: str, dtype: Any) -> Any:
    name = config.floatx() if dtype is None else str(getattr(dtype, "name", dtype))
    if name not in ("float32", "float64"):
        raise ValueError(f"random.{who}: expected dtype 'float32' or 'float64', received {dtype!r}")
    return np.dtype(name)
