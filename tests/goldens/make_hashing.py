"""Makes hashing.json: what Hashing and HashedCrossing of Keras give. Needs Keras with its backend
TensorFlow, by which these layers compute:

    cd tests && KERAS_BACKEND=tensorflow python -m goldens.make_hashing
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goldens.hashing_cases import BINS, SALTS, layers, numbers, texts


def main() -> None:
    import keras
    import tensorflow as tf

    def tensor(value: Any) -> Any:
        flat = value[0] if isinstance(value[0], list) else value
        return tf.constant(value, tf.string if isinstance(flat[0], str) else tf.int64)

    found: dict[str, Any] = {"keras": keras.__version__, "tensorflow": tf.__version__}
    for name, salt in SALTS.items():
        layer = keras.layers.Hashing(BINS, salt=salt)
        found[f"texts_{name}"] = layer(tensor(texts())).numpy().tolist()
        found[f"numbers_{name}"] = layer(tensor(numbers())).numpy().tolist()
    for name, (kind, options, given) in layers().items():
        layer = getattr(keras.layers, kind)(**options)
        crossed = kind == "HashedCrossing"
        out = layer([tensor(one) for one in given] if crossed else tensor(given))
        found[f"layer_{name}"] = out.numpy().tolist()
    lines = ",\n".join(
        f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}"
        for key, value in found.items()
    )
    Path(__file__).with_name("hashing.json").write_text(f"{{{lines}}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
