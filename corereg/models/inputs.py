"""What a graph is called with: tensors by order or by name, checked and cast."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.graph.graph import Graph
from corereg.graph.nest import flatten


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
    """One input, of the dtype that its Input has. An axis of one element at the end is added or
    taken away where that makes it fit. ValueError if it does not."""
    wanted, dtype, name = expected
    shape = x.data.shape
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
    return x
