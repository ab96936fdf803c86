"""Random graphs of layers, trained, evaluated and used: replayed equals eager, to the bit.

python tests/campaigns/random_models.py --seconds 60
"""

from __future__ import annotations

from harness import check_seeds, main, module_of_tests

cases = module_of_tests("random_models")


def run(seconds: float, seed: int) -> int:
    return check_seeds(seconds, seed, cases.check, "model", 2**31)


if __name__ == "__main__":
    main(run, __doc__)
