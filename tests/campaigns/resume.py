"""Trainings killed with SIGKILL at random moments, restarted, and compared with those left alone.

    python tests/campaigns/resume.py --seconds 60 --seed 1

Each case is a random model with random data, options and callbacks (`tests/resumable.py`), with
`BackupAndRestore` at each epoch or after every few batches. A process trains it and is killed some
times at random moments, within saves, too; another one goes on, on one thread or two. Sometimes the
newest backup is damaged before that, where there are two. Weights, optimizer, History, the log, the
states of callbacks and of all that is random must then be those of a training left alone, bit for
bit, and no file may be left over. The seed makes the same cases again, though not the same moments.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from harness import main

sys.path.insert(0, str(Path(__file__).parents[1]))

KILLS = 12  # of one case, at most
PATIENCE = 120  # seconds after which a process counts as stuck
KEPT = ("log.csv", "best.corereg")


def train(task: dict[str, Any]) -> None:
    """One process: trains, and prints the results."""
    import resumable

    import corereg

    warnings.simplefilter("ignore")
    corereg.set_num_threads(task["threads"])
    folder = Path(task["folder"])
    model, options = resumable.build(task["seed"])
    found = resumable.more_callbacks(task["seed"], folder, model)
    keeper = corereg.callbacks.BackupAndRestore(folder / "backup", **task["backup"])
    print("ready", flush=True)
    began = time.perf_counter()
    model.fit(**options, callbacks=[keeper, *found])
    seconds = time.perf_counter() - began
    print(json.dumps([seconds, resumable.result(model, found, folder)]), flush=True)


def start(task: dict[str, Any]) -> subprocess.Popen[str]:
    """A process that has come to its `fit`."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--task", json.dumps(task)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise AssertionError(process.communicate(timeout=PATIENCE)[1][-800:])
    return process


def finish(process: subprocess.Popen[str]) -> tuple[float, dict[str, str]]:
    """Seconds and results of a process that nobody kills. AssertionError with what it said."""
    out, errors = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise AssertionError(errors[-800:])
    seconds, found = json.loads(out)
    return seconds, found


def damage(backup: Path, rng: np.random.Generator) -> bool:
    """Spoils the newest of two backups in one of three cases; whether it did."""
    last = backup / "last.backup"
    if rng.random() > 1 / 3 or not last.exists() or not (backup / "before.backup").exists():
        return False
    content = bytearray(last.read_bytes())
    if rng.random() < 0.5:
        del content[int(rng.integers(len(content))) :]
    else:
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    last.write_bytes(content)
    return True


def check(seed: int, rng: np.random.Generator, counts: Counter[str]) -> None:
    """One case. AssertionError if a killed training ends otherwise than one left alone."""
    frequencies: list[Any] = ["epoch", 1, 2, 5]
    backup = {
        "save_freq": frequencies[int(rng.integers(4))],
        "double_checkpoint": bool(rng.random() < 0.5),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "alone").mkdir()
        task = {"seed": seed, "threads": 1, "backup": backup, "folder": str(folder / "alone")}
        seconds, expected = finish(start(task))
        task["folder"] = str(folder)
        for _ in range(KILLS):
            task["threads"] = int(rng.integers(1, 3))
            process = start(task)
            try:
                process.wait(timeout=rng.uniform(0, 0.9) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            if process.returncode >= 0:  # it came to its end before, and begins anew
                counts["not killed in time"] += 1
            else:
                counts["kills"] += 1
                counts["kills within a save"] += any((folder / "backup").glob(".corereg-*.part"))
                counts["backups damaged"] += damage(folder / "backup", rng)
        _, received = finish(start(task))
        differ = [key for key, value in expected.items() if received[key] != value]
        assert not differ, f"{backup}: {', '.join(differ)} differ"
        left = {path.name for path in folder.iterdir()} - {"alone", *KEPT}
        assert not left, f"{backup}: {sorted(left)} left over"


def run(seconds: float, seed: int) -> int:
    """Cases for so many seconds; how many failed."""
    counts: Counter[str] = Counter({"cases": 0, "kills": 0, "failures": 0})
    rng, end = np.random.default_rng(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        case = int(rng.integers(2**31))
        counts["cases"] += 1
        try:
            check(case, rng, counts)
        except Exception as error:
            counts["failures"] += 1
            print(f"seed {case}: {type(error).__name__}: {str(error)[:800]}", flush=True)
    print(f"seed {seed}: " + ", ".join(f"{value} {key}" for key, value in counts.items()))
    return counts["failures"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:  # one of its own processes
        train(json.loads(sys.argv[2]))
    else:
        main(run, __doc__)
