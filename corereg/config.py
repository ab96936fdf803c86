"""The default float dtype, the policy of layers, the small number of losses and what tracebacks
show, as in `keras.config`."""

from __future__ import annotations

import os

__all__ = [
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "is_traceback_filtering_enabled",
    "set_dtype_policy",
    "set_floatx",
]

MIXED = "mixed_bfloat16"

_floatx = "float32"
_policy: str | None = None
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


def dtype_policy() -> str:
    """The dtype of layers that are not told another: what `set_dtype_policy` said, else `floatx`.

    >>> config.set_dtype_policy("float64")
    >>> config.dtype_policy(), layers.Dense(2).dtype
    ('float64', 'float64')
    """
    return _policy or _floatx


def set_dtype_policy(policy: str) -> None:
    """Sets the dtype of layers made from now on: "float32", "float64" or "mixed_bfloat16".

    "mixed_bfloat16" is Keras's name of a policy. Here such layers keep weights, outputs and
    gradients in float32, and multiply matrices with the precision "medium" (see
    `corereg.set_float32_matmul_precision`). Raises ValueError for other policies.

    >>> config.set_dtype_policy("mixed_bfloat16")
    >>> layers.Dense(2).get_config()["dtype"], layers.Dense(2).dtype
    ('mixed_bfloat16', 'float32')
    """
    global _policy
    if policy not in ("float32", "float64", MIXED):
        raise ValueError(
            f"set_dtype_policy: expected 'float32', 'float64' or {MIXED!r}, received {policy!r}"
        )
    _policy = policy


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
