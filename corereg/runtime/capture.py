"""Run a function once under a recorder, keep its kernel calls by signature, replay them as long as
nothing that they depend on has changed.

`fit`, `evaluate`, `predict` and `corereg.record` all work this way; this file is the only place
where it is written. A `Capture` is one function for inputs of one signature: the memory that its
calls read and write, and the calls. A `CaptureCache` holds the captures of one function.

    states of a capture:  new -> (record, as often as it asks for) -> ready
                          ready -> (a dependency has changed) -> forgotten
                          new -> refused: its obstacle says why, and runs go through Python
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from corereg import _kernels
from corereg.runtime.dependencies import (
    Obstacle,
    changing,
    obstacle_of,
    obstacle_of_difference,
    snapshot_of,
)
from corereg.runtime.scheduling import SIGNATURES, ThreadTuner

if TYPE_CHECKING:  # imported for parts that have to prove themselves
    from corereg.runtime.references import References

ReplayPlan = list[tuple[_kernels.Program, int]]
"""Programs, and how often each is replayed, one after the other."""


MOST_CHANGES = 3  # of what a function depends on, in a row, before it was replayed once


class Capture:
    """The kernel calls of a function for inputs of one signature.

    memory: what the calls read, of whatever kind; it stays as long as the capture.
    """

    strict: ClassVar[bool] = False  # whether what cannot be replayed raises
    runs: ClassVar[int] = 1  # recordings that have to agree before calls are replayed

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.program: _kernels.Program | None = None
        self.obstacle: Obstacle | None = None
        self._earlier: list[_kernels.Program] = []  # recordings that are not enough yet
        self.unproven: list[Any] = []  # parts that its recordings have to prove
        self.snapshot: _kernels.Snapshot | None = None  # of what the calls depend on
        self._references: References | None = None  # of code that nobody vouches for
        self._tuner: ThreadTuner | None = None
        self._last_threads = 0  # of the last replay
        self._whole: ReplayPlan | None = None  # its calls, once
        self.result: Any = None  # what the function gave when it was recorded

    @classmethod
    def refused(cls, obstacle: Obstacle) -> Capture:
        """A capture without calls, that an obstacle keeps from being recorded."""
        made = cls(None)
        made.obstacle = obstacle
        return made

    @property
    def ready(self) -> bool:
        """Whether its calls can be replayed."""
        return self.program is not None and self.obstacle is None

    @property
    def wants_another_run(self) -> bool:
        """Whether it was recorded, but not often enough yet to be replayed."""
        return bool(self._earlier)

    @property
    def threads(self) -> int:
        """How many threads replays take, as far as trials tell."""
        return 1 if self._tuner is None else self._tuner.threads

    def record(self, function: Callable[[], Any]) -> Any:
        """Runs the function and keeps its calls; returns what it gave. What it depends on is looked
        at afterwards, for a first step makes the optimizer's state."""
        program = _kernels.Program(strict=self.strict)
        with program:
            result = function()
        self.result = result = self.finish(program, result)
        self.unproven = program.unproven
        self.snapshot = snapshot_of(program.dependencies, program.unproven)
        self._references = None
        if program.unproven:
            from corereg.runtime.references import references_of

            self._references = references_of(program.unproven)
        self.obstacle = obstacle_of(program) or self.obstacle
        self._earlier.append(program)
        runs = max(self.runs, 2) if program.unproven else self.runs
        if len(self._earlier) >= runs or self.obstacle is not None:
            if self.obstacle is None:
                for earlier in self._earlier[:-1]:
                    self.compare(earlier, program)
            self._earlier.clear()
            self.program, self._tuner = program, ThreadTuner(program.work)
        return result

    def finish(self, program: _kernels.Program, result: Any) -> Any:
        """What `record` returns of the function's result, once its calls are recorded."""
        return result

    def compare(self, earlier: _kernels.Program, later: _kernels.Program) -> None:
        """Notes an obstacle unless two recordings did the same."""
        from corereg.runtime.comparison import difference

        found = difference(earlier, later)
        if found is not None:
            part = later.unproven[0] if later.unproven else None
            self.obstacle = obstacle_of_difference(part, found)

    def changed(self) -> bool:
        """Whether something that the recorded calls depend on has been set anew."""
        if self.snapshot is None:
            return False
        if self._references is not None and not self._references.unchanged():
            return True
        return not self.snapshot.unchanged()

    def replay(self, plan: ReplayPlan, times: int, steps: float = 1) -> int:
        """Runs a plan around this capture's program, together the work of `steps` such programs, at
        most `times` times over: returns how often; 0 if that would keep Python waiting."""
        assert self._tuner is not None
        threads, most = self._tuner.plan()
        times = min(times, int(most / steps))
        if times:
            threads = min(threads, _kernels.get_num_threads())  # may have been lowered since
            cold = int(threads != self._last_threads and times > 1)  # a CPU fetches the weights
            if cold:
                _kernels.replay(plan, 1, threads)
            began = time.perf_counter()
            _kernels.replay(plan, times - cold, threads)
            self._tuner.record_time(threads, time.perf_counter() - began, (times - cold) * steps)
            self._last_threads = threads
        return times

    def replay_once(self) -> None:
        """Runs this capture's calls once."""
        assert self.program is not None
        if self._whole is None:
            self._whole = [(self.program, 1)]
        self.replay(self._whole, 1)


