"""Quantized: a network in whole numbers, by NumPy, to the bit as its C file computes it.

A number v is held as a code q from -128 to 127: v = q step + centre. A Dense has codes of weights,
-127 to 127, with a step for each output, so that

    sum = bias + sum of w[j, i] q[i]                                    in int32
    code = limited(floor((sum multiplier + 2^(shift - 1)) / 2^shift))   in int64

where multiplier / 2^shift is the ratio of the steps of `sum` and of the codes that come out; zero
points are part of the bias (Jacob et al. 2018, "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", with one rounding, to the nearest, halves up). What an
output ends with is left in int32: v = sum 2^exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

LEAST, MOST = -128, 127
"""Codes."""


@dataclass(eq=False)
class Quantity:
    """How codes stand for numbers: both arrays have the shape of a row."""

    step: Array
    centre: Array

    @property
    def is_uniform(self) -> bool:
        """Whether all numbers have one step and one centre."""
        return bool((self.step == self.step.flat[0]).all()) and bool(
            (self.centre == self.centre.flat[0]).all()
        )

    def codes(self, numbers: Array) -> Array:
        """The nearest codes."""
        found = np.rint((np.asarray(numbers, np.float64) - self.centre) / self.step)
        return np.clip(found, LEAST, MOST).astype(np.int64)


class Product(NamedTuple):
    """One Dense. kernel: int8 (inputs, outputs); bias, multiplier: int32; step: of the codes that
    come out, or of the sums of an output; final: whether these stay in int32."""

    name: str
    kernel: Array
    bias: Array
    multiplier: Array
    shift: int
    step: float
    final: bool

    def __call__(self, codes: Array) -> Array:
        sums = (codes.astype(np.float64) @ self.kernel.astype(np.float64)).astype(np.int64)
        half = np.int64(1) << np.int64(self.shift - 1)
        found = ((sums + self.bias) * self.multiplier.astype(np.int64) + half) >> self.shift
        return found if self.final else np.clip(found, LEAST, MOST)

    @property
    def nbytes(self) -> int:
        """Of its tables."""
        return self.kernel.nbytes + self.bias.nbytes + self.multiplier.nbytes


class Input(NamedTuple):
    """An input: code = limited(rint((x - centre) per_step)) in float32, of the shape of a row."""

    name: str
    centre: Array
    per_step: Array

    def codes(self, x: Any) -> Array:
        """Of rows; NaN is the lowest code."""
        with np.errstate(invalid="ignore", over="ignore"):
            found = np.rint((np.asarray(x, np.float32) - self.centre) * self.per_step)
            found = np.where(found > LEAST, np.minimum(found, np.float32(MOST)), LEAST)
        return found.astype(np.int8)


class Output(NamedTuple):
    """An output. end: what is done with the real numbers: softmax, sigmoid, tanh, relu or ""."""

    name: str
    exponent: int
    end: str


@dataclass(eq=False)
class Quantized:
    """A network. steps: functions that put what they make into a dict of codes, by the ids of the
    network's values; sources, ends: the ids of inputs and of outputs."""

    inputs: list[Input]
    outputs: list[Output]
    products: list[Product]
    steps: list[Callable[[dict[Any, Array]], None]]
    sources: list[int]
    ends: list[Any]

    def codes(self, arrays: Sequence[Any]) -> list[Array]:
        """int8 codes of arrays (rows, ...), in the order of the inputs."""
        return [one.codes(x) for one, x in zip(self.inputs, arrays, strict=True)]

    def integers(self, codes: Sequence[Any]) -> list[Array]:
        """The int32 outputs for int8 codes."""
        known = {
            key: np.asarray(one, np.int64) for key, one in zip(self.sources, codes, strict=True)
        }
        for step in self.steps:
            step(known)
        return [known[key].astype(np.int32) for key in self.ends]

    def predict(self, arrays: Sequence[Any]) -> list[Array]:
        """float32 outputs for arrays (rows, ...)."""
        found = self.integers(self.codes(arrays))
        return [
            _ENDS[one.end](np.ldexp(sums.astype(np.float32), one.exponent))
            for one, sums in zip(self.outputs, found, strict=True)
        ]


def _softmax(v: Array) -> Array:
    powers = np.exp(v - v.max(axis=-1, keepdims=True))
    found: Array = powers / powers.sum(axis=-1, keepdims=True)
    return found


def _sigmoid(v: Array) -> Array:
    with np.errstate(over="ignore"):
        found: Array = 1 / (1 + np.exp(-v))
    return found


_ENDS: dict[str, Callable[[Array], Array]] = {
    "": lambda v: v,
    "relu": lambda v: v,  # its sums are
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "tanh": np.tanh,
}
