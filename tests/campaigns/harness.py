"""What every campaign of this folder has: a way to be run, and counts of what was tried.

A campaign is a file with a function `run(seconds, seed)`, which tries cases for so long, prints
what it tried and returns how many failed. `main` makes a command of it:

    python tests/campaigns/files.py --seconds 60 --seed 7

`test_campaigns.py` runs the commands of all of them.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import importlib.util
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import corereg

SHOWN = 20  # different failures that are printed


class Tally:
    """Counts cases by kind, and failures by what was wrong, until the time is over."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.seed, self.began = seed, time.monotonic()
        self.end = self.began + seconds
        self.tried: collections.Counter[str] = collections.Counter()
        self.failures: collections.Counter[str] = collections.Counter()

    @property
    def goes_on(self) -> bool:
        """Whether there is time for another case."""
        return time.monotonic() < self.end

    def count(self, kind: str, cases: int = 1) -> None:
        self.tried[kind] += cases

    def fail(self, what: str) -> None:
        """Notes a failure; what: with all that is needed to try it again."""
        self.failures[what] += 1
        if len(self.failures) <= SHOWN and self.failures[what] == 1:
            print(f"FAILED: {what}", flush=True)

    def fail_with(self, error: BaseException, what: str) -> None:
        """Notes an exception that should not have been raised, with its place."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        file = place.filename.rpartition("/")[2]
        self.fail(f"{what}: {type(error).__name__}: {str(error)[:300]} ({file}:{place.lineno})")

    def report(self) -> int:
        """Prints what was tried; returns the number of failures."""
        seconds, failed = time.monotonic() - self.began, sum(self.failures.values())
        cases = sum(self.tried.values())
        print(f"seed {self.seed}: {cases} cases in {seconds:.1f} s, {failed} failures")
        for kind, number in sorted(self.tried.items()):
            print(f"  {number:9} {kind}")
        for what, number in self.failures.most_common(SHOWN):
            print(f"  FAILED {number} times: {what}")
        return failed


def check_seeds(
    seconds: float, seed: int, check: Callable[[int], Any], kind: str, most: int
) -> int:
    """Checks cases that a seed below `most` makes, on one thread or two; the number of failures.
    kind: what a case is, "function" or "model"."""
    warnings.simplefilter("ignore")
    rng, tally = random.Random(seed), Tally(seconds, seed)
    while tally.goes_on:
        give_up_after(120)
        one, threads = rng.randrange(most), rng.choice((1, 2))
        corereg.set_num_threads(threads)
        try:
            check(one)
        except Exception as error:
            tally.fail_with(error, f"{kind} of seed {one} on {threads} threads")
        tally.count(f"{kind}s on {threads} threads")
    corereg.set_num_threads(0)
    return tally.report()


def module_of_tests(name: str) -> Any:
    """A module of tests/, although one in this folder may have its name."""
    spec = importlib.util.spec_from_file_location(
        f"tests_{name}", Path(__file__).parents[1] / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def give_up_after(seconds: float) -> None:
    """Ends the process, with a trace of all threads, unless this is called again before that."""
    faulthandler.dump_traceback_later(seconds, exit=True)


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def main(run: Callable[[float, int], int], doc: str) -> None:
    """The command of a campaign: exit code 1 if anything failed."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="makes the same choices as a run that printed it")
    options = parser.parse_args()
    faulthandler.enable()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    sys.exit(1 if run(options.seconds, seed) else 0)
