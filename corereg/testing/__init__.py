"""Checks for parts of one's own: layers, losses, metrics, optimizers, regularizers and ops.

    from corereg.testing import check_layer

    check_layer(LowRankDense, (5,), units=3, rank=2)

Each makes the part with these arguments and raises AssertionError, which says what is wrong, unless
the part does what every built-in one does. The test suite checks those with the same functions.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.testing.models import check_model as check_model, numbers as numbers
    from corereg.testing.parts import (
        check_grads as check_grads,
        check_layer as check_layer,
        check_loss as check_loss,
        check_metric as check_metric,
        check_optimizer as check_optimizer,
        check_regularizer as check_regularizer,
    )

_MODULES = {
    "check_grads": "parts",
    "check_layer": "parts",
    "check_loss": "parts",
    "check_metric": "parts",
    "check_model": "models",
    "check_optimizer": "parts",
    "check_regularizer": "parts",
    "numbers": "models",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
