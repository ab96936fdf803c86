"""Trajectories as Keras 3 ran them: same weights, same batches in, same numbers out.

The files in goldens/ are made by goldens/make_goldens.py, which needs Keras; these tests do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from goldens.cases import CASES, Case, run, split

import corereg

GOLDENS = Path(__file__).parent / "goldens"

# The largest difference allowed in an array, relative to its largest entry. In float32 Keras is off
# its own float64 run by up to 4e-6, which make_goldens.py measures and bounds; in float64 only the
# order of sums is left, below 1e-14.
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> Iterator[str]:
    """Sets floatx for one test."""
    before = corereg.config.floatx()
    corereg.config.set_floatx(request.param)
    yield request.param
    corereg.config.set_floatx(before)


def compare(name: str, ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> None:
    """Fails with the place of the largest difference."""
    difference = np.abs(ours - theirs.astype("float64"))
    allowed = tolerance * np.abs(theirs).max()
    worst = np.unravel_index(difference.argmax(), difference.shape)
    # argmax finds a NaN first, and no NaN is <= anything.
    assert difference[worst] <= allowed, (
        f"{name}{list(map(int, worst))}: {ours[worst]!r}, Keras has {theirs[worst]!r}, "
        f"a difference of {difference[worst]:.2e} where {allowed:.2e} is allowed"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trajectory(case: Case, dtype: str) -> None:
    with np.load(GOLDENS / case.file) as golden:
        start, names, flat = golden["start"], golden["names"].tolist(), golden[dtype]
    ours = run(case, corereg, start, dtype)
    # corereg keeps the penalty of each epoch beside the keys of Keras.
    ours = {name: ours[name] for name in ours if name not in ("penalty", "val_penalty")}
    assert list(ours) == names
    for name, theirs in zip(names, split(flat, list(ours.values())), strict=True):
        if name == "predict" or name.startswith("weight "):
            assert ours[name].dtype == dtype
        compare(name, ours[name], theirs, TOLERANCE[dtype])


def test_files_are_those_of_the_cases() -> None:
    others = {path.stem for path in GOLDENS.glob("*.npz")} & {
        *(
            "activations",
            "augmentation",
            "einsum",
            "feature_space",
            "graphs",
            "keras_ops",
            "loss_goldens",
            "masks",
            "metrics",
            "norms",
            "optimizers",
        ),
        *("tables", "torch_ops", "torch_words", "trained_graphs"),
    }  # of other tests
    files = {path.name for path in GOLDENS.glob("*.npz") if path.stem not in others}
    assert files == {c.file for c in CASES}
