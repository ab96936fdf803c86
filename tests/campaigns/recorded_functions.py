"""Random recorded functions of all kinds of ops, forward and backward: equal to eager, to the bit.

python tests/campaigns/recorded_functions.py --seconds 60
"""

from __future__ import annotations

import random
import warnings

from harness import Tally, give_up_after, main, module_of_tests

import corereg

cases = module_of_tests("recorded_functions")


def run(seconds: float, seed: int) -> int:
    warnings.simplefilter("ignore")
    rng, tally = random.Random(seed), Tally(seconds, seed)
    while tally.goes_on:
        give_up_after(120)
        one, threads = rng.randrange(2**62), rng.choice((1, 2))
        corereg.set_num_threads(threads)
        try:
            cases.check(one)
        except Exception as error:
            tally.fail_with(error, f"function of seed {one} on {threads} threads")
        tally.count(f"functions on {threads} threads")
    corereg.set_num_threads(0)
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
