"""Pictures by matplotlib (extra `corereg[plot]`): of trainings, weights and predictions.

Every function takes `ax`, the axes to draw on (None: new ones), and returns them; none shows
anything by itself: a notebook does that, or `plt.show()`, or `ax.figure.savefig`. The colours are
told apart by the colour-blind, and go with light and dark styles of matplotlib.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.plotting.learning import (
        history as history,
        learning_rate as learning_rate,
        norms as norms,
    )
    from corereg.plotting.predicted import (
        calibration_curve as calibration_curve,
        confusion_matrix as confusion_matrix,
        uncertainty as uncertainty,
    )
    from corereg.plotting.weighted import (
        sparsity as sparsity,
        weights_histogram as weights_histogram,
        weights_image as weights_image,
    )

_MODULES = {
    "calibration_curve": "predicted",
    "confusion_matrix": "predicted",
    "history": "learning",
    "learning_rate": "learning",
    "norms": "learning",
    "sparsity": "weighted",
    "uncertainty": "predicted",
    "weights_histogram": "weighted",
    "weights_image": "weighted",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
