"""What comes out of a function for symbolic tensors, found by running it on zeros."""

from __future__ import annotations

import itertools
from _thread import _local
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.autograd.ops.arguments import check_size, results_up_to
from corereg.graph.nest import flatten, map_nest
from corereg.graph.node import Spec
from corereg.graph.tensor import SymbolicTensor, number_dtype

BATCHES = (2, 3)
"""What stands for None in the shapes of two runs: where the outputs differ, None comes out."""

MOST_OPEN, MOST_TRIES = 4, 256
"""Of open lengths that are looked for one by one, and of runs in this."""

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
    size: int | Sequence[int],
    layers: Iterable[Any] = (),
) -> Any:
    """What the function gives for zeros in place of symbolic tensors, with `size` in place of every
    None, or with one of several in the place of each, in their order. Nothing is recorded or
    differentiated, and the random states of these layers stay.

    Raises ValueError that names `who` if the function fails.
    """

    sizes = itertools.repeat(size) if isinstance(size, int) else iter(size)

    def zeros(one: Any) -> Any:
        if not isinstance(one, SymbolicTensor):
            return one
        shape = [next(sizes) if n is None else n for n in one.shape]
        dtype = number_dtype(one.dtype)
        check_size(who, shape, dtype)
        made = Tensor(np.zeros(shape, dtype))
        if one._mask_spec is not None:
            kept = [shape[i] if n is None else n for i, n in enumerate(one._mask_spec.shape)]
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


def infer_fitting(
    who: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """As `infer`. If the function fails where all open lengths are equal, lengths are looked for
    with which it does not: those of (None, 3) and (2, None) broadcast to (2, 3). None comes out
    where one of these, or all that are equal, can be another and the output's length is, too."""
    try:
        return infer(who, function, args, kwargs)
    except ValueError as error:
        known, count = _lengths((args, kwargs))
        if not 0 < count <= MOST_OPEN:
            raise

        def run(sizes: Sequence[int]) -> Any:
            try:
                return run_on_zeros(who, function, args, kwargs, sizes)
            except ValueError:
                return None

        choices = list(dict.fromkeys([*BATCHES, 1, *known, 4, 6]))
        tries = itertools.islice(itertools.product(choices, repeat=count), MOST_TRIES)
        found = next((s for s in tries if run(s) is not None), None)
        if found is None:
            raise error
        groups: set[tuple[int, ...]] = {(i,) for i in range(count)}
        groups |= {tuple(i for i in range(count) if found[i] == n) for n in found}
        results = [run(found)]
        for group in groups:
            others = ([c if i in group else n for i, n in enumerate(found)] for c in choices)
            changed = (run(s) for s in others if tuple(s) != found)
            results.append(next((one for one in changed if one is not None), results[0]))
        return _merged(who, *results)


def _lengths(nest: Any) -> tuple[list[int], int]:
    """The known lengths of symbolic tensors in a nest, and how many are open."""
    every = [n for one in flatten(nest) if isinstance(one, SymbolicTensor) for n in one.shape]
    return [n for n in every if n is not None], every.count(None)


def _merged(who: str, one: Any, *others: Any) -> Any:
    if isinstance(one, dict):
        return {key: _merged(who, value, *(o[key] for o in others)) for key, value in one.items()}
    if isinstance(one, list | tuple):
        return type(one)(_merged(who, *parts) for parts in zip(one, *others, strict=True))
    if not isinstance(one, Tensor):
        raise ValueError(
            f"{who}: expected a call that returns tensors, received {type(one).__name__}"
        )
    sizes = zip(*(each.shape for each in (one, *others)), strict=True)
    masks = [each._keras_mask for each in (one, *others)]
    mask = None if None in masks else _merged(who, *masks)
    return Spec([n if len({n, *m}) == 1 else None for n, *m in sizes], one.dtype, mask=mask)
