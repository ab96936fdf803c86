"""Tables of converters: what a format makes of a call of each kind."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from corereg.layers.base import Layer

F = TypeVar("F", bound=Callable[..., Any])


class Converters:
    """The converters of a format, by kind. A table is a decorator of functions:

    @converts(Dense)                    # a class of layers
    @converts("keras.exp", "ops.exp")   # keys of operations

    format: how errors name it; modules: what has to be imported for the table to be whole.

    >>> table = corereg.export.Converters("my format")
    >>> @table(layers.Dense)
    ... def dense(writer, call, x):
    ...     return writer.write(x, call.weights)
    >>> table
    <Converters for my format: Dense>
    """

    def __init__(self, format: str, modules: tuple[str, ...] = ()) -> None:
        self.format = format
        self._modules = modules
        self._of_layers: dict[type, Callable[..., Any]] = {}
        self._of_kinds: dict[str, Callable[..., Any]] = {}

    def __call__(self, *whats: type | str) -> Callable[[F], F]:
        """A decorator: the function converts layers of these classes, and operations of these
        keys. TypeError for a class of something else."""
        for what in whats:
            if not isinstance(what, str) and not (
                isinstance(what, type) and issubclass(what, Layer)
            ):
                raise TypeError(
                    f"converters of {self.format}: expected classes of layers and keys of "
                    f"operations, received {what!r}"
                )

        def enter(function: F) -> F:
            for what in whats:
                if isinstance(what, str):
                    self._of_kinds[what] = function
                else:
                    self._of_layers[what] = function
                    self._of_kinds[kind_of_class(what)] = function
            return function

        return enter

    def load(self) -> None:
        """Imports the modules whose converters enter the table."""
        for module in self._modules:
            import_module(module)

    def kind_of(self, layer: Layer) -> str | None:
        """The name of the class that has the layer's `call` and a converter; None if it has none: a
        class that overrides `call` does not inherit a converter."""
        self.load()
        for kind in type(layer).__mro__:
            if kind in self._of_layers:
                known: Any = kind
                return kind_of_class(kind) if type(layer).call is known.call else None
        return None

    def find(self, kind: str) -> Callable[..., Any] | None:
        """The converter of a kind, or None."""
        self.load()
        return self._of_kinds.get(kind)

    def kinds(self) -> list[str]:
        """All that have a converter: names of classes, and keys of operations."""
        self.load()
        return sorted(self._of_kinds)

    def __repr__(self) -> str:
        return f"<Converters for {self.format}: {', '.join(sorted(self._of_kinds))}>"


def keys(*names: str) -> list[str]:
    """The keys of functions that are known by these names, in all vocabularies."""
    homes = ("activations", "keras", "operator", "ops", "tensor")
    return [f"{home}.{name}" for name in names for home in homes]


def kind_of_class(layer: type) -> str:
    """What a class of layers is called in tables: its name, of a user's own with its module."""
    own = layer.__module__.startswith("corereg.")
    return layer.__name__ if own else f"{layer.__module__}.{layer.__qualname__}"
