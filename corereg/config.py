"""The default float dtype, the small number of losses and what tracebacks show, as in
`keras.config`."""

from __future__ import annotations

import os

__all__ = [
    "disable_traceback_filtering",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "is_traceback_filtering_enabled",
    "set_floatx",
]

_floatx = "float32"
_filters_tracebacks = os.environ.get("COREREG_FULL_TRACEBACKS", "0") in ("", "0")


def epsilon() -> float:
    """1e-7: how far losses keep probabilities from 0 and 1, and a number to add before a root or a
    division in losses and layers of one's own. It is Keras's default, and cannot be changed.

    >>> config.epsilon()
    1e-07
    """
    return 1e-7


def floatx() -> str:
    """The dtype of new parameters and of Python floats: "float32" (default) or "float64".

    >>> config.floatx(), Tensor([0.5]).dtype
    ('float32', dtype('float32'))
    """
    return _floatx


def set_floatx(dtype: str) -> None:
    """Sets the default float dtype; raises ValueError for any but "float32" and "float64".

    >>> config.set_floatx("float64")
    >>> Tensor([0.5])
    Tensor([0.5], dtype=float64)
    """
    global _floatx
    if dtype not in ("float32", "float64"):
        raise ValueError(f"set_floatx: expected 'float32' or 'float64', received {dtype!r}")
    _floatx = dtype


def enable_traceback_filtering() -> None:
    """Leaves the frames of corereg, but that of the check that failed, out of tracebacks of errors
    about data and arguments. This is the default.

    >>> config.enable_traceback_filtering()
    """
    global _filters_tracebacks
    _filters_tracebacks = True


def disable_traceback_filtering() -> None:
    """Keeps all frames, as the environment variable COREREG_FULL_TRACEBACKS=1 does.

    >>> config.disable_traceback_filtering()
    >>> config.enable_traceback_filtering()  # and back
    """
    global _filters_tracebacks
    _filters_tracebacks = False


def is_traceback_filtering_enabled() -> bool:
    """Whether frames of corereg are left out of tracebacks.

    >>> config.enable_traceback_filtering()
    >>> config.is_traceback_filtering_enabled()
    True
    """
    return _filters_tracebacks
