"""What the goldens of FeatureSpace are made of: spaces of all kinds of features, and random tables,
one to adapt to and one to encode, with values that were not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Space = Any  # the class FeatureSpace
Case = tuple[Callable[[Space, Any], Any], list[str]]


def table(seed: int, rows: int, unseen: bool) -> dict[str, Any]:
    """Columns of numbers, whole numbers and texts."""
    rng = np.random.default_rng(seed)
    words = ["red", "green", "blue", "", "a longer text than sixteen bytes", "grün"]
    words += ["never seen"] * unseen
    return {
        "age": rng.normal(40, 12, rows).astype("float32"),
        "pay": rng.exponential(1000, rows).astype("float32"),
        "kind": rng.integers(-3, 4 + 3 * unseen, rows),
        "code": rng.integers(0, 2**31 - 1, rows),
        "colour": np.array(words)[rng.integers(0, len(words), rows)],
        "town": np.array(words[::-1])[rng.integers(0, len(words), rows)],
    }


ALL = {
    "age": "float_normalized",
    "pay": "float_discretized",
    "kind": "integer_categorical",
    "code": "integer_hashed",
    "colour": "string_categorical",
    "town": "string_hashed",
}
NAMES = list(ALL)


def _own(space: Space, layers: Any) -> Any:
    return space(
        {
            "age": space.feature("float32", layers.Rescaling(0.5, 1.0), "float"),
            "pay": space.feature("float32", layers.Discretization(num_bins=4), "one_hot"),
            "kind": space.integer_categorical(max_tokens=4, num_oov_indices=2),
            "colour": space.feature("string", layers.Hashing(6, salt=[3, 5]), "one_hot"),
        }
    )


CASES: dict[str, Case] = {
    "all": (lambda space, layers: space(ALL), NAMES),
    "crossed": (
        lambda space, layers: space(
            ALL,
            crosses=[("colour", "kind"), ("town", "pay")],
            crossing_dim=9,
            hashing_dim=5,
            num_discretization_bins=6,
        ),
        NAMES,
    ),
    "dict": (
        lambda space, layers: space(
            {
                "age": "float",
                "pay": space.float_discretized(5, output_mode="int"),
                "kind": space.integer_categorical(output_mode="int"),
                "code": space.integer_hashed(7),
                "colour": space.string_categorical(max_tokens=3, output_mode="int"),
                "town": space.string_hashed(11, output_mode="int"),
            },
            output_mode="dict",
            crosses=[space.cross(("colour", "kind"), 8, output_mode="int"), ("town", "code")],
        ),
        NAMES,
    ),
    "own": (_own, ["age", "pay", "kind", "colour"]),
    "options": (
        lambda space, layers: space(
            {
                "age": space.float_rescaled(0.1, -2.0),
                "pay": space.float_discretized(7),
                "colour": space.string_categorical(num_oov_indices=3),
                "town": space.string_categorical(max_tokens=4),
            },
            crosses=[space.cross(("town", "colour"), 16)],
        ),
        ["age", "pay", "colour", "town"],
    ),
    "one": (lambda space, layers: space({"age": "float_normalized"}), ["age"]),
}


def tables(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of a case to adapt to, and those to encode."""
    names = CASES[name][1]
    both = (table(1, 200, unseen=False), table(2, 40, unseen=True))
    return tuple({key: one[key] for key in names} for one in both)  # type: ignore[return-value]
