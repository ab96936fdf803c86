"""Constraints of norms: those of the weights over one or more axes, by default of each unit of a
Dense layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, ops, tensor
from corereg.constraints.base import Constraint, assign_constrained
from corereg.registry import register

EPSILON = 1e-7  # that keeps norms of zero apart from a division by zero
Axis = int | Sequence[int]


class _Norms(Constraint):
    """w * (rate * clip(norm, least, most) + (1 - rate) * norm) / (1e-7 + norm)."""

    axis: Axis

    def _bounds(self) -> tuple[float, float, float]:
        """least, most and rate."""
        raise NotImplementedError

    def __call__(self, w: Any) -> Tensor:
        w = tensor(w)
        least, most, rate = self._bounds()
        axes = tuple(self._axes(w.ndim))
        norm = ops.sqrt(ops.sum(w * w, axis=axes, keepdims=True))
        # float32 bounds keep float32 weights what they are
        wanted = ops.minimum(ops.maximum(norm, w.data.dtype.type(least)), w.data.dtype.type(most))
        found: Tensor = w * ((rate * wanted + (1 - rate) * norm) / (EPSILON + norm))
        return found

    def constrain(self, parameter: Parameter) -> None:
        axes = self._axes(parameter.ndim)
        if axes != list(range(axes[0], axes[-1] + 1)):  # no neighbours
            assign_constrained(self, parameter)
            return
        _kernels.constrain_norms(parameter.data, axes[0], axes[-1], *self._bounds())
        parameter.changed()

    def _axes(self, ndim: int) -> list[int]:
        """The axes of an array of so many, counted from 0, in order."""
        given = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        found = sorted({axis + ndim if axis < 0 else axis for axis in given})
        if not found or len(found) != len(given) or found[0] < 0 or found[-1] >= ndim:
            raise ValueError(
                f"{type(self).__name__}: expected axes of a weight of {ndim} axes, received axis="
                f"{self.axis!r}"
            )
        return found


@register("constraint", "max_norm")
class MaxNorm(_Norms):
    """Norms above max_value are brought down to it (Srivastava et al. 2014).

    axis: an int or several, over which norms are taken; 0, by default, takes those of the weights
    into each unit of a Dense layer. TypeError or ValueError for what these cannot be.

    >>> constraints.MaxNorm(5.0)(np.array([[6.0, 0.3], [8.0, 0.4]])).numpy().round(4)
    array([[3. , 0.3],
           [4. , 0.4]])
    """

    recordable = True

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = _bound(self, "max_value", max_value)
        self.axis = _axis(self, axis)

    def _bounds(self) -> tuple[float, float, float]:
        return 0.0, float(self.max_value), 1.0

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@register("constraint", "min_max_norm")
class MinMaxNorm(_Norms):
    """Norms are brought between min_value and max_value: with a rate below 1 only that part of the
    way at each update.

    axis: as for MaxNorm. TypeError or ValueError for what these cannot be.

    >>> constraints.MinMaxNorm(1.0, 5.0)(np.array([[6.0, 0.3], [8.0, 0.4]])).numpy().round(4)
    array([[3. , 0.6],
           [4. , 0.8]])
    """

    recordable = True

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = _bound(self, "min_value", min_value)
        self.max_value = _bound(self, "max_value", max_value)
        self.rate = _bound(self, "rate", rate)
        self.axis = _axis(self, axis)

    def _bounds(self) -> tuple[float, float, float]:
        return float(self.min_value), float(self.max_value), float(self.rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


@register("constraint", "unit_norm")
class UnitNorm(_Norms):
    """Norms are brought to 1. axis: as for MaxNorm.

    >>> constraints.UnitNorm()(np.array([[3.0], [4.0]])).numpy().round(4)
    array([[0.6],
           [0.8]])
    """

    recordable = True

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _axis(self, axis)

    def _bounds(self) -> tuple[float, float, float]:
        return 1.0, 1.0, 1.0

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


def _bound(constraint: object, name: str, value: Any) -> Any:
    """value, if it is a finite number >= 0."""
    who = type(constraint).__name__
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{who}: expected {name} as a number, received {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{who}: expected a finite {name} >= 0, received {value!r}")
    return value.item() if isinstance(value, np.number) else value


def _axis(constraint: object, value: Any) -> Axis:
    """value as an int, or a list of them for files."""
    several = isinstance(value, list | tuple)
    given = list(value) if several else [value]
    if not given or any(isinstance(a, bool) or not hasattr(a, "__index__") for a in given):
        raise TypeError(
            f"{type(constraint).__name__}: expected axis as an integer or several, received "
            f"{value!r}"
        )
    found = [int(a) for a in given]
    return found if several else found[0]


max_norm = MaxNorm
min_max_norm = MinMaxNorm
unit_norm = UnitNorm
