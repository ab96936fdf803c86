"""Makes tables.npz with Keras 3; in tests/: `python -m goldens.make_table_goldens`.

Needs keras and jax. The file has what `table_cases.trained` gives, as <case>/<array>, and for each
of `table_cases.LAYERS` its result.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .table_cases import LAYERS, TRAINED, trained

HERE = Path(__file__).parent


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_ENABLE_X64"] = "1"
    import keras

    arrays = {}
    for name in TRAINED:
        keras.config.set_floatx(TRAINED[name][3])
        arrays |= {f"{name}/{key}": value for key, value in trained(name, keras).items()}
    keras.config.set_floatx("float32")
    for name, function in LAYERS.items():
        arrays[name] = np.asarray(function(keras.layers))
    np.savez_compressed(HERE / "tables.npz", **arrays)
    print(f"{len(arrays)} arrays")


if __name__ == "__main__":
    main()
