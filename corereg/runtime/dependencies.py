"""What a recording depends on: the one rule of what may be replayed, and when no longer.

While a function is recorded, every part that runs (a layer, a loss, a metric, an optimizer, a
regularizer) names itself by `_kernels.track_part`. So a recording knows

- what it depends on: an attribute of a part set anew, a weight exchanged, frozen or given another
  regularizer, a list of layers changed, and the recording is forgotten;
- whether it may be replayed: only if each part's class says ``recordable = True``, or two
  recordings prove it (see corereg.recordable), all that is computed is computed by kernels, and no
  value is read into Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from corereg import _kernels
from corereg.autograd import Parameter, Tensor
from corereg.named_tuple import NamedTuple
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
        own = [name_of(unproven) for unproven in program.unproven]
        return Obstacle(
            f"{program.fault} (code of the user's own: {', '.join(own)})" if own else program.fault,
            "compute with ops on the tensors that are given, and read no value into Python",
            False,
        )
    name = type(part).__name__
    cure = getattr(part, "_replay_cure", None)  # of what can never be replayed
    if cure is not None:
        return Obstacle(program.fault, cure, declares_eager(part))
    if declares_eager(part):
        return Obstacle(program.fault, f"{name} says recordable = False; take that out", True)
    return Obstacle(
        program.fault,
        f"if {name} does nothing but call kernels on the arrays it is given, say recordable = True "
        "in its class (or recordable = False, if it shall run through Python)",
        False,
    )


def obstacle_of_difference(part: Any, found: str) -> Obstacle:
    """Why a function cannot be replayed of which two recordings differ. part: whose code may be to
    blame, or None; found: how they differ."""
    return Obstacle(
        f"{'it' if part is None else name_of(part)} did not do the same in two runs, which {found}",
        "what changes from step to step has to be computed by ops on tensors; say recordable = "
        "False in its class if it shall run through Python",
        False,
    )


def changing(parts: list[Any]) -> Obstacle:
    """Why a function is not recorded of which an attribute changes at each run. parts: whose."""
    who = ", ".join(map(name_of, parts)) or "it"
    return Obstacle(
        f"an attribute of {who}, or what its code refers to, is another at each run",
        "keep what changes in tensors, and change them by ops or kernels",
        False,
    )


def name_of(part: Any) -> str:
    """How reports name a part or a function."""
    found = getattr(part, "who", None) or getattr(part, "__name__", None) or type(part).__name__
    return str(found)


def leaves_of(dependencies: Iterable[Any]) -> list[Any]:
    """The parameters among these, and those that they and the layers inside them hold; then other
    tensors that got a gradient."""
    return _kernels.leaves_among(_kernels.with_inner(dependencies), Parameter)


def snapshot_of(dependencies: Iterable[Any], unproven: Iterable[Any] = ()) -> _kernels.Snapshot:
    """What these are now, to find out later whether anything was set anew.

    dependencies: lists (of layers), Parameters, and objects, whose attributes count, and with them
    their parameters and all regularizers and constraints. unproven: those of which
    lists, tuples and dicts in their attributes count, too.
    """
    parts = _kernels.with_inner(dependencies)
    leaves = _kernels.leaves_among(parts, Parameter)
    lists: list[list[Any] | tuple[Any, ...] | dict[Any, Any]] = []
    objects = []
    of_weights = [p for p in leaves if isinstance(p, Parameter)]
    regularizers = [p.regularizer for p in of_weights if p.regularizer is not None]
    regularizers += [p.constraint for p in of_weights if p.constraint is not None]
    for part in parts:
        if isinstance(part, list):
            lists.append(part)
        elif not isinstance(part, Tensor):
            objects.append(part)
            own = getattr(part, "_parameters", None)
            if own is not None:
                lists.append(own)
                containers = getattr(part, "_tracked_containers", None)
                if containers is not None:
                    lists += containers()
            regularizer = getattr(part, "activity_regularizer", None)
            if regularizer is not None:
                regularizers.append(regularizer)
    for part in unproven:
        held = getattr(part, "__dict__", {}).values()
        lists += [value for value in held if isinstance(value, list | tuple | dict)]
    strengths = {id(r): r for r in regularizers if hasattr(r, "__dict__")}
    return _kernels.Snapshot([*objects, *strengths.values()], lists, leaves)
