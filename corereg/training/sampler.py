"""Samples of a model's outputs: its pass with dropout, recorded once and replayed many times over.

What comes before the first dropout is computed once. What follows takes one sample of up to BLOCK
rows at a time, or several of few rows, one behind the other in one pass.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops
from corereg.graph.halves import Halves
from corereg.graph.nest import flatten
from corereg.layers.sampling import BLOCK, Sampling
from corereg.random import mix
from corereg.runtime.capture import Capture, ReplayPlan
from corereg.runtime.scheduling import SIGNATURES
from corereg.training.likelihood import CATEGORICAL, OutputKind

Array = np.ndarray[Any, Any]
Arrays = tuple[Array, ...]

_STEP = 0x9E3779B97F4A7C15
_ROOM = (1 << 62) - 1  # counters begin below, so that no sum of them leaves int64


class Moments(NamedTuple):
    """What is known of one output's samples, in arrays that kernels keep up: mean and sum of
    squared deviations, (rows, n), and the mean entropy of the rows, or None."""

    mean: Array
    squares: Array
    entropy: Array | None


class NotByRows(Exception):
    """A model keeps something for its samples that has no row for each row of x."""


class Sampler:
    """The pass of a model for blocks of one signature, and its memory: for one call at a time.

    halves: the model cut at its layers of dropout, or None; call: the whole model, for arrays;
    arrange: the inputs of `halves` for flat tensors; memory: of the inputs; samples: how many one
    pass takes; kinds: what each output is; records: whether passes may be recorded.
    """

    def __init__(
        self,
        halves: Halves | None,
        call: Callable[[Arrays], Any],
        arrange: Callable[[list[Tensor]], Sequence[Any]],
        memory: Arrays,
        samples: int,
        kinds: Sequence[OutputKind],
        records: bool,
    ) -> None:
        self._halves, self._call, self._arrange = halves, call, arrange
        self.inputs, self.samples, self._kinds = memory, samples, kinds
        self._rows = len(memory[0])
        self._records = records
        self._first, self._rest = Capture(memory), Capture(None)
        self._plan: ReplayPlan | None = None
        self._kept: Arrays | None = None  # what the rest reads, for all samples of a pass
        self._masked: list[tuple[int, int]] = []  # which of these have masks, and at which place
        self._counters = np.zeros((samples, 2), np.int64)
        self._count = np.zeros(1, np.int64)  # samples so far
        self.outs: Arrays = ()
        self.moments: list[Moments] = []
        self.like: Any = None  # how the outputs nest

    def changed(self) -> bool:
        """Whether something that the recorded calls depend on has been set anew."""
        return self._first.changed() or self._rest.changed()

    def run(
        self, seed: int, block: int, num_samples: int, take: Callable[[int, Arrays], None] | None
    ) -> None:
        """Sums up the samples of the rows in `inputs`, which are this block of the data, in
        `moments`. take: is given the number of the first sample, and the outputs, of each pass."""
        self._begin(seed, block)
        self._keep(self._compute_first())
        done = 0
        while done < num_samples:
            if take is None and self._plan is not None:
                passes = (num_samples - done) // self.samples
                done += self._rest.replay(self._plan, passes) * self.samples
                continue
            if self._plan is None:
                self._record_or_run()
            else:
                self._rest.replay_once()
            if take is not None:
                take(done, self.outs)
            done += self.samples

    def _begin(self, seed: int, block: int) -> None:
        """Sets the counters: one sample counts one on, and so one below the other in a pass."""
        base = mix(seed)
        for column, place in enumerate((0, 1 + block)):
            start = mix(base + place * _STEP) & _ROOM
            self._counters[:, column] = start + np.arange(self.samples)
        self._count[0] = 0
        for moments in self.moments:
            for array in moments:
                if array is not None:
                    array[...] = 0

    # ---- before the first dropout ----------------------------------------------------------------

    def _compute_first(self) -> Arrays:
        if self._halves is None:
            return self.inputs
        capture = self._first
        if not self._records or capture.obstacle is not None:
            return self._run_first()
        if not capture.ready:
            found: Arrays = capture.record(self._run_first)
            return found
        capture.replay_once()
        kept: Arrays = capture.result
        return kept

    def _run_first(self) -> Arrays:
        assert self._halves is not None
        found = self._halves.first(self._arrange([Tensor(a) for a in self.inputs]))
        masked = [i for i, one in enumerate(found) if one._keras_mask is not None]
        self._masked = [(i, len(found) + n) for n, i in enumerate(masked)]
        whole = [*found, *(found[i]._keras_mask for i in masked)]
        return tuple(_kernels.plain_array(one.data) for one in whole)

    def _keep(self, found: Arrays) -> None:
        """Copies what the first part gave, once for each sample of a pass."""
        if self._kept is None:
            if self.samples > 1 and any(a.ndim == 0 or len(a) != self._rows for a in found):
                raise NotByRows
            self._kept = tuple(
                np.empty((self.samples * len(a), *a.shape[1:]) if a.ndim else (), a.dtype)
                for a in found
            )
        for memory, a in zip(self._kept, found, strict=True):
            memory.reshape(self.samples if a.ndim else 1, *a.shape)[...] = a

    # ---- behind it -------------------------------------------------------------------------------

    def _record_or_run(self) -> None:
        """One pass through Python."""
        capture = self._rest
        if not self._records or capture.obstacle is not None:
            self.outs = self._run_rest()
            return
        self.outs = capture.record(self._run_rest)
        if capture.ready and capture.program is not None:
            self._plan = [(capture.program, 1)]

    def _run_rest(self) -> Arrays:
        """The outputs of a pass, which go into the moments."""
        assert self._kept is not None
        with Sampling(self._counters):
            if self._halves is None:
                found = self._call(self._kept)
            else:
                kept = [Tensor(a) for a in self._kept]
                for i, place in self._masked:
                    kept[i]._keras_mask = kept[place]
                found = self._halves.rest(kept[: len(kept) - len(self._masked)])
        self.like = None if isinstance(found, Tensor) else found
        outs = tuple(
            _kernels.plain_array(_probabilities(out, kind).data)
            for out, kind in zip(flatten(found), self._kinds, strict=True)
        )
        if any(out.ndim == 0 or len(out) != self.samples * self._rows for out in outs):
            raise NotByRows
        if not self.moments:
            self.moments = [
                self._empty_moments(out, kind) for out, kind in zip(outs, self._kinds, strict=True)
            ]
        for out, moments, kind in zip(outs, self.moments, self._kinds, strict=True):
            flat = out.reshape(-1, moments.mean.shape[1])
            mean, squares, entropy = moments
            _kernels.sample_moments(mean, squares, flat, self._count, entropy, kind.kind)
        for counter in self._counters.reshape(-1, 1):
            _kernels.increment(counter, self.samples)
        _kernels.increment(self._count, self.samples)
        return outs

    def _empty_moments(self, out: Array, kind: OutputKind) -> Moments:
        columns = out.shape[-1] if out.ndim > 1 else 1
        rows = out.size // max(columns * self.samples, 1)
        with _kernels.CacheLines():
            mean, squares = (
                np.zeros((rows, columns), out.dtype),
                np.zeros((rows, columns), out.dtype),
            )
            return Moments(mean, squares, None if kind.kind is None else np.zeros(rows, out.dtype))


def _probabilities(out: Any, kind: OutputKind) -> Tensor:
    """An output, as probabilities if it is logits."""
    found: Tensor = out if isinstance(out, Tensor) else Tensor(np.asarray(out))
    if not kind.from_logits:
        return found
    return ops.softmax(found, -1) if kind.kind == CATEGORICAL else ops.sigmoid(found)


class SamplerPool:
    """Samplers that no call uses, of the signatures used last."""

    def __init__(self) -> None:
        self._idle: OrderedDict[Hashable, list[Sampler]] = OrderedDict()

    def take(self, signature: Hashable) -> Sampler | None:
        """One that nothing has changed for, or None."""
        idle = self._idle.get(signature)
        while idle:
            found = idle.pop()  # at once, whatever other threads do
            if not found.changed():
                return found
        return None

    def give(self, signature: Hashable, sampler: Sampler) -> None:
        """Puts one back, or a new one in."""
        idle = self._idle.setdefault(signature, [])
        idle.append(sampler)
        self._idle.move_to_end(signature)
        while len(self._idle) > SIGNATURES:
            self._idle.popitem(last=False)


def samples_of_pass(rows: int, num_samples: int) -> int:
    """How many samples of so many rows one pass takes: a divisor of num_samples, so that all passes
    are alike."""
    most = max(BLOCK // max(rows, 1), 1)
    return max(n for n in range(1, min(most, num_samples) + 1) if num_samples % n == 0)
