"""The default float dtype, as in `keras.config`."""

from __future__ import annotations

__all__ = ["floatx", "set_floatx"]

_floatx = "float32"


def floatx() -> str:
    """The dtype of new parameters and of Python floats: "float32" (default) or "float64"."""
    return _floatx


def set_floatx(dtype: str) -> None:
    """Sets the default float dtype; raises ValueError for any but "float32" and "float64"."""
    global _floatx
    if dtype not in ("float32", "float64"):
        raise ValueError(f"set_floatx: expected 'float32' or 'float64', received {dtype!r}")
    _floatx = dtype
