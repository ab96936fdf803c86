"""Tests within a training: `evaluate` called by a callback in the middle of an epoch.

Training and tests add up in the same metrics, so what the epoch has added up is kept aside while
such a test runs.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.metrics.base import Metric
from corereg.training.accumulators import EpochAccumulators
from corereg.training.trainer import TrainableModel

_NOTHING = nullcontext()
Kept = list[tuple[dict[str, Any], str, Any, Any]]  # attributes, a name, its value, a copy of that


def metrics_kept(model: TrainableModel, sums: Any) -> AbstractContextManager[None]:
    """Within a training of this thread: puts the metrics, and the sums of tests, back at the end as
    they were."""
    within = model._trainer.lock.trainer_thread == get_ident()
    return _kept(model, sums) if within else _NOTHING


@contextmanager
def _kept(model: TrainableModel, sums: Any) -> Iterator[None]:
    kept: Kept = []
    for found in model.metrics:
        for metric in getattr(found, "metrics", [found]):
            _keep(vars(metric), kept)
    for one in model._trainer.compilation.metrics or ():
        _keep(vars(one.metric), kept)
    if isinstance(sums, EpochAccumulators):
        own = vars(sums)
        _keep({name: own[name] for name in ("_sums", "_counts")}, kept)
    for seen in (sums.penalties, model._trainer.trackers.penalties):
        _keep(seen.cells, kept)
    try:
        yield
    finally:
        for attributes, name, value, copy in kept:
            if isinstance(value, np.ndarray):
                value[...] = copy
            elif isinstance(value, Tensor):
                value.data[...] = copy
            elif isinstance(value, list) and [*map(id, value)] != [*map(id, copy)]:
                value[:] = copy
            attributes[name] = value


def _keep(attributes: dict[str, Any], kept: Kept) -> None:
    """Notes what the attributes hold: of arrays and tensors the values, of lists the entries."""
    for name, value in attributes.items():
        if isinstance(value, Metric):
            _keep(vars(value), kept)
        elif isinstance(value, Tensor):
            kept.append((attributes, name, value, value.data.copy()))
        elif isinstance(value, np.ndarray | list):
            kept.append((attributes, name, value, value.copy()))
        elif isinstance(value, int | float | str | None):
            kept.append((attributes, name, value, None))
