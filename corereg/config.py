"""The default float dtype, the policy of layers, the small number of losses and what tracebacks
show, as in `keras.config`."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

_LATER = {
    "disable_interactive_logging": "corereg.utils.session",
    "dtype_policy": "corereg.dtype_policies",
    "enable_interactive_logging": "corereg.utils.session",
    "is_interactive_logging_enabled": "corereg.utils.session",
    "set_dtype_policy": "corereg.dtype_policies",
}
"""What Keras has here, too, and corereg in modules above this one."""

__all__ = [
    "backend",
    "disable_traceback_filtering",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_traceback_filtering_enabled",
    "set_backend",
    "set_floatx",
    "set_image_data_format",
]

MIXED = "mixed_bfloat16"  # the policy of float32 whose products are rounded

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


def policy_name() -> str:
    """The name of the dtype policy of layers that are told none; see `set_policy_name`."""
    return _policy or _floatx


def set_policy_name(name: str | None) -> None:
    """What `corereg.dtype_policies.set_dtype_policy` keeps, which checks it."""
    global _policy
    _policy = name


def backend() -> str:
    """The name of what computes: "corereg".

    >>> config.backend()
    'corereg'
    """
    return "corereg"


def set_backend(backend: str) -> None:
    """Does nothing for "corereg"; ValueError for others, which corereg does not have.

    >>> config.set_backend("corereg")
    """
    _only("set_backend", "corereg", backend)


def image_data_format() -> str:
    """Where the channels of images stand if a layer is not told: "channels_last".

    >>> config.image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Does nothing for "channels_last"; ValueError for others: the layers that take
    "channels_first" are told so.

    >>> config.set_image_data_format("channels_last")
    """
    _only("set_image_data_format", "channels_last", data_format)


def _only(who: str, wanted: str, given: str) -> None:
    if given != wanted:
        raise ValueError(f"{who}: expected {wanted!r}, received {given!r}")


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


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    plain = f"module 'corereg.config' has no attribute {name!r}"
    if name.startswith("_"):
        raise AttributeError(plain)
    from corereg.unavailable import refusal

    raise AttributeError(refusal("config", name) or plain)
