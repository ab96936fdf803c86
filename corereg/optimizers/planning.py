"""How the steps of an optimizer are planned: over which parameters, with which strengths and rates,
and with what around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter
from corereg.autograd.parameter import Variable
from corereg.named_tuple import NamedTuple
from corereg.optimizers.choices import VariableChoices
from corereg.optimizers.plan import StepPlan, strengths_of
from corereg.optimizers.stages import Stages, may_have_stages
from corereg.regularizers.penalties import fused, is_proximal, swept_proximal

Array = np.ndarray[Any, Any]
PLANS = 8  # of different choices of parameters, that are kept


class KnownPlan(NamedTuple):
    """A plan, and what it was made for: options of the optimizer, and the parameters with their
    penalties and constraints as they were."""

    plan: StepPlan
    options: tuple[Any, ...]
    snapshot: _kernels.Snapshot


def _sets_strengths(regularizer: Any) -> bool:
    """Whether a plan holds numbers of a regularizer."""
    return fused(regularizer) is not None or is_proximal(regularizer)


class StepPlanning(VariableChoices):
    """The planning of steps as a part of `Optimizer`."""

    parameters: list[Parameter]
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    _hyper: _kernels.Hyper
    _averages: list[Variable]  # of each parameter, if use_ema
    _totals: list[Variable]  # of each parameter's gradients, if steps accumulate them
    _plans: dict[Any, KnownPlan]

    def _forget_plans(self) -> None:
        """As before the first step."""
        self._plans = {}

    @property
    def slots(self) -> list[tuple[Array | None, ...]]:
        """The state arrays of each parameter that kernels work on: none for a rule in Python."""
        return [()] * len(self.parameters)

    def _plan(self, penalties: bool, chosen: tuple[int, ...] | None = None) -> StepPlan:
        """How to step over the chosen parameters (by place; None: all), as far as they are
        trainable; made anew only when something changed."""
        parameters = self.parameters
        known = self._plans.get((penalties, chosen))
        options = (
            *(self.ema_momentum, self.ema_overwrite_frequency, self.loss_scale_factor),
            *self._choices_made(),
        )
        if known is not None and known.options == options and known.snapshot.unchanged():
            return known.plan
        strengths = strengths_of(parameters, penalties)
        decays, rates = self._decays_of(parameters), self._multipliers_of(parameters)
        some = range(len(parameters)) if chosen is None else chosen
        places = self._in_order([i for i in some if parameters[i].trainable])
        of_each: list[list[Any]] = [parameters, self.slots, strengths, decays, rates]
        if places != list(range(len(parameters))):
            of_each = [[values[i] for i in places] for values in of_each]
        stepped, slots, strengths, decays, rates = of_each
        proximal = self._proximal_of(stepped)
        plan = StepPlan(stepped, places, slots, strengths, decays, rates, proximal)
        plan.stages = self._stages(plan)
        if len(self._plans) >= PLANS:
            self._plans.clear()
        fixed = [r for p in parameters if (r := p.regularizer) is not None and _sets_strengths(r)]
        snapshot = _kernels.Snapshot(fixed, [parameters], parameters)
        self._plans[penalties, chosen] = KnownPlan(plan, options, snapshot)
        return plan

    def _in_order(self, places: list[int]) -> list[int]:
        """Places of parameters, in the order in which steps take them."""
        return places

    def _penalty_parts(self, penalty: Array) -> list[tuple[Parameter, Array]]:
        """What `update` returned last, by parameters: those whose penalty the step computes, and
        the elements that add up to it."""
        for known in self._plans.values():
            for plan in (known.plan, *(compact for compact, _ in known.plan.compact.values())):
                if plan.penalty is penalty:
                    return plan.penalty_parts()
        return []

    def _proximal_of(
        self, parameters: Sequence[Parameter]
    ) -> list[tuple[float, float, str] | None] | None:
        """What the proximal stage of each parameter computes with, None for none at all;
        ValueError if this optimizer has no such stage."""
        some = [p for p in parameters if p.regularizer is not None]
        for p in some:
            self.check_regularizer(p.regularizer, p.name)
        if not some:
            return None
        found = [swept_proximal(p.regularizer) for p in parameters]
        return found if any(found) else None

    def check_regularizer(self, regularizer: Any, name: str) -> None:
        """Raises ValueError for a penalty of the weight of this name that steps cannot follow."""
        if is_proximal(regularizer) and not self.has_proximal_stage:
            raise ValueError(
                f"{type(self).__name__}: expected an optimizer with a proximal stage (SGD, Adam, "
                f"AdamW or RMSprop) for {regularizer!r} of {name!r}; take one of these, or "
                "another regularizer"
            )

    @property
    def has_proximal_stage(self) -> bool:
        """Whether steps can follow a proximal penalty."""
        return False

    def _stages(self, plan: StepPlan) -> Stages | None:
        """What is asked for around the steps of a plan; None: nothing."""
        whole = self._totals or self._averages or self.loss_scale_factor is not None
        if not whole and not any(map(may_have_stages, plan.parameters)):
            return None
        totals: list[Array] | None = None
        if self._totals:
            totals = [self._totals[i].data for i in plan.places]
        elif self.loss_scale_factor is not None:
            totals = [np.zeros_like(p.data) for p in plan.parameters]
        averages = [
            (p, average.data)
            for p, average in zip(self.parameters, self._averages or (), strict=False)
            if p.trainable
        ]
        made = Stages(
            self._hyper,
            plan.parameters,
            totals,
            float(self.loss_scale_factor or 1.0),
            averages,
            float(self.ema_momentum),
            int(self.ema_overwrite_frequency or 0),
            plan.rates,
        )
        return made if made else None
