"""Penalties on weights and activities, as in `keras.regularizers`.

An L1/L2 penalty of a weight costs next to nothing: `fit` takes its gradient and its value inside
the optimizer's sweep. Any other regularizer is a function from Tensor to scalar Tensor and goes
through the autograd graph. The proximal ones beyond Keras's make weights exactly zero.

Names: "l1", "l2" and "l1_l2" (also "l1l2") stand for strengths of 0.01 each, "orthogonal" for 0.01.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.regularizers.base import (
        Regularizer as Regularizer,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.regularizers.l1l2 import (
        L1 as L1,
        L1L2 as L1L2,
        L2 as L2,
        l1 as l1,
        l1_l2 as l1_l2,
        l2 as l2,
    )
    from corereg.regularizers.orthogonal import (
        OrthogonalRegularizer as OrthogonalRegularizer,
        orthogonal_regularizer as orthogonal_regularizer,
    )
    from corereg.regularizers.proximal import (
        ProximalGroupLasso as ProximalGroupLasso,
        ProximalL1 as ProximalL1,
        ProximalL1L2 as ProximalL1L2,
    )

_MODULES = {
    "L1": "l1l2",
    "L1L2": "l1l2",
    "L2": "l1l2",
    "OrthogonalRegularizer": "orthogonal",
    "ProximalGroupLasso": "proximal",
    "ProximalL1": "proximal",
    "ProximalL1L2": "proximal",
    "Regularizer": "base",
    "deserialize": "base",
    "get": "base",
    "l1": "l1l2",
    "l1_l2": "l1l2",
    "l2": "l1l2",
    "orthogonal_regularizer": "orthogonal",
    "serialize": "base",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="regularizer")
