"""run: what an .onnx file gives, by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.export.formats import Ran
from corereg.export.onnx.library import library


def run(path: str, inputs: Sequence[Any]) -> Ran:
    """The outputs of a file for arrays in the order of its inputs, computed by ONNX Runtime on the
    CPU. ImportError that names the extra if it is not installed; ValueError for a file of another
    number of inputs."""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    if len(names) != len(inputs):
        raise ValueError(
            f"verify: expected a file of {len(inputs)} inputs, received {path!r}, which has "
            f"{names}; export the model once more"
        )
    found = session.run(None, dict(zip(names, inputs, strict=True)))
    return Ran(list(found), f"ONNX Runtime {runtime.__version__}")
