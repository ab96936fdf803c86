"""The public names of corereg and their signatures, as text: `python tests/public_api.py` writes
tests/public_api.txt anew, after a change that is meant."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("public_api.txt")
MODULES = (
    "corereg",
    "corereg.activations",
    "corereg.autograd",
    "corereg.callbacks",
    "corereg.config",
    "corereg.datasets",
    "corereg.initializers",
    "corereg.layers",
    "corereg.losses",
    "corereg.metrics",
    "corereg.models",
    "corereg.ops",
    "corereg.optimizers",
    "corereg.random",
    "corereg.regularizers",
    "corereg.saving",
    "corereg.utils",
)


def signature(value: object) -> str:
    """The arguments of something that can be called, without addresses and annotations."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    empty = inspect.Parameter.empty
    parameters = [p.replace(annotation=empty) for p in found.parameters.values()]
    text = str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def public_names(module: object) -> list[str]:
    listed = getattr(module, "__all__", None)
    names = listed if listed is not None else [n for n in dir(module) if not n.startswith("_")]
    return sorted(names)


def members(kind: type) -> list[str]:
    """Lines for what a class offers."""
    lines = []
    for name in sorted(dir(kind)):
        if name.startswith("_") and name not in ("__init__", "__call__"):
            continue
        if getattr(object, name, None) is getattr(kind, name, None):
            continue
        value = inspect.getattr_static(kind, name)
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        lines.append(f"  .{name}{signature(value) if callable(value) else ''}")
    return lines


def describe() -> str:
    """All public names, module by module."""
    lines = []
    for path in MODULES:
        module = importlib.import_module(path)
        for name in public_names(module):
            value = getattr(module, name)
            where = getattr(value, "__module__", "") or ""
            if inspect.ismodule(value):
                lines.append(f"{path}.{name} (module)")
            elif not where.startswith("corereg") and not isinstance(value, str | int | float):
                continue
            elif inspect.isclass(value):
                lines.append(f"{path}.{name} (class)")
                lines += members(value)
            elif callable(value):
                lines.append(f"{path}.{name}{signature(value)}")
            else:
                lines.append(f"{path}.{name}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(describe())
    print(f"{SNAPSHOT}: {len(describe().splitlines())} lines")
