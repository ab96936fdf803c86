"""The penalties L1 (lasso), L2 (ridge, weight decay as a penalty) and both: L1L2 (elastic net).

The optimizer's sweep takes their gradient and their value along, see
`corereg.regularizers.penalties.fused`.
"""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.registry import register
from corereg.regularizers.base import L1_L2_NAMES, Regularizer, check_strength


@register("regularizer", *L1_L2_NAMES)
class L1L2(Regularizer):
    """l1 * sum(|w|) + l2 * sum(w**2). Gradient l1*sign(w) + 2*l2*w, with sign(0) = 0.

    l1, l2: finite numbers >= 0, else ValueError.

    >>> round(regularizers.L1L2(l1=0.1, l2=0.1)(corereg.Tensor([1.0, -2.0])).item(), 4)
    0.8
    """

    recordable = True
    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_strength(type(self).__name__, "l1", 0.0 if l1 is None else l1)
        self.l2 = check_strength(type(self).__name__, "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        return ops.l1_l2_penalty(x, self.l1, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@register("regularizer", "l1")
class L1(L1L2):
    """l1 * sum(|w|).

    >>> round(regularizers.L1(0.1)(corereg.Tensor([1.0, -2.0])).item(), 4)
    0.3
    """

    recordable = True

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=0.01 if l1 is None else l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@register("regularizer", "l2")
class L2(L1L2):
    """l2 * sum(w**2), without the factor one half.

    >>> round(regularizers.L2(0.1)(corereg.Tensor([1.0, -2.0])).item(), 4)
    0.5
    """

    recordable = True

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


l1 = L1
l2 = L2
l1_l2 = L1L2
