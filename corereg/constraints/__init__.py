"""Constraints of weights, as in `keras.constraints`: what an optimizer does to a weight after each
update.

`Dense(kernel_constraint=, bias_constraint=)` and `add_weight(constraint=)` take an object, a name
("max_norm", "min_max_norm", "non_neg", "unit_norm", or the class's) or any function from a tensor
to one of its shape. Those of this package are kernels; functions are run by autograd's ops.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.constraints.base import (
        Constraint as Constraint,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.constraints.norms import (
        MaxNorm as MaxNorm,
        MinMaxNorm as MinMaxNorm,
        UnitNorm as UnitNorm,
        max_norm as max_norm,
        min_max_norm as min_max_norm,
        unit_norm as unit_norm,
    )
    from corereg.constraints.signs import (
        NonNeg as NonNeg,
        non_neg as non_neg,
    )

_MODULES = {
    "Constraint": "base",
    "MaxNorm": "norms",
    "MinMaxNorm": "norms",
    "NonNeg": "signs",
    "UnitNorm": "norms",
    "deserialize": "base",
    "get": "base",
    "max_norm": "norms",
    "min_max_norm": "norms",
    "non_neg": "signs",
    "serialize": "base",
    "unit_norm": "norms",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="constraint")
