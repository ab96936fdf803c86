"""Makes lookups.json: what IntegerLookup and StringLookup of Keras give. Needs Keras with its
backend TensorFlow, by which these layers compute:

    cd tests && KERAS_BACKEND=tensorflow python -m goldens.make_lookups
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from goldens.lookup_cases import cases


def plain(value: Any) -> Any:
    """Nested lists of numbers and texts."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return plain(value.tolist()) if isinstance(value, np.ndarray | np.generic) else value


def main() -> None:
    import keras
    import tensorflow as tf

    found: dict[str, Any] = {"keras": keras.__version__, "tensorflow": tf.__version__, "cases": {}}
    for name, (kind, options, seen, given) in cases().items():
        layer = getattr(keras.layers, kind)(**options)
        if seen is not None:
            layer.adapt(np.array(seen))
        try:
            out: Any = plain(layer(tf.constant(given)).numpy())
        except Exception as error:
            out = {"error": type(error).__name__}
        found["cases"][name] = {"vocabulary": plain(layer.get_vocabulary()), "out": out}
    Path(__file__).with_name("lookups.json").write_text(
        json.dumps(found, ensure_ascii=False, indent=None, separators=(",", ":"))
        .replace('"IntegerL', '\n"IntegerL')
        .replace('"StringL', '\n"StringL')
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
