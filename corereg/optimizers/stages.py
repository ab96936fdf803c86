"""Stages: what a step does around its rule where somebody asks for it: accumulated, unscaled and
masked gradients before, masks, averages of the weights and constraints behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Parameter
from corereg.regularizers.penalties import is_proximal, swept_proximal

if TYPE_CHECKING:
    from corereg.constraints import base as constraints
else:
    constraints = later("corereg.constraints.base")

Array = np.ndarray[Any, Any]


def may_have_stages(p: Parameter) -> bool:
    """Whether something of a parameter may ask for a stage of its own."""
    return p.constraint is not None or p.mask is not None or is_proximal(p.regularizer)


class Stages:
    """The stages of a step over some parameters. rates: what their learning rates are multiplied
    by.

    hyper: the optimizer's numbers. totals: an array for each parameter in which its gradients are
    added up and divided by `scale`, or None where they are taken as they are. averages: pairs of
    parameter and average, of all that the optimizer trains; momentum, overwrite_every: of these.

    Where a parameter has a mask, its gradient is masked before norms are taken and state follows
    from it, and what a step leaves in it, or in its average, is masked behind.
    """

    def __init__(
        self,
        hyper: _kernels.Hyper,
        parameters: Sequence[Parameter],
        totals: Sequence[Array] | None,
        scale: float,
        averages: Sequence[tuple[Parameter, Array]],
        momentum: float,
        overwrite_every: int,
        rates: Sequence[float],
    ) -> None:
        self._hyper, self._totals, self._scale = hyper, totals, scale
        self._incoming = None if totals is None else _kernels.Segments(totals)
        self._averaged = [p for p, _ in averages]
        self._averages = None
        if averages:
            self._averages = _kernels.Segments(
                [p.data for p in self._averaged], [(average,) for _, average in averages]
            )
        self._momentum, self._overwrite_every = momentum, overwrite_every
        self._grouped: list[tuple[Any, Parameter, float]] = [
            (p.regularizer, p, rate)
            for p, rate in zip(parameters, rates, strict=True)
            if p.regularizer is not None
            and is_proximal(p.regularizer)
            and swept_proximal(p.regularizer) is None
        ]
        self._constrained = [p for p in parameters if p.constraint is not None]
        self._masks = [
            (i, p.mask, np.zeros_like(p.data) if totals is None else totals[i])
            for i, p in enumerate(parameters)
            if p.mask is not None
        ]
        changed = [(p, p.data) for p in parameters] + list(averages)
        self._masked = [(data, p.mask) for p, data in changed if p.mask is not None]
        # a constraint of one's own may do anything, so that masks come again behind it
        self._masks_again = any(p.mask is not None for p in self._constrained)

    def __bool__(self) -> bool:
        found = self._incoming is not None or self._averaged or self._grouped or self._constrained
        return bool(found or self._masked)

    def gather(self, gradients: Sequence[Array | None]) -> Sequence[Array | None]:
        """The stages before the rule: the gradients that it takes."""
        if self._incoming is not None and self._totals is not None:
            for i, gradient in enumerate(gradients):
                self._incoming.set_gradient(i, gradient)
            _kernels.accumulate_gradients(self._incoming, self._hyper, self._scale)
            gradients = self._totals
        if not self._masks:
            return gradients
        found = list(gradients)
        for i, mask, memory in self._masks:
            if (gradient := found[i]) is not None:
                found[i] = _kernels.mask_values(gradient, mask, memory)
        return found

    def finish(self) -> None:
        """The stages behind the rule, when the step has been counted: masks, groups are shrunk,
        and then what follows in Keras's order."""
        self._mask()
        for regularizer, p, rate in self._grouped:
            regularizer.shrink(p, self._hyper, rate)
        if self._incoming is not None and self._hyper.accumulation > 1:
            _kernels.reset_gradients(self._incoming, self._hyper)
        if self._averages is not None:
            _kernels.average_weights(
                self._averages, self._hyper, self._momentum, self._overwrite_every
            )
            if self._overwrite_every:
                for p in self._averaged:
                    p.changed()
        for p in self._constrained:
            constraints.apply(p.constraint, p)
        if self._masks_again:
            self._mask()

    def _mask(self) -> None:
        for data, mask in self._masked:
            _kernels.mask_values(data, mask, data)
