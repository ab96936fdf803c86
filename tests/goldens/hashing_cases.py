"""What the goldens of Hashing and HashedCrossing are made of: tokens of all lengths that the hash
tells apart, and layers with what they are called with."""

from __future__ import annotations

import random
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz 0123456789äßé漢"


def texts() -> list[str]:
    """Texts of 0 to 200 bytes and some more."""
    draws = random.Random(7)
    lengths = [*range(72), 96, 127, 128, 129, 191, 192, 193, 200, 1000]
    return ["".join(draws.choice(_LETTERS) for _ in range(n)) for n in lengths]


def numbers() -> list[int]:
    """Whole numbers of 1 to 20 characters."""
    ends = [0, 2**63 - 1, -(2**63)]
    for digits in range(19):
        ends += [sign * (10**digits + more) for sign in (1, -1) for more in (-1, 0, 7)]
    return ends


SALTS: dict[str, Any] = {"plain": None, "one": 133, "two": [133, -137]}
BINS = 2**31 - 1  # so many that an error in the hash is seen


def layers() -> dict[str, tuple[str, dict[str, Any], Any]]:
    """By name the class, its arguments and its input."""
    some, more = [["a"], ["bc"], [""], ["a"]], [[4], [-6], [0], [12345678901]]
    found: dict[str, tuple[str, dict[str, Any], Any]] = {}
    for mode in ("int", "one_hot", "multi_hot", "count"):
        options = {"num_bins": 5, "output_mode": mode}
        found[f"texts_{mode}"] = "Hashing", options, some
        found[f"numbers_{mode}"] = "Hashing", options, more
    found["mask_text"] = "Hashing", {"num_bins": 5, "mask_value": ""}, some
    found["mask_number"] = "Hashing", {"num_bins": 5, "mask_value": 0}, more
    found["mask_salt"] = "Hashing", {"num_bins": 5, "mask_value": 0, "salt": 9}, more
    for mode in ("int", "one_hot"):
        options = {"num_bins": 7, "output_mode": mode}
        found[f"cross_{mode}"] = "HashedCrossing", options, [some, more]
        flat = [[row[0] for row in one] for one in (some, more, some)]
        found[f"cross_of_three_{mode}"] = "HashedCrossing", options, flat
    found["cross_wide"] = "HashedCrossing", {"num_bins": BINS}, [some, more, more]
    return found
