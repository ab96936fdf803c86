"""How the benches take time: contestants in turns, and a kernel between two looks at the limit.

The clock of a machine wavers, and its neighbours come and go. So a share of the limit is the median
over many samples, each of which held a kernel against the peak measured right before and right
after it; and what is compared runs in turns.

Kernels run as `fit` runs them: as a recorded call, replayed many times over without Python.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd.parameter import aligned

Array = np.ndarray[Any, Any]
Call = Callable[[], Any]
TURNS = 3
SECONDS = 0.1  # for one contestant in one turn
SAMPLE = 1e-3  # calls are timed in groups that take about this long
LOOK = 3e-4  # and the limit is looked at for this long
REST = 0.15  # OpenBLAS's threads spin for 0.12 s in the hope of more work
STEADY = 0.1  # a sample counts if its two looks differ by less, and are more than
ALONE = 0.6  # of the row's best; else somebody had the CPU meanwhile
FEWEST = 2  # samples in a turn, however long one takes
THREADS = sorted({1, _kernels.get_num_threads()})  # that kernels are timed on


class Limit(NamedTuple):
    """A rate that the machine does not exceed, as a probe finds it: units a second."""

    unit: str  # "GFLOP/s" or "GB/s"
    work: float  # units that one run of the probe does
    probe: _kernels.Program
    threads: int
    times: int  # runs of a look

    def look(self) -> float:
        return self.work / timed(self.probe, self.times, self.threads)


class Share(NamedTuple):
    """A kernel beside its limit. Seconds and rates are medians, and so is the share itself."""

    threads: int
    seconds: float
    rate: float
    limit: float
    unit: str
    share: float
    numpy: float
    elements: int


# ---- arrays ------------------------------------------------------------------------------------


def normal(*shape: int, dtype: str = "f4") -> Array:
    """Standard normal numbers, the same for the same shape."""
    return aligned(np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype))


def empty(*shape: int, dtype: str = "f4") -> Array:
    return aligned(np.zeros(shape, dtype))


# ---- limits ------------------------------------------------------------------------------------


@cache
def arithmetic(threads: int, dtype: str = "f4") -> Limit:
    """FMAs in registers, a multiply and an add where the instruction set has none."""
    rounds = 150_000
    y = aligned(np.ones(192 * threads, dtype))
    probe = recorded(lambda: _kernels.probe_arithmetic(y, rounds, 0.999, 1e-3))
    return Limit("GFLOP/s", 2e-9 * rounds * y.size, probe, threads, 1)


@cache
def traffic(threads: int, footprint: int) -> Limit:
    """The triad a = a + s b over two arrays of `footprint` bytes together. In place, three
    transfers are all there are; into a third array the lines written would be fetched, too."""
    a, b = normal(footprint // 8), normal(footprint // 8)
    probe = recorded(lambda: _kernels.probe_triad(a, b, 1e-9, a))
    return repeated(Limit("GB/s", 12e-9 * a.size, probe, threads, 1))


def reading(threads: int, array: Array) -> Limit:
    """Reading this array, from where it lies between two uses."""
    out = empty(-(-array.size // 4096))
    probe = recorded(lambda: _kernels.probe_read(array, out))
    return repeated(Limit("GB/s", 1e-9 * array.nbytes, probe, threads, 1))


def repeated(limit: Limit) -> Limit:
    """With as many runs as fill a look."""
    return limit._replace(times=enough(lambda n: timed(limit.probe, n, limit.threads) * n, LOOK))


# ---- time --------------------------------------------------------------------------------------


def recorded(call: Call) -> _kernels.Program:
    program = _kernels.Program()
    with program:
        call()
    return program


def clock(threads: int) -> Callable[[], int]:
    """For what runs on the calling thread alone, the time for which that had a CPU: what others
    took of it does not count. For more, the time that went by."""
    return time.thread_time_ns if threads == 1 else time.perf_counter_ns


def timed(program: _kernels.Program, times: int, threads: int) -> float:
    """Seconds of one of `times` runs."""
    now = clock(threads)
    began = now()
    program.replay(times, threads)
    return (now() - began) * 1e-9 / times


def enough(run: Callable[[int], float], seconds: float) -> int:
    """How many times over run(n), which tells its seconds, takes about so long."""
    n = 1
    while (spent := run(n)) < seconds / 2:
        n = max(2 * n, int(n * seconds / max(spent, 1e-7) / 2))
    return max(1, round(n * seconds / spent))


def grouped(call: Call, n: int, threads: int) -> float:
    """Seconds of n calls that use so many threads."""
    now = clock(threads)
    began = now()
    for _ in range(n):
        call()
    return (now() - began) * 1e-9


def turn(sample: Callable[[], Any]) -> list[Any]:
    """What sample() gives, again and again for one turn."""
    found = []
    until = time.perf_counter() + SECONDS
    while len(found) < FEWEST or time.perf_counter() < until:
        found.append(sample())
    return found


@contextmanager
def quiet(threads: int) -> Iterator[None]:
    """No garbage collection, and at most so many threads for everyone."""
    from threadpoolctl import threadpool_limits  # which peers.py may lack

    with threadpool_limits(threads):
        gc.collect()
        gc.disable()
        try:
            yield
        finally:
            gc.enable()


def race(sides: dict[str, Call]) -> dict[str, float]:
    """Median seconds of a call of each side, in turns."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    threads = _kernels.get_num_threads()
    with quiet(threads):
        groups = {}
        for side, call in sides.items():
            time.sleep(REST)  # `fit` remembers on how many threads it was fast
            groups[side] = enough(lambda n, call=call: grouped(call, n, threads), SAMPLE)
        for _ in range(TURNS):
            for side, call in sides.items():
                time.sleep(REST)
                n = groups[side]
                times[side] += turn(lambda call=call, n=n: grouped(call, n, threads) / n)
    return {side: statistics.median(found) for side, found in times.items()}


def held_against(limit: Limit, work: float, call: Call, numpy: Call, elements: int = 0) -> Share:
    """Times a recorded call that does `work` of the limit's units (1e9 operations or bytes) between
    looks at the limit, and NumPy's way in turns with it, on the limit's threads."""
    threads = limit.threads
    program = recorded(call)
    with quiet(threads):
        times = enough(lambda n: timed(program, n, threads) * n, SAMPLE)
        group = enough(lambda n: grouped(numpy, n, threads), SAMPLE)

        def sample() -> tuple[float, float, float]:
            before = limit.look()
            seconds = timed(program, times, threads)
            return seconds, before, limit.look()

        rival: list[float] = []
        own: list[tuple[float, float, float]] = []
        for _ in range(TURNS):
            rival += turn(lambda: grouped(numpy, group, threads) / group)
            time.sleep(REST if threads > 1 else 0)
            own += turn(sample)
    least = ALONE * max(max(looks) for _, *looks in own)
    steady = [(s, a, b) for s, a, b in own if abs(a - b) < STEADY * max(a, b) and min(a, b) > least]
    kept = steady if len(steady) >= 5 else own
    seconds = statistics.median(s for s, _, _ in kept)
    return Share(
        threads,
        seconds,
        work / seconds,
        statistics.median((before + after) / 2 for _, before, after in kept),
        limit.unit,
        statistics.median(work / s * 2 / (before + after) for s, before, after in kept),
        statistics.median(rival),
        elements,
    )
