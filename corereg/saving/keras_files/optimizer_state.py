"""The state of an optimizer in Keras's order: iteration, learning rate unless it is a schedule, and
what `build` made for the variables that train."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from corereg.optimizers import LossScaleOptimizer, Nadam, Optimizer
from corereg.optimizers.kernel import KernelOptimizer
from corereg.saving.limits import FileFormatError
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]


def variables_of(optimizer: Optimizer) -> list[Array]:
    """All variables as Keras has them in a file."""
    found = []
    if isinstance(optimizer, LossScaleOptimizer):
        found = _scale_of(optimizer)
    return found + _inner_variables(optimizer.stepping)


def _scale_of(optimizer: LossScaleOptimizer) -> list[Array]:
    """What Keras's LossScaleOptimizer has before the inner one's: its own iterations and rate,
    which nobody reads, the counter and the scale."""
    counter = np.asarray(optimizer.step_counter.data, np.int32)
    return [np.zeros((), np.int32), np.zeros((), np.float32), counter, optimizer.dynamic_scale.data]


def _inner_variables(optimizer: Optimizer) -> list[Array]:
    """All variables of an optimizer that is around no other one."""
    found = [np.asarray(optimizer.steps, np.int32)]
    if optimizer._schedule is None:
        found.append(np.asarray(optimizer._hyper.learning_rate, np.float32))
    if optimizer.built:
        found += [variable.data for variable in _trained(optimizer)]
        if isinstance(optimizer, Nadam):
            found.append(_momentum_product(optimizer))
    return found


def restore(who: str, optimizer: Optimizer, arrays: list[Array]) -> None:
    """Puts back what a file has. If it has other variables in number, the optimizer begins anew,
    with a warning, as in Keras; FileFormatError for other shapes."""
    if isinstance(optimizer, LossScaleOptimizer) and len(arrays) >= len(_scale_of(optimizer)):
        _, _, counter, scale = arrays[:4]
        if scale.shape or counter.shape or not 0 < float(scale) < np.inf:
            raise FileFormatError(
                f"{who}: the optimizer {optimizer.name!r} (at 'optimizer') has no valid scale"
            )
        np.copyto(optimizer.step_counter.data, counter, casting="unsafe")
        np.copyto(optimizer.dynamic_scale.data, scale)
        arrays = arrays[4:]
    optimizer = optimizer.stepping
    own = _inner_variables(optimizer)
    first = len(own) - len(_trained(optimizer)) - isinstance(optimizer, Nadam)
    if len(arrays) != len(own):
        if len(arrays) != first:  # else it was never used
            warn_user(
                f"{who}: the optimizer {optimizer.name!r} begins anew, for it has {len(own)} "
                f"variables and the file {len(arrays)}; layers were frozen or freed after it began"
            )
        return
    shapes = [array.shape for array in own]
    if [array.shape for array in arrays] != shapes:
        raise FileFormatError(
            f"{who}: the optimizer {optimizer.name!r} (at 'optimizer') has variables of shapes "
            f"{[array.shape for array in arrays]}, expected {shapes}"
        )
    steps = int(arrays[0])
    if arrays[0].dtype.kind not in "iu" or steps < 0:
        raise FileFormatError(
            f"{who}: the optimizer {optimizer.name!r} (at 'optimizer') has no valid iteration"
        )
    rate = float(arrays[1]) if first == 2 else None
    if rate is not None and not (np.isfinite(rate) and rate >= 0):
        raise FileFormatError(
            f"{who}: the optimizer {optimizer.name!r} (at 'optimizer') has the learning rate {rate}"
        )
    for variable, array in zip(_trained(optimizer), arrays[first:], strict=False):
        np.copyto(variable.data, array)
    optimizer.restore(steps, optimizer.state)
    if rate is not None and np.float32(optimizer._hyper.learning_rate) != np.float32(rate):
        optimizer.learning_rate = rate


def restore_named(
    who: str, optimizer: Optimizer, steps: int, named: Mapping[str, list[Array]]
) -> None:
    """Puts back the state of a file of Keras 2: named: of "momentum" and so on the variables, in
    the order of the weights. If it does not fit, the optimizer begins anew, with a warning."""
    optimizer = optimizer.stepping
    left = {name: iter(arrays) for name, arrays in named.items()}
    pairs = []
    for variable in _trained(optimizer):
        word = next((w for w in _longest_first(left) if str(variable.name).endswith(f"_{w}")), "")
        array = next(left.get(word, iter(())), None)
        if array is None or array.shape != variable.shape:
            warn_user(
                f"{who}: the optimizer {optimizer.name!r} begins anew, for the file does not have "
                f"its variable {str(variable.name)!r} of shape {variable.shape}"
            )
            return
        pairs.append((variable, array))
    for variable, array in pairs:
        np.copyto(variable.data, array)
    optimizer.restore(steps, optimizer.state)


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)


def _trained(optimizer: Optimizer) -> list[Any]:
    """The state variables in the order of their making, without those of frozen weights, for which
    Keras makes none."""
    frozen = {
        id(variable)
        for own in (optimizer._averages, optimizer._totals, *zip(*_slots(optimizer), strict=True))
        for parameter, variable in zip(optimizer.parameters, own, strict=False)
        if variable is not None and not parameter.trainable
    }
    return [variable for variable in optimizer._state if id(variable) not in frozen]


def _slots(optimizer: Optimizer) -> Any:
    """The rule's variables by parameter; for a rule in Python, found by their names."""
    if isinstance(optimizer, KernelOptimizer):
        found = optimizer._variables_by_parameter()
        most = max(map(len, found), default=0)
        return [[*one, *[None] * (most - len(one))] for one in found]
    known = {id(variable) for variable in (*optimizer._averages, *optimizer._totals)}
    left = [variable for variable in optimizer._state if id(variable) not in known]
    own = [
        [v for v in left if str(v.name).startswith(p.name.replace("/", "_") + "_")]
        for p in optimizer.parameters
    ]
    width = max(map(len, own), default=0)
    return [[*one, *[None] * (width - len(one))] for one in own]


def _momentum_product(optimizer: Nadam) -> Array:
    """The product of Nadam's momenta so far, which Keras keeps and corereg computes anew."""
    steps = np.arange(1, int(optimizer.iterations) + 1)
    momenta = float(optimizer.beta_1) * (1 - 0.5 * 0.96**steps)
    return np.asarray(np.prod(momenta, dtype=np.float64), np.float32)
