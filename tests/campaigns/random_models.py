"""Random graphs of layers, trained, evaluated and used: replayed equals eager, to the bit.

python tests/campaigns/random_models.py --seconds 60
"""

from __future__ import annotations

import random
import warnings

from harness import Tally, give_up_after, main, module_of_tests

import corereg

cases = module_of_tests("random_models")


def run(seconds: float, seed: int) -> int:
    warnings.simplefilter("ignore")
    rng, tally = random.Random(seed), Tally(seconds, seed)
    while tally.goes_on:
        give_up_after(120)
        one, threads = rng.randrange(2**31), rng.choice((1, 2))
        corereg.set_num_threads(threads)
        try:
            cases.check(one)
        except Exception as error:
            tally.fail_with(error, f"model of seed {one} on {threads} threads")
        tally.count(f"models on {threads} threads")
    corereg.set_num_threads(0)
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
