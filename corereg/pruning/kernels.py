"""Which weights of a model are pruned: its kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from corereg.autograd import Parameter
from corereg.layers.base import Layer

_TABLES = frozenset({"embeddings"})
_OTHERS = frozenset({"alpha", "beta", "bias", "gamma"})  # of several axes in some layers


class Kernel(NamedTuple):
    """A weight that may be pruned, and the layer it belongs to."""

    layer: Layer
    weight: Parameter

    @property
    def name(self) -> str:
        """As the layer calls it: "kernel"."""
        return own_name(self.weight)


def own_name(weight: Parameter) -> str:
    """The part of a weight's name behind the layer's."""
    return weight.name.rsplit("/", 1)[-1]


def kernels_of(who: str, model: Any, layers: Any = None) -> list[Kernel]:
    """The kernels of a model, in the order of its layers: trainable weights of two axes or more,
    such as that of a Dense, each once. No biases, and of normalizations nothing.

    layers: the layers, or their names, whose kernels count, with the layers inside them; None: all.
    The table of an Embedding counts only where it is named. ValueError if nothing is left, for a
    layer that the model does not have, and for a model that is not built.
    """
    _check_built(who, model)
    named = layers is not None
    chosen = _chosen(who, model._flatten_layers(), layers) if named else model._flatten_layers()
    found = [kernel for kernel in _kernels_in(chosen, named) if kernel.weight.trainable]
    if not found:
        where = f"in {[one.name for one in chosen]}" if named else "in the model"
        raise ValueError(
            f"{who}: expected trainable weights of two axes or more, found none {where}"
        )
    return found


def all_kernels(who: str, model: Any) -> list[Kernel]:
    """As `kernels_of`, those that are not trained with them, and maybe none."""
    _check_built(who, model)
    return list(_kernels_in(model._flatten_layers(), tables=False))


def model_weights(who: str, model: Any, layers: Any = None) -> list[Parameter]:
    """All weights of these layers, or their names, with those inside them; None: of the model.
    ValueError as for `kernels_of`."""
    _check_built(who, model)
    if layers is None:
        return list(model.weights)
    chosen = _chosen(who, model._flatten_layers(), layers)
    return list({id(w): w for layer in chosen for w in layer._own_weights()}.values())


def check_model(who: str, model: Any) -> None:
    """TypeError for what is no model."""
    if not hasattr(model, "_trainer"):
        raise TypeError(f"{who}: expected a Model, received {type(model).__name__}")


def _check_built(who: str, model: Any) -> None:
    check_model(who, model)
    if not getattr(model, "built", False):
        raise ValueError(f"{who}: expected a model that is built; call build(input_shape), or fit")


def _kernels_in(layers: Sequence[Layer], tables: bool) -> Iterator[Kernel]:
    known: set[int] = set()
    left_out = _OTHERS if tables else _OTHERS | _TABLES
    for layer in layers:
        for p in layer._own_weights():
            if id(p) not in known and p.ndim >= 2 and own_name(p) not in left_out:
                known.add(id(p))
                yield Kernel(layer, p)


def _chosen(who: str, everything: Sequence[Layer], layers: Any) -> list[Layer]:
    """The layers that are named, and those inside them, in the model's order."""
    given = layers if isinstance(layers, list | tuple | set | frozenset) else [layers]
    wanted: set[int] = set()
    for one in given:
        owners = [layer for layer in everything if layer is one or layer.name == one]
        if not owners:
            name = getattr(one, "name", one)
            raise ValueError(
                f"{who}: expected layers of the model, {[layer.name for layer in everything[1:]]}, "
                f"received {name!r}"
            )
        for owner in owners:
            wanted |= {id(layer) for layer in owner._flatten_layers()}
    return [layer for layer in everything if id(layer) in wanted]
