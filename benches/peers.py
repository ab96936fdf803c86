"""corereg beside whichever rivals are installed, on the five workloads, and by name on more.

    python benches/peers.py [--workloads multiclass,growth-1024] [--peers jax-scan,torch]
                            [--reduced] [--rounds 7] [--memory] [--plot FILE] [--readme]

Training: microseconds a step of an epoch (Adam, shuffled, accuracy on), the epoch after a change of
sides not counted: compiling, checking data, recording and a cold cache are not steps. Inference:
one call with NumPy arrays in and out. Each side has a process of its own, and is asked in turns;
the figures are medians over rounds. Before anything is timed, all sides that start from the same
weights must have the same loss and the same predictions, and the same loss again after an epoch
without shuffling. --reduced adds sides that multiply in bfloat16, which agree less. --memory adds
what training takes at its peak, over the imported library and the data. Needs corereg and any of
jax, torch, keras (on jax, torch, tensorflow), scikit-learn, onnxruntime with onnx; --plot needs
matplotlib.
"""

from __future__ import annotations

import argparse
import importlib.metadata as metadata
import multiprocessing
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np  # noqa: E402
from peers_sides import REDUCED, SIDES, WITHOUT_PENALTIES  # noqa: E402
from peers_worker import serve  # noqa: E402
from workloads import GROWTH, WORKLOADS, Workload  # noqa: E402

# that one side trains or predicts in one round, or one epoch or call: a virtual machine that was
# idle takes some tenths of a second to come to speed
SECONDS = 1.0
MOST_SECONDS, FEWEST = 6.0, 3  # a side stops after so long, but has so many rounds
ALL = {**WORKLOADS, **GROWTH}
MANY_ROWS = {"mnist-wide": 10_000}
FEW_ROWS = 1_000
PAUSE = 0.15  # seconds between two sides: threads of the last one may spin for 0.12
TOLERANCE, DROPOUT_TOLERANCE = 1e-3, 0.05  # of losses; masks differ
REDUCED_TOLERANCE = 0.05  # of losses and probabilities, of sides of less precision
Figures = dict[str, dict[str, float]]  # by workload and side


class Refusal(Exception):
    """A side cannot do what it was asked for."""


class Asked:
    """A side, in its own process."""

    def __init__(self, name: str) -> None:
        if name.startswith("keras-"):
            os.environ["KERAS_BACKEND"] = name.split("-")[1]
        spawn = multiprocessing.get_context("spawn")
        self.end, other = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(other, name), daemon=True)
        self.process.start()
        other.close()

    def __call__(self, method: str, *arguments: Any) -> Any:
        self.end.send((method, arguments))
        outcome, value = self.end.recv()
        if outcome == "error":
            raise Refusal(value)
        return value

    def close(self) -> None:
        self.end.close()
        self.process.join()


@contextmanager
def processes(names: list[str]) -> Iterator[dict[str, Asked]]:
    asked: dict[str, Asked] = {}
    try:
        for name in names:
            asked[name] = Asked(name)
        yield asked
    finally:
        for one in asked.values():
            one.close()


# ---- the same function? ------------------------------------------------------------------------


