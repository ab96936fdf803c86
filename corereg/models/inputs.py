"""What a graph is called with: tensors by order or by name, checked and cast."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from corereg.autograd import Tensor, ops
from corereg.graph.nest import flatten
from corereg.graph.node import Node
from corereg.graph.tensor import STRING
from corereg.named_tuple import NamedTuple

if TYPE_CHECKING:
    from corereg.graph.graph import Graph


def arranged(who: str, graph: Graph, x: Any) -> list[Any]:
    """The values in x in the order of the graph's inputs: one, a list or tuple in order, or a dict
    by the inputs' names, or by the keys of a dict of inputs. ValueError that names what is
    missing."""
    names = [name for _, _, name in graph.expected]
    if isinstance(x, dict):
        by_key = isinstance(graph.inputs, dict)
        keys = sorted(graph.inputs, key=str) if by_key else names
        missing = [key for key in keys if key not in x]
        if missing:
            raise ValueError(
                f"{who}: expected inputs named {keys}, received {list(x)}; {missing} are missing"
            )
        return list(flatten([x[key] for key in keys]))
    values = list(flatten(x)) if isinstance(x, list | tuple) else [x]
    if len(values) != len(names):
        raise ValueError(
            f"{who}: expected {len(names)} input{'s' * (len(names) > 1)}, {names}, received "
            f"{len(values)}; give them as a list in this order, or as a dict by name"
        )
    return values


def checked(model: Any, expected: tuple[Any, ...], x: Tensor) -> Tensor:
    """One input, of the dtype that the graph expects. An axis of one element at the end is added or
    taken away where that makes it fit. ValueError if it does not."""
    wanted, dtype, name = expected
    shape, mask = x.data.shape, x._keras_mask
    if shape[1:] != wanted[1:] or wanted[0] is not None:
        if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
            x = ops.expand_dims(x, -1)
        elif len(shape) == len(wanted) + 1 and shape[-1] == 1:
            x = ops.squeeze(x, -1)
        shape = x.data.shape
        fits = len(shape) == len(wanted) and all(
            m is None or n == m for n, m in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{model.who}: expected the input {name!r} of shape {wanted}, received {shape}"
            )
    if x.data.dtype is not dtype:
        x = model._cast(x, dtype)
    if mask is not None:
        x._keras_mask = mask
    return x


def passes_values_on(operation: Any) -> bool:
    """Whether what comes out of a layer are the very numbers that go in."""
    return bool(getattr(operation, "passes_values_on", False))


class InputKind(NamedTuple):
    """What an input takes.

    dtype: of its Input; limit: below which number whole numbers have to be, because layers look
    them up in tables, or None; lookup: the layer that knows the numbers of texts, or None;
    takes_missing: whether NaN may stand in it, because all layers that take it know what to do.
    """

    dtype: str
    limit: int | None = None
    lookup: Any = None
    takes_missing: bool = False


def input_kind(who: str, tensor: Any, nodes: Iterable[Node]) -> InputKind:
    """What a symbolic input takes, for the calls that use it. ValueError for texts that are not
    looked up by one layer alone, or by layers of several models that give the same numbers."""
    nodes = list(nodes)
    takers = [node for node in nodes if any(one is tensor for one in flatten(node.args[:1]))]
    if tensor.dtype == STRING:
        return InputKind(STRING, None, _lookup_of(who, tensor, takers))
    ready = [getattr(node.operation, "_takes_missing", False) for node in takers]
    limit = index_limit(tensor, nodes)
    return InputKind(str(tensor.dtype), limit, None, bool(ready) and all(ready))


def _lookup_of(who: str, tensor: Any, takers: list[Node]) -> Any:
    """The layer that knows the numbers of an input's texts, as `input_kind` has it."""
    layers = {id(node.operation): node.operation for node in takers}
    found = [_lookup_in(node, tensor) for node in takers]
    lookups = {id(one): one for one in found if one is not None}
    inner = any(hasattr(one, "_input_kinds") for one in layers.values())
    if None in found or not found or (len(layers) > 1 and not inner):
        raise ValueError(
            f"{who}: expected one StringLookup, Hashing or TextVectorization right behind an Input "
            f"of texts, received {[one.name for one in layers.values()]} behind {tensor.name!r}; "
            "give each its own Input"
        )
    first, *others = lookups.values()
    if any(_numbering(one) != _numbering(first) for one in others):
        raise ValueError(
            f"{who}: expected models that number the texts of {tensor.name!r} alike, received some "
            f"whose {type(first).__name__} differ; adapt one vocabulary for all, or look the texts "
            "up in front of the models"
        )
    return first


def _lookup_in(node: Node, tensor: Any) -> Any:
    """The layer that a call looks texts up by: its own, or that of the model which it calls."""
    kinds = getattr(node.operation, "_input_kinds", None)
    if kinds is None:
        return node.operation if hasattr(node.operation, "codes_of") else None
    given = list(flatten(node.args[:1]))
    return next((k.lookup for k, one in zip(kinds, given, strict=True) if one is tensor), None)


def _numbering(lookup: Any) -> tuple[type, dict[str, Any]]:
    """What the numbers of texts depend on."""
    config = lookup.get_config()
    return type(lookup), {k: v for k, v in config.items() if k not in ("name", "trainable")}


def index_limit(tensor: Any, nodes: Iterable[Node]) -> int | None:
    """Below which number the whole numbers in an input have to be, because the layers that take it
    look them up in tables; None: no layer does."""
    nodes = list(nodes)
    found = []
    for node in nodes:
        if not node.args or node.args[0] is not tensor:
            continue
        operation = node.operation
        if passes_values_on(operation):
            found.append(index_limit(node.outputs, nodes))
        else:
            found.append(getattr(operation, "_index_limit", None))
    return min((limit for limit in found if limit is not None), default=None)
