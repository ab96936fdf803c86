"""docs/keras-names.md: every public name of Keras's packages beside corereg's.

    PYTHONPATH=. python tests/keras_names.py     # writes the page anew

A name is "here" if corereg's package has it; "to come" if it has not, and nothing says why; else
corereg/unavailable.py says why, or what to use.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from corereg.autograd.elsewhere import TOP as TORCH
from corereg.unavailable import TOP, UNAVAILABLE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "keras-names.md"
KERAS = json.loads((Path(__file__).parent / "goldens" / "keras_names.json").read_text())
BETTER = {
    "losses": "Beside Keras's: `Quantile` and `GaussianNLL`.",
    "metrics": "All of them count inside replayed steps.",
    "optimizers": "Beside Keras's arguments: `learning_rate_multipliers`, and `lazy` for tables.",
}
"""What corereg's package has beyond Keras's."""

HEAD = """# Names of Keras

Every public name of these packages of Keras {version}, and whether `corereg` has it in the package
of the same name. Programs that use names which are here run after their imports are changed. A name
that is not here raises an error that says what this page says.

`PYTHONPATH=. python tests/keras_names.py` writes this page; a test compares it with the code.

| package | names | here | refused | to come |
|---|---|---|---|---|
"""


def state(package: str, name: str) -> str:
    """ "here", "to come", or why it is not here."""
    module = importlib.import_module(f"corereg.{package}".rstrip("."))
    if hasattr(module, name):
        return "here"
    if package == "" and name in TORCH:
        return f"use {TORCH[name]}"
    return (UNAVAILABLE if package else {"": TOP}).get(package, {}).get(name, "to come")


def page() -> str:
    """The page as it should be."""
    table, sections = [], []
    for package, names in KERAS["names"].items():
        states = {name: state(package, name) for name in names}
        here = [name for name in names if states[name] == "here"]
        coming = [name for name in names if states[name] == "to come"]
        refused: dict[str, list[str]] = {}
        for name in names:
            if name not in here and name not in coming:
                refused.setdefault(states[name], []).append(name)
        count = sum(map(len, refused.values()))
        table.append(
            f"| {package or 'keras'} | {len(names)} | {len(here)} | {count} | {len(coming)} |\n"
        )
        lines = [f"\n## {package or 'keras'}\n\n"]
        if package in BETTER:
            lines.append(BETTER[package] + "\n\n")
        if here:
            lines.append(f"Here: {code(here)}\n\n")
        if coming:
            lines.append(f"To come: {code(coming)}\n\n")
        lines += [f"Not here: {code(names)}: {why}.\n\n" for why, names in refused.items()]
        sections.append("".join(lines).rstrip("\n") + "\n")
    return HEAD.format(version=KERAS["keras"]) + "".join(table) + "".join(sections)


def code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page())
