"""SIGKILL at random moments of `save`: the old file or the new one is there, whole.

    python tests/campaigns/kills.py --seconds 60

A forked process saves two models by turns to one path, until it is killed. Then the file there
loads, and it is one of the two to the bit. The next save into the folder removes what the killed
one left.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from pathlib import Path

from harness import Tally, give_up_after, main

import corereg
from corereg import layers
from corereg.models import Sequential, load_model

WIDTHS = (4, 200, 800)  # of models, whose files are of 10 kB, 0.5 MB, 8 MB
KILLS = 100  # with one pair of models


def make(width: int, seed: int) -> Sequential:
    corereg.set_random_seed(seed)
    model = Sequential([layers.Input((width,)), layers.Dense(width, "relu"), layers.Dense(width)])
    model.compile("adam", "mse")
    x = corereg.Tensor([[0.1 * seed] * width] * 4).data
    model.train_on_batch(x, x)
    return model


def bits(model: Sequential) -> bytes:
    return b"".join(w.tobytes() for w in [*model.get_weights(), *model.optimizer.state])


def kill_in_save(path: Path, pair: list[Sequential], delay: float) -> None:
    """Forks a process that saves and saves, and kills it."""
    process = os.fork()
    if not process:
        while True:
            for model in pair:
                model.save(path)
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def run(seconds: float, seed: int) -> int:
    rng, tally = random.Random(seed), Tally(seconds, seed)
    while tally.goes_on:
        width = rng.choice(WIDTHS)
        pair = [make(width, one) for one in (1, 2)]
        known = [bits(model) for model in pair]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.corereg")
            pair[0].save(path)
            for _ in range(KILLS):
                give_up_after(120)
                kill_in_save(path, pair, 0.002 * 100 ** rng.random())
                left = len(os.listdir(folder)) - 1
                tally.count("killed in a save" if left else "killed between saves")
                try:
                    found = bits(load_model(path))
                except Exception as error:
                    tally.fail_with(error, f"no model is left, of width {width}")
                    found = known[0]
                if found not in known:
                    tally.fail(f"a third model, of width {width}")
                if left > 1:
                    tally.fail(f"{left} temporary files are left")
                pair[rng.randrange(2)].save(path)
                if os.listdir(folder) != [path.name]:
                    tally.fail(f"left by the next save: {sorted(os.listdir(folder))}")
                if not tally.goes_on:
                    break
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
