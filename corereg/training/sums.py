"""What all that steps add up in has in common: for type checkers alone."""

from __future__ import annotations

from typing import Any, Protocol

from corereg.training.accumulators import Logs
from corereg.training.penalty_sums import PenaltySums


class Sums(Protocol):
    """Where steps add up, or put what they return. penalties: by name, if they are asked for."""

    @property
    def penalties(self) -> PenaltySums: ...
    def reset(self) -> None: ...
    def get_state(self) -> dict[str, Any]: ...
    def set_state(self, state: dict[str, Any]) -> None: ...
    def logs(self, prefix: str = "") -> Logs: ...
    def loss_so_far(self) -> float: ...
