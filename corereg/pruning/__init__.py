"""Sparse networks: weights that are exactly zero, and stay so.

`sparsify` does all in one call. Its parts: `magnitude_prune` cuts the smallest weights now,
`callbacks.GradualPruning` little by little, `freeze_zeros` keeps zeros at zero in any training, and
`model.sparsity()` shows what there is. `compact` gives an equal, smaller model without the inputs
and neurons that cannot matter.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.models.sparsity import SparsityRow as SparsityRow, SparsityTable as SparsityTable
    from corereg.pruning.compacting import compact as compact
    from corereg.pruning.freezing import (
        freeze_zeros as freeze_zeros,
        masks as masks,
        unfreeze_zeros as unfreeze_zeros,
    )
    from corereg.pruning.magnitude import magnitude_prune as magnitude_prune
    from corereg.pruning.report import SparsifyReport as SparsifyReport, Trial as Trial
    from corereg.pruning.sparse_training import sparsify as sparsify

_MODULES = {
    "SparsifyReport": "report",
    "SparsityRow": "corereg.models.sparsity",
    "SparsityTable": "corereg.models.sparsity",
    "Trial": "report",
    "compact": "compacting",
    "freeze_zeros": "freezing",
    "magnitude_prune": "magnitude",
    "masks": "freezing",
    "sparsify": "sparse_training",
    "unfreeze_zeros": "freezing",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
