"""What comes out of a function for symbolic tensors, found by running it on zeros."""

from __future__ import annotations

from _thread import _local
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.autograd.ops.arguments import check_size, results_up_to
from corereg.graph.nest import map_nest
from corereg.graph.node import Spec
from corereg.graph.tensor import SymbolicTensor, number_dtype

BATCHES = (2, 3)
"""What stands for None in the shapes of two runs: where the outputs differ, None comes out."""

MOST_BYTES = 1 << 28
"""Of a result on zeros, so that a file's graph cannot take all memory: two rows of that size are
larger than any row that a dense network has weights for."""


class _Trial(_local):
    under_way = False


trial = _Trial()
"""Whether this thread runs a function on zeros only to see what comes out, or once more on rows on
which it has just run (`states_kept`): `trial.under_way`. What layers keep from one call to the next
stays as it is then."""


@contextmanager
def states_kept() -> Iterator[None]:
    """Inside, calls of layers leave moving averages and the like as they are: for the second
    forward pass of one step."""
    outer, trial.under_way = trial.under_way, True
    try:
        yield
    finally:
        trial.under_way = outer


def run_on_zeros(
    who: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    size: int,
    layers: Iterable[Any] = (),
) -> Any:
    """What the function gives for zeros in place of symbolic tensors, with `size` in place of every
    None. Nothing is recorded or differentiated, and the random states of these layers stay.

    Raises ValueError that names `who` if the function fails.
    """

    def zeros(one: Any) -> Any:
        if not isinstance(one, SymbolicTensor):
            return one
        shape = [size if n is None else n for n in one.shape]
        dtype = number_dtype(one.dtype)
        check_size(who, shape, dtype)
        made = Tensor(np.zeros(shape, dtype))
        if one._mask_spec is not None:
            kept = [size if n is None else n for n in one._mask_spec.shape]
            made._keras_mask = Tensor(np.ones(kept, one._mask_spec.dtype))
        return made

    states = [(layer, layer.random_state) for layer in layers]
    outer, trial.under_way = trial.under_way, True
    with (
        results_up_to(MOST_BYTES),
        _kernels.recording_paused(),
        no_grad(),
        _kernels.ignore_float_errors(),
        _kernels.CallContext(training=False),
    ):
        try:
            return function(*map_nest(zeros, args), **map_nest(zeros, kwargs))
        except Exception as error:
            shapes = map_nest(lambda one: getattr(one, "shape", one), args)
            shown = shapes[0] if len(shapes) == 1 else shapes
            raise ValueError(
                f"{who}: expected a call that computes for inputs of shape {shown}; on zeros it "
                f"raised {type(error).__name__}: {error}"
            ) from error
        finally:
            trial.under_way = outer
            for layer, state in states:
                if state is not None:
                    layer.random_state = state


def infer(
    who: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    layers: Iterable[Any] = (),
) -> Any:
    """A nest of `Spec` for what comes out, found by two runs."""
    layers = list(layers)
    one, other = (run_on_zeros(who, function, args, kwargs, size, layers) for size in BATCHES)
    return _merged(who, one, other)


def _merged(who: str, one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return {key: _merged(who, value, other[key]) for key, value in one.items()}
    if isinstance(one, list | tuple):
        return type(one)(_merged(who, a, b) for a, b in zip(one, other, strict=True))
    if not isinstance(one, Tensor):
        raise ValueError(
            f"{who}: expected a call that returns tensors, received {type(one).__name__}"
        )
    sizes = zip(one.shape, other.shape, strict=True)
    masks = one._keras_mask, other._keras_mask
    mask = None if None in masks else _merged(who, *masks)
    return Spec([n if n == m else None for n, m in sizes], one.dtype, mask=mask)
