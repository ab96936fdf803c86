"""Calls of layers in all the forms but the plain one, which stands in `Layer.__call__`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor, tensor
from corereg.graph.nest import flatten
from corereg.graph.node import Node, is_symbolic
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.building import build_for_call, code_of
from corereg.named_tuple import NamedTuple

if TYPE_CHECKING:
    from corereg.graph import inference
    from corereg.layers import input_spec, masked_calls

    input_specs = input_spec
else:  # few tensors have masks, and few layers say what they take
    inference = later("corereg.graph.inference")
    input_specs = later("corereg.layers.input_spec")
    masked_calls = later("corereg.layers.masked_calls")

VARKEYWORDS = 8  # inspect.CO_VARKEYWORDS


class OwnCall(_kernels.CallContext):
    """The context of a layer that is called by itself, not by a model: the penalties of the layers
    inside stay with them, for `losses`. left_losses: whether any ever did, in this process."""

    left_losses: ClassVar[bool] = False


class _Unsaid:
    """In the place of a first argument that is given by its name, or not at all."""

    def __repr__(self) -> str:
        return "<by its name>"


UNSAID: Any = _Unsaid()


class CallSignature(NamedTuple):
    """What a layer's `call` says about itself.

    takes_training, takes_mask: whether it is told `training`, and masks; default_training: what it
    has as default; training_place: at which place among the arguments behind the first it stands,
    or None; names: of its arguments, without self.
    """

    takes_training: bool = True
    default_training: Any = False
    training_place: int | None = 0
    names: tuple[str, ...] = ()
    takes_mask: bool = False

    @classmethod
    def of(cls, call: Any) -> Self:
        """Read from the method, without `inspect`, which is slow to import."""
        code = code_of(call)
        if code is None:
            return cls()
        positional = code.co_varnames[: code.co_argcount]
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        defaults = call.__defaults__ or ()
        known = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
        known |= call.__kwdefaults__ or {}
        place = positional.index("training") - 2 if "training" in positional[2:] else None
        takes = "training" in named or bool(code.co_flags & VARKEYWORDS)
        masks = any(name == "mask" or name.endswith("_mask") for name in named)
        return cls(takes, known.get("training"), place, named[1:], masks)


def leaves_of(nest: Any) -> Iterator[Tensor]:
    """The tensors in a nest of lists, tuples and dicts, in order."""
    if isinstance(nest, Tensor):
        yield nest
    elif isinstance(nest, list | tuple):
        for one in nest:
            yield from leaves_of(one)
    elif isinstance(nest, dict):
        for one in nest.values():
            yield from leaves_of(one)


def is_of_floats(x: Any) -> bool:
    """Whether x is an array, of NumPy's own class, of float32 or float64 numbers."""
    return type(x) is np.ndarray and x.dtype.char in "fd" and x.dtype.isnative


def is_nest(x: Any) -> bool:
    """Whether x is a list, tuple or dict of tensors or arrays, not of numbers."""
    if isinstance(x, dict):
        return True
    return isinstance(x, list | tuple) and any(
        isinstance(one, Tensor | np.ndarray) or is_nest(one) for one in x
    )


def call_with(layer: Any, x: Any, more: tuple[Any, ...], training: Any, named: Any) -> Any:
    """`layer(x, *more, training=training, **named)` in general."""
    if x is UNSAID:
        name = layer._signature.names[0] if layer._signature.names else "x"
        if name not in named:
            raise TypeError(f"{layer.who}: expected its first argument, {name}, received none")
        x = named.pop(name)
    x = layer._as_numbers(x)
    place = layer._signature.training_place
    if place is not None and len(more) > place:
        if training is not None:
            raise TypeError(f"{layer.who}: received training twice")
        training, more = more[place], more[:place] + more[place + 1 :]
    if is_symbolic(x) or (more and is_symbolic(more)) or (named and is_symbolic(named)):
        return call_symbolically(layer, x, more, training, named)
    if layer.input_spec is not None:
        x = _tensors(x)
        input_specs.check_input(layer, x)
    masked = _has_masks(layer, x, more, named)
    x = _first(layer, x)
    more = tuple(_other(layer, one) for one in more)
    named = {name: _other(layer, one) for name, one in named.items()}
    layer._track_call()
    if not layer.built:
        build_for_call(layer, x, more, named)
    if training is None:
        training = layer._training_around()
    if not masked:
        return layer._call_inside(x, more, training, named)
    named, previous = masked_calls.masks_for(layer, x, more, named)
    out = layer._call_inside(x, more, training, named)
    return masked_calls.with_masks(layer, x, out, previous)


