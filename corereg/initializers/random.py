"""Initializers that draw every element alike: RandomUniform, RandomNormal, TruncatedNormal; and
Orthogonal, which draws a matrix.

seed: an integer makes the values reproducible by themselves; None draws one from the global seed
when the initializer is made. Either way an initializer gives the same values at every call.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.initializers.base import Array, RandomInitializer, truncated
from corereg.registry import register


@register("initializer", "random_uniform", "uniform")
class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval).

    >>> weights = initializers.RandomUniform(0.0, 1.0, seed=1)((100,))
    >>> bool((weights >= 0).all() and (weights < 1).all())
    True
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval, self.maxval = float(minval), float(maxval)
        if not 0 <= self.maxval - self.minval < math.inf:
            raise ValueError(
                "RandomUniform: expected minval <= maxval with a finite difference, received "
                f"{minval} and {maxval}"
            )

    def _values(self, shape: tuple[int, ...]) -> Array:
        return self._uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


@register("initializer", "random_normal", "normal")
class RandomNormal(RandomInitializer):
    """Normal with this mean and standard deviation.

    >>> weights = initializers.RandomNormal(stddev=0.1, seed=1)((100, 100))
    >>> round(float(weights.std()), 2)
    0.1
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = float(mean), float(stddev)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


@register("initializer", "truncated_normal")
class TruncatedNormal(RandomNormal):
    """As RandomNormal, redrawn where further than two standard deviations from the mean.

    >>> weights = initializers.TruncatedNormal(stddev=0.1, seed=1)((1000,))
    >>> bool(abs(weights).max() <= 0.2)  # two standard deviations
    True
    """

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.mean + self.stddev * truncated(rng, shape)


@register("initializer", "orthogonal", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix of orthonormal rows or columns, whichever are fewer, times gain (Saxe et al.,
    2014): the Q of the QR decomposition of a matrix of normals, its columns turned so that all
    such matrices are equally likely. Of shapes with more axes, all but the last are the rows.
    ValueError for less than two axes.

    >>> w = initializers.Orthogonal(seed=1)((3, 3))
    >>> bool(np.allclose(w.T @ w, np.eye(3), atol=1e-5))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = float(gain)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected a shape of two or more axes, received {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


random_uniform, random_normal, truncated_normal = RandomUniform, RandomNormal, TruncatedNormal
orthogonal = OrthogonalInitializer = Orthogonal
