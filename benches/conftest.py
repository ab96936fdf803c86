"""Benches: corereg beside plain NumPy (corereg.reference), each pair verified, then timed.

    python -m pytest benches            all, in a minute; -k dropout: some; -v: all figures
    python -m pytest benches --readme   all, and the table of README.md anew

bench_autograd.py needs PyTorch, beside which it runs; elsewhere it is skipped. At the end stand the
machine and Markdown tables of medians. Both sides run with all the threads
they would take by themselves.
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

import report  # noqa: E402

TIMING = {"max_time": 0.5, "min_rounds": 5, "disable_gc": True}
RESULTS = pytest.StashKey[report.Results]()
Race = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--readme", action="store_true", help="write the figures to README.md")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RESULTS] = report.Results()
    config.option.benchmark_quiet = True  # its table for -v, else ours alone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.benchmark(**TIMING))
    items.sort(key=lambda item: "control[after]" in item.name)  # the others stay in order


def against(other: str) -> Any:
    """A fixture: race(title, other=f, corereg=g, per=1) times one of the two functions, by
    parameter. A call does `per` of what the title says."""

    @pytest.fixture(params=[other, "corereg"])
    def race(request: pytest.FixtureRequest, benchmark: Any) -> Race:
        def run(title: str, *, per: int = 1, **sides: Callable[[], Any]) -> None:
            measure(request, benchmark, title, request.param, sides[request.param], per)

        return run

    return race


race = against("numpy")
torch_race = against("torch")


@pytest.fixture
def control(request: pytest.FixtureRequest, benchmark: Any) -> Race:
    """control(title, when, f) times f, which is no contestant, before and after the races."""

    def run(title: str, when: str, function: Callable[[], Any]) -> None:
        measure(request, benchmark, title, when, function, 1)

    return run


def measure(
    request: pytest.FixtureRequest,
    benchmark: Any,
    title: str,
    side: str,
    function: Callable[[], Any],
    per: int,
) -> None:
    benchmark.group = title
    benchmark(function)
    if benchmark.stats is not None:  # None with --benchmark-disable
        stats = benchmark.stats.stats
        request.config.stash[RESULTS].add(title, side, stats.median / per, stats.iqr / per)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Iterator[None]:
    yield
    results = config.stash[RESULTS]
    for line in report.lines(results):
        terminalreporter.write_line(line)
    if config.getoption("--readme") and not report.steady(results):
        terminalreporter.write_line("README.md is left as it was: the control says a busy machine")
    elif config.getoption("--readme"):
        report.renew(Path(__file__).parents[1] / "README.md", results)
