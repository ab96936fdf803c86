"""What a run of the benches prints: the machine, the control, and Markdown tables of medians."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measure import Share
from workloads import WORKLOADS

import corereg

HOW = [
    "kernels: recorded calls, replayed without Python, on arrays that begin with a cache line",
    "limits: measured right before and right after each sample; on one thread, its CPU time",
]
IN_README = [  # titles; of kernels on one thread (1) or on all (0)
    ("dense forward, bias, relu 32x64x64", 1),
    ("dense forward, bias, relu 128x784x512", 1),
    ("dense forward, bias, relu 128x784x512", 0),
    ("dense forward, bias, relu 128x1024x1024", 0),
    ("dense forward, bias, relu 128x2048x2048", 0),
    ("dense forward, bias, relu 1x784x512", 1),
    ("dense dW, db 128x784x512", 1),
    ("dense dX, relu below 128x784x512", 1),
    ("dropout, behind relu, 128x1024", 1),
    ("softmax cross entropy 128x10", 1),
    ("softmax cross entropy 1024x1000", 1),
    ("adam with L1 + L2, 11,000 parameters", 1),
    ("adam with L1 + L2, 1,000,000 parameters", 0),
    *((f"{name}: one training step in kernels", 1) for name in list(WORKLOADS)[:3]),
    *((f"{name}: one training step in kernels", 0) for name in list(WORKLOADS)[3:]),
    *((f"{name}: one training step in autograd", 0) for name in list(WORKLOADS)[:3]),
    *((f"{name}: one step of a fit epoch", 0) for name in WORKLOADS),
]
KERNELS = "| kernel | threads | time | rate, limit | share | NumPy | ratio |"
RACES = "| median time of | NumPy | corereg | ratio |"
TORCH_RACES = "| median time of | PyTorch eager | corereg | ratio |"


@dataclass
class Results:
    """Seconds by title and side; shares by title and threads."""

    races: dict[str, dict[str, float]] = field(default_factory=dict)
    torch_races: dict[str, dict[str, float]] = field(default_factory=dict)
    controls: dict[str, dict[str, float]] = field(default_factory=dict)
    shares: dict[tuple[str, int], Share] = field(default_factory=dict)


def lines(results: Results, short: bool = False) -> list[str]:
    """The report, or what README shows of it; nothing if nothing was timed."""
    if not (results.races or results.torch_races or results.shares or results.controls):
        return []
    how = HOW if results.shares else []
    text = ["", "```", *machine(), *controls(results), *how, "```", ""]
    for head, line, rows in (
        (KERNELS, "|---|---:|---:|---:|---:|---:|---:|", kernels(results)),
        (RACES, "|---|---:|---:|---:|", races(results.races, "numpy")),
        (TORCH_RACES, "|---|---:|---:|---:|", races(results.torch_races, "torch")),
    ):
        chosen = [row for key, row in rows if not short or key in IN_README]
        text += [head, line, *chosen, ""] if chosen else []
    return text


def renew(readme: Path, results: Results) -> None:
    """Writes new figures into README."""
    text = readme.read_text()
    before, _, after = re.split(r"(?<=<!-- benches -->\n)|(?=<!-- /benches -->)", text)
    readme.write_text(before + "\n".join(lines(results, short=True)[1:]) + after)


def machine() -> list[str]:
    """What the figures depend on."""
    ours = corereg.show_config(mode="dicts")
    assert ours is not None
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        blas = []
    else:
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
    ratios = [sides["after"] / sides["before"] for sides in results.controls.values()]
    return bool(ratios) and all(1 / 1.2 < ratio < 1.2 for ratio in ratios)


def controls(results: Results) -> list[str]:
    """How steady the machine was: what is no race, at both ends of the run."""
    return [
        f"control: {title}: "
        + ", ".join(f"{side} {amount(seconds)}" for side, seconds in sides.items())
        for title, sides in results.controls.items()
    ]


def kernels(results: Results) -> list[tuple[tuple[str, int], str]]:
    """Rows, each under what IN_README calls it. The share is of the limit beside the rate."""
    rows = []
    for (title, threads), s in results.shares.items():
        each = f", {amount(s.seconds / s.elements)} each" if s.elements else ""
        row = (
            f"| {title} | {threads} | {amount(s.seconds)}{each} | {s.rate:.3g} of {s.limit:.3g} "
            f"{s.unit} | {100 * s.share:.0f} % | {amount(s.numpy)} | {s.numpy / s.seconds:.1f} |"
        )
        rows.append(((title, 1 if threads == 1 else 0), row))
    return rows


def races(found: dict[str, dict[str, float]], other: str) -> list[tuple[tuple[str, int], str]]:
    """Rows, each under what IN_README calls it. The ratio says how many times faster corereg is."""
    return [
        (
            (title, 0),
            f"| {title} | {amount(sides[other])} | {amount(sides['corereg'])} | "
            f"{sides[other] / sides['corereg']:.1f} |",
        )
        for title, sides in found.items()
    ]


def amount(seconds: float) -> str:
    """Seconds in a unit for readers, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
