"""Benches: corereg beside plain NumPy (corereg.reference) and beside the machine's limits; each
row is verified, then timed.

    python -m pytest benches            all, in some minutes; -k dropout: some
    python -m pytest benches --readme   all, and the tables of README.md anew
    python -m pytest benches --check    verified only
    COREREG_ISA=v3 python -m pytest benches -k "dense or dropout"

At the end stand the machine and Markdown tables of medians. `measure.py` says how time is taken.
pytest-benchmark times corereg's side once more, for its tables (-v), files and comparisons of
revisions: --benchmark-save=NAME, then --benchmark-compare.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HARMFUL = [name for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ]
if HARMFUL:  # NumPy has read them by now: they cannot be taken back here
    raise pytest.UsageError(
        f"benches: {' and '.join(HARMFUL)} would slow NumPy down and flatter corereg; use: env "
        f"{' '.join('-u ' + name for name in HARMFUL)} python -m pytest benches"
    )

import measure  # noqa: E402
import report  # noqa: E402

TIMING = {"max_time": 0.05, "min_rounds": 3, "disable_gc": True}
RESULTS = pytest.StashKey[report.Results]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--readme", action="store_true", help="write the figures to README.md")
    parser.addoption("--check", action="store_true", help="verify the benches, time nothing")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RESULTS] = report.Results()
    config.option.benchmark_quiet = True  # its table for -v
    if config.getoption("--check"):
        config.option.benchmark_disable = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.benchmark(**TIMING))
    items.sort(key=lambda item: "control[after]" in item.name)  # the others stay in order


@pytest.fixture
def results(request: pytest.FixtureRequest) -> report.Results | None:
    """Where figures go; None where nothing is to be timed."""
    return None if request.config.getoption("--check") else request.config.stash[RESULTS]


@pytest.fixture
def race(results: report.Results | None, benchmark: Any) -> Callable[..., None]:
    """race(title, numpy=f, corereg=g, per=1) times both functions in turns. A call does `per` of
    what the title says."""

    def run(
        title: str, *, numpy: Callable[[], Any], corereg: Callable[[], Any], per: int = 1
    ) -> None:
        if results is not None:
            found = measure.race({"numpy": numpy, "corereg": corereg})
            results.races[title] = {side: seconds / per for side, seconds in found.items()}
        benchmark(corereg)

    return run


@pytest.fixture
def torch_race(results: report.Results | None, benchmark: Any) -> Callable[..., None]:
    """The same with torch=f for numpy=f."""

    def run(
        title: str, *, torch: Callable[[], Any], corereg: Callable[[], Any], per: int = 1
    ) -> None:
        if results is not None:
            found = measure.race({"torch": torch, "corereg": corereg})
            results.torch_races[title] = {side: seconds / per for side, seconds in found.items()}
        benchmark(corereg)

    return run


@pytest.fixture
def limit(results: report.Results | None, benchmark: Any) -> Callable[..., None]:
    """limit(title, limit, work, call, numpy, elements=0): see measure.held_against. `limit` is a
    function that makes one, for it takes time. elements: show the time of one as well."""

    def run(
        title: str,
        limit: Callable[[], measure.Limit],
        work: float,
        call: Callable[[], Any],
        numpy: Callable[[], Any],
        elements: int = 0,
    ) -> None:
        if results is not None:
            share = measure.held_against(limit(), work, call, numpy, elements)
            results.shares[title, share.threads] = share
        benchmark(call)

    return run


@pytest.fixture
def control(results: report.Results | None, benchmark: Any) -> Callable[..., None]:
    """control(title, when, f) times f, which is no contestant, before and after all else."""

    def run(title: str, when: str, function: Callable[[], Any]) -> None:
        if results is not None:
            found = measure.race({when: function})
            results.controls.setdefault(title, {}).update(found)
        benchmark(function)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    yield
    results = config.stash[RESULTS]
    for line in report.lines(results):
        terminalreporter.write_line(line)
    if config.getoption("--readme") and not report.steady(results):
        terminalreporter.write_line("README.md is left as it was: the control says a busy machine")
    elif config.getoption("--readme"):
        report.renew(Path(__file__).parents[1] / "README.md", results)
