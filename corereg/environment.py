"""show_config: what this build of corereg is, and what it runs on; bug_report: all of that and more
as a text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.matmul_precision import get_float32_matmul_precision
from corereg.version import __version__


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Prints version, instruction set, what multiplies in reduced precision, threads and build
    flags; mode="dicts" returns them.

    >>> sorted(corereg.show_config("dicts"))[:2]
    ['build flags', 'corereg']
    """
    flags, native = _kernels.build_flags()
    found: dict[str, Any] = {
        "corereg": __version__,
        "numpy": np.__version__,
        "instruction set": _kernels.isa_name(),
        "instruction sets available": ", ".join(_kernels.available_isas),
        "products of bfloat16": _kernels.matrix_units(),
        "matmul precision": get_float32_matmul_precision(),
        "threads": _kernels.get_num_threads(),
        "team of threads": "none" if native == "none" else f"own, {native}",
        "build flags": flags,
    }
    if "t" in getattr(sys, "abiflags", ""):  # a free-threaded Python
        found["GIL"] = _state_of_gil()
    if mode == "dicts":
        return found
    if mode != "stdout":
        raise ValueError(f"show_config: expected mode 'stdout' or 'dicts', received {mode!r}")
    for key, value in found.items():
        print(f"{key + ':':28}{value}")
    return None


def _state_of_gil() -> str:
    """Whether a Python that can do without the GIL has it; docs/free-threading.md says why."""
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return "on, switched on by what needs it, corereg for one"
    return "off, by PYTHON_GIL=0 or -X gil=0: use corereg from one thread only"


# ---- a report for an issue -----------------------------------------------------------------------

_PACKAGES = (
    *("scikit-learn", "scipy", "joblib", "pandas", "polars", "pyarrow", "matplotlib", "h5py"),
    *("tensorboard", "threadpoolctl", "cython"),
)
_VARIABLES = ("COREREG_", "OMP_", "OPENBLAS_", "MKL_", "KMP_", "GOMP_", "NPY_", "PYTHONHASHSEED")


def bug_report(model: Any = None, x: Any = None, y: Any = None) -> str:
    """What to paste into an issue, as a text of some lines: versions of corereg, Python, NumPy with
    its BLAS and of optional packages, the processor, `show_config` and environment variables that
    matter.

    model: adds its summary and its execution report; x, y: the data, of which their types, shapes
    and dtypes are told and no values. The name of the user's home folder becomes `~`.

    >>> corereg.bug_report(x=np.ones((3, 2))).splitlines()[-1]
    'x: ndarray (3, 2) float64'
    """
    parts = {"corereg": _versions(), "environment": _variables()}
    if model is not None:
        lines: list[str] = []
        model.summary(print_fn=lines.append)
        report = str(model.execution_report()).splitlines()
        parts["model"] = [*"\n".join(lines).splitlines(), *report]
    data = {"x": x, "y": y}
    told = [f"{name}: {_form(value)}" for name, value in data.items() if value is not None]
    parts |= {"data": told} if told else {}
    text = "\n".join(
        line for title, lines in parts.items() for line in (f"--- {title}", *(lines or ["none"]))
    )
    home = os.path.expanduser("~")
    return text if home in ("~", "/", "") else text.replace(home, "~")


def _versions() -> list[str]:
    import platform
    from importlib import metadata

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {
        **(show_config("dicts") or {}),
        "python": f"{platform.python_version()} ({sys.implementation.name})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor() or platform.processor() or "unknown",
        "cores": f"{os.cpu_count()}, {usable} of them usable",
        "blas of numpy": _blas(),
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return [f"{key + ':':28}{value}" for key, value in found.items()]


def _processor() -> str | None:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            named = (s.partition(":")[2].strip() for s in file if s.startswith("model name"))
            return next(named, None)
    except OSError:
        return None  # no Linux


def _blas() -> str:
    config: Any = np.show_config(mode="dicts")
    found = ((config or {}).get("Build Dependencies") or {}).get("blas") or {}
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def _variables() -> list[str]:
    names = sorted(name for name in os.environ if name.startswith(_VARIABLES))
    return [f"{name}={os.environ[name]}" for name in names]


def _form(value: Any) -> str:
    """The type of data, and the shapes and dtypes in it."""
    kind = type(value).__name__
    if isinstance(value, Mapping):
        return f"{kind} of {{{', '.join(f'{key}: {_form(value[key])}' for key in value)}}}"
    if hasattr(value, "shape"):
        return " ".join([kind, str(tuple(value.shape)), *_dtypes(value)])
    if isinstance(value, list | tuple):
        if value and all(hasattr(one, "shape") for one in value):
            return f"{kind} of [{', '.join(map(_form, value))}]"
        return f"{kind} of {len(value)} {', '.join(sorted({type(one).__name__ for one in value}))}"
    return kind


def _dtypes(value: Any) -> Iterator[str]:
    """The dtypes of an array or of the columns of a table, with how often they are there."""
    if hasattr(value, "dtype"):
        yield str(value.dtype)
        return
    columns = [str(one) for one in getattr(value, "dtypes", ())]
    yield from (f"{columns.count(one)} x {one}" for one in dict.fromkeys(columns))
