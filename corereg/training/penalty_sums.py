"""The means of an epoch's penalties by name, for `compile(log_penalties=True)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later

if TYPE_CHECKING:
    from corereg.layers import penalty_names
else:
    penalty_names = later("corereg.layers.penalty_names")

Array = np.ndarray[Any, Any]


class PenaltySums:
    """Penalties by name, added up by kernels in cells that stay where they are.

    names: of those that the last step found, in the order of the layers.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._rows = np.zeros(1, np.int64)
        self._sums: dict[str, Array] = {}  # one element each

    @property
    def cells(self) -> dict[str, Array]:
        """All memory that is added to, by name."""
        return {"": self._rows, **self._sums} if self._sums else {}

    def add(self, model: Any, penalties: list[tuple[Any, Array]], rows: int) -> None:
        """Adds those of one batch: pairs of a weight or a `CallPenalty` and an array whose elements
        add up to the value."""
        found = penalty_names.PenaltyNames(model).by_name(penalties)
        for name, parts in found.items():
            cell = self._sums.setdefault(name, np.zeros(1))
            for part in parts:
                _kernels.accumulate_weighted_sum(cell, part, rows)
        _kernels.increment(self._rows, rows)
        self.names = tuple(found)

    def hide(self) -> None:
        """Nobody asks for them any more."""
        self.names = ()

    def reset(self) -> None:
        """Sets all sums to zero."""
        if self._sums:
            for cell in self.cells.values():
                cell.fill(0)

    def logs(self, prefix: str = "") -> dict[str, float]:
        """The means over rows so far."""
        rows = max(self._rows.item(), 1)
        return {prefix + name: self._sums[name].item() / rows for name in self.names}

    def get_state(self) -> dict[str, Any]:
        """Copies of all that was added up since `reset`."""
        sums = {name: self._sums[name].item() for name in self.names}
        return {"rows": self._rows.item(), "sums": sums}

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts back what `get_state` gave."""
        self.reset()
        self._rows[0] = state["rows"]
        for name, value in state["sums"].items():
            self._sums.setdefault(name, np.zeros(1))[0] = value
        self.names = tuple(state["sums"])