def _has_masks(layer: Any, x: Any, more: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether a call may have to do with masks."""
    if layer._passes_masks_inside:
        return False
    told = layer._signature.takes_mask and (more or named or not isinstance(x, Tensor))
    return (
        bool(told)
        or layer._makes_masks
        or any(one._keras_mask is not None for one in leaves_of((x, *more, *named.values())))
    )


def call_symbolically(
    layer: Any, x: Any, more: tuple[Any, ...], training: Any, named: dict[str, Any]
) -> Any:
    """Makes a node of a call on symbolic tensors, and returns the symbolic outputs."""
    if layer._takes_one_tensor and not isinstance(x, SymbolicTensor):
        raise _one_tensor_error(layer, x)
    if layer.input_spec is not None:
        input_specs.check_input(layer, x)
    if not layer.built:
        build_for_call(layer, x, more, named)
    if training is not None and layer._takes_training:
        named = {**named, "training": training}
    return Node(layer, (x, *more), named, specs_of(layer, x, more, named)).outputs


def specs_of(layer: Any, x: Any, more: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """A nest of `Spec` for what comes out of a built layer for symbolic tensors."""
    whole = all(isinstance(one, SymbolicTensor) for one in flatten(x))
    alone = whole and not is_symbolic((more, list(named.values())))
    if alone and not layer._makes_masks and not any(one._mask_spec for one in flatten(x)):
        specs = layer._output_specs(x)
        if specs is not None:
            return specs
    return inference.infer(layer.who, layer, (x, *more), named, layer._flatten_layers())


def _tensors(nest: Any) -> Any:
    """Arrays and numbers as tensors, nested alike."""
    if not is_nest(nest):
        return tensor(nest)
    if isinstance(nest, dict):
        return {key: _tensors(one) for key, one in nest.items()}
    return [_tensors(one) for one in nest]


def _first(layer: Any, x: Any) -> Any:
    """The first argument: a tensor, or a nest of them, of the layer's dtype."""
    if not is_nest(x):
        return _cast(layer, tensor(x))
    if layer._takes_one_tensor:
        if isinstance(x, dict) or any(isinstance(one, Tensor) for one in x):
            raise _one_tensor_error(layer, x)
        return layer._cast(tensor(x))
    return _each(layer, x)


def _one_tensor_error(layer: Any, x: Any) -> ValueError:
    count = f" of {len(x)}" if isinstance(x, list | tuple | dict) else ""
    return ValueError(f"{layer.who}: expected one tensor, received a {type(x).__name__}{count}")


def _each(layer: Any, nest: Any) -> Any:
    if nest is None:
        return None  # an input that is not there
    if isinstance(nest, dict):
        return {key: _each(layer, one) for key, one in nest.items()}
    if isinstance(nest, list | tuple) and is_nest(nest):
        parts = [_each(layer, one) for one in nest]
        return parts if isinstance(nest, list) else tuple(parts)
    return _cast(layer, tensor(nest))


def _cast(layer: Any, x: Tensor) -> Tensor:
    """x in the layer's dtype, with its mask."""
    made: Tensor = layer._cast(x)
    if made is not x and x._keras_mask is not None:
        made._keras_mask = x._keras_mask
    return made


def _other(layer: Any, value: Any) -> Any:
    """Another argument: tensors and arrays of floats are cast, all else stays as it is."""
    if isinstance(value, np.ndarray):
        value = tensor(value)
    if isinstance(value, Tensor):
        return layer._cast_other(value) if value.data.dtype.kind == "f" else value
    if is_nest(value) and not isinstance(value, dict):
        parts = [_other(layer, one) for one in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value
