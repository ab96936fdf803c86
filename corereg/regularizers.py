"""Penalties on weights and activities, as in `keras.regularizers`.

An L1/L2 penalty of a weight costs next to nothing: `fit` takes its gradient and its value inside
the optimizer's sweep. Any other regularizer is a function from Tensor to scalar Tensor and goes
through the autograd graph.

Names: "l1", "l2" and "l1_l2" (also "l1l2") stand for strengths of 0.01 each, "orthogonal" for 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg import lookup
from corereg.autograd import Parameter, Tensor, ops


class Regularizer:
    """Base class: subclass it and write `__call__`: Tensor -> scalar Tensor."""

    def __call__(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return {}

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({given})"


def strength(who: str, name: str, value: Any) -> float:
    """value as a finite float >= 0; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{who}: expected {name} as a number, received {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{who}: expected a finite {name} >= 0, received {value!r}")
    return float(value)


class L1L2(Regularizer):
    """l1 * sum(|w|) + l2 * sum(w**2). Gradient l1*sign(w) + 2*l2*w, with sign(0) = 0.

    l1, l2: finite numbers >= 0, else ValueError.
    """

    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = strength(type(self).__name__, "l1", 0.0 if l1 is None else l1)
        self.l2 = strength(type(self).__name__, "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        return ops.l1_l2_penalty(x, self.l1, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """l1 * sum(|w|)."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=0.01 if l1 is None else l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(L1L2):
    """l2 * sum(w**2), without the factor one half."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor * sum |offdiagonal(V V')| / (n (n-1)), V the n rows (or columns) of w normalised.

    Keras's `factor * 0.5 * sum / (n (n-1) / 2)`. w must be a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = strength("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: expected mode 'rows' or 'columns', received {mode!r}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        w = x if isinstance(x, Tensor) else Tensor(x)
        if w.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, received shape {w.shape}")
        w = w if self.mode == "rows" else w.T
        n = w.shape[0]
        if n < 2:
            return (w * 0.0).sum()
        v = w / ((w * w).sum(axis=1, keepdims=True) + 1e-30) ** 0.5
        off = (1 - np.eye(n)).astype(w.dtype)
        return ((v @ v.T).abs() * off).sum() * (self.factor / (n * (n - 1)))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def _both() -> L1L2:
    return L1L2(0.01, 0.01)


_TABLE: dict[str, Callable[..., Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1_l2": _both,
    "l1l2": _both,
    "orthogonal": OrthogonalRegularizer,
    "L1": L1,
    "L2": L2,
    "L1L2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer,
}


def get(identifier: Any) -> Any:
    """None, a regularizer, any callable, a name or a serialized dict as a regularizer or None."""
    found = lookup.resolve("regularizer", identifier, _TABLE)
    if found is not None and not callable(found):
        raise TypeError(
            f"regularizer: expected a name, a Regularizer or a callable, received {found!r}"
        )
    return found


def serialize(regularizer: Any) -> dict[str, Any] | None:
    """As {"class_name", "config"}."""
    return lookup.describe("regularizer", regularizer)


def deserialize(config: Any) -> Any:
    """What `serialize` gave, as a regularizer again."""
    return get(config)


def penalty(regularizer: Callable[[Any], Any], x: Tensor) -> Tensor:
    """regularizer(x), which must be a scalar Tensor: TypeError or ValueError if it is not."""
    found = regularizer(x)
    who = getattr(regularizer, "__name__", type(regularizer).__name__)
    if not isinstance(found, Tensor):
        raise TypeError(
            f"regularizer {who}: expected a Tensor computed from its argument, received {found!r}"
        )
    if found.ndim:
        raise ValueError(
            f"regularizer {who}: expected a scalar, received shape {found.shape}; sum it up"
        )
    return found


def penalties(parameters: Sequence[Parameter]) -> list[Tensor]:
    """Those of the trainable parameters that have a regularizer."""
    return [
        penalty(p.regularizer, p) for p in parameters if p.regularizer is not None and p.trainable
    ]


def fused(regularizer: Any) -> L1L2 | None:
    """regularizer if the optimizer's sweep does it: L1, L2 and L1L2 as they are here; else None."""
    return regularizer if type(regularizer) in (L1, L2, L1L2) else None
