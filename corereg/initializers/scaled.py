"""Initializers whose variance goes by the number of inputs and outputs: Glorot's, He's, LeCun's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.initializers.base import Array, RandomInitializer, truncated
from corereg.registry import register


@register("initializer", "variance_scaling")
class VarianceScaling(RandomInitializer):
    """Variance scale/n, n = fan_in, fan_out or their mean (Glorot, Bengio 2010; He et al. 2015).

    distribution "uniform": within +-sqrt(3 scale/n); "truncated_normal": standard deviation
    sqrt(scale/n) after truncation, hence the division by .8796, also called "normal";
    "untruncated_normal". input_axes, output_axes: the axes of inputs and outputs, if both are
    given; else they are the last two, times all axes before them.

    >>> scaling = initializers.VarianceScaling(2.0, "fan_in", "uniform", seed=1)
    >>> bool(abs(scaling((150, 10))).max() <= 0.2)  # sqrt(3 * 2 / 150)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        distribution = str(distribution).lower()
        if distribution == "normal":
            distribution = "truncated_normal"
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
        self.input_axes = None if input_axes is None else tuple(input_axes)
        self.output_axes = None if output_axes is None else tuple(output_axes)

    def fans(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """The numbers of inputs and of outputs of weights of this shape."""
        if self.input_axes is not None and self.output_axes is not None:
            return (
                math.prod(shape[axis] for axis in self.input_axes),
                math.prod(shape[axis] for axis in self.output_axes),
            )
        fan_in, fan_out = shape[-2:] if len(shape) > 1 else (shape or (1,)) * 2
        field = math.prod(shape[:-2])  # of a convolution's kernel
        return field * fan_in, field * fan_out

    def _variance(self, shape: tuple[int, ...]) -> float:
        """That of weights of this shape."""
        fan_in, fan_out = self.fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        return self.scale / max(1.0, n)

    def _values(self, shape: tuple[int, ...]) -> Array:
        if self.distribution != "uniform":
            return super()._values(shape)
        limit = math.sqrt(3 * self._variance(shape))
        return self._uniform(-limit, limit, shape)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        deviation = math.sqrt(self._variance(shape))
        if self.distribution == "truncated_normal":
            return truncated(rng, shape) * (deviation / 0.87962566103423978)
        return rng.standard_normal(shape) * deviation

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **self.options(),
        }

    def options(self) -> dict[str, Any]:
        """The seed, and the axes if they were given."""
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        given = {name: list(one) for name, one in axes.items() if one is not None}
        return {"seed": self.seed, **given}


class PresetVarianceScaling(VarianceScaling):
    """A VarianceScaling whose class fixes all but the seed: (scale, mode, distribution)."""

    preset: tuple[float, str, str]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.preset, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        return self.options()


@register("initializer", "glorot_uniform")
class GlorotUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(6 / (fan_in + fan_out)).

    >>> weights = initializers.GlorotUniform(seed=1)((50, 100))
    >>> bool(abs(weights).max() <= 0.2)  # sqrt(6 / (50 + 100))
    True
    """

    preset = (1.0, "fan_avg", "uniform")


@register("initializer", "glorot_normal")
class GlorotNormal(PresetVarianceScaling):
    """Truncated normal, variance 2 / (fan_in + fan_out).

    >>> weights = initializers.GlorotNormal(seed=1)((100, 100))
    >>> round(float(weights.std()), 2)  # sqrt(2 / (100 + 100))
    0.1
    """

    preset = (1.0, "fan_avg", "truncated_normal")


@register("initializer", "he_uniform")
class HeUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(6 / fan_in).

    >>> weights = initializers.HeUniform(seed=1)((150, 10))
    >>> bool(abs(weights).max() <= 0.2)  # sqrt(6 / 150)
    True
    """

    preset = (2.0, "fan_in", "uniform")


@register("initializer", "he_normal")
class HeNormal(PresetVarianceScaling):
    """Truncated normal, variance 2 / fan_in.

    >>> weights = initializers.HeNormal(seed=1)((200, 100))
    >>> round(float(weights.std()), 2)  # sqrt(2 / 200)
    0.1
    """

    preset = (2.0, "fan_in", "truncated_normal")


@register("initializer", "lecun_uniform")
class LecunUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(3 / fan_in).

    >>> weights = initializers.LecunUniform(seed=1)((75, 10))
    >>> bool(abs(weights).max() <= 0.2)  # sqrt(3 / 75)
    True
    """

    preset = (1.0, "fan_in", "uniform")


@register("initializer", "lecun_normal")
class LecunNormal(PresetVarianceScaling):
    """Truncated normal, variance 1 / fan_in.

    >>> weights = initializers.LecunNormal(seed=1)((100, 200))
    >>> round(float(weights.std()), 2)  # sqrt(1 / 100)
    0.1
    """

    preset = (1.0, "fan_in", "truncated_normal")


variance_scaling = VarianceScaling
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
