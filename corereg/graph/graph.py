"""Graph: the calls between symbolic inputs and outputs, arranged to be run on tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg.graph.nest import flatten, map_nest
from corereg.graph.node import Node, Spec
from corereg.graph.order import Key, key_of, order_of
from corereg.graph.tensor import STRING, SymbolicTensor, number_dtype

INT64 = np.dtype(np.int64)
# How a step of the plan calls: a layer on one tensor, on one list of tensors, or anything else.
_ONE, _LIST, _ANY = range(3)
Step = tuple[Any, ...]


class Slot:
    """The place of a tensor in a run, in the arguments of a step."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Graph:
    """What lies between `inputs` and `outputs`, each a nest of symbolic tensors.

    sources: for each input, in order, the node that stands for it: that of an InputLayer. A model
    may begin in the midst of another one, where an input is what a layer gave.

    operations: the layers and ops, inputs first, in the order of their depth; nodes: the calls, in
    the order in which they run. ValueError for outputs that depend on something else than the
    inputs, and for names that are not unique.
    """

    def __init__(self, who: str, inputs: Any, outputs: Any, sources: Sequence[Node]) -> None:
        self.who = who
        self._arrange(inputs, outputs, list(sources))

    def _arrange(self, inputs: Any, outputs: Any, sources: list[Node]) -> None:
        flat, ends = list(flatten(inputs)), list(flatten(outputs))
        stands_for: dict[Key, Node] = {
            key_of(tensor): node for tensor, node in zip(flat, sources, strict=True)
        }
        order = order_of(ends, flat, stands_for, self._unconnected)
        self._replaced = flat  # alive: their keys stand for them
        self.sources = sources
        self.operations = order.operations
        self._check_names()
        known = {id(node) for node in sources}
        self.nodes = [node for node in order.nodes if id(node) not in known]
        self.calls = [node for node in order.calls if id(node) not in known]
        slots = {key_of(tensor): i for i, tensor in enumerate(flat)}
        slots |= {(id(node), 0): i for i, node in enumerate(sources)}
        self._tensors: list[SymbolicTensor] = [node.outputs for node in sources]
        self._plan = [self._step(node, slots) for node in self.nodes]
        self._results = map_nest(lambda tensor: Slot(slots[key_of(tensor)]), outputs)
        self._result = self._results.number if isinstance(self._results, Slot) else None
        own = [node.outputs for node in sources]
        numbers = iter(range(len(own)))
        self.inputs = map_nest(lambda _: own[next(numbers)], inputs)
        self.expected = [
            (self._shape_taken(one), self._dtype_taken(one), one.node.operation.name) for one in own
        ]
        self.outputs = map_nest(lambda slot: self._tensors[slot.number], self._results)

    def _shape_taken(self, source: SymbolicTensor) -> Any:
        """The shape of an input's values: its own, but for texts that of their numbers."""
        if source.dtype != STRING:
            return source.shape
        for node in self.nodes:
            for place, one in enumerate(flatten(node.args[:1])):
                if one is source and hasattr(node.operation, "_numbers_shape"):
                    return node.operation._numbers_shape(source.shape, place)
        return source.shape

    def _dtype_taken(self, source: SymbolicTensor) -> np.dtype[Any]:
        """The dtype of an input's values: its own, but for integers int64 if all layers that take
        it want that."""
        dtype = number_dtype(source.dtype)
        takers = [node for node in self.nodes if any(one is source for one in node.inputs)]
        kinds = [getattr(node.operation, "_input_dtype", None) for node in takers]
        whole = [kind in ("int64", STRING) for kind in kinds]  # what takes texts takes int64, too
        return INT64 if dtype.kind in "iu" and takers and all(whole) else dtype

    def _unconnected(self, output: SymbolicTensor) -> ValueError:
        return ValueError(
            f"{self.who}: expected outputs that are computed from the inputs, received the output "
            f"{output.name!r}, which depends on an input that is not among them"
        )

    def _check_names(self) -> None:
        seen: dict[str, Any] = {}
        for operation in self.operations:
            other = seen.setdefault(operation.name, operation)
            if other is not operation:
                raise ValueError(
                    f"{self.who}: expected a different name for every layer, received two named "
                    f"{operation.name!r}; give one of them another name="
                )

    def _step(self, node: Node, slots: dict[Key, int]) -> Step:
        """How a node is called: kind, operation, arguments, named ones, whether it is told of
        training, and where its outputs go."""

        def slot(one: Any) -> Any:
            return Slot(slots[key_of(one)]) if isinstance(one, SymbolicTensor) else one

        args, kwargs = map_nest(slot, node.args), map_nest(slot, node.kwargs)
        places = []
        for tensor in flatten(node.outputs):
            slots[key_of(tensor)] = len(self._tensors)
            places.append(len(self._tensors))
            self._tensors.append(tensor)
        out = places[0] if isinstance(node.specs, Spec) else tuple(places)
        is_layer = hasattr(node.operation, "_enter_node")
        told = is_layer and "training" not in kwargs
        first: Any = args[0] if len(args) == 1 and not kwargs else None
        if told and isinstance(out, int) and isinstance(first, Slot):
            return _ONE, node.operation, first.number, kwargs, told, out
        plain = isinstance(first, list) and all(isinstance(one, Slot) for one in first)
        if told and isinstance(out, int) and plain:
            numbers = tuple(one.number for one in first)
            return _LIST, node.operation, numbers, kwargs, told, out
        return _ANY, node.operation, args, kwargs, told, out

    def run(self, inputs: Sequence[Any], training: Any) -> Any:
        """The outputs, nested as they were given, for tensors in the order of the inputs."""
        values = self.begin(inputs)
        run_steps(self._plan, values, training)
        return self.outputs_of(values)

    def begin(self, inputs: Sequence[Any]) -> list[Any]:
        """Room for the value of each tensor, the inputs in it."""
        values: list[Any] = [None] * len(self._tensors)
        values[: len(inputs)] = inputs
        return values

    def outputs_of(self, values: Sequence[Any]) -> Any:
        """The outputs, nested as they were given."""
        if self._result is not None:
            return values[self._result]
        return map_nest(lambda slot: values[slot.number], self._results)

    def rerun(self, inputs: Sequence[Any], call: Callable[[Node], Any]) -> Any:
        """The outputs of the same calls on other symbolic tensors; call: a node's new operation."""
        values = self.begin(inputs)
        for node, (kind, _, args, kwargs, _, out) in zip(self.nodes, self._plan, strict=True):
            args = _fill(_whole(kind, args), values)
            kwargs = _fill(kwargs, values)
            found = call(node)(*args, **kwargs)
            places = (out,) if isinstance(out, int) else out
            for place, one in zip(places, flatten(found), strict=True):
                values[place] = one
        return self.outputs_of(values)

    def like_inputs(self, next_one: Callable[[], Any]) -> Any:
        """What `next_one` gives for each input, nested as the inputs."""
        return map_nest(lambda _: next_one(), self.inputs)

    # ---- copies --------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Flat, for a chain of tensors is too deep for pickle."""
        return {
            "who": self.who,
            "sources": [(node.operation, node.specs) for node in self.sources],
            "inputs": pack_numbers(self.inputs),
            "results": self._results,
            "steps": [
                (node.specs, kind, args, kwargs, node.operation)
                for node, (kind, _, args, kwargs, _, _) in zip(self.nodes, self._plan, strict=True)
            ],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.who = state["who"]
        sources = [Node(operation, (), {}, specs) for operation, specs in state["sources"]]
        values: list[Any] = [node.outputs for node in sources]
        for specs, kind, args, kwargs, operation in state["steps"]:
            args = _fill(_whole(kind, args), values)
            kwargs = _fill(kwargs, values)
            values += flatten(Node(operation, args, kwargs, specs).outputs)
        inputs = map_nest(lambda number: values[number], state["inputs"])
        self._arrange(inputs, map_nest(lambda slot: values[slot.number], state["results"]), sources)


def run_steps(steps: Sequence[Step], values: list[Any], training: Any) -> None:
    """Makes calls of a graph's plan, one after the other, on the values and into them."""
    for kind, operation, args, kwargs, told, out in steps:
        if kind == _ONE:
            values[out] = operation(values[args], training=training)
        elif kind == _LIST:
            values[out] = operation._call_on_list([values[i] for i in args], training)
        else:
            args = _fill(args, values)
            kwargs = _fill(kwargs, values)
            if told:
                kwargs["training"] = training
            found = operation(*args, **kwargs)
            if isinstance(out, int):
                values[out] = found
            else:
                for place, one in zip(out, flatten(found), strict=True):
                    values[place] = one


def pack_numbers(nest: Any) -> Any:
    """0, 1, 2, ... in a nest like this one."""
    numbers = iter(range(len(list(flatten(nest)))))
    return map_nest(lambda _: next(numbers), nest)


def _whole(kind: int, args: Any) -> tuple[Any, ...]:
    """The arguments of a step, whatever its kind."""
    if kind == _ONE:
        return (Slot(args),)
    return ([Slot(i) for i in args],) if kind == _LIST else args


def _fill(nest: Any, values: Sequence[Any]) -> Any:
    """A nest with the values in place of slots."""
    return map_nest(lambda one: values[one.number] if isinstance(one, Slot) else one, nest)
