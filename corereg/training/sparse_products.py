"""Which products of `predict` use sparse kernels: those that are faster so, as a trial tells.

Sparse kernels list the weights that are not zero, from the weights as they are, each time they run,
and give the same bits. So the choice decides about time alone, and need not be made anew whenever
weights change; `SparseChoice.outdated` says when it should be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels

Array = np.ndarray[Any, Any]

LEAST_ROWS = 16  # of a forward pass: to list the weights costs about as much as a few rows
LEAST_WEIGHTS = 1024
LEAST_ZEROS = 0.4  # of the weights, below which there is no trial
TRIALS = 3  # of each way, of which the fastest counts
LESS = 0.9  # of the time of the dense kernel that the sparse ones have to take at most
CHANGE = 0.1  # of the share of zeros, from which on another choice may be better
REVIEWED_ROWS = 4096  # a call of so many rows is worth a look at the weights


class SparseChoice:
    """What was chosen for the forward passes that a model has recorded."""

    def __init__(self) -> None:
        self._zeros: dict[int, tuple[Array, float]] = {}  # by id: weights, and their share of zeros
        self._chosen: dict[tuple[int, ...], frozenset[int]] = {}  # by rows and products
        self.weights: dict[int, Array] = {}  # by id: those that sparse kernels multiply with

    def apply(self, program: _kernels.Program) -> _kernels.Program:
        """A program that does the same, with sparse kernels where they are faster: a trial decides,
        which runs products of the program on the values that it was recorded with."""
        products = [one for one in program.products() if one[1] >= LEAST_ROWS]
        for _, _, w in products:
            if id(w) not in self._zeros:
                self._zeros[id(w)] = w, zeros_of(w)
        tried = {
            number: w
            for number, _, w in products
            if w.size >= LEAST_WEIGHTS and self._zeros[id(w)][1] >= LEAST_ZEROS
        }
        if not tried:
            return program
        key = products[0][1], *tried
        if key not in self._chosen:
            times = program.time_products(tried, TRIALS)
            self._chosen[key] = frozenset(
                number
                for number, (dense, sparse) in zip(tried, times, strict=True)
                if sparse <= LESS * dense
            )
        chosen = self._chosen[key]
        self.weights |= {id(tried[number]): tried[number] for number in chosen}
        return program.with_sparse_products(chosen) if chosen else program

    def outdated(self) -> bool:
        """Whether weights have many more zeros now, or many fewer, than when the choice was made,
        so that another one may be faster."""
        return any(
            max(now, zeros) >= LEAST_ZEROS and abs(now - zeros) > CHANGE
            for w, zeros in self._zeros.values()
            for now in (zeros_of(w),)
        )


def zeros_of(w: Array) -> float:
    """The share of zeros in an array of weights that is not empty."""
    return 1 - np.count_nonzero(w) / w.size
