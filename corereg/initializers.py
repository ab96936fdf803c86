"""Starting values of weights, as in `keras.initializers`: objects called with a shape.

seed: an integer makes the values reproducible by themselves; None draws one from the global seed
when the initializer is made. Either way an initializer gives the same values at every call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg import config, lookup
from corereg.random import generator, next_seed

Array = np.ndarray[Any, Any]


class Initializer:
    """Base class: subclass it and write `__call__(shape, dtype)`."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    def get_config(self) -> dict[str, Any]:
        return {}


class Constant(Initializer):
    """All elements `value`."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = float(value)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        return np.full(shape, self.value, dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Zeros(Constant):
    """All elements 0."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def get_config(self) -> dict[str, Any]:
        return {}


class Ones(Constant):
    """All elements 1."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def get_config(self) -> dict[str, Any]:
        return {}


class _Random(Initializer):
    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._key = next_seed() if seed is None else int(seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        return self.draw(generator(self._key), tuple(shape)).astype(dtype or config.floatx())

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class RandomUniform(_Random):
    """Uniform in [minval, maxval)."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval, self.maxval = float(minval), float(maxval)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class RandomNormal(_Random):
    """Normal with this mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = float(mean), float(stddev)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """As RandomNormal, redrawn where further than two standard deviations from the mean."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.mean + self.stddev * truncated(rng, shape)


def truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normals within [-2, 2]."""
    x = rng.standard_normal(shape)
    while (far := np.abs(x) > 2).any():
        x[far] = rng.standard_normal(int(far.sum()))
    return x


class VarianceScaling(_Random):
    """Variance scale/n, n = fan_in, fan_out or their mean (Glorot, Bengio 2010; He et al. 2015).

    distribution "uniform": within +-sqrt(3 scale/n); "truncated_normal": standard deviation
    sqrt(scale/n) after truncation, hence the division by .8796; "untruncated_normal".
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        if not scale > 0:
            raise ValueError(f"VarianceScaling: expected scale > 0, received {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"VarianceScaling: expected mode fan_in, fan_out or fan_avg, received {mode!r}"
            )
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                "VarianceScaling: expected distribution uniform, truncated_normal or "
                f"untruncated_normal, received {distribution!r}"
            )
        self.scale, self.mode, self.distribution = float(scale), mode, distribution

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        fan_in, fan_out = shape[-2:] if len(shape) > 1 else (shape or (1,)) * 2
        field = math.prod(shape[:-2])  # of a convolution's kernel
        fan_in, fan_out = field * fan_in, field * fan_out
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "truncated_normal":
            return truncated(rng, shape) * (math.sqrt(variance) / 0.87962566103423978)
        return rng.standard_normal(shape) * math.sqrt(variance)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
        }


class _Named(VarianceScaling):
    """A VarianceScaling whose class says all but the seed."""

    preset: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.preset, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class GlorotUniform(_Named):
    """Uniform within +-sqrt(6 / (fan_in + fan_out))."""

    preset = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal, variance 2 / (fan_in + fan_out)."""

    preset = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform within +-sqrt(6 / fan_in)."""

    preset = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal, variance 2 / fan_in."""

    preset = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform within +-sqrt(3 / fan_in)."""

    preset = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal, variance 1 / fan_in."""

    preset = (1.0, "fan_in", "truncated_normal")


_CLASSES: tuple[type[Initializer], ...] = (
    *(Constant, Zeros, Ones, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling),
    *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
)
_TABLE: dict[str, Callable[..., Initializer]] = {c.__name__: c for c in _CLASSES}
for _class in _CLASSES:
    _snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in _class.__name__)[1:]
    _TABLE[_snake] = _class


def get(identifier: Any) -> Any:
    """An initializer from a name, an object, a callable (shape, dtype) or a serialized dict."""
    found = lookup.resolve("initializer", identifier, _TABLE)
    if not callable(found):
        raise TypeError(f"initializer: expected a name or a callable, received {found!r}")
    return found


def serialize(initializer: Any) -> dict[str, Any] | None:
    """As {"class_name", "config"}."""
    return lookup.describe("initializer", initializer)


def deserialize(config: Any) -> Any:
    """What `serialize` gave, as an initializer again."""
    return get(config)
