"""The tables of docs/exporting.md say what the converters have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from corereg import registry
from corereg.export.inert import is_left_out
from corereg.export.onnx import converts
from corereg.layers.activation import Activation
from corereg.layers.augmentation.center_crop import CenterCrop
from corereg.layers.augmentation.random_crop import RandomCrop
from corereg.layers.einsum_dense import EinsumDense
from corereg.layers.lambda_layer import Lambda
from corereg.layers.masking import Masking
from corereg.layers.spectral_normalization import SpectralNormalization

PAGE = (Path(__file__).parents[1] / "docs" / "exporting.md").read_text()
TABLES = {"ONNX": converts}
"""By the titles of the columns, the converters of each format."""


def in_format(layer: Any, table: Any) -> str:
    """What the page has to say of a class of layers."""
    if is_left_out(layer):
        return "left out"
    expanded = layer in (
        *(Activation, CenterCrop, EinsumDense, Lambda, Masking, RandomCrop),
        SpectralNormalization,
    )
    return "yes" if expanded or layer.__name__ in table.kinds() else "no"


def test_the_table_of_layers_is_true() -> None:
    lines = re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)
    cells = [[cell.strip(" `") for cell in line.split("|")] for line in lines]
    begin = next(i for i, row in enumerate(cells) if row[0] == "layer")
    formats = cells[begin][1:]
    said = {row[0]: dict(zip(formats, row[1:], strict=True)) for row in cells[begin + 1 :]}
    layers = {
        name: layer
        for name, layer in registry.parts("layer").items()
        if layer.__module__.startswith("corereg.") and name != "Layer"
    }
    for name, layer in layers.items():
        assert said[name] == {one: in_format(layer, TABLES[one]) for one in formats}, name
    assert set(said) == set(layers)


def test_the_list_of_operations_is_true() -> None:
    text = PAGE.split("### Operations", 1)[1].split("###", 1)[0]
    said = re.findall(r"`([a-z0-9_]+)`", text)
    known = {one.removeprefix("keras.") for one in converts.kinds() if one.startswith("keras.")}
    functions = {name for name in known if registry_has(name)}
    assert said == sorted(functions)


def registry_has(name: str) -> bool:
    from corereg import ops

    return name in ops.__all__
