"""Sparse networks: weights that are exactly zero, and stay so.

`compact` gives an equal, smaller model without the inputs and neurons that cannot matter.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.pruning.compacting import compact as compact

_MODULES = {
    "compact": "compacting",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
