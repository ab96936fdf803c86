"""Makes augmentation.npz by Keras on JAX; in tests/: `python -m goldens.make_augmentation_goldens`.

Holds under the name of each case of augmentation_cases.py what run_layer returns.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import augmentation_cases
from .make_goldens import load_keras

FILE = Path(__file__).parent / "augmentation.npz"


def main() -> None:
    keras = load_keras()
    made = {name: augmentation_cases.run_layer(keras, name) for name in augmentation_cases.LAYERS}
    np.savez_compressed(FILE, keras=keras.__version__, **made)


if __name__ == "__main__":
    main()
