"""What the penalties of a layer, and of those inside it, are called: "dense/kernel_penalty"."""

from __future__ import annotations

from typing import Any

from corereg.named_tuple import NamedTuple
from corereg.naming import unused_name

ACTIVITY, ADDED = "activity", "added"


class CallPenalty(NamedTuple):
    """A penalty that a call of a layer made.

    layer: whose; kind: ACTIVITY, by its activity_regularizer, or ADDED, by `add_loss`; value: a
    scalar tensor.
    """

    layer: Any
    kind: str
    value: Any


class PenaltyNames:
    """The names of penalties in a layer or model, as `Layer.penalties` documents them."""

    def __init__(self, root: Any) -> None:
        self._paths: dict[int, str] = {id(root): ""}  # of layers
        self._names: dict[Any, str] = {}  # by what they name: a weight, or a layer and a kind
        taken: set[str] = set()
        for layer in root._flatten_layers():
            path = self._paths[id(layer)]
            for inner in layer._sublayers:
                if id(inner) not in self._paths:
                    self._paths[id(inner)] = unused_name(path + inner.name, taken) + "/"
            for p in layer._own_weights():
                if id(p) not in self._names:
                    own = str(p.name).rsplit("/", 1)[-1]
                    self._names[id(p)] = unused_name(f"{path}{own}_penalty", taken)
            for kind in (ACTIVITY, ADDED):
                self._names[id(layer), kind] = unused_name(f"{path}{kind}_penalty", taken)
        self._places = {name: place for place, name in enumerate(self._names.values())}

    def of(self, source: Any) -> str:
        """The name of the penalty of a weight, or of a `CallPenalty`."""
        if not isinstance(source, CallPenalty):
            return self._names[id(source)]
        layer, kind, _ = source
        found = self._names.get((id(layer), kind))
        return f"{layer.name}/{kind}_penalty" if found is None else found  # not part of the root

    def by_name(self, penalties: list[tuple[Any, Any]]) -> dict[str, list[Any]]:
        """Values by name, from pairs of a weight or a `CallPenalty` and a value, in the order of
        the layers."""
        found: dict[str, list[Any]] = {}
        for source, value in penalties:
            found.setdefault(self.of(source), []).append(value)
        last = len(self._places)
        return dict(sorted(found.items(), key=lambda one: self._places.get(one[0], last)))
