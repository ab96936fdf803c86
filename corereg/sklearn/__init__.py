"""corereg in scikit-learn's form. The extra `sklearn` installs what it needs."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.sklearn.regularization_search import (
        RegularizationSearchCV as RegularizationSearchCV,
    )

_MODULES = {"RegularizationSearchCV": "regularization_search"}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
