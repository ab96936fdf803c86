"""Optimizer: the base class, with Keras's surface. A subclass may write its rule in Python."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from corereg import _kernels
from corereg._lazy import Older, later
from corereg.autograd import Parameter, Tensor, no_grad
from corereg.autograd.parameter import Variable
from corereg.autograd.whole_copies import CopiedWhole
from corereg.naming import snake_case, unique_name
from corereg.optimizers.hyperparameters import AssignableInt, check_number
from corereg.optimizers.options import (
    check_accumulation,
    check_average,
    check_limits,
    refuse_arguments,
)
from corereg.optimizers.passes import StepPasses
from corereg.optimizers.plan import StepPlan
from corereg.optimizers.planning import StepPlanning
from corereg.optimizers.rates import LearningRate, rate_of_config
from corereg.optimizers.variables import VariableMaker
from corereg.recordable import Recordable
from corereg.shown import as_call

if TYPE_CHECKING:
    from corereg.optimizers import gradients
else:  # loops of the user's own need it
    gradients = later("corereg.optimizers.gradients")

Array = np.ndarray[Any, Any]


class Optimizer(CopiedWhole, LearningRate, StepPasses, StepPlanning, VariableMaker, Recordable):
    """Base class of all optimizers.

    learning_rate: a number >= 0, a schedule of `corereg.optimizers.schedules`, or a function: of
    the steps done, or of nothing. weight_decay: None or >= 0; every step begins with
    `w -= w * weight_decay * learning_rate`, see `exclude_from_weight_decay`. At most one of
    clipnorm (of each variable's gradient), global_clipnorm (of all together) and clipvalue (of each
    element).

    use_ema: keeps a running average of each weight, average = ema_momentum * average +
    (1 - ema_momentum) * w, which overwrites the weights after every ema_overwrite_frequency
    updates, and when `fit` ends. loss_scale_factor: gradients are divided by it, for losses that
    `scale_loss` has multiplied. gradient_accumulation_steps: so many steps make one update, with
    the mean of their gradients. learning_rate_multipliers: {part of a variable's name, a regular
    expression: factor}; the learning rate of variables whose names have it is multiplied.

    A rule in Python is a subclass with an `update_step`; state is made in `build`:

        class Momentum(Optimizer):
            def build(self, variables):
                super().build(variables)
                self.momentums = self.add_optimizer_variables(variables, "momentum")

            def update_step(self, gradient, variable, learning_rate):
                m = self.momentums[self._get_variable_index(variable)]
                m.assign(0.9 * m - learning_rate * gradient)
                variable.assign_add(m)

    `fit` then runs every step through Python. The built-in optimizers are `KernelOptimizer`s.

    Raises TypeError or ValueError for arguments that these cannot be, and for others.

    >>> w = corereg.Parameter(np.array([1.0, 2.0], "float32"))
    >>> optimizer = optimizers.SGD(0.5)
    >>> optimizer.build([w])
    >>> optimizer.apply([np.array([1.0, 1.0], "float32")], [w])
    >>> w.tolist()
    [0.5, 1.5]
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        learning_rate_multipliers: Mapping[str, float] | None = None,
        **unknown: Any,
    ) -> None:
        who = type(self).__name__
        rate = self._begin_rate(learning_rate)
        if unknown:
            refuse_arguments(who, unknown)
        if weight_decay is not None:
            check_number(who, "weight_decay", weight_decay)
        check_limits(who, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm)
        if use_ema:
            check_average(who, ema_momentum, ema_overwrite_frequency)
        check_accumulation(who, gradient_accumulation_steps, loss_scale_factor)
        self._begin_choices(learning_rate_multipliers)
        self.name = unique_name(snake_case(who)) if name is None else name
        self.weight_decay = weight_decay
        self.clipnorm, self.global_clipnorm = clipnorm, global_clipnorm
        self.use_ema, self.ema_momentum = bool(use_ema), ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self._hyper = _kernels.Hyper(None, rate, clipvalue)
        self._hyper.accumulation = gradient_accumulation_steps or 1
        self._forget()

    __repr__ = as_call
    lr = Older()

    def _shown_arguments(self) -> dict[str, Any]:
        """What the repr does not find in attributes of the same name."""
        rate = float(self._hyper.learning_rate) if self._schedule is None else self._schedule
        return {"learning_rate": rate}

    _replay_cure: ClassVar[str] = (
        "no update_step is replayed, whatever recordable says: take an optimizer of "
        "corereg.optimizers as it is, whose steps are kernels, or say recordable = False to be "
        "told no more"
    )

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            cls.build = _beginning_anew(cls.build)  # type: ignore[method-assign]

    def _forget(self) -> None:
        """As before `build`."""
        self.built = False
        self.parameters: list[Parameter] = []
        self._state: list[Variable] = []
        self._places: dict[int, int] = {}
        self._forget_plans()
        self._averages: list[Variable] = []
        self._totals: list[Variable] = []
        self._hyper.step = 0

    # ---- state ----------------------------------------------------------------------------------

    def build(self, variables: Sequence[Parameter]) -> None:
        """Takes the parameters to train; a subclass then makes their state. Begins anew, from
        zeros, whenever it is called."""
        parameters, who = list(variables), f"{type(self).__name__}.build"
        for p in parameters:
            if not isinstance(p, Parameter):
                raise TypeError(
                    f"{who}: expected Parameters, received {type(p).__name__}; wrap it with "
                    "corereg.Parameter"
                )
        if len({p.dtype for p in parameters}) > 1:
            raise ValueError(
                f"{who}: expected parameters of one dtype, received "
                f"{sorted({str(p.dtype) for p in parameters})}"
            )
        self._forget()
        self.parameters = parameters
        self._places = {id(p): i for i, p in enumerate(parameters)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(parameters, "average")
            for p, average in zip(parameters, self._averages, strict=True):
                average.assign(p)  # of what is frozen, too
        if self._hyper.accumulation > 1:
            self._totals = self.add_optimizer_variables(parameters, "gradient_accumulator")
        self.built = True

    @property
    def variables(self) -> list[Any]:
        """All state as variables: iterations, the learning rate unless it is a schedule, then what
        `build` made."""
        rate = [self.learning_rate] if self._schedule is None else []
        return [self.iterations, *rate, *self._state]

    @property
    def state(self) -> list[Array]:
        """Copies of the state arrays, parameter by parameter: what a file keeps. All are of one
        step, also while another thread trains."""
        with _kernels.shared_lock(self.parameters).reading:
            return [v._copied() for v in self._saved_variables()]

    def _saved_variables(self) -> list[Variable]:
        """The variables of `state`, in its order."""
        return self._state

    def _copied_weights(self) -> list[Parameter]:
        return self.parameters

    @property
    def steps(self) -> int:
        """Steps done, those that only accumulated gradients among them: what a file keeps."""
        return int(self._hyper.step)

    def restore(self, iterations: int, state: Sequence[Array]) -> None:
        """Puts back what `steps` and `state` gave."""
        if iterations < 0:
            raise ValueError(
                f"{type(self).__name__}.restore: expected iterations >= 0, received {iterations}"
            )
        own = [v.data for v in self._saved_variables()]
        if [a.shape for a in own] != [a.shape for a in state]:
            raise ValueError(
                f"{type(self).__name__}.restore: expected state of shapes "
                f"{[a.shape for a in own]}, received {[a.shape for a in state]}"
            )
        for mine, saved in zip(own, state, strict=True):
            np.copyto(mine, saved)
        self._hyper.step = int(iterations)

    # ---- numbers --------------------------------------------------------------------------------

    @property
    def iterations(self) -> AssignableInt:
        """Updates done: an int, with Keras's `assign` and `value`. Without accumulated gradients
        each step is one."""
        return AssignableInt(self._hyper.step // self._hyper.accumulation, self, "iterations")

    @iterations.setter
    def iterations(self, value: int) -> None:
        check_number(type(self).__name__, "iterations", value)
        self._hyper.step = int(value) * self._hyper.accumulation

    @property
    def gradient_accumulation_steps(self) -> int | None:
        """How many steps make one update; None: each does."""
        found = self._hyper.accumulation
        return None if found == 1 else found

    @property
    def clipvalue(self) -> float | None:
        found = self._hyper.clipvalue
        return None if found == math.inf else found

    @clipvalue.setter
    def clipvalue(self, value: float | None) -> None:
        if value is not None:
            check_number(type(self).__name__, "clipvalue", value)
        self._hyper.clipvalue = math.inf if value is None else float(value)

    # ---- steps ----------------------------------------------------------------------------------

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for p in self.parameters:
            p._grad = None

    def step(self, penalties: bool = False) -> float:
        """Updates every trainable parameter from its gradient (None counts as zero).

        penalties: True adds the gradient of each parameter's own L1/L2 regularizer in the same
        sweep and returns their value before the step; use it when the loss does not contain them
        already. False returns 0.
        """
        parts = self.update(penalties)
        return float(parts.sum()) if penalties else 0.0

    def update(self, penalties: bool = False) -> Array:
        """As `step`; returns the penalty in parts, float64, that the next step overwrites."""
        if not self.parameters:
            raise RuntimeError(
                f"{type(self).__name__}.step: no parameters; call build(parameters) first"
            )
        _kernels.track_dependency(self)
        plan = self._plan(penalties)
        self._run(
            plan,
            [g.data if isinstance(g := p._grad, Tensor) else g for p in plan.parameters],
        )
        return plan.penalty

    def _run(self, plan: StepPlan, gradients: Sequence[Array | None]) -> None:
        """A step with the stages around it that somebody asked for."""
        if self._schedule is not None:
            self._put_rate()
        stages = plan.stages
        if stages is None:
            self.take_step(plan, gradients)
            return
        self.take_step(plan, stages.gather(gradients))
        stages.finish()

    def scale_loss(self, loss: Any) -> Any:
        """loss * loss_scale_factor, for gradients that would be too small; the step divides them
        by it."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def finalize_variable_values(self, var_list: Iterable[Parameter]) -> None:
        """Overwrites those of the variables that are trained with their averages, if use_ema: what
        `fit` does at its end."""
        if not self._averages:
            return
        for p in var_list:
            if p.trainable and id(p) in self._places:
                p.assign(self._averages[self._places[id(p)]])

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Parameter]]) -> AssignableInt:
        """A step from pairs of gradient and variable, as Keras's; returns `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Parameter] | None = None
    ) -> None:
        """A step from gradients, one for each of the variables; None: those of `build`.

        Variables that are not among them stay as they are, and so do those whose gradient is None:
        a warning names them. The first call builds the optimizer if that has not been done.
        """
        who = f"{type(self).__name__}.apply"
        given = self._by_places(who, self.build, grads, trainable_variables)
        if not given:
            return
        _kernels.track_dependency(self)
        plan = self._plan(False, tuple(sorted(i for i, g in given.items() if g is not None)))
        self._run(plan, [given[i] for i in plan.places])

    def _by_places(
        self,
        who: str,
        build: Callable[[list[Parameter]], Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Parameter] | None,
    ) -> dict[int, Any]:
        """What `apply` is given, checked, by the places of the variables; empty if that is nothing.
        build: of whoever is asked, called if that has not been done."""
        grads = list(grads)
        if not grads:
            return {}
        if trainable_variables is None:
            if not self.built:
                raise ValueError(f"{who}: no variables; pass them, or call build(variables) first")
            trainable_variables = self.parameters
        variables = list(trainable_variables)
        checked = gradients.checked_gradients(who, grads, variables)
        if not self.built:
            build(variables)
        return dict(zip(map(self._get_variable_index, variables), checked, strict=True))

    def take_step(self, plan: StepPlan, gradients: Sequence[Array | None]) -> None:
        """What a step does between the `Stages`; leaves the penalty of before it in `plan.penalty`.
        Here all is Python, in Keras's order: penalty, clipping, weight decay, `update_step`."""
        who, rate = type(self).__name__, float(self._hyper.learning_rate)
        _kernels.fail_recording(f"{who} computes its steps in Python", self)
        if _kernels.is_skipped():
            return
        plan.set_gradients(gradients)
        scales = plan.clip_scales(self.clipnorm, self.global_clipnorm)
        _kernels.penalty(plan.segments, plan.penalty)
        updates = (self._hyper.step + 1) % self._hyper.accumulation == 0
        with no_grad():
            for i, (p, gradient) in enumerate(zip(plan.parameters, gradients, strict=True)):
                if not updates:
                    break
                whole = plan.whole_gradient(i, gradient, scales, self.clipvalue)
                own_rate = rate * plan.rates[i]
                if plan.decays[i]:
                    p.assign_sub(p.data * (plan.decays[i] * own_rate))
                self.update_step(Tensor(whole), p, own_rate)
        self._hyper.step += 1

    def update_step(self, gradient: Tensor, variable: Parameter, learning_rate: float) -> None:
        """One variable's step from its gradient: Keras's hook for a rule of one's own, written with
        Tensor ops and `variable.assign`, `assign_add` or `assign_sub`."""
        raise NotImplementedError(
            f"{type(self).__name__}: update_step(gradient, variable, learning_rate) is not written"
        )

    # ---- files ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_plans": {}, "_places": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._places = {id(p): i for i, p in enumerate(self.parameters)}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "learning_rate": self._rate_config(),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            **self._choices_config(),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """An optimizer from what `get_config` gave, without state. custom_objects: {name: class}
        for schedules of one's own."""
        given = dict(config)
        excluded = given.pop("excluded_from_weight_decay", None)
        if "learning_rate" in given:
            given["learning_rate"] = rate_of_config(given["learning_rate"], custom_objects)
        made = cls(**given)
        made._put_excluded(excluded)
        return made


def _beginning_anew(build: Callable[..., None]) -> Callable[..., None]:
    """A subclass's `build` that also begins anew for other variables when it is written as Keras's
    are: ``if self.built: return``."""

    @functools.wraps(build)
    def wrapped(
        self: Optimizer, variables: Sequence[Parameter], *args: Any, **options: Any
    ) -> None:
        variables = list(variables)
        own = self.parameters
        if len(own) != len(variables) or any(
            a is not b for a, b in zip(own, variables, strict=True)
        ):
            self.built = False
        build(self, variables, *args, **options)

    return wrapped
