"""How masks go through layers, as in Keras.

A tensor that a layer gives may have a mask, `_keras_mask`: which of its steps count. A layer whose
`call` has an argument `mask` is told that of its input; what comes out has the mask that
`compute_mask` makes of it, if the layer says `supports_masking`; else the mask ends there, with a
warning unless the layer was told of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor, tensor
from corereg.graph.inference import trial
from corereg.graph.nest import flatten
from corereg.graph.tensor import SymbolicTensor
from corereg.masks import any_mask, mask_of, masks_of
from corereg.warn import warn_user


def masks_for(
    layer: Any, x: Any, more: Sequence[Any], named: dict[str, Any]
) -> tuple[dict[str, Any], Any]:
    """The arguments by name of a call, with masks where the layer wants to be told and nobody has
    said any; and the mask of the input, nested alike."""
    signature = layer._signature
    places = [name for name in signature.names[1:] if name != "training"]
    given = {**dict(zip(places, more, strict=False)), **named}
    others = {
        name: one
        for name, one in given.items()
        if not name.endswith("mask") and any(isinstance(t, _TENSORS) for t in flatten(one))
    }
    if not others:
        found = {"mask": x}
    else:
        first = signature.names[0] if signature.names else ""
        found = {f"{name}_mask": one for name, one in {first: x, **others}.items()}
    for name, one in found.items():
        if name in signature.names and given.get(name) is None:
            masks = masks_of(one)
            if masks is not None and name not in places[: len(more)]:
                named = {**named, name: masks}
    said = given.get("mask")
    return named, masks_of(x) if said is None else said


def leave_masks(layer: Any, x: Any, out: Any, previous: Any) -> None:
    """Gives what came out of a layer its masks. previous: those of the input x."""
    had = any_mask(previous)
    if layer._passes_masks_inside or not (had or layer._makes_masks):
        return
    if not layer.supports_masking:
        if had and not layer._uses_masks:
            _warn(layer)
        return
    tensors = list(flatten(out))
    if all(mask_of(one) is not None for one in tensors):
        return
    masks = layer.compute_mask(x, previous)
    if masks is None:
        return
    for one, mask in zip(tensors, flatten(masks), strict=False):
        if mask is not None and isinstance(one, Tensor) and one._keras_mask is None:
            one._keras_mask = tensor(mask)


def _warn(layer: Any) -> None:
    """Says that a mask ends, where a graph is made or a layer is called by itself."""
    if trial.under_way or _kernels.current_call() is None:
        warn_user(
            f"{layer.who}: the mask of its input ends here, for it does not support masks; what "
            "is behind it counts all steps"
        )


_TENSORS = (Tensor, SymbolicTensor)
