"""Node: one call of a layer or an op on symbolic tensors."""

from __future__ import annotations

import weakref
from typing import Any

from corereg.graph.nest import flatten, map_nest
from corereg.graph.tensor import SymbolicTensor


class Spec:
    """What is known of one output. No tuple, so that a nest of them ends in them."""

    __slots__ = ("dtype", "mask", "name", "shape")

    def __init__(
        self, shape: Any, dtype: Any, name: str | None = None, mask: Spec | None = None
    ) -> None:
        """mask: of the mask that it has."""
        self.shape, self.dtype, self.name, self.mask = tuple(shape), dtype, name, mask


class Node:
    """One call: of what (`operation`), on what (`args`, `kwargs`), and what came out (`outputs`, a
    nest of symbolic tensors). An input of a model is a node without arguments.

    A symbolic tensor holds its node, a node its arguments and its operation. The other way round,
    a node knows its outputs weakly, and a layer its nodes: so what nobody holds is freed at once.
    """

    __slots__ = ("__weakref__", "_made", "args", "kwargs", "operation", "specs")

    def __init__(
        self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], specs: Any
    ) -> None:
        """specs: a nest of `Spec` for what comes out."""
        self.operation, self.args, self.kwargs, self.specs = operation, args, kwargs, specs
        count = 1 if type(specs) is Spec else len(list(flatten(specs)))
        self._made: list[weakref.ref[SymbolicTensor] | None] = [None] * count
        enter = getattr(operation, "_enter_node", None)
        if enter is not None:
            enter(self)

    @property
    def outputs(self) -> Any:
        """The symbolic tensors that came out, nested as the call nests them."""
        if type(self.specs) is Spec:
            return self._output(self.specs, 0)
        places = iter(range(len(self._made)))
        return map_nest(lambda spec: self._output(spec, next(places)), self.specs)

    def _output(self, spec: Spec, place: int) -> SymbolicTensor:
        known = self._made[place]
        found = None if known is None else known()
        if found is None:
            found = SymbolicTensor(spec.shape, spec.dtype, spec.name)
            found.node, found.place = self, place
            found._mask_spec = getattr(spec, "mask", None)  # older pickles have none
            spec.name = found.name
            self._made[place] = weakref.ref(found)
        return found

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors among the arguments, in order."""
        return [one for one in flatten((self.args, self.kwargs)) if isinstance(one, SymbolicTensor)]


def is_symbolic(nest: Any) -> bool:
    """Whether there is a symbolic tensor in a nest."""
    kind = type(nest)
    if kind is SymbolicTensor:
        return True
    if kind is list or kind is tuple:
        return any(map(is_symbolic, nest))
    return kind is dict and any(map(is_symbolic, nest.values()))
