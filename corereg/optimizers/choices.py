"""What an optimizer does to some variables only: which ones do not decay, and which ones learn
slower or faster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from corereg.autograd import Parameter
from corereg.optimizers.hyperparameters import check_number


class VariableChoices:
    """The choices of variables as a part of `Optimizer`."""

    parameters: list[Parameter]
    weight_decay: float | None
    learning_rate_multipliers: dict[str, float] | None
    _undecayed: tuple[Parameter, ...]
    _undecayed_names: tuple[str, ...]  # whole names
    _undecayed_patterns: tuple[str, ...]  # regular expressions, anywhere in a name

    def _forget_plans(self) -> None:
        raise NotImplementedError

    def _begin_choices(self, multipliers: Mapping[str, float] | None) -> None:
        """As without any choice but the learning rates' multipliers."""
        self._undecayed, self._undecayed_names, self._undecayed_patterns = (), (), ()
        self.learning_rate_multipliers = None
        if multipliers is None:
            return
        who = f"{type(self).__name__}: learning_rate_multipliers"
        if not isinstance(multipliers, Mapping):
            raise TypeError(
                f"{who}: expected a dict of part of a variable's name: factor, received "
                f"{multipliers!r}"
            )
        for pattern, factor in multipliers.items():
            _check_pattern(who, pattern)
            check_number(who, repr(pattern), factor)
        self.learning_rate_multipliers = dict(multipliers)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Parameter] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Keeps variables from weight decay, from the next step on; a later call replaces an
        earlier one.

        var_list: the variables; var_names: regular expressions, found anywhere in the variable's
        name ("dense/bias"), such as "bias". Saved models keep both, variables by their names.
        """
        who = f"{type(self).__name__}.exclude_from_weight_decay"
        variables = tuple(var_list or ())
        for one in variables:
            if not isinstance(one, Parameter):
                raise TypeError(
                    f"{who}: expected var_list of Parameters, received {type(one).__name__}; "
                    "give names as var_names=[...]"
                )
        if isinstance(var_names, str):
            raise TypeError(f"{who}: expected var_names as a list, received {var_names!r}")
        patterns = tuple(var_names or ())
        for pattern in patterns:
            _check_pattern(who, pattern)
        self._undecayed, self._undecayed_names = variables, ()
        self._undecayed_patterns = patterns
        self._forget_plans()

    def _choices_made(self) -> tuple[Any, ...]:
        """What decays and rates follow from that can be set without `exclude_from_weight_decay`."""
        rates = self.learning_rate_multipliers
        if not (rates or self._undecayed_names or self._undecayed_patterns):
            return (self.weight_decay,)
        return self.weight_decay, dict(rates or {}), [p.name for p in self.parameters]

    def _decays_of(self, parameters: Sequence[Parameter]) -> list[float]:
        """The weight decay of each variable; 0: none."""
        if self.weight_decay and (
            self._undecayed or self._undecayed_names or self._undecayed_patterns
        ):
            return [self._decay_of(p) for p in parameters]
        return [float(self.weight_decay or 0.0)] * len(parameters)

    def _multipliers_of(self, parameters: Sequence[Parameter]) -> list[float]:
        """What each variable's learning rate is multiplied by."""
        if self.learning_rate_multipliers:
            return [self._multiplier_of(p) for p in parameters]
        return [1.0] * len(parameters)

    def _decay_of(self, parameter: Parameter) -> float:
        """The weight decay of a variable; 0: none."""
        decay = self._wanted_decay(parameter)
        if not decay:
            return 0.0
        name = parameter.name
        excluded = (
            any(parameter is one for one in self._undecayed)
            or name in self._undecayed_names
            or any(re.search(pattern, name) for pattern in self._undecayed_patterns)
        )
        return 0.0 if excluded else decay

    def _wanted_decay(self, parameter: Parameter) -> float:
        """The weight decay of a variable that is not excluded."""
        return float(self.weight_decay or 0.0)

    def _multiplier_of(self, parameter: Parameter) -> float:
        """What a variable's learning rate is multiplied by."""
        found = 1.0
        for pattern, factor in (self.learning_rate_multipliers or {}).items():
            if re.search(pattern, parameter.name):
                found *= factor
        return found

    def _choices_config(self) -> dict[str, Any]:
        """What `get_config` adds where a choice was made."""
        found: dict[str, Any] = {}
        if self.learning_rate_multipliers is not None:
            found["learning_rate_multipliers"] = dict(self.learning_rate_multipliers)
        names = [*self._undecayed_names, *(p.name for p in self._undecayed)]
        if names or self._undecayed_patterns:
            found["excluded_from_weight_decay"] = {
                "variables": names,
                "names": list(self._undecayed_patterns),
            }
        return found

    def _put_excluded(self, config: Mapping[str, Any] | None) -> None:
        """Excludes what the config of another optimizer tells."""
        if config is not None:
            self.exclude_from_weight_decay(var_names=config.get("names"))
            self._undecayed_names = tuple(config.get("variables", ()))
            self._forget_plans()


def _check_pattern(who: str, pattern: Any) -> None:
    """Raises TypeError or ValueError unless pattern is a regular expression."""
    if not isinstance(pattern, str):
        raise TypeError(f"{who}: expected names as strings, received {pattern!r}")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"{who}: expected a regular expression, received {pattern!r}: {error}"
        ) from None
