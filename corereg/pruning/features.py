"""What is known of the features of a graph's tensors: which are constant, which are needed.

The features of a tensor are the numbers of one row, whatever axes they lie on: so a Flatten changes
nothing. Two passes find all there is to find. Forward, in the order of the calls: a neuron is
constant if all weights are zero that lead to it from what is not. Backward: a feature is needed if
the model gives it, if a call needs it that is not understood, or if it is not constant and a weight
that is not zero leads to a needed neuron.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from corereg import activations, layers
from corereg.autograd import Tensor, no_grad
from corereg.graph.nest import flatten
from corereg.graph.node import Node
from corereg.graph.order import Key, key_of
from corereg.graph.tensor import SymbolicTensor

Array = np.ndarray[Any, Any]

_BY_ELEMENT = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6"),
    *("selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus"),
    *("sparse_sigmoid", "squareplus", "swish", "tanh", "tanh_shrink", "threshold"),
)
_PASS_ON = (  # each element by itself, the same for all, without weights; noise in training alone
    layers.Activation,
    layers.AlphaDropout,
    layers.Dropout,
    layers.ELU,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.LeakyReLU,
    layers.ReLU,
    layers.Rescaling,
)


class Features:
    """Of one tensor: which features are constant, and what they are; which are needed; which are
    kept, that is, still there in the compacted model."""

    def __init__(self, tensor: SymbolicTensor) -> None:
        self.shape = tensor.shape
        sizes = self.shape[1:]
        self.count = None if None in sizes else prod(n for n in sizes if n is not None)
        n = self.count or 0
        self.constant = np.zeros(n, bool)
        self.value = np.zeros(n)
        self.needed = np.zeros(n, bool)
        self.kept = np.ones(n, bool)

    @property
    def known(self) -> bool:
        """Whether the features are there to be counted."""
        return bool(self.count)

    @property
    def flat(self) -> bool:
        """Whether they lie on one axis."""
        return len(self.shape) == 2 and self.known

    def keep_needed(self) -> None:
        """Keeps what is needed, and one feature at least, for there is no layer without any."""
        if not self.needed.any():
            self.needed[:1] = True
        self.kept = self.needed.copy()


class Call(NamedTuple):
    """A node, how it is understood, and the features before and behind it.

    kind: "dense", "pass" (each element by itself), "scale" (likewise, with weights for each
    feature), "join" (Concatenate), "other" (not understood: all is needed of its inputs).
    """

    node: Node
    kind: str
    inputs: list[Features]
    outputs: list[Features]

    @property
    def layer(self) -> Any:
        return self.node.operation


def by_element(activation: Any) -> bool:
    """Whether an activation computes each element by itself."""
    return any(activation is getattr(activations, name) for name in _BY_ELEMENT)


class Analysis:
    """The features of all tensors of a graph.

    sources: the nodes of its inputs; nodes: its calls in their order; outputs: what it gives.
    """

    def __init__(
        self, sources: Sequence[Node], nodes: Sequence[Node], outputs: Sequence[SymbolicTensor]
    ) -> None:
        self._features: dict[Key, Features] = {}
        self._uses = Counter(id(node.operation) for node in nodes)
        owners = {id(node.operation): node.operation for node in nodes}.values()
        self._owners = Counter(id(w) for one in owners for w in getattr(one, "weights", ()))
        self.sources = [self.of(node.outputs) for node in sources]
        self.calls = [self._understood(node) for node in nodes]
        for call in self.calls:
            self._find_constants(call)
        for tensor in outputs:
            self.of(tensor).needed[:] = True
        for call in reversed(self.calls):
            self._find_needed(call)
        for one in self.sources:
            one.keep_needed()
        for call in self.calls:
            _find_kept(call)

    def of(self, tensor: SymbolicTensor) -> Features:
        """The features of a tensor."""
        key = key_of(tensor)
        if key not in self._features:
            self._features[key] = Features(tensor)
        return self._features[key]

    # ---- what calls are ------------------------------------------------------------------------

    def _understood(self, node: Node) -> Call:
        inputs = [self.of(tensor) for tensor in node.inputs]
        outputs = [self.of(tensor) for tensor in flatten(node.outputs)]
        return Call(node, self._kind(node, inputs, outputs), inputs, outputs)

    def _kind(self, node: Node, inputs: list[Features], outputs: list[Features]) -> str:
        layer = node.operation
        if type(layer) is layers.Concatenate:
            joined = all(one.flat for one in inputs) and layer.axis in (-1, 1)
            return "join" if joined and not self._is_shared(layer) else "other"
        if len(inputs) != 1 or len(outputs) != 1 or node.args != (node.inputs[0],):
            return "other"
        if node.kwargs.keys() - {"training"} or not inputs[0].known or self._is_shared(layer):
            return "other"
        kind = type(layer)
        if kind is layers.Dense:
            return "dense" if inputs[0].flat else "other"
        if kind is layers.Flatten:
            rest = layer.data_format == "channels_last" or inputs[0].flat
            return "pass" if rest and outputs[0].known else "other"
        if kind is layers.BatchNormalization:
            return "scale" if inputs[0].flat and not layer.renorm else "other"
        if kind is layers.Normalization:
            last = inputs[0].flat and layer.input_mean is None and layer.axis in ((-1,), (1,))
            return "scale" if last else "other"
        if kind is layers.Rescaling and np.ndim(layer.scale) + np.ndim(layer.offset):
            return "other"
        if kind is layers.Activation and not by_element(layer.activation):
            return "other"
        return "pass" if kind in _PASS_ON else "other"

    def _is_shared(self, layer: Any) -> bool:
        """Whether a layer is called more than once, or has weights that another one has, too."""
        return self._uses[id(layer)] > 1 or any(self._owners[id(w)] > 1 for w in layer.weights)

    # ---- the passes ----------------------------------------------------------------------------

    def _find_constants(self, call: Call) -> None:
        if call.kind == "other":
            return
        out = call.outputs[0]
        if call.kind == "join":
            out.constant = np.concatenate([one.constant for one in call.inputs])
            out.value = np.concatenate([one.value for one in call.inputs])
            return
        (x,) = call.inputs
        if call.kind == "dense":
            if not by_element(call.layer.activation):
                return
            kernel = call.layer.kernel.data
            out.constant = ~kernel[~x.constant].any(axis=0)
            out.value = x.value[x.constant] @ kernel[x.constant].astype(float)
            if call.layer.bias is not None:
                out.value = out.value + call.layer.bias.data
            out.value = _computed(call.layer, call.layer.activation, out.value)
        else:
            out.constant, out.value = x.constant.copy(), x.value
            if type(call.layer) is layers.BatchNormalization and call.layer.gamma is not None:
                out.constant |= call.layer.gamma.data == 0
            if type(call.layer) is not layers.Flatten:
                out.value = _computed(call.layer, call.layer.call, out.value)
        out.constant &= np.isfinite(out.value)
        out.value = np.where(out.constant, out.value, 0)

    def _find_needed(self, call: Call) -> None:
        if call.kind == "other":
            for one in call.inputs:
                one.needed[:] = True
            return
        out = call.outputs[0]
        if call.kind == "join":
            first = 0
            for one in call.inputs:
                one.needed |= out.needed[first : first + len(one.needed)]
                first += len(one.needed)
        elif call.kind == "dense":
            if not by_element(call.layer.activation):
                out.needed[:] = True
            out.keep_needed()
            (x,) = call.inputs
            x.needed |= ~x.constant & call.layer.kernel.data[:, out.needed].any(axis=1)
        else:
            call.inputs[0].needed |= out.needed


def _find_kept(call: Call) -> None:
    out = call.outputs[0] if call.outputs else None
    if call.kind == "other":
        for one in call.outputs:
            one.keep_needed()
    elif call.kind == "join":
        assert out is not None
        out.kept = np.concatenate([one.kept for one in call.inputs])
    elif call.kind != "dense":
        assert out is not None
        out.kept = call.inputs[0].kept


def _computed(layer: Any, function: Any, values: Array) -> Array:
    """What a function of tensors gives for one row, computed in a layer's dtype."""
    row = Tensor(values.astype(layer.dtype)[None])
    with no_grad(), np.errstate(all="ignore"):
        return np.asarray(function(row).data[0], float)
