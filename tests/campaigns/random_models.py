"""Random graphs of layers, trained, evaluated and used: replayed equals eager, to the bit.

python tests/campaigns/random_models.py --count 1000 --seed 1 --threads 2
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import random_models

import corereg


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    corereg.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    began, failed = time.monotonic(), 0
    seeds = np.random.default_rng(options.seed).integers(0, 2**31, options.count)
    for seed in map(int, seeds):
        try:
            random_models.check(seed)
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:500]}", flush=True)
    seconds = time.monotonic() - began
    print(f"{options.count} models, {failed} that differ, {seconds:.0f} s")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
