"""Makes masks.npz with Keras 3; in tests/: `python -m goldens.make_mask_goldens`.

Needs keras and jax. The file has what `mask_cases.trained` gives, as <case>/<array>, and of each of
`mask_cases.CALLS` the arrays, as <case>/<number>.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .mask_cases import CALLS, TRAINED, trained

HERE = Path(__file__).parent


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    arrays = {}
    for name, function in CALLS.items():
        arrays |= {f"{name}/{i}": np.asarray(one) for i, one in enumerate(function(keras))}
    for name in TRAINED:
        arrays |= {f"{name}/{key}": value for key, value in trained(name, keras).items()}
    np.savez_compressed(HERE / "masks.npz", **arrays)
    print(f"{len(arrays)} arrays")


if __name__ == "__main__":
    main()
