"""Has Keras write tests/goldens/keras_files; run it with a Python that has Keras and JAX.

For each model of keras_file_cases.py <name>.keras, and in predictions.npz what it predicts as it
was saved ("<name>/saved/<output>") and after two more epochs ("<name>/trained/<output>").

With names as arguments, only these are made anew.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")  # else there is no float64

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from keras_file_cases import CASES, OF_OPTIMIZERS

FOLDER = Path(__file__).parent / "keras_files"


def outputs(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {}
    if len(sys.argv) > 1:
        with np.load(FOLDER / "predictions.npz") as file:
            arrays |= file
    for name, case in {**CASES, **OF_OPTIMIZERS}.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        keras.utils.set_random_seed(1)
        keras.utils.clear_session()
        model, x, y = case(keras)
        options = {"batch_size": 4, "verbose": 0, "shuffle": False}
        if y is not None:
            model.fit(x, y, epochs=3, **options)
        model.save(FOLDER / f"{name}.keras")
        arrays |= {f"{name}/saved/{i}": one for i, one in enumerate(outputs(model, x))}
        if y is not None:
            model.fit(x, y, epochs=2, **options)
            arrays |= {f"{name}/trained/{i}": one for i, one in enumerate(outputs(model, x))}
    np.savez(FOLDER / "predictions.npz", **arrays)


if __name__ == "__main__":
    main()
