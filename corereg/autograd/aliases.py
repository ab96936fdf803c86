"""Names for types that annotations repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Axis = int | Sequence[int] | None
"""An axis of a tensor, several, or None for all."""
Shape = int | Sequence[int]
