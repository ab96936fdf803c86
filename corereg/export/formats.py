"""The formats to which models are exported. One enters by a line in `FORMATS`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What a file gave. outputs: arrays (rows, ...) in the order of the network's outputs; by: what
    ran it, such as "ONNX Runtime 1.20"."""

    outputs: list[Any]
    by: str


class Format(NamedTuple):
    """One format. suffixes: of its files; module: in which `write(model, path, **options)` writes
    one, and `run(path, inputs)` gives `Ran` for arrays (rows, ...) in the order of the network's
    inputs, of the dtypes that it says; OSError or ImportError if there is nothing to run it. It may
    have `run_beside(path, model, inputs, calibration)`: the same, and what a file gives that is to
    be compared with something else than `predict`, else None."""

    suffixes: tuple[str, ...]
    module: str

    def function(self, name: str) -> Any:
        """A function of the format's module, None if there is none of this name."""
        return getattr(import_module(self.module), name, None)


FORMATS = {
    "onnx": Format((".onnx",), "corereg.export.onnx"),
    "c": Format((".c",), "corereg.export.c"),
}

_KERAS = {
    "tf_saved_model": "TensorFlow",
    "litert": "LiteRT",
    "openvino": "OpenVINO",
    "torch": "PyTorch",
}
"""Formats of Keras's, and whose they are."""


def format_of(path: str, format: Any) -> Format:
    """The format that is said, or that the path's suffix says; ValueError for others."""
    known = " or ".join(
        f"{name!r} (path ending in {' or '.join(one.suffixes)})" for name, one in FORMATS.items()
    )
    if format is None:
        for one in FORMATS.values():
            if path.lower().endswith(one.suffixes):
                return one
        raise ValueError(
            f"export: expected a path whose suffix says the format, or format=: {known}; received "
            f"{path!r}"
        )
    if not isinstance(format, str):
        raise TypeError(f"export: expected format as a text: {known}; received {format!r}")
    if format in _KERAS:
        raise ValueError(
            f"export: expected format {known}; received {format!r}, Keras's format for "
            f"{_KERAS[format]}, which corereg does not write; save the model as .keras and export "
            "it with Keras"
        )
    if format not in FORMATS:
        raise ValueError(f"export: expected format {known}; received {format!r}")
    return FORMATS[format]
