"""write: a model as an .onnx file."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from corereg.export.network import Call, Network, Value
from corereg.export.onnx.graph import ML, OnnxGraph, Term
from corereg.export.onnx.library import library
from corereg.export.onnx.table import converts
from corereg.export.simplifying import cut_probabilities, fold_normalizations
from corereg.export.walking import network_of
from corereg.graph.nest import flatten, map_nest
from corereg.graph.operations import Operation
from corereg.naming import unused_name
from corereg.saving.replacing import replace_file
from corereg.version import __version__

LEAST_OPSET, DEFAULT_OPSET = 13, 17
_ML_VERSION = 2


def write(
    model: Any,
    path: str,
    *,
    opset_version: int = DEFAULT_OPSET,
    logits: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes a model as ONNX; checked by `onnx.checker` before the file is replaced.

    opset_version: of the operators, from 13 on; logits: leave out the sigmoid or softmax that an
    output ends with; metadata: texts by name, which the file keeps. Extra `corereg[onnx]`.

    TypeError for what is no model, ValueError for a version that the package onnx does not have,
    and for a layer or an operation without a converter; ImportError without the package.
    """
    onnx = library()
    most = int(onnx.defs.onnx_opset_version())
    whole = hasattr(opset_version, "__index__") and not isinstance(opset_version, bool)
    if not whole or not LEAST_OPSET <= opset_version <= most:
        raise ValueError(
            f"export: expected opset_version from {LEAST_OPSET} to {most}, which the installed "
            f"onnx {onnx.__version__} knows, received {opset_version!r}"
        )
    texts = dict(metadata or {})
    if not all(isinstance(one, str) for one in (*texts, *texts.values())):
        raise TypeError(f"export: expected metadata as texts by name, received {metadata!r}")
    network = network_of(model, converts)
    if logits:
        cut_probabilities(network)
    fold_normalizations(network)
    names = getattr(model, "feature_names", None)
    if names is not None:
        texts = {"feature_names": json.dumps(names), **texts}
    made = model_of(network, int(opset_version), texts)
    onnx.checker.check_model(made, full_check=True)
    content = made.SerializeToString()

    def fill(file: BinaryIO) -> None:
        file.write(content)

    replace_file(path, fill)


def model_of(network: Network, opset: int, metadata: Mapping[str, str]) -> Any:
    """The network as an `onnx.ModelProto`."""
    helper = library("onnx.helper")
    graph = OnnxGraph(opset)
    for value in network.inputs:
        graph.names.add(value.name)
        graph.bind(value, Term(graph, value.name, value.dtype))
    for call in network.calls:
        _convert(graph, call)
    _name_outputs(graph, network)
    numpy_helper = library("onnx.numpy_helper")
    sizes = _Sizes()
    made = helper.make_graph(
        graph.nodes,
        network.name,
        [sizes.info(graph, value.name, value) for value in network.inputs],
        [sizes.info(graph, name, value) for name, value in network.outputs],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    if any(node.domain == ML for node in graph.nodes):
        opsets.append(helper.make_opsetid(ML, _ML_VERSION))
    model = helper.make_model(
        made,
        producer_name="corereg",
        producer_version=__version__,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
    )
    helper.set_model_props(model, dict(metadata))
    return model


class _Sizes:
    """The names of sizes that are open: "rows" for the first axis."""

    def info(self, graph: OnnxGraph, name: str, value: Value) -> Any:
        """What the file says of an input or an output."""
        shape = [
            ("rows" if i == 0 else f"{name}_{i}") if n is None else n
            for i, n in enumerate(value.shape)
        ]
        helper = library("onnx.helper")
        return helper.make_tensor_value_info(name, graph.type_of(value.dtype), shape)


def _convert(graph: OnnxGraph, call: Call) -> None:
    """Makes the nodes of a call."""
    convert = converts.find(call.kind)
    if convert is None:
        raise _refusal(call, "there is no converter for it")
    graph.scope = call.name
    try:
        if isinstance(call.operation, Operation):
            found = convert(graph, call, *_operands(call))
        else:
            args, kwargs = (
                map_nest(lambda one: graph.term(one) if isinstance(one, Value) else one, nest)
                for nest in (call.args, call.kwargs)
            )
            found = convert(graph, call, *args, **kwargs)
    except (ValueError, TypeError) as error:
        raise _refusal(call, str(error)) from error
    terms = list(flatten(found))
    for value, term in zip(call.outputs, terms, strict=True):
        graph.bind(value, term)
    graph.scope = ""


def _refusal(call: Call, why: str) -> ValueError:
    return ValueError(
        f"export to ONNX: cannot export {call.who}: {why}; use another function of corereg.ops, "
        "enter a converter by corereg.export.onnx.converts, or leave it out of the model that you "
        "export"
    )


_WORDS = {"dim": "axis", "keepdim": "keepdims", "p": "ord", "min": "low", "max": "high"}
"""What PyTorch's words for arguments are in NumPy's."""


def _operands(call: Call) -> list[Any]:
    """The arguments of an operation in the order of its signature."""
    found = call.arguments
    parameters = inspect.signature(call.operation.function).parameters
    named = {
        name: value
        for name, value in found.items()
        if parameters[name].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    }
    given = {name: value for name, value in found.items() if name not in named}
    for name, value in named.items():
        if value is None or value == {}:
            continue
        word = _WORDS.get(name)
        if word not in given:
            raise ValueError(f"its argument {name}={value!r} has no form")
        given[word] = value
    return list(given.values())


def _name_outputs(graph: OnnxGraph, network: Network) -> None:
    """Gives the outputs their names."""
    inputs = {value.name for value in network.inputs}
    renamed: dict[str, str] = {}
    for place, (name, value) in enumerate(network.outputs):
        if name in inputs:
            name = unused_name(name, inputs | graph.names)
            network.outputs[place] = name, value
        term = graph.term(value)
        free = term.name not in inputs and term.name not in graph.constants
        if not free or term.name in renamed:
            term = term.op("Identity")
        renamed[term.name] = name
    taken = set(renamed.values())
    for old in [one for one in graph.names if one in taken and one not in renamed]:
        renamed[old] = unused_name(old, graph.names | taken)
    for node in graph.nodes:
        for names in (node.input, node.output):
            for i, one in enumerate(names):
                names[i] = renamed.get(one, one)
    graph.constants = {renamed.get(name, name): one for name, one in graph.constants.items()}
