"""A C file in int8 beside the same arithmetic in NumPy."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.export.c.quantized import Array
from corereg.export.c.running import (
    FLAGS,
    call,
    checked,
    compiled,
    find_compiler,
    read_about,
    run,
)
from corereg.export.c.writing import quantized
from corereg.export.formats import Ran


def run_int8(
    path: Any, codes: Sequence[Array], compiler: str | None = None, flags: Sequence[str] = FLAGS
) -> list[Array]:
    """The int32 outputs of a file in int8 for int8 arrays (rows, ...); compiler and flags as for
    `corereg.export.c.run`."""
    path = os.fspath(path)
    about = read_about(path)
    with compiled(path, find_compiler(compiler), flags) as library:
        return call_int8(library, about, codes)


def call_int8(library: Any, about: dict[str, Any], codes: Sequence[Array]) -> list[Array]:
    """The int32 outputs of a compiled file in int8."""
    given = [np.ascontiguousarray(one, np.int8) for one in codes]
    found = [np.empty((len(given[0]), *shape), np.int32) for _, _, shape, _ in about["outputs"]]
    room = np.empty(about["workspace"] // 8 + 1, np.float64)
    function = library[f"{about['prefix']}_predict_int8"]
    for row in range(len(given[0])):
        arrays = *(one[row : row + 1] for one in (*given, *found)), room
        function(*(ctypes.c_void_p(one.ctypes.data) for one in arrays))
    return found


def run_beside(
    path: str, model: Any, inputs: Sequence[Array], calibration: Any
) -> tuple[Ran, list[Array] | None]:
    """What a file gives, compiled once, and what a file in int8 has to give by NumPy, NaN wherever
    its whole numbers are others; None for a file in floats. ValueError for calibration where there
    is none, or the other way round."""
    about = read_about(path)
    if ("precision" in about) != (calibration is not None):
        wanted = "calibration=, as for its export," if calibration is None else "no calibration="
        kind = "in int8" if calibration is None else "in floats"
        raise ValueError(f"verify: expected {wanted} for a C file {kind}, {path!r}")
    if calibration is None:
        return run(path, inputs), None
    found = quantized(model, calibration, about["percentile"])
    codes, command = found.codes(inputs), find_compiler()
    with compiled(path, command, FLAGS) as library:
        ran = Ran(call(library, about, checked(path, about, inputs)), " ".join(command))
        pairs = zip(found.integers(codes), call_int8(library, about, codes), strict=True)
        return ran, [
            np.where(own == other, floats, np.float32(np.nan))
            for (own, other), floats in zip(pairs, found.predict(inputs), strict=True)
        ]
