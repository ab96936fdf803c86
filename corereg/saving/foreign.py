"""Files that are not corereg's, by their first bytes, by their members, and by their suffixes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

_SIGNATURES = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras's .h5"),
    (b"\x93NUMPY", "a NumPy .npy file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x7fELF", "a program or library"),
    *((bytes([0x80, protocol]), "a Python pickle") for protocol in range(2, 6)),
    (b"PK\x05\x06", "an empty zip file"),
    (b"{", "a JSON text"),
)
_SUFFIXES = {
    **dict.fromkeys((".h5", ".hdf5"), "Keras's older one of whole models"),
    ".keras": "Keras's",
    **dict.fromkeys((".pt", ".pth"), "PyTorch's"),
    **dict.fromkeys((".npy", ".npz"), "NumPy's"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "Python's pickle"),
    ".onnx": "ONNX's",
    ".tflite": "TensorFlow's",
    ".pb": "TensorFlow's",
    ".safetensors": "safetensors'",
}


WHOLE, WEIGHTS = ".keras", ".weights.h5"
"""The ends of the names of Keras's files: of a model, and of weights alone."""


def is_content(source: Any) -> bool:
    """Whether this is a file itself: a bytearray, a memoryview, or bytes that are no path, for they
    are empty, begin as a zip file does, or hold a zero."""
    if isinstance(source, bytes):
        return not source or source.startswith(b"PK\x03\x04") or b"\0" in source
    return isinstance(source, bytearray | memoryview)


def name_of(source: Any) -> str:
    """How errors name a path, a file object, or the bytes of a file."""
    if is_content(source):
        return f"{memoryview(source).nbytes} bytes"
    if hasattr(source, "__fspath__") or not hasattr(source, "read"):
        return f"{str(source)!r}"
    return f"{getattr(source, 'name', type(source).__name__)!r}"


def kind(start: bytes) -> str:
    """What a file that starts with these bytes looks like."""
    if not start:
        return "an empty file"
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return f"looks like {kind}"
    return "something else"


def kind_of_zip(names: Iterable[str]) -> str:
    names = set(names)
    if "model.weights.h5" in names:
        return "looks like a Keras .keras model; give it a name that ends in .keras"
    if any(name.endswith("data.pkl") for name in names):
        return "looks like a PyTorch file"
    if names and all(name.endswith(".npy") for name in names):
        return "looks like a NumPy .npz file"
    return "another zip file"


def check_suffix(path: str) -> None:
    """ValueError for a name that says that the file is another program's."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _SUFFIXES:
        exported = ", or model.export(path)" if suffix == ".onnx" else ""
        raise ValueError(
            f"cannot save to {path!r}: {suffix!r} says that the format is {_SUFFIXES[suffix]}, and "
            f"it would be corereg's own; use the suffix .corereg{exported}"
        )


def is_older_path(path: Any) -> bool:
    """Whether a path's end says that its file is of Keras's older format, HDF5 with the whole model
    or with its weights by the names of layers."""
    if is_content(path) or not isinstance(path, str | bytes | os.PathLike):
        return False
    name = os.path.basename(os.fsdecode(path)).lower()
    return name.endswith((".h5", ".hdf5")) and not name.endswith(WEIGHTS)


def is_keras_path(who: str, path: Any, *ends: str) -> bool:
    """Whether a path's end says that its file is Keras's, and of one of these kinds. ValueError for
    another file of Keras's; TypeError for what is neither a path nor a file object, nor, where a
    file is read, its bytes."""
    if hasattr(path, "read") or hasattr(path, "write"):
        return False
    loads = who.startswith("load")
    if loads and is_content(path):
        return False
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(
            f"{who}: expected a path, a file object opened in binary mode"
            f"{' or the bytes of a file' if loads else ''}, received {type(path).__name__}"
        )
    name = os.path.basename(os.fsdecode(path)).lower()
    if any(name.endswith(end) and name != end for end in ends):
        return True
    if name.endswith((WHOLE, ".h5", ".hdf5")) and name != WHOLE:
        what = "a whole model" if name.endswith(WHOLE) else "weights"
        if not name.endswith((WHOLE, WEIGHTS)):
            what = "a model in Keras's older HDF5 format, which corereg reads and does not write"
        raise ValueError(
            f"{who}: {os.fsdecode(path)!r} is the name of {what}; "
            f"expected one that ends in {' or '.join(ends)}, or in .corereg"
        )
    return False
