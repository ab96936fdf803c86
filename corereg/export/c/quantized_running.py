"""A C file in int8 beside the same arithmetic in NumPy."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.export.c.quantized import Array
from corereg.export.c.running import FLAGS, compiled, find_compiler, read_about
from corereg.export.c.writing import quantized


def run_int8(
    path: Any, codes: Sequence[Array], compiler: str | None = None, flags: Sequence[str] = FLAGS
) -> list[Array]:
    """The int32 outputs of a file in int8 for int8 arrays (rows, ...); compiler and flags as for
    `corereg.export.c.run`."""
    path = os.fspath(path)
    about = read_about(path)
    given = [np.ascontiguousarray(one, np.int8) for one in codes]
    found = [np.empty((len(given[0]), *shape), np.int32) for _, _, shape, _ in about["outputs"]]
    room = np.empty(about["workspace"] // 8 + 1, np.float64)
    with compiled(path, find_compiler(compiler), flags) as library:
        function = library[f"{about['prefix']}_predict_int8"]
        for row in range(len(given[0])):
            arrays = *(one[row : row + 1] for one in (*given, *found)), room
            function(*(ctypes.c_void_p(one.ctypes.data) for one in arrays))
    return found


def expected_of(
    path: str, model: Any, inputs: Sequence[Array], calibration: Any
) -> list[Array] | None:
    """What a file in int8 gives by NumPy, NaN wherever its whole numbers are others; None for a
    file in floats. ValueError for calibration where there is none, or the other way round."""
    about = read_about(path)
    if ("precision" in about) != (calibration is not None):
        wanted = "calibration=, as for its export," if calibration is None else "no calibration="
        kind = "in int8" if calibration is None else "in floats"
        raise ValueError(f"verify: expected {wanted} for a C file {kind}, {path!r}")
    if calibration is None:
        return None
    found = quantized(model, calibration, about["percentile"])
    codes = found.codes(inputs)
    pairs = zip(found.integers(codes), run_int8(path, codes), strict=True)
    return [
        np.where(own == other, floats, np.float32(np.nan))
        for (own, other), floats in zip(pairs, found.predict(inputs), strict=True)
    ]
