"""What a recording depends on: the one rule of what may be replayed, and when no longer.

While a function is recorded, every part that runs (a layer, a loss, a metric, an optimizer, a
regularizer) names itself by `_kernels.track_part`. So a recording knows

- what it depends on: an attribute of a part set anew, a weight exchanged, frozen or given another
  regularizer, a list of layers changed, and the recording is forgotten;
- whether it may be replayed: only if each part's class says ``recordable = True`` (see
  corereg.recordable), all that is computed is computed by kernels, and no value is read into
  Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any, NamedTuple

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.recordable import declares_eager


class Obstacle(NamedTuple):
    """Why something runs through Python instead of being replayed.

    reason: a sentence without an end; cure: what to do about it; wished: whether the user or the
    author of the part asked for it.
    """

    reason: str
    cure: str
    wished: bool


def obstacle_of(program: _kernels.Program) -> Obstacle | None:
    """Why the calls of a program cannot be replayed, or None."""
    if program.fault is None:
        return None
    part = program.culprit
    if part is None:
        return Obstacle(
            program.fault,
            "compute with ops on the tensors that are given, and read no value into Python",
            False,
        )
    name = type(part).__name__
    if declares_eager(part):
        return Obstacle(program.fault, f"{name} says recordable = False; take that out", True)
    function = getattr(part, "function", part)  # of a LossFunction or a MetricFunction
    if isinstance(function, FunctionType):
        return Obstacle(
            program.fault,
            "a plain function always runs through Python; if it does nothing but call ops that "
            "have kernels, make it a layer, loss, metric or regularizer whose class says "
            "recordable = True",
            False,
        )
    return Obstacle(
        program.fault,
        f"if {name} does nothing but call ops on tensors, say recordable = True in its class (or "
        "recordable = False, if it shall run through Python)",
        False,
    )


def parameters_of(dependencies: Iterable[Any]) -> list[Parameter]:
    """The parameters among these, and those that they hold."""
    found: dict[int, Parameter] = {}
    for part in dependencies:
        held = [part] if isinstance(part, Parameter) else _held_parameters(part)
        found |= {id(p): p for p in held}
    return list(found.values())


def leaves_of(dependencies: Iterable[Any]) -> list[Tensor]:
    """The same with other tensors that got a gradient."""
    dependencies = list(dependencies)
    parameters = parameters_of(dependencies)
    others = [part for part in dependencies if isinstance(part, Tensor)]
    known = {id(p) for p in parameters}
    return [*parameters, *(t for t in others if id(t) not in known)]


def _held_parameters(part: Any) -> list[Parameter]:
    return [*getattr(part, "_parameters", ()), *getattr(part, "parameters", ())]


def snapshot_of(dependencies: Iterable[Any]) -> _kernels.Snapshot:
    """What these are now, to find out later whether anything was set anew.

    dependencies: lists (of layers), Parameters, and objects, whose attributes count, and with them
    their parameters and all regularizers.
    """
    dependencies = list(dependencies)
    lists = [part for part in dependencies if isinstance(part, list)]
    objects = [part for part in dependencies if not isinstance(part, list | Tensor)]
    parameters = parameters_of(dependencies)
    lists += [part._parameters for part in objects if hasattr(part, "_parameters")]
    held = [p.regularizer for p in parameters]
    held += [getattr(part, "activity_regularizer", None) for part in objects]
    strengths = {id(r): r for r in held if hasattr(r, "__dict__")}
    leaves = leaves_of(dependencies)
    return _kernels.Snapshot([*objects, *strengths.values()], lists, leaves)
