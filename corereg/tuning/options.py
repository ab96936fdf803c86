"""What `cross_validated_search` was told, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corereg.training.arguments import check_count, check_optional_count
from corereg.tuning.score_table import RULES
from corereg.tuning.space import WHO
from corereg.tuning.strategies import STRATEGIES
from corereg.tuning.workers import check_n_jobs


@dataclass(frozen=True)
class SearchOptions:
    """The arguments of `cross_validated_search` of these names. ValueError or TypeError for values
    that cannot be."""

    space: Any = None
    cv: Any = 5
    scoring: Any = None
    strategy: str | None = None
    strength: str | None = None
    n_iter: int | None = None
    epochs: int = 100
    path_epochs: int | None = None
    batch_size: int | None = 32
    fit_options: Mapping[str, Any] | None = None
    drop_losing_folds: bool = False
    rule: str = "one_standard_error"
    ensemble_size: int = 5
    n_jobs: int | None = None
    error_score: Any = "raise"

    def __post_init__(self) -> None:
        for name, known in (("strategy", (None, *STRATEGIES)), ("rule", RULES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{WHO}: expected {name} as one of {', '.join(map(repr, known))}, received "
                    f"{getattr(self, name)!r}"
                )
        check_count(WHO, "ensemble_size", self.ensemble_size)
        check_count(WHO, "epochs", self.epochs)
        check_optional_count(WHO, "path_epochs", self.path_epochs)
        check_optional_count(WHO, "n_iter", self.n_iter)
        check_n_jobs(self.n_jobs)
        if self.drop_losing_folds and self.strategy in ("path", "halving"):
            raise ValueError(
                f"{WHO}: expected drop_losing_folds with strategy 'grid' or 'random', received "
                f"{self.strategy!r}"
            )
        score = self.error_score
        if score != "raise" and (isinstance(score, str) or not isinstance(score, float | int)):
            raise ValueError(
                f'{WHO}: expected error_score as "raise" or a number, received {score!r}'
            )
        callbacks = (self.fit_options or {}).get("callbacks")
        if callbacks is not None and not callable(callbacks):
            raise ValueError(
                f"{WHO}: expected callbacks as a function that gives new ones for each training, "
                f"for many run at once, received {callbacks!r}"
            )
