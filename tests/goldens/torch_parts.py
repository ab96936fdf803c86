"""What the table of torch_cases.py is written with: inputs from a seed, and cases by name."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Input = Callable[[int], Array]
"""An input of a case: from a seed, its array in float64."""


def uniform(seed: int, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1): the bit generator's stream is the same for every NumPy."""
    raw = np.random.PCG64(seed).random_raw(math.prod(shape))
    return (raw / 2.0**64).reshape(shape)


def positive(*shape: int) -> Input:
    """Numbers in 0.2...0.9 and 1.1...1.8: of order 1, away from where some ops have kinks."""

    def make(seed: int) -> Array:
        u = uniform(seed, shape)
        return np.where(u < 0.5, 0.2 + 1.4 * u, 0.4 + 1.4 * u)

    return make


def x(*shape: int) -> Input:
    """The same with either sign."""

    def make(seed: int) -> Array:
        return positive(*shape)(seed) * np.where(uniform(seed + 1, shape) < 0.5, -1, 1)

    return make


def at(*values: Any) -> Input:
    """These very numbers; one of them is a 0-d array."""
    array = np.array(values if len(values) != 1 else values[0], np.float64)
    return lambda seed: array.copy()


@dataclass(frozen=True)
class Case:
    """function(f, *tensors) -> tensor, with `f` the namespace of ops: corereg.ops, or its likeness
    for PyTorch in torch_ops.py. order: how many derivatives are compared, 0 to 2. corner: whether
    PyTorch's NaN in second derivatives asks nothing of ours."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[Input, ...]
    order: int = 2
    corner: bool = False

    @property
    def arrays(self) -> list[Array]:
        return [make(self.seed + 2 * i) for i, make in enumerate(self.inputs)]

    @property
    def names(self) -> list[str]:
        """Of what `run` gives: the value; "gradient i" of sum(u * value) by input i, with fixed
        weights u; "second i", that of sum over j of sum(v_j * gradient j) by input i, and "second
        of weights", by u: J v, which is what forward mode would give."""
        every = range(len(self.inputs))
        first = [f"gradient {i}" for i in every]
        second = [*(f"second {i}" for i in every), "second of weights"]
        return ["value", *first * (self.order > 0), *second * (self.order > 1)]

    @property
    def seed(self) -> int:
        return zlib.crc32(self.name.encode())

    def weights(self, i: int, shape: tuple[int, ...]) -> Array:
        """Fixed numbers of order 1, that the gradient of output i is weighted with."""
        return x(*shape)(self.seed + 1000 + 2 * i)


CASES: dict[str, Case] = {}


def case(name: str, function: Callable[..., Any], *inputs: Input, **options: Any) -> None:
    """Enters a case into the table."""
    if name in CASES:
        raise ValueError(f"two cases {name!r}")
    CASES[name] = Case(name, function, inputs, **options)


def named(op: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """f.op(*tensors, *args, **kwargs) as the function of a case."""
    return lambda f, *tensors: getattr(f, op)(*tensors, *args, **kwargs)


def run(
    case: Case,
    f: Any,
    arrays: Iterable[Any],
    leaf: Callable[[Any], Any],
    plain: Callable[[Any], Array],
    grad: Callable[[Any, list[Any], Any], Any],
) -> dict[str, Array]:
    """The value, first and second derivatives of a case, by the engine that is given.

    leaf(array) makes a tensor, plain(tensor) an array of it again; grad(output, tensors, weights)
    gives tensors or None, connected so that they can be differentiated again.
    """
    inputs = [leaf(a) for a in arrays]
    out = case.function(f, *inputs)
    results = [plain(out)]
    if case.order > 0:
        u = leaf(case.weights(0, tuple(out.shape)))
        first = grad(out, inputs, u)
        results += [filled(g, t, plain) for g, t in zip(first, inputs, strict=True)]
    if case.order > 1:
        total = None
        for i, g in enumerate(first):
            if g is not None and g.requires_grad:
                term = (g * leaf(case.weights(i + 1, tuple(g.shape)))).sum()
                total = term if total is None else total + term
        by = [*inputs, u]
        second = [None] * len(by) if total is None else grad(total, by, None)
        results += [filled(g, t, plain) for g, t in zip(second, by, strict=True)]
    return dict(zip(case.names, results, strict=True))


def filled(grad: Any, like: Any, plain: Callable[[Any], Array]) -> Array:
    """A gradient as an array: zeros where there is none."""
    return np.zeros(tuple(like.shape)) if grad is None else plain(grad)
