"""show_config: what this build of corereg is, and what it runs on."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.version import __version__


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Prints version, instruction set, threads and build flags; mode="dicts" returns them.

    >>> sorted(corereg.show_config("dicts"))[:2]
    ['build flags', 'corereg']
    """
    flags, openmp = _kernels.build_flags()
    found: dict[str, Any] = {
        "corereg": __version__,
        "numpy": np.__version__,
        "instruction set": _kernels.isa_name(),
        "instruction sets available": ", ".join(_kernels.available_isas),
        "threads": _kernels.get_num_threads(),
        "openmp": openmp,
        "build flags": flags,
    }
    if _kernels.is_forked_child():
        found["forked child"] = "yes, so one thread: OpenMP's threads do not live on in a child"
    if mode == "dicts":
        return found
    if mode != "stdout":
        raise ValueError(f"show_config: expected mode 'stdout' or 'dicts', received {mode!r}")
    for key, value in found.items():
        print(f"{key + ':':28}{value}")
    return None
