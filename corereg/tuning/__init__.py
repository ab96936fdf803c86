"""Which settings of a model predict best: searches by cross-validation."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.tuning.averaging import AverageOfEstimators as AverageOfEstimators
    from corereg.tuning.result import NestedScores as NestedScores, SearchResult as SearchResult
    from corereg.tuning.search import cross_validated_search as cross_validated_search
    from corereg.tuning.space import (
        LogUniform as LogUniform,
        Uniform as Uniform,
        default_space as default_space,
    )

_MODULES = {
    "AverageOfEstimators": "averaging",
    "LogUniform": "space",
    "NestedScores": "result",
    "SearchResult": "result",
    "Uniform": "space",
    "cross_validated_search": "search",
    "default_space": "space",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
