"""Makes feature_space.npz: what FeatureSpace of Keras gives, and feature_space.keras, a space that
Keras saved. Needs Keras with its backend TensorFlow, by which FeatureSpace computes:

    cd tests && KERAS_BACKEND=tensorflow python -m goldens.make_feature_space
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from goldens.feature_space_cases import CASES, tables


def main() -> None:
    import keras
    import tensorflow as tf

    def tensors(columns: dict[str, Any]) -> dict[str, Any]:
        return {key: tf.constant(one) for key, one in columns.items()}

    found: dict[str, Any] = {}
    here = Path(__file__).parent
    for name, (make, _) in CASES.items():
        seen, given = tables(name)
        space = make(keras.utils.FeatureSpace, keras.layers)
        space.adapt(tf.data.Dataset.from_tensor_slices(seen).batch(200))
        out = space(tensors(given))
        for key, one in out.items() if isinstance(out, dict) else [("", out)]:
            found[f"{name}/{key}"] = one.numpy()
        if name == "crossed":
            space.save(here / "keras_files" / "feature_space.keras")
    np.savez_compressed(here / "feature_space.npz", **found)


if __name__ == "__main__":
    main()
