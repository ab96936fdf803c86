"""export: a model to a file of another format."""

from __future__ import annotations

import os
from typing import Any

from corereg.export.formats import format_of


def export(model: Any, path: Any, format: str | None = None, **options: Any) -> None:
    """Writes a model to a file of another format, for use without Python or without corereg.

    format: "onnx" or "c"; by default what the suffix of the path says. options: what the format
    takes, see docs/exporting.md. TypeError for options that it does not take; ValueError for
    other formats, and for a layer that the format has no form of, with the remedy.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)])
    >>> corereg.export.export(model, "model.xyz")
    Traceback (most recent call last):
    ValueError: export: expected a path whose suffix says the format, or format=: 'onnx' (path \
ending in .onnx) or 'c' (path ending in .c); received 'model.xyz'
    """
    where = os.fspath(path)
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    format_of(where, format).function("write")(model, where, **options)
