"""run: what an .onnx file gives, by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.export.formats import Ran
from corereg.export.onnx.library import library


def run(path: str, inputs: Sequence[Any]) -> Ran:
    """The outputs of a file for arrays in the order of its inputs, computed by ONNX Runtime on the
    CPU. ImportError that names the extra if it is not installed."""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    found = session.run(None, dict(zip(names, inputs, strict=True)))
    return Ran(list(found), f"ONNX Runtime {runtime.__version__}")