class CaptureCache:
    """The captures of one function, by signature; those used last are kept."""

    def __init__(self, limit: int = SIGNATURES) -> None:
        self.version = 0  # another number whenever captures are forgotten
        self._limit = limit
        self._captures: OrderedDict[Hashable, Capture] = OrderedDict()  # the last used last
        self._refused: Capture | None = None  # a recording that cannot be replayed
        self.last: Capture | None = None  # what was recorded last
        self._changes = 0  # in a row, of captures that were not replayed yet

    @property
    def obstacle(self) -> Obstacle | None:
        """Why the function runs through Python, as far as is known."""
        return None if self._refused is None else self._refused.obstacle

    def __iter__(self) -> Iterator[Capture]:
        """The captures, the last used last."""
        return iter(self._captures.values())

    def __len__(self) -> int:
        return len(self._captures)

    def refuses(self) -> bool:
        """Whether a recording has shown that the function cannot be replayed as it is now."""
        refused = self._refused
        if refused is not None and refused.changed():
            self.clear()
            self._note_change(refused)
        return self._refused is not None

    def known(self, signature: Hashable) -> Capture | None:
        """The capture of a signature, if there is one and nothing it depends on has changed."""
        found = self._captures.get(signature)
        if found is None:
            return None
        if found.changed():
            self.clear()
            self._note_change(found)
            return None
        self._captures.move_to_end(signature)  # at once, so that no interrupt can lose it
        return found

    def _note_change(self, capture: Capture) -> None:
        """Gives up on a function of which something changes before it can be replayed once."""
        self._changes = 0 if capture.ready else self._changes + 1
        if self._changes >= MOST_CHANGES and capture.unproven:
            self.refuse(Capture.refused(changing(capture.unproven)))

    def add(self, signature: Hashable, capture: Capture) -> Capture:
        """Keeps a new capture, which it returns, and drops what was used the longest ago."""
        self._captures[signature] = capture
        while len(self._captures) > self._limit:
            self._captures.popitem(last=False)
        return capture

    def find(self, signature: Hashable, make: Callable[[], Capture]) -> Capture | None:
        """The capture of a signature, or a new one that `make` gives. None: the function has to run
        through Python, see `obstacle`."""
        if self.refuses():
            return None
        return self.known(signature) or self.add(signature, make())

    def record(self, capture: Capture, function: Callable[[], Any]) -> Any:
        """Runs and records what `find` gave a new capture for; returns what the function gave."""
        try:
            result = capture.record(function)
        except BaseException:
            self.clear()
            raise
        if capture.obstacle is not None:
            self.refuse(capture)
        self.last = capture
        return result

    def refuse(self, capture: Capture) -> None:
        """Runs the function through Python from now on, because of a capture's obstacle."""
        self.clear()
        self._refused = capture

    def clear(self) -> None:
        """Forgets all."""
        self.version += 1
        self._captures.clear()
        self._refused = None
