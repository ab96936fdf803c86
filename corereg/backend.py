"""What programs ask of `keras.backend` every day. corereg has no other backends; the functions of
tensors are in `corereg.ops`."""

from __future__ import annotations

from corereg.config import epsilon, floatx, set_floatx
from corereg.unavailable import refusal
from corereg.utils.session import clear_session, is_keras_tensor, standardize_dtype

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_keras_tensor",
    "set_floatx",
    "standardize_dtype",
]


def backend() -> str:
    """The name of what computes: "corereg".

    >>> corereg.backend.backend()
    'corereg'
    """
    return "corereg"


def image_data_format() -> str:
    """Where the channels of images stand if a layer is not told: "channels_last".

    >>> corereg.backend.image_data_format()
    'channels_last'
    """
    return "channels_last"


def __getattr__(name: str) -> object:
    told = refusal("backend", name)
    raise AttributeError(
        told
        or f"corereg.backend has no {name!r}: it has {', '.join(__all__)}; the functions of "
        "tensors are in corereg.ops"
    )
