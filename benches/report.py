"""What a run of the benches prints: the machine, the control, and a Markdown table of medians."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

import corereg

OTHERS = {"numpy": "NumPy", "torch": "PyTorch eager"}


class Time(NamedTuple):
    """Seconds: the median of all rounds and the distance of their quartiles."""

    median: float
    spread: float


class Results:
    """The times of every title by side."""

    def __init__(self) -> None:
        self.times: dict[str, dict[str, Time]] = {}

    def add(self, title: str, side: str, median: float, spread: float) -> None:
        self.times.setdefault(title, {})[side] = Time(median, spread)


def lines(results: Results) -> list[str]:
    """The report; nothing if nothing was timed."""
    if not results.times:
        return []
    found = ["", *machine(), *controls(results)]
    for other in OTHERS:
        if rows(results, other):
            found += ["", *table(results, other)]
    return found


def renew(readme: Path, results: Results) -> None:
    """Writes new figures for the rows that README's table has."""
    text = readme.read_text()
    before, old, after = re.split(r"(?<=<!-- benches -->\n)|(?=<!-- /benches -->)", text)
    new = ["```", *machine(), *controls(results), "```", "", *table(results, "numpy", old), ""]
    readme.write_text(before + "\n".join(new) + after)


def machine() -> list[str]:
    """What the figures depend on."""
    ours = corereg.show_config(mode="dicts")
    assert ours is not None
    blas = [
        f"{info['internal_api']} {info['version']} ({info['architecture']}, "
        f"{info['num_threads']} threads)"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    return [
        f"machine: {cpu()}, {len(os.sched_getaffinity(0))} CPUs, Python "
        f"{platform.python_version()}",
        f"corereg {ours['corereg']}: instruction set {ours['instruction set']}, "
        f"{ours['threads']} threads, {ours['build flags']}",
        f"NumPy {np.__version__}: {'; '.join(blas) or 'a BLAS unknown to threadpoolctl'}",
    ]


def cpu() -> str:
    """The processor's name and model number, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    name = found.get("model name", platform.machine())
    return f"{name} (model {found['model']})" if "model" in found else name


def steady(results: Results) -> bool:
    """Whether the control took as long after as before, to 20 %."""
    ratios = [
        sides["after"].median / sides["before"].median
        for sides in results.times.values()
        if sides.keys() == {"before", "after"}
    ]
    return bool(ratios) and all(1 / 1.2 < ratio < 1.2 for ratio in ratios)


def controls(results: Results) -> list[str]:
    """How steady the machine was: what is no race, at both ends of the run."""
    return [
        f"control: {title}: "
        + ", ".join(f"{side} {amount(time.median)}" for side, time in sides.items())
        for title, sides in results.times.items()
        if not race(sides)
    ]


def table(results: Results, other: str, among: str | None = None) -> list[str]:
    """A row a race against the other, or for those only that a text names. The ratio says how many
    times faster corereg is."""
    return [
        f"| median time of | {OTHERS[other]} | corereg | ratio |",
        "|---|---:|---:|---:|",
        *rows(results, other, among),
    ]


def rows(results: Results, other: str, among: str | None = None) -> list[str]:
    return [
        f"| {title} | {amount(sides[other].median)} | {amount(sides['corereg'].median)} | "
        f"{sides[other].median / sides['corereg'].median:.1f} |"
        for title, sides in results.times.items()
        if race(sides) and other in sides and (among is None or f"| {title} |" in among)
    ]


def race(sides: dict[str, Time]) -> bool:
    return len(sides) == 2 and "corereg" in sides


def amount(seconds: float) -> str:
    """Seconds in a unit for readers, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
