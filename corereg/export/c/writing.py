"""write: a model to a C file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from corereg.export.c import numbers
from corereg.export.c.evaluating import evaluate
from corereg.export.c.quantized import Quantized
from corereg.export.c.quantized_source import QuantizedSource
from corereg.export.c.quantizing import quantize
from corereg.export.c.self_test import ROWS, Samples, rows_of
from corereg.export.c.source import Source
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.network import Network
from corereg.export.simplifying import cut_probabilities, fold_normalizations
from corereg.export.walking import network_of
from corereg.graph.nest import flatten
from corereg.models.model import Model
from corereg.pruning.compacting import compact
from corereg.saving.replacing import replace_file

SPARSE_BELOW = 0.1
"""Measured: benches/exported.py."""


def write(
    model: Any,
    path: str,
    *,
    prefix: str | None = None,
    logits: bool = False,
    sparse_below: float = SPARSE_BELOW,
    samples: Any = None,
    precision: str | None = None,
    calibration: Any = None,
    percentile: float = 100.0,
) -> None:
    """Writes a model as a file in C99, path, and a header beside it, whose name ends in .h.

    prefix: of all names in the file, by default the file's name; logits: without the sigmoid or
    softmax at the end; sparse_below: the share of weights other than zero under which a layer
    lists them; samples: inputs for the self-test in place of random ones, as for `predict`;
    precision: "int8" for whole numbers, with calibration, rows of the inputs, and percentile of the
    numbers there that codes reach. See docs/exporting-c.md.

    TypeError and ValueError for bad arguments, and ValueError for layers that have no form in C;
    then nothing is written.
    """
    if path.endswith(".h"):
        raise ValueError(
            f"export to C: expected the path of the C file, received {path!r}, where its header "
            "will be; let it end in .c"
        )
    prefix = _prefix(path, prefix)
    _check_share(sparse_below)
    network = _network(model)
    if logits:
        cut_probabilities(network)
    if _is_int8(precision, calibration, sparse_below):
        made = quantize(network, prefix, calibration, percentile)
        codes = made.found.codes(_rows(made.w, samples) or [one[:ROWS] for one in made.rows])
        _save(path, partial(QuantizedSource, made, _title(network)), codes)
        return
    w = Writer(network, prefix, _real(network), float(sparse_below))
    tested = _samples(model, network, w, samples)
    fold_normalizations(network)
    w.begin_walk()
    for call in network.calls:
        convert = converts.find(call.kind)
        w.begin(call)
        if convert is None:
            raise w.refuse("C has no form of it")
        w.note(_described(call))
        convert(w, call)
        w.end()
    w.finish()
    _save(path, partial(Source, w, _title(network)), tested)


def quantized(model: Any, calibration: Any, percentile: float = 100.0) -> Quantized:
    """A model as its file in int8 computes it."""
    return quantize(_network(model), "model", calibration, percentile).found


def _network(model: Any) -> Network:
    return network_of(_smaller(model), converts)


def _is_int8(precision: Any, calibration: Any, sparse_below: float) -> bool:
    if precision not in (None, "int8"):
        raise ValueError(f"export to C: expected precision 'int8' or None, received {precision!r}")
    if precision is None and calibration is not None:
        raise ValueError(
            "export to C: expected calibration= with precision='int8' only, received it without; "
            "add precision='int8', or leave it out"
        )
    if precision is not None and sparse_below != SPARSE_BELOW:
        raise ValueError(
            "export to C: expected no sparse_below= with precision='int8', which lists no weights, "
            f"received {sparse_below!r}; leave it out"
        )
    return precision is not None


def _save(path: str, make: Callable[..., Any], tested: Any) -> None:
    """Writes the header and the C file. make: gives their texts, for the header's name."""
    stem = os.path.splitext(path)[0]
    source = make(os.path.basename(stem) + ".h", tested)
    for name, text in ((stem + ".h", source.header()), (path, source.source())):
        replace_file(name, partial(_fill, text))


def _fill(text: str, file: BinaryIO) -> None:
    file.write(text.encode("ascii"))


def _prefix(path: str, prefix: Any) -> str:
    if prefix is None:
        return numbers.identifier(os.path.splitext(os.path.basename(path))[0])
    if not isinstance(prefix, str):
        raise TypeError(f"export to C: expected prefix as a text, received {prefix!r}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", prefix) or numbers.KEYWORDS.match(prefix):
        raise ValueError(
            "export to C: expected prefix as a name that C can have, of letters, digits and _, "
            f"received {prefix!r}"
        )
    return prefix


def _check_share(share: Any) -> None:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(
            "export to C: expected sparse_below as a share from 0 (never) to 1 (wherever there is "
            f"a zero), received {share!r}"
        )


def _smaller(model: Any) -> Any:
    """The model without dead neurons and inputs, if there are any."""
    if not isinstance(model, Model) or not model.built:
        return model  # which will be refused
    kernels = [one.data for one in model.weights if one.data.ndim == 2]
    dead = any(not one.any(axis=axis).all() for one in kernels for axis in (0, 1))
    return compact(model) if dead else model


def _real(network: Network) -> str:
    values = [*network.inputs, *(value for call in network.calls for value in call.outputs)]
    return "double" if any(value.dtype == "float64" for value in values) else "float"


def _described(call: Any) -> str:
    shapes = [numbers.joined(one.shape[1:]) for one in call.inputs]
    found = [numbers.joined(one.shape[1:]) for one in call.outputs]
    return f"{call.kind} {call.name}: {', '.join(shapes)} -> {', '.join(found)}"


def _title(network: Network) -> str:
    return f"{network.name}: a network of {len(network.calls)} steps."


def _samples(model: Any, network: Network, w: Writer, given: Any) -> Samples:
    """Rows for the self-test, and what the model gives for them."""
    inputs = _rows(w, given)
    return rows_of(model, network) if inputs is None else Samples(inputs, evaluate(network, inputs))


def _rows(w: Writer, given: Any) -> list[Any] | None:
    """The inputs that are given for the self-test; ValueError for those of other shapes."""
    if given is None:
        return None
    inputs = [np.asarray(getattr(one, "data", one)) for one in flatten([given])]
    shapes = [one.shape for one in w.inputs]
    if [one.shape[1:] for one in inputs] != shapes or len({len(one) for one in inputs}) > 1:
        raise ValueError(
            f"export to C: expected samples as arrays of rows of the shapes {shapes}, received "
            f"{[one.shape for one in inputs]}"
        )
    return inputs
