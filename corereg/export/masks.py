"""Masks in the network that is exported: what layers do with those of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corereg import ops
from corereg.export.network import Value
from corereg.graph.nest import flatten, map_nest
from corereg.layers.activations.softmax import Softmax
from corereg.layers.batch_normalization import BatchNormalization
from corereg.layers.masking import Masking
from corereg.layers.merging.elementwise import ElementwiseMerge, aligned


def masks_of(nest: Any) -> Any:
    """The mask of each value in a nest, or None, nested alike."""
    return map_nest(lambda one: one.mask if isinstance(one, Value) else None, nest)


def any_mask(masks: Any) -> bool:
    """Whether there is a mask in a nest of masks and None."""
    return any(one is not None for one in flatten(masks))


def told_of_masks(layer: Any, first: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """A call's arguments by name, with the mask of its first argument if the layer takes it."""
    if not layer._signature.takes_mask or kwargs.get("mask") is not None:
        return kwargs
    masks = masks_of(first)
    return {**kwargs, "mask": masks} if any_mask(masks) else kwargs


def without_unused(layer: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same without a mask that counts in training alone."""
    if type(layer).call is BatchNormalization.call:
        return {name: one for name, one in kwargs.items() if name != "mask"}
    return kwargs


def in_functions(
    layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    """A function, and its arguments, that says in functions of `corereg.ops` what a layer does with
    masks; None for a layer that does nothing with them."""
    call, x = type(layer).call, args[0]
    if call is Masking.call:
        return lambda x: ops.where(layer._kept(x), x, 0.0), (x,)
    mask = args[1] if len(args) > 1 else kwargs.get("mask")
    if call is Softmax.call and mask is not None:
        return lambda x, mask: layer._masked(layer, x, mask), (x, mask)
    masks = masks_of(x) if isinstance(layer, ElementwiseMerge) else None
    if any_mask(masks) and type(layer)._merge_masked is not ElementwiseMerge._merge_masked:
        return lambda xs, masks: layer._merge_masked(aligned(xs), masks), (list(x), masks)
    return None
