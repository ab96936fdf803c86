"""The limits of the machine, and how near to them a training step of each workload comes.

    python benches/roofline.py [--workloads mnist-wide,growth-1024] [--threads 1] [--plot FILE]
                               [--readme]

First the limits: multiplications and additions in registers (a bare loop of FMAs), reading, and
reading and writing (a triad in place), of arrays far larger than caches, on one thread and on all.
Then for each workload, in one run with the limits looked at before and after each sample: the step
in bare calls of the kernels, recorded and replayed as `fit` runs them, beside

    arithmetic    the operations of its products at the peak of arithmetic,
    memory        the bytes that its kernels read and write, at the rate of a triad over as much
                  memory as the step has: what fits into caches is measured in caches,

and its parts by themselves, each beside its own limit: the products (forward, dX, dW) beside
arithmetic, the update beside memory. `growth-N` is a net N-N-N-10 at batch 128. Medians; on one
thread the time is the CPU's, on more what went by. --plot needs matplotlib.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import report  # noqa: E402
from measure import (  # noqa: E402
    SAMPLE,
    THREADS,
    Limit,
    arithmetic,
    enough,
    normal,
    quiet,
    reading,
    recorded,
    timed,
    traffic,
)
from nets import KernelNet  # noqa: E402
from workloads import GROWTH, WORKLOADS, Workload  # noqa: E402

from corereg import _kernels  # noqa: E402
from corereg.autograd.parameter import aligned  # noqa: E402

ALL = {**WORKLOADS, **GROWTH}
FAR = 256 << 20  # bytes that no cache holds
SAMPLES = 15
BYTES = 4  # of a number
UPDATE = 7  # numbers that Adam reads and writes for each parameter: w, m, v both, the gradient once


class Part(NamedTuple):
    """A step, or a part of it: seconds, and what it takes at the limits' rates."""

    seconds: float
    arithmetic: float
    memory: float

    @property
    def share(self) -> float:
        """Of the slower of both limits, in the time that it took."""
        return max(self.arithmetic, self.memory) / self.seconds


def operations(w: Workload) -> dict[str, float]:
    """Multiplications and additions of each kind of product."""
    sizes = [2 * w.batch * a * b for a, b in zip(w.units, w.units[1:], strict=False)]
    return {"forward": sum(sizes), "dX": sum(sizes[1:]), "dW": sum(sizes), "update": 0, "loss": 0}


def traffic_of(w: Workload) -> dict[str, float]:
    """Bytes that the kernels of each part read and write, every array of a call once."""
    found = dict.fromkeys(("forward", "dX", "dW", "update", "loss"), 0.0)
    for i, (a, b) in enumerate(zip(w.units, w.units[1:], strict=False)):
        x, y, kernel = w.batch * a, w.batch * b, a * b + b
        found["forward"] += BYTES * (x + y + kernel)
        found["dX"] += BYTES * (2 * x + y + kernel) * bool(i)  # x: as the layer below gave it, too
        found["dW"] += BYTES * (x + y + kernel)
        found["update"] += BYTES * UPDATE * kernel
    found["loss"] = BYTES * 3 * w.batch * w.units[-1]
    return found


def footprint(w: Workload) -> int:
    """Bytes of memory that a step has: weights, gradients, two moments, outputs and deltas."""
    kernels = sum(a * b + b for a, b in zip(w.units, w.units[1:], strict=False))
    return BYTES * (4 * kernels + w.batch * (w.units[0] + 2 * sum(w.units[1:])))


def programs(w: Workload) -> dict[str, _kernels.Program]:
    """A step, recorded, and its parts."""
    net = KernelNet(w, w.weights(), list(range(len(w.units))))
    x, y = (aligned(a[: w.batch]) for a in w.data())
    layers = range(len(net.outputs))

    def every(part: Callable[[int], None], numbers: range) -> None:
        for i in reversed(numbers):
            part(i)

    return {
        "step": recorded(lambda: net.launch(x, y)),
        "forward": recorded(lambda: net.forward(x)),
        "loss": recorded(lambda: net.differentiate(y)),
        "dX": recorded(lambda: every(net.backward_input, layers[1:])),
        "dW": recorded(lambda: every(lambda i: net.backward_weights(x, i), layers)),
        "update": recorded(net.update),
    }


def times_for_sample(program: _kernels.Program, threads: int) -> int:
    return enough(lambda n: timed(program, n, threads) * n, SAMPLE)


def sampled(
    found: dict[str, _kernels.Program], threads: int, limits: tuple[Limit, Limit]
) -> dict[str, Any]:
    """Of each program, run in turns, medians of seconds and of both limits' rates around them."""
    times = {name: times_for_sample(program, threads) for name, program in found.items()}
    samples: dict[str, list[tuple[float, ...]]] = {name: [] for name in found}
    for _ in range(SAMPLES):
        for name, program in found.items():
            before = [limit.look() for limit in limits]
            seconds = timed(program, times[name], threads)
            rates = [(a + limit.look()) / 2 for a, limit in zip(before, limits, strict=True)]
            samples[name].append((seconds, *rates))
    return {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in samples.items()
    }


