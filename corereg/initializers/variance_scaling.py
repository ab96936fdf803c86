"""Initializers whose variance goes by the number of inputs and outputs: Glorot's, He's, LeCun's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.initializers.base import Array
from corereg.initializers.random import RandomInitializer, truncated
from corereg.registry import register


@register("initializer", "variance_scaling")
class VarianceScaling(RandomInitializer):
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


class PresetVarianceScaling(VarianceScaling):
    """A VarianceScaling whose class fixes all but the seed: (scale, mode, distribution)."""

    preset: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.preset, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@register("initializer", "glorot_uniform")
class GlorotUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(6 / (fan_in + fan_out))."""

    preset = (1.0, "fan_avg", "uniform")


@register("initializer", "glorot_normal")
class GlorotNormal(PresetVarianceScaling):
    """Truncated normal, variance 2 / (fan_in + fan_out)."""

    preset = (1.0, "fan_avg", "truncated_normal")


@register("initializer", "he_uniform")
class HeUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(6 / fan_in)."""

    preset = (2.0, "fan_in", "uniform")


@register("initializer", "he_normal")
class HeNormal(PresetVarianceScaling):
    """Truncated normal, variance 2 / fan_in."""

    preset = (2.0, "fan_in", "truncated_normal")


@register("initializer", "lecun_uniform")
class LecunUniform(PresetVarianceScaling):
    """Uniform within +-sqrt(3 / fan_in)."""

    preset = (1.0, "fan_in", "uniform")


@register("initializer", "lecun_normal")
class LecunNormal(PresetVarianceScaling):
    """Truncated normal, variance 1 / fan_in."""

    preset = (1.0, "fan_in", "truncated_normal")
