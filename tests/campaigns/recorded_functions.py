"""Random recorded functions of all kinds of ops, forward and backward: equal to eager, to the bit.

python tests/campaigns/recorded_functions.py --seconds 60
"""

from __future__ import annotations

from harness import check_seeds, main, module_of_tests

cases = module_of_tests("recorded_functions")


def run(seconds: float, seed: int) -> int:
    return check_seeds(seconds, seed, cases.check, "function", 2**62)


if __name__ == "__main__":
    main(run, __doc__)
