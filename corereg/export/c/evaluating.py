"""What a network gives, by the library itself: for self-tests, and to calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, no_grad
from corereg.export.network import Call, Network, Value
from corereg.graph.nest import flatten, map_nest
from corereg.layers.base import Layer


def evaluate(network: Network, inputs: Sequence[Any]) -> list[Any]:
    """The outputs for arrays (rows, ...), in the order of the network's inputs. The network is as
    `corereg.export.walking` makes it."""
    known = evaluated(network, inputs)
    return [known[id(value)] for _, value in network.outputs]


def evaluated(network: Network, inputs: Sequence[Any]) -> dict[int, Any]:
    """All values for arrays (rows, ...), by their ids."""
    with no_grad(), np.errstate(all="ignore"):
        known = {
            id(value): Tensor(np.asarray(one).astype(value.dtype))
            for value, one in zip(network.inputs, inputs, strict=True)
        }
        for call in network.calls:
            found = flatten(called(call, known))
            for value, one in zip(call.outputs, found, strict=True):
                known[id(value)] = one
        return {key: np.array(one.data) for key, one in known.items()}


def called(call: Call, known: dict[int, Any]) -> Any:
    """What a call gives for tensors by the ids of their values."""

    def one(given: Any) -> Any:
        return known[id(given)] if isinstance(given, Value) else given

    args, kwargs = map_nest(one, call.args), map_nest(one, call.kwargs)
    if call.kind == "Dense":  # whose activation is a call of its own
        product = args[0].data @ call.weights["kernel"]
        bias = call.weights.get("bias")
        return Tensor(product if bias is None else product + bias)
    if isinstance(call.operation, Layer):
        return call.operation(*args, training=False, **kwargs)
    return call.operation(*args, **kwargs)
