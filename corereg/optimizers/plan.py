"""StepPlan: which parameters a step updates, as the kernels see them, and the memory that its
stages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter
from corereg.optimizers.stages import Stages
from corereg.regularizers.penalties import fused, swept_proximal

Array = np.ndarray[Any, Any]
NONE = 0.0, 0.0  # strengths of no penalty


class StepPlan:
    """A step over some parameters.

    parameters: those that it updates; places: where they stand in the optimizer's list; slots:
    their state arrays, as the rule wants them; strengths: of the L1 and L2 penalties that the step
    itself adds; decays, rates: the weight decay of each, and what its learning rate is multiplied
    by; proximal: of each None, or strengths and scaling of its proximal stage. stages: what is
    asked for around the step, or None.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        places: Sequence[int],
        slots: Sequence[tuple[Array | None, ...]],
        strengths: Sequence[tuple[float, float]],
        decays: Sequence[float],
        rates: Sequence[float],
        proximal: Sequence[tuple[float, float, str] | None] | None = None,
    ) -> None:
        self.parameters, self.places = list(parameters), list(places)
        self.strengths, self.decays, self.rates = list(strengths), list(decays), list(rates)
        self.proximal = proximal
        self.stages: Stages | None = None
        self.segments = _kernels.Segments(
            [p.data for p in parameters],
            slots,
            [l1 for l1, _ in strengths],
            [l2 for _, l2 in strengths],
            self.decays,
            self.rates,
            proximal,
        )
        self.gradients: list[Array | None] = [None] * len(self.parameters)
        self.of_rule: Any = None  # what an optimizer's rule adds to the plan
        # the same with some rows of tables, see row_updates.py
        self.compact: dict[Any, tuple[StepPlan, Any]] = {}
        self.penalty: Array = np.zeros(self.segments.blocks)  # in parts, of before the step
        self.scales: Array = np.empty(len(self.parameters))  # that clipping by norm multiplies with

    def penalty_parts(self) -> list[tuple[Parameter, Array]]:
        """The parts in `penalty` of each parameter of which the step computes it."""
        found = []
        for i, p in enumerate(self.parameters):
            if self.strengths[i] != NONE or swept_proximal(p.regularizer) is not None:
                first, end = self.segments.blocks_of(i)
                found.append((p, self.penalty[first:end]))
        return found

    def set_gradients(self, gradients: Sequence[Array | None]) -> None:
        """Gives each parameter its gradient; None is zero."""
        self.gradients = list(gradients)
        set_gradient = self.segments.set_gradient
        for i, gradient in enumerate(gradients):
            set_gradient(i, gradient)

    def clip_scales(self, clipnorm: float | None, global_clipnorm: float | None) -> Array | None:
        """The stage before the rule: what each gradient is multiplied with so that its norm is not
        above clipnorm, or that of all together not above global_clipnorm; None without limits."""
        limit = clipnorm if global_clipnorm is None else global_clipnorm
        if limit is None:
            return None
        by_global_norm = global_clipnorm is not None
        _kernels.clip_scales(self.segments, float(limit), by_global_norm, self.scales, self.penalty)
        return self.scales

    def whole_gradient(
        self, i: int, gradient: Array | None, scales: Array | None, clipvalue: float | None
    ) -> Array:
        """A gradient with the penalty's, and clipped: for rules in Python, what sweeps do by
        themselves."""
        w, (l1, l2) = self.parameters[i].data, self.strengths[i]
        whole: Array = np.zeros_like(w) if gradient is None else gradient
        if l1 or l2:
            whole = whole + _kernels.penalty_backward(w, l1, l2, np.ones((), w.dtype))
        if scales is not None:
            whole = whole * w.dtype.type(scales[i])
        return whole if clipvalue is None else np.clip(whole, -clipvalue, clipvalue)


def strengths_of(parameters: Sequence[Parameter], wanted: bool) -> list[tuple[float, float]]:
    """Of the L1 and L2 penalties of each parameter that a step computes; 0 if not wanted."""
    if not wanted:
        return [NONE] * len(parameters)
    return [NONE if p.regularizer is None else _strengths(p.regularizer) for p in parameters]


def _strengths(regularizer: Any) -> tuple[float, float]:
    found = fused(regularizer)
    return NONE if found is None else (found.l1, found.l2)
