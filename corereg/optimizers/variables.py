"""The state of an optimizer as variables, which `build` makes and `update_step` changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from corereg import _kernels, config, initializers
from corereg.autograd import Tensor
from corereg.autograd.parameter import Variable


class VariableMaker:
    """The making of variables as a part of `Optimizer`."""

    _state: list[Variable]
    _places: dict[int, int]  # of the parameters, by id

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """State that files keep, for a subclass's `build`; dtype None: that of Python's floats."""
        shape, kind = tuple(shape), dtype or config.floatx()
        name = name or f"variable_{len(self._state)}"
        if isinstance(initializer, str) and initializer == "zeros":
            made = Variable.zeros(shape, kind, name)
        else:
            made = Variable(initializers.get(initializer)(shape, str(np.dtype(kind))), name)
        self._state.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: Tensor, name: str = "var", initializer: Any = "zeros"
    ) -> Variable:
        """State of the shape and dtype of a variable, named after it."""
        own = _own_name(reference_variable)
        shape, dtype = reference_variable.shape, reference_variable.dtype
        return self.add_variable(shape, initializer, dtype, f"{own}_{name}")

    def add_optimizer_variables(
        self,
        trainable_variables: Iterable[Tensor],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """A list of `add_variable_from_reference` for every variable; several names give a list
        each, made variable by variable, with an initializer for all or a list of them."""
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, list | tuple)
        initials = list(initializer) if several else [initializer] * len(names)
        if len(initials) != len(names):
            raise ValueError(
                f"{type(self).__name__}.add_optimizer_variables: expected an initializer for each "
                f"of {len(names)} names, received {len(initials)}"
            )
        made: tuple[list[Variable], ...] = tuple([] for _ in names)
        with _kernels.CacheLines():
            for variable in trainable_variables:
                own, shape, dtype = _own_name(variable), variable.shape, variable.dtype
                for variables, one, initial in zip(made, names, initials, strict=True):
                    if type(initial) is str and initial == "zeros":
                        found = Variable._around(np.zeros(shape, dtype), f"{own}_{one}")
                        self._state.append(found)
                    else:
                        found = self.add_variable(shape, initial, dtype, f"{own}_{one}")
                    variables.append(found)
        return made[0] if isinstance(name, str) else made

    def _get_variable_index(self, variable: Tensor) -> int:
        """Where a variable stands in the list that `build` was given (Keras's name)."""
        if id(variable) not in self._places:
            raise ValueError(
                f"{type(self).__name__}: expected a variable that build() was given, received "
                f"{getattr(variable, 'name', variable)!r}; call build(variables) with it"
            )
        return self._places[id(variable)]

    def assign(self, variable: Variable, value: Any) -> None:
        """variable.assign(value), as Keras's optimizers write it."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """variable.assign_add(value)."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """variable.assign_sub(value)."""
        variable.assign_sub(value)


def _own_name(variable: Tensor) -> str:
    """What the state of a variable is named after."""
    return str(getattr(variable, "name", "variable")).replace("/", "_")
