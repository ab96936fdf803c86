"""Makes texts.json: what TextVectorization of Keras gives. Needs Keras with its backend TensorFlow,
by which this layer computes:

    cd tests && KERAS_BACKEND=tensorflow python -m goldens.make_texts
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from goldens.make_lookups import plain
from goldens.text_cases import cases


def main() -> None:
    import keras
    import tensorflow as tf

    found: dict[str, Any] = {"keras": keras.__version__, "tensorflow": tf.__version__, "cases": {}}
    for name, (options, seen, given) in cases().items():
        layer = keras.layers.TextVectorization(**options)
        if seen is not None:
            layer.adapt(np.array(seen))
        out = plain(layer(tf.constant(given)).numpy())
        found["cases"][name] = {"vocabulary": plain(layer.get_vocabulary()), "out": out}
    text = json.dumps(found, ensure_ascii=False, indent=None, separators=(",", ":"))
    path = Path(__file__).with_name("texts.json")
    path.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
