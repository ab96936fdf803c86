"""Models as ONNX files, run by ONNX Runtime beside `predict`: every layer, every operation, random
models, options and refusals."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import random_models  # noqa: E402
from exported import LAYERS, stack  # noqa: E402

import corereg  # noqa: E402
from corereg import activations, export, layers, ops, registry  # noqa: E402
from corereg.export.onnx import converts  # noqa: E402
from corereg.graph.operations import OPERATIONS  # noqa: E402

FLOOR = 3e-7  # of float32, relative to the output's scale: what is as near to float64 as that is near


def check(model: Any, path: Path, x: Any = None, **options: Any) -> Any:
    """Exports a model, and fails unless the file gives what the model gives."""
    model.export(path, **options)
    report = export.verify(model, path, x, rows=40, logits=options.get("logits", False))
    assert report.ok, report
    for one in report.outputs:
        assert one.of_file <= 2 * one.of_predict + FLOOR, report
    return onnx.load(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


CASES = [(name, i) for name, makers in LAYERS.items() for i in range(len(makers))]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_layer(name: str, i: int, path: Path) -> None:
    corereg.set_random_seed(i)
    check(LAYERS[name][i](), path)


REFUSED = {"HashedCrossing", "Hashing"}


def test_every_layer_is_exported_or_refused() -> None:
    known = set(registry.parts("layer")) - {"Layer"}
    assert set(LAYERS) | REFUSED >= {name for name in known if registry.built_in("layer", name)}