def expected(w: Workload, x: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The loss before and after an epoch in order, and the first predictions, in plain NumPy."""
    from nets import NumpyNet

    net = NumpyNet(w, w.weights())
    predictions = net.predict(x)
    before = net.loss(*w.data())
    net.epoch(*w.data(), shuffle=False)
    return before, net.loss(*w.data()), predictions


def verify(name: str, w: Workload, sides: dict[str, Asked]) -> list[str]:
    """Builds the workload on every side and compares them; returns those that can do it."""
    x = w.data()[0][:64]
    plain = w._replace(l1=(), l2=())
    with_penalties = expected(w, x)
    wanted = {True: with_penalties, False: with_penalties if plain == w else expected(plain, x)}
    able = []
    for side, ask in sides.items():
        before, after, predictions = wanted[side not in WITHOUT_PENALTIES]
        try:
            loss, found = ask("build", w, x)
        except Refusal as reason:
            print(f"{name}: without {side}: {reason}", file=sys.stderr)
            continue
        precise = side not in REDUCED
        tolerance = TOLERANCE if precise else REDUCED_TOLERANCE
        agree(f"{name}: {side}'s loss before training", loss, before, tolerance)
        near = (1e-4, 1e-6) if precise else (REDUCED_TOLERANCE, 1e-3)
        if found.shape != predictions.shape or not np.allclose(found, predictions, *near):
            raise SystemExit(f"{name}: {side}'s predictions differ from NumPy's")
        able.append(side)
        try:
            loss = ask("in_order")
        except Refusal:
            continue
        tolerance = DROPOUT_TOLERANCE if w.rate else tolerance
        agree(f"{name}: {side}'s loss after an epoch", loss, after, tolerance)
    return able


def agree(what: str, value: float, expected: float, tolerance: float) -> None:
    if not abs(value - expected) <= tolerance * abs(expected):
        raise SystemExit(f"{what} is {value}, expected {expected} to {tolerance:.1%}")


# ---- time and memory ---------------------------------------------------------------------------


def in_turns(
    sides: dict[str, Asked], rounds: int, method: str, *arguments: Any
) -> dict[str, float]:
    """Median seconds of each side that can do it: of method(*arguments, how often)."""
    often: dict[str, int] = {}
    for side, ask in sides.items():
        try:
            first = ask(method, *arguments, 1)
        except Refusal:
            continue
        often[side] = max(1, int(SECONDS / first))
    times: dict[str, list[float]] = {side: [] for side in often}
    for _ in range(rounds):
        for side, n in often.items():
            if len(times[side]) < FEWEST or n * sum(times[side]) < MOST_SECONDS:
                time.sleep(PAUSE)
                times[side].append(sides[side](method, *arguments, n))
    return {side: statistics.median(found) for side, found in times.items()}


def measure(names: list[str], workloads: list[str], rounds: int) -> dict[str, Figures]:
    """Tables of figures by workload and side."""
    training, one_row, many_rows = "training, us a step", "one row, us", "many rows, ms"
    tables: dict[str, Figures] = {training: {}, one_row: {}, many_rows: {}}
    rng = np.random.default_rng(0)
    with processes(names) as everyone:
        for name in workloads:
            w = ALL[name]
            able = verify(name, w, everyone)
            sides = {side: everyone[side] for side in able}
            x = rng.standard_normal((MANY_ROWS.get(name, FEW_ROWS), w.units[0]), np.float32)
            for title, unit, request in (
                (training, 1e6 / w.steps, ("run",)),
                (one_row, 1e6, ("predict", x[:1])),
                (many_rows, 1e3, ("predict", x)),
            ):
                found = in_turns(sides, rounds, *request)
                tables[title][name] = {side: unit * value for side, value in found.items()}
            print(f"{name}: done", file=sys.stderr)
    return tables


def memory(names: list[str], workloads: list[str]) -> Figures:
    """Megabytes of training, each in a fresh process."""
    figures: Figures = {name: {} for name in workloads}
    for name in workloads:
        for side in names:
            with closing(Asked(side)) as ask:
                try:
                    figures[name][side] = ask("memory", ALL[name])
                except Refusal as reason:
                    print(f"{name}: no memory of {side}: {reason}", file=sys.stderr)
    return figures


# ---- report ------------------------------------------------------------------------------------


def machine(names: list[str]) -> list[str]:
    import report

    packages = metadata.packages_distributions()  # of tensorflow: tensorflow-cpu, perhaps
    found = [
        f"{module} {metadata.version(packages[module][0])}"
        for module in dict.fromkeys(m for name in names for m in SIDES[name][2])
        if module != "corereg"
    ]
    return [*report.machine(), ", ".join(found) or "no peers are installed"]


def table(title: str, figures: Figures) -> list[str]:
    """Workloads by sides; in brackets how many times corereg's figure it is."""
    names = [side for side in SIDES if any(side in found for found in figures.values())]
    lines = [
        f"| {title} | " + " | ".join(SIDES[side][0] for side in names) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for name, found in figures.items():
        cells = [
            "-"
            if side not in found
            else number(found[side])
            if side == "corereg"
            else f"{number(found[side])} ({found[side] / found['corereg']:.1f})"
            for side in names
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--peers", default=",".join(s for s in SIDES if s not in REDUCED))
    parser.add_argument("--reduced", action="store_true", help="sides of less precision, too")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="peaks of memory, too")
    parser.add_argument("--plot", metavar="FILE", help="draw the figures")
    parser.add_argument("--readme", action="store_true", help="write the tables to README.md")
    options = parser.parse_args()
    workloads = options.workloads.split(",")
    asked = dict.fromkeys([*options.peers.split(","), *(REDUCED if options.reduced else ())])
    names = ["corereg", *(p for p in asked if p != "corereg")]
    for unknown in {*names} - {*SIDES}:
        parser.error(f"--peers: expected names of {', '.join(SIDES)}, received {unknown!r}")
    for unknown in {*workloads} - {*ALL}:
        parser.error(f"--workloads: expected names of {', '.join(ALL)}, received {unknown!r}")
    names = [name for name in names if all(find_spec(module) for module in SIDES[name][2])]
    tables = measure(names, workloads, options.rounds)
    if options.memory:
        tables["memory of training, MB"] = memory(names, workloads)
    lines = ["```", *machine(names), "```"]
    for title, figures in tables.items():
        lines += ["", *table(title, figures)]
    print("\n".join(lines))
    if options.plot:
        from peers_plot import draw

        draw(Path(options.plot), tables)
    if options.readme:
        readme = Path(__file__).parents[1] / "README.md"
        text = readme.read_text()
        before, _, after = re.split(r"(?<=<!-- peers -->\n)|(?=<!-- /peers -->)", text)
        readme.write_text(before + "\n".join([*lines, ""]) + after)


if __name__ == "__main__":
    main()
