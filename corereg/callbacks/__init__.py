"""Callbacks of `fit`, `evaluate` and `predict`, with the names, arguments and behaviour of Keras 3.

Pass them as `model.fit(..., callbacks=[EarlyStopping(patience=3)])`. With `verbose` they write what
they do to standard output. A `monitor` that the logs lack draws one warning, which names what there
is.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
    from corereg.callbacks.base import Callback as Callback
    from corereg.callbacks.callback_list import CallbackList as CallbackList
    from corereg.callbacks.csv_logger import CSVLogger as CSVLogger
    from corereg.callbacks.early_stopping import EarlyStopping as EarlyStopping
    from corereg.callbacks.gradual_pruning import GradualPruning as GradualPruning
    from corereg.callbacks.history import History as History
    from corereg.callbacks.lambda_callback import LambdaCallback as LambdaCallback
    from corereg.callbacks.learning_rate_finder import LearningRateFinder as LearningRateFinder
    from corereg.callbacks.learning_rate_scheduler import (
        LearningRateScheduler as LearningRateScheduler,
    )
    from corereg.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
    from corereg.callbacks.norm_logger import NormLogger as NormLogger
    from corereg.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
    from corereg.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
    from corereg.callbacks.snapshot_ensemble import SnapshotEnsemble as SnapshotEnsemble
    from corereg.callbacks.stochastic_weight_averaging import (
        StochasticWeightAveraging as StochasticWeightAveraging,
    )
    from corereg.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
    from corereg.callbacks.tensorboard import TensorBoard as TensorBoard
    from corereg.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN

_MODULES = {
    "BackupAndRestore": "backup_and_restore",
    "CSVLogger": "csv_logger",
    "Callback": "base",
    "CallbackList": "callback_list",
    "EarlyStopping": "early_stopping",
    "GradualPruning": "gradual_pruning",
    "History": "history",
    "LambdaCallback": "lambda_callback",
    "LearningRateFinder": "learning_rate_finder",
    "LearningRateScheduler": "learning_rate_scheduler",
    "ModelCheckpoint": "model_checkpoint",
    "NormLogger": "norm_logger",
    "ProgbarLogger": "progbar_logger",
    "ReduceLROnPlateau": "reduce_lr_on_plateau",
    "SnapshotEnsemble": "snapshot_ensemble",
    "StochasticWeightAveraging": "stochastic_weight_averaging",
    "SwapEMAWeights": "swap_ema_weights",
    "TensorBoard": "tensorboard",
    "TerminateOnNaN": "terminate_on_nan",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
