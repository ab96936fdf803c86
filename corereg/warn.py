"""Warnings that point at the user's own line, however deep in the package they arise."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class NotFiniteWarning(RuntimeWarning):
    """A loss has become NaN or infinite."""


def warn_of_one_class(shape: Sequence[int | None], axis: int) -> None:
    """Warns of a softmax over an axis of one element."""
    if shape[axis] == 1:
        warn_user(
            f"softmax over an axis of 1 is always 1, received shape {tuple(shape)} and axis "
            f"{axis}; use sigmoid for one unit"
        )


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the nearest caller outside of this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)
