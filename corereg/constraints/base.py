"""Constraint: the base class; how constraints are applied, and come from names and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from corereg import _kernels, registry
from corereg.autograd import Parameter, Tensor, no_grad, tensor
from corereg.recordable import Recordable
from corereg.registry import register
from corereg.shown import as_call


@register("constraint")
class Constraint(Recordable):
    """Base class: subclass it and write `__call__`: the weights as a Tensor -> those it makes of
    them, of the same shape. This one leaves them as they are.

    >>> class AtMostOne(constraints.Constraint):
    ...     def __call__(self, w):
    ...         return corereg.ops.clip(w, -1.0, 1.0)
    >>> layers.Dense(1, kernel_constraint=AtMostOne())
    Dense(1, kernel_constraint=AtMostOne())
    """

    recordable = True
    _computes_on_tensors = True

    def __call__(self, w: Any) -> Any:
        return tensor(w)

    def constrain(self, parameter: Parameter) -> None:
        """Overwrites a parameter with what the constraint makes of it: what optimizers call."""
        assign_constrained(self, parameter)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal constraint."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A constraint from what `get_config` gave."""
        return cls(**config)

    __repr__ = as_call


def apply(constraint: Any, parameter: Parameter) -> None:
    """Overwrites a parameter with what its constraint, an object or a function, makes of it."""
    _kernels.track_part(constraint)
    if isinstance(constraint, Constraint):
        constraint.constrain(parameter)
    else:
        assign_constrained(constraint, parameter)


def assign_constrained(constraint: Any, parameter: Parameter) -> None:
    """The same by Python: TypeError or ValueError if what comes out is no such tensor."""
    with no_grad():
        found = constraint(parameter)
        shape = getattr(found, "shape", None)
        if shape != parameter.shape:
            who = getattr(constraint, "__name__", type(constraint).__name__)
            raise ValueError(
                f"constraint {who}: expected a tensor of the shape {parameter.shape} of "
                f"{parameter.name!r}, received {found!r}"
            )
        parameter.assign(found if isinstance(found, Tensor) else tensor(found))


def get(identifier: Any) -> Any:
    """None, a constraint, any callable, a name or a serialized dict as a constraint or None.
    ValueError for anything else.

    >>> constraints.get("non_neg")
    NonNeg()
    """
    if identifier is None:
        return None
    found = registry.resolve("constraint", identifier)
    if not callable(found):
        raise ValueError(
            f"constraint: expected a name, a Constraint or a callable, received {found!r}"
        )
    return found


def serialize(constraint: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name.

    >>> constraints.serialize(constraints.MaxNorm(3.0))["config"]
    {'max_value': 3.0, 'axis': 0}
    """
    return registry.serialize("constraint", constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What `serialize` gave, as a constraint again. custom_objects: {name: class or function} for
    those of one's own.

    >>> constraints.deserialize({"class_name": "NonNeg", "config": {}})
    NonNeg()
    """
    with registry.custom_object_scope(custom_objects):
        return get(config)
