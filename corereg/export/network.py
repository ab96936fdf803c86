"""The network as exporters see it: values, and the calls that make them, in order.

    network = network_of(model, table)      # corereg.export.walking
    for call in network.calls:
        call.kind                           # "Dense", or of an operation its key, "keras.add"
        call.args, call.kwargs              # nests with a Value in the place of each tensor
        call.weights                        # arrays by the layer's own names: "kernel", "bias"
        call.outputs                        # the values that come out

Models in models, layers in layers and functions are expanded; layers that do nothing at inference
are gone. A Dense has no activation: that is a call of its own behind it, "activations.relu". Where
a layer casts what it takes, there is a call "keras.cast". A layer that is used twice is two calls
with the same arrays. All arrays are of one finished step of training.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from corereg.graph.nest import flatten, map_nest
from corereg.graph.operations import Operation

Array = np.ndarray[Any, Any]
Shape = tuple[int | None, ...]


class Value:
    """What flows from call to call. shape: (None, ...), None for the rows and for what else is
    open; dtype: as NumPy names it, or "string". mask: the value that says which of its steps count,
    or None."""

    __slots__ = ("dtype", "mask", "name", "shape")

    def __init__(self, name: str, shape: Any, dtype: Any) -> None:
        self.name, self.shape, self.dtype = name, tuple(shape), str(dtype)
        self.mask: Any = None

    def __repr__(self) -> str:
        return f"<Value {self.name!r}, shape={self.shape}, dtype={self.dtype}>"


@dataclass(eq=False)
class Call:
    """One call. operation: the layer, or the `Operation` of a function; kind: by what converters
    are found: of a layer the name of the class whose `call` it has, of an operation its key;
    weights: of a layer, by the attributes that hold them."""

    kind: str
    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Value]
    weights: dict[str, Array] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The layer's name, or the operation's."""
        return str(self.operation.name)

    @property
    def word(self) -> str:
        """The kind without its vocabulary: "add" of "keras.add"."""
        return self.kind.rpartition(".")[2]

    @property
    def inputs(self) -> list[Value]:
        """The values among the arguments, in order."""
        return [one for one in flatten((self.args, self.kwargs)) if isinstance(one, Value)]

    @property
    def output(self) -> Value:
        """The only value that comes out."""
        (only,) = self.outputs
        return only

    @property
    def arguments(self) -> dict[str, Any]:
        """Of an operation: all arguments by the names that its function has for them."""
        return bound(self.operation.function, self.args, self.kwargs)

    @property
    def who(self) -> str:
        """How errors name it."""
        if isinstance(self.operation, Operation):
            return f"operation {self.name!r} ({self.kind})"
        return str(self.operation.who)


@dataclass(eq=False)
class Network:
    """inputs: their names are those of the model's inputs; outputs: likewise, with the values;
    calls: in an order in which they can be made."""

    name: str
    inputs: list[Value]
    outputs: list[tuple[str, Value]]
    calls: list[Call]

    def maker_of(self, value: Value) -> Call | None:
        """The call that a value comes from; None for an input."""
        return next((call for call in self.calls if value in call.outputs), None)

    def users_of(self, value: Value) -> list[Call | None]:
        """Each use of a value: the call, or None for an output of the network."""
        found: list[Call | None] = [
            call for call in self.calls for one in call.inputs if one is value
        ]
        return found + [None for _, one in self.outputs if one is value]

    def only_user_of(self, value: Value) -> Call | None:
        """The call that alone uses a value, or None."""
        users = self.users_of(value)
        return users[0] if len(users) == 1 else None

    def drop(self, call: Call, value: Value) -> None:
        """Takes a call with one output away; value: what its users take now."""
        self.calls.remove(call)
        self.replace(call.output, value)

    def replace(self, old: Value, new: Value) -> None:
        """Lets all users of a value take another one."""

        def one(value: Any) -> Any:
            return new if value is old else value

        for call in self.calls:
            call.args, call.kwargs = map_nest(one, call.args), map_nest(one, call.kwargs)
        self.outputs = [(name, one(value)) for name, value in self.outputs]

    def drop_unused(self) -> None:
        """Takes away calls of which nothing is used."""
        used = {id(value) for _, value in self.outputs}
        kept = []
        for call in reversed(self.calls):
            if any(id(value) in used for value in call.outputs):
                kept.append(call)
                used |= {id(value) for value in call.inputs}
        self.calls = kept[::-1]

    def arrays(self) -> Iterator[Array]:
        """The weights, each once."""
        seen: set[int] = set()
        for call in self.calls:
            for array in call.weights.values():
                if id(array) not in seen:
                    seen.add(id(array))
                    yield array


def bound(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, those that are left out with their defaults."""
    found = inspect.signature(function).bind(*args, **kwargs)
    found.apply_defaults()
    return dict(found.arguments)
