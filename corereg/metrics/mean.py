"""Mean and Sum of whatever values they are given, and MeanMetricWrapper, the mean of what a
function of targets and predictions gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg import _kernels, registry
from corereg.autograd import Tensor
from corereg.metrics.arrays import Array, as_array, finished
from corereg.metrics.base import Metric
from corereg.registry import register


@register("metric", "mean")
class Mean(Metric):
    """The weighted mean of the values that `update_state` gets: of each row's mean, where they have
    several axes.

    update_state(values, sample_weight=None): sample_weight is a number, a weight for each row or
    one for each value.

    >>> mean = metrics.Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state([5.0])
    >>> mean.result()
    3.0
    """

    recordable = True
    _computes_on_tensors = True

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds values, each with its weight."""
        _kernels.track_dependency(self)
        given = self.floats(values)
        if type(sample_weight) in (int, float) and not given.ndim:
            _kernels.accumulate_weighted_sum(self._total, given, sample_weight)
            _kernels.accumulate_weighted_sum(self._weight, np.ones(()), sample_weight)
        else:
            self._add(given, sample_weight)


@register("metric", "sum")
class Sum(Metric):
    """The weighted sum of the values that `update_state` gets.

    update_state(values, sample_weight=None): sample_weight is a number, a weight for each row or
    one for each value.

    >>> total = metrics.Sum()
    >>> total.update_state([1.0, 3.0])
    >>> total.result()
    4.0
    """

    recordable = True
    _computes_on_tensors = True

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds values, each times its weight."""
        _kernels.track_dependency(self)
        given = self.floats(values)
        if sample_weight is not None:
            weight = Tensor(self.floats(sample_weight)).astype(given.dtype)
            missing = given.ndim - weight.ndim
            if missing > 0:
                weight = weight.reshape((*weight.shape, *(1,) * missing))
            elif missing < 0 and weight.shape[-1] == 1:
                weight = weight.reshape(weight.shape[:-1])
            given = (Tensor(given) * weight).data
        _kernels.accumulate_weighted_sum(self._total, given)

    def result(self) -> Any:
        """The sum so far, a float."""
        return finished(Tensor(self._total).reshape(()))


@register("metric", "mean_metric_wrapper")
class MeanMetricWrapper(Mean):
    """The mean of what a function gives: fn(y_true, y_pred, **kwargs) of tensors -> a tensor with a
    value for each row, or with several, whose mean counts.

    Raises TypeError when it is saved, unless fn is registered by `register_keras_serializable`.

    >>> error = metrics.MeanMetricWrapper(lambda y, p: abs(y - p) > 1, name="far")
    >>> error([0.0, 0.0], [0.5, 3.0])
    0.5
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn, self._fn_kwargs = fn, kwargs

    def _shown_arguments(self) -> dict[str, Any]:
        return {"fn": self._fn}

    update_state = Metric.update_state  # type: ignore[assignment]

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        found = self._fn(Tensor(y_true), Tensor(y_pred), **self._fn_kwargs)
        if not isinstance(found, Tensor):
            _kernels.fail_recording(f"the function of the metric {self.name!r} gives no tensor")
        return as_array(found)

    def get_config(self) -> dict[str, Any]:
        fn = registry.serialize("metric", self._fn)
        return {**super().get_config(), "fn": fn, **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A metric from what `get_config` gave."""
        if isinstance(config.get("fn"), str):
            config = {**config, "fn": registry.resolve("metric", config["fn"])}
        return cls(**config)


class FunctionMetric(MeanMetricWrapper):
    """Base class of metrics that are the mean of a function of corereg's own."""

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A metric from what `get_config` gave."""
        return cls(**config)