def measure(w: Workload, threads: int) -> dict[str, Part]:
    """The step and its parts beside their limits."""
    work, bytes_ = operations(w), traffic_of(w)
    work["step"], bytes_["step"] = w.operations, sum(bytes_.values())
    with quiet(threads):
        limits = arithmetic(threads), traffic(threads, footprint(w))
        return {
            name: Part(seconds, 1e-9 * work[name] / flops, 1e-9 * bytes_[name] / rate)
            for name, (seconds, flops, rate) in sampled(programs(w), threads, limits).items()
        }


# ---- report ------------------------------------------------------------------------------------


def median_look(limit: Limit) -> float:
    return statistics.median(limit.look() for _ in range(SAMPLES))


def ceilings(most: int) -> list[str]:
    """What the machine gives, on one thread and on so many."""
    lines = []
    for threads in sorted({1, most}):
        looks = [
            ("arithmetic", arithmetic(threads)),
            ("reading", reading(threads, normal(FAR // BYTES))),
            ("reading and writing", traffic(threads, FAR)),
        ]
        with quiet(threads):
            rates = [f"{title} {median_look(limit):.3g} {limit.unit}" for title, limit in looks]
        lines.append(f"{threads} thread{'s' * (threads > 1)}: {', '.join(rates)}")
    return lines


HEAD = "| step of | time | arithmetic | memory | of the limit | time by part (of its own limit) |"


def row(name: str, parts: dict[str, Part]) -> str:
    step = parts["step"]
    return (
        f"| {name} | {report.amount(step.seconds)} | {report.amount(step.arithmetic)} | "
        f"{report.amount(step.memory)} | {step.share:.0%} | {remains(parts)} |"
    )


def remains(parts: dict[str, Part]) -> str:
    """Where the time of a step goes, the most first, and how near to its limit each part is."""
    inner = {name: part for name, part in parts.items() if name != "step"}
    whole = parts["step"].seconds
    ordered = sorted(inner.items(), key=lambda item: -item[1].seconds)
    texts = [
        f"{name} {part.seconds / whole:.0%}" + (f" ({part.share:.0%})" if name != "loss" else "")
        for name, part in ordered
        if part.seconds >= 0.02 * whole
    ]
    return ", ".join(texts)


def table(found: dict[str, dict[str, Part]]) -> list[str]:
    return [HEAD, "|---|---:|---:|---:|---:|---|", *(row(name, p) for name, p in found.items())]


def draw(file: Path, found: dict[str, dict[str, Part]], threads: int) -> None:
    """The roof, and steps under it: operations a byte of memory, and operations a second."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    peak, rate = arithmetic(threads).look(), traffic(threads, FAR).look()
    figure, axis = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    reach = [0.5, peak / rate, 200]
    axis.plot(reach, [0.5 * rate, peak, peak], color="#8fa3b5")
    for name, parts in found.items():
        w = ALL[name]
        x = w.operations / sum(traffic_of(w).values())
        y = 1e-9 * w.operations / parts["step"].seconds
        axis.plot(x, y, "o", color="#c0392b")
        axis.annotate(name, (x, y), xytext=(4, -9), textcoords="offset points", size=7)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("operations a byte that kernels read or write")
    axis.set_ylabel(f"GFLOP/s, {threads} thread{'s' * (threads > 1)}")
    axis.set_title("the roof: arithmetic, and memory that no cache holds", size=9)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workloads", default=",".join(ALL))
    parser.add_argument("--threads", type=int, choices=THREADS, default=THREADS[-1])
    parser.add_argument("--plot", metavar="FILE", help="draw the roof and the steps")
    parser.add_argument("--readme", action="store_true", help="write the table to README.md")
    options = parser.parse_args()
    names = options.workloads.split(",")
    for unknown in {*names} - {*ALL}:
        parser.error(f"--workloads: expected names of {', '.join(ALL)}, received {unknown!r}")
    load = f"load when it began: {os.getloadavg()[0]:.1f}"
    lines = [
        "```",
        *report.machine(),
        *ceilings(options.threads),
        f"steps on {options.threads} thread{'s' * (options.threads > 1)}; {load}",
    ]
    found = {name: measure(ALL[name], options.threads) for name in names}
    lines += ["```", "", *table(found)]
    print("\n".join(lines))
    if options.plot:
        draw(Path(options.plot), found, options.threads)
    if options.readme:
        readme = Path(__file__).parents[1] / "README.md"
        text = readme.read_text()
        before, _, after = re.split(r"(?<=<!-- roofline -->\n)|(?=<!-- /roofline -->)", text)
        readme.write_text(before + "\n".join([*lines, ""]) + after)


if __name__ == "__main__":
    main()
