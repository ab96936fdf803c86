"""How masks go through layers, as in Keras.

A tensor that a layer gives may have a mask, `_keras_mask`: which of its steps count. A layer whose
`call` has an argument `mask` is told that of its input; what comes out has the mask that
`compute_mask` makes of it, if the layer says `supports_masking`; else the mask ends there, with a
warning unless the layer was told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest
from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor, tensor
from corereg.graph.inference import trial
from corereg.graph.nest import flatten, pack_like
from corereg.graph.tensor import SymbolicTensor
from corereg.masks import any_mask, mask_of, masks_of, with_mask
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


def with_masks(layer: Any, x: Any, out: Any, previous: Any) -> Any:
    """What came out of a layer, with its masks. previous: those of the input x.

    A tensor that the layer has passed on as it is may be another layer's input, too: where its mask
    changes, a tensor of its own takes its place.
    """
    had = any_mask(previous)
    if layer._passes_masks_inside or not (had or layer._makes_masks):
        return out
    given = {id(one) for one in flatten(x)}
    tensors = list(flatten(out))
    masks: Iterable[Any] = ()
    if not layer.supports_masking:
        if had and not layer._uses_masks:
            _warn(layer)
    elif any(mask_of(one) is None or id(one) in given for one in tensors):
        masks = flatten(layer.compute_mask(x, previous))
    pairs = zip_longest(tensors, islice(masks, len(tensors)))
    made = [_with_mask(one, mask, id(one) in given) for one, mask in pairs]
    same = all(a is b for a, b in zip(tensors, made, strict=True))
    return out if same else pack_like(out, made)


def _with_mask(x: Any, mask: Any, passed_on: bool) -> Any:
    """A tensor with a mask, or without one, unless its maker has left one."""
    if not isinstance(x, Tensor) or (x._keras_mask is not None and not passed_on):
        return x
    if mask is not x._keras_mask:
        x = with_mask(x, None) if passed_on else x
        x._keras_mask = None if mask is None else tensor(mask)
    return x


def _warn(layer: Any) -> None:
    """Says that a mask ends, where a graph is made or a layer is called by itself."""
    if trial.under_way or _kernels.current_call() is None:
        warn_user(
            f"{layer.who}: the mask of its input ends here, for it does not support masks; what "
            "is behind it counts all steps"
        )


_TENSORS = (Tensor, SymbolicTensor)
