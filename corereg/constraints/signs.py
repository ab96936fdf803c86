"""NonNeg: weights that are not negative."""

from __future__ import annotations

from typing import Any

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, ops, tensor
from corereg.constraints.base import Constraint
from corereg.registry import register


@register("constraint", "non_neg")
class NonNeg(Constraint):
    """max(w, 0).

    >>> constraints.NonNeg()(np.array([-1.0, 2.0]))
    Tensor([0., 2.], dtype=float64)
    """

    recordable = True

    def __call__(self, w: Any) -> Tensor:
        return ops.maximum(tensor(w), 0)

    def constrain(self, parameter: Parameter) -> None:
        _kernels.constrain_signs(parameter.data)
        parameter.changed()


non_neg = NonNeg
