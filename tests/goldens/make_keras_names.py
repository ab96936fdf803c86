"""Makes keras_names.json: the public names of the parts of Keras that docs/keras-names.md compares
with. Needs Keras:

    cd tests && KERAS_BACKEND=jax python -m goldens.make_keras_names
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

PACKAGES = [
    "",  # Keras itself
    *("layers", "activations", "losses", "metrics", "optimizers", "optimizers.schedules"),
    *("callbacks", "regularizers", "constraints", "initializers", "models", "saving", "utils"),
    *("random", "ops"),
]


def names(package: str) -> list[str]:
    module = importlib.import_module(f"keras.{package}".rstrip("."))
    return sorted(
        name
        for name in dir(module)
        if not name.startswith("_") and not inspect.ismodule(getattr(module, name))
    )


def main() -> None:
    import keras

    found = {"keras": keras.__version__, "names": {p: names(p) for p in PACKAGES}}
    Path(__file__).with_name("keras_names.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
