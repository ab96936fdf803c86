"""Metrics from names and from what files hold, and back.

"accuracy" is resolved by shapes when the model first meets data: one output: binary; integer
labels: sparse categorical; else categorical.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from corereg.metrics.base import Metric, MetricFunction

ACCURACY = ("accuracy", "acc")


def resolve(identifier: Any) -> Metric | str:
    """The Metric of a name, an object, a function or a serialized dict; "accuracy" and "acc" stay
    names until the shapes of the data are known. Raises if there is no such metric."""
    if isinstance(identifier, str):
        if identifier in ACCURACY:
            return identifier
        if registry.find("metric", identifier) is None:
            raise registry.unknown("metric", identifier, also=ACCURACY)
    found = registry.resolve("metric", identifier)
    if isinstance(found, Metric):
        if isinstance(identifier, str):
            found.name = identifier
        return found
    if callable(found):
        return MetricFunction(found)
    raise TypeError(f"metric: expected a name, a Metric or a function, received {found!r}")


def get(
    identifier: Any, outputs: tuple[int | None, ...] = (None, None), sparse: bool = False
) -> Metric:
    """A Metric. outputs: the model's output shape, sparse: whether y holds integer labels; both
    decide what "accuracy" means."""
    found = resolve(identifier)
    if isinstance(found, Metric):
        return found
    if outputs[-1] == 1:
        return BinaryAccuracy(found)
    return SparseCategoricalAccuracy(found) if sparse else CategoricalAccuracy(found)


def serialize(metric: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    if isinstance(metric, MetricFunction) and registry.registered_function(metric.function):
        metric = metric.function
    return registry.serialize("metric", metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Metric:
    """What `serialize` gave, as a metric again."""
    with registry.custom_object_scope(custom_objects):
        return get(config)
