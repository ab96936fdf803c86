"""The penalties of weights: their values, and which of them the optimizer's sweep computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.regularizers.l1l2 import L1, L1L2, L2


def penalty(regularizer: Any, x: Tensor) -> Tensor:
    """regularizer(x), which must be a scalar Tensor: TypeError or ValueError if it is not."""
    _kernels.track_part(regularizer)
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


def regularized(parameters: Sequence[Parameter]) -> list[Parameter]:
    """The trainable parameters that have a regularizer."""
    return [p for p in parameters if p.regularizer is not None and p.trainable]


def penalties(parameters: Sequence[Parameter]) -> list[tuple[Parameter, Tensor]]:
    """Every trainable parameter that has a regularizer, and its penalty."""
    return [(p, penalty(p.regularizer, p)) for p in regularized(parameters)]


def is_proximal(regularizer: Any) -> bool:
    """Whether the optimizer's step, and not the gradient, follows from a regularizer."""
    return bool(getattr(regularizer, "is_proximal", False))


def swept_proximal(regularizer: Any) -> tuple[float, float, str] | None:
    """Strengths and scaling of the proximal stage in the optimizer's sweep; None: it has none."""
    found: tuple[float, float, str] | None = getattr(regularizer, "_swept", None)
    return found


def fused(regularizer: Any) -> L1L2 | None:
    """The regularizer itself if the optimizer's sweep computes its value and gradient: an L1, L2 or
    L1L2, not of a subclass; else None."""
    return regularizer if type(regularizer) in (L1, L2, L1L2) else None
