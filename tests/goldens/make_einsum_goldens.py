"""Makes einsum.npz with Keras 3; in tests/: `python -m goldens.make_einsum_goldens`.

Needs keras and jax. The file has what `einsum_cases.computed` gives, as <case>/<array>.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .einsum_cases import CASES, computed

HERE = Path(__file__).parent


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    arrays = {}
    for name in CASES:
        arrays |= {f"{name}/{key}": value for key, value in computed(name, keras).items()}
    np.savez_compressed(HERE / "einsum.npz", **arrays)
    print(f"{len(arrays)} arrays")


if __name__ == "__main__":
    main()
