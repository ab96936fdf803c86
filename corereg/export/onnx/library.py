"""The packages onnx and onnxruntime, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def library(name: str = "onnx") -> Any:
    """The package; ImportError that names the extra if it is not there."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"ONNX needs the package {name}, which could not be imported ({error}); install it "
            "with: pip install 'corereg[onnx]'",
            name=name,
        ) from error
