"""AddressedParams: an estimator whose parameters may have addresses, such as `model__units`."""

from __future__ import annotations

from typing import Any, Self

from corereg.sklearn.routing import PREFIXES
from corereg.wrappers.scikit_learn import BaseEstimator


class AddressedParams(BaseEstimator):  # type: ignore[misc]
    """Parameters of scikit-learn, and beside them any that has an address or was given to the
    constructor as **kwargs. The latter are kept in `_addressed`, and are attributes all the same:
    ``estimator.model__units``.

    What else a subclass's constructor sets, without an underscore at either end, is a parameter.
    """

    _addressed: dict[str, Any]

    def _get_param_names(self) -> list[str]:
        own = [n for n in vars(self) if not n.startswith("_") and not n.endswith("_")]
        return [*own, *vars(self).get("_addressed", {})]

    def _own_params(self) -> dict[str, Any]:
        """All parameters by their full names, without those of parameters that are estimators."""
        return dict(self.get_params(deep=False))

    def set_params(self, **params: Any) -> Self:
        """Sets parameters; those with an address need not have been given before. ValueError for
        names that are neither."""
        for name, value in params.items():
            if name in self._get_param_names() or _is_addressed(name):
                setattr(self, name, value)
                continue
            try:
                super().set_params(**{name: value})
            except ValueError as error:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}: give an "
                    f"argument of the model's function as model__{name}={value!r}, or once to the "
                    f"constructor, {type(self).__name__}(..., {name}={value!r}); "
                    "get_params() has the parameters"
                ) from error
        return self

    def __getattr__(self, name: str) -> Any:
        addressed = vars(self).get("_addressed", {})
        if name in addressed:
            return addressed[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        addressed = vars(self).get("_addressed", {})
        if name in addressed or _is_addressed(name):
            self._addressed = {**addressed, name: value}
        else:
            super().__setattr__(name, value)


def _is_addressed(name: str) -> bool:
    prefix, mark, rest = name.partition("__")
    return prefix in PREFIXES and bool(mark and rest)
