"""Schedules to what files hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.optimizers.schedules.base import LearningRateSchedule


def serialize(learning_rate_schedule: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name.

    >>> schedule = optimizers.schedules.PolynomialDecay(0.1, 100)
    >>> optimizers.schedules.serialize(schedule)["class_name"]
    'PolynomialDecay'
    """
    return registry.serialize("schedule", learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What `serialize` gave, as a schedule again. custom_objects: {name: class} for schedules of
    one's own. ValueError for names that are not known.

    >>> config = {"initial_learning_rate": 0.1, "decay_steps": 100}
    >>> optimizers.schedules.deserialize({"class_name": "CosineDecay", "config": config})
    CosineDecay(0.1, 100)
    """
    with registry.custom_object_scope(custom_objects):
        found = (
            registry.find("schedule", config)
            if isinstance(config, str)
            else registry.deserialize("schedule", config)
        )
    if isinstance(found, type) or not (isinstance(found, LearningRateSchedule) or callable(found)):
        raise ValueError(
            f"schedule: expected the description of a schedule, received {config!r}; pass "
            "custom_objects={name: class or function} for one of your own"
        )
    return found
