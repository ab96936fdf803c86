"""Models as C for tests: many of them compiled at once, and run."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from corereg.export.c import write
from corereg.export.c.running import call, read_about

WARNINGS = (
    "-std=c99 -Wall -Wextra -Wconversion -pedantic -Wshadow -Wdouble-promotion -Werror".split()  # noqa: SIM905
)


def build(folder: Path, models: dict[str, Any], flags: list[str], compiler: str = "gcc") -> Any:
    """One library of several exported models; each has its key as prefix."""
    library = folder / f"all_{compiler}.so"
    sources = [str(folder / f"{name}.c") for name in models]
    command = [compiler, *flags, *WARNINGS, "-shared", "-fPIC", *sources, "-o", str(library), "-lm"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not made.returncode, made.stderr[:4000]
    return ctypes.CDLL(str(library))


def write_all(folder: Path, models: dict[str, Any], **options: Any) -> None:
    """A file for each model."""
    for name, model in models.items():
        write(model, str(folder / f"{name}.c"), **options)


def results(library: Any, folder: Path, name: str, inputs: list[Any]) -> list[Any]:
    """What the compiled model gives."""
    about = read_about(str(folder / f"{name}.c"))
    kinds = {"float": "f4", "double": "f8", "int32_t": "i4", "int64_t": "i8"}
    given = [
        np.ascontiguousarray(one, kinds[kind])
        for one, (_, kind, _) in zip(inputs, about["inputs"], strict=True)
    ]
    return call(library, about, given)


def distance(found: list[Any], expected: Any) -> float:
    """The largest difference, in units of the largest output."""
    expected = expected if isinstance(expected, list) else [expected]
    assert len(found) == len(expected)
    worst = 0.0
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other, "f8")
        assert one.shape == other.shape, (one.shape, other.shape)
        scale = max(float(np.abs(other[np.isfinite(other)]).max(initial=0)), 1e-30)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore"):
            apart = np.where(same, 0.0, np.abs(one - other))
        worst = max(worst, float(np.nan_to_num(apart, nan=np.inf).max(initial=0)) / scale)
    return worst
