"""Makes spectral.json: what SpectralNormalization of Keras gives. Needs Keras with its backend
TensorFlow, which changes a weight within a step; that on JAX forgets the changed one:

    cd tests && KERAS_BACKEND=tensorflow python -m goldens.make_spectral
"""

from __future__ import annotations

import json
from pathlib import Path

from goldens.spectral_cases import CASES, run


def main() -> None:
    import keras

    found = {
        name: {key: array.tolist() for key, array in run(keras, name).items()} for name in CASES
    }
    text = json.dumps({"keras": keras.__version__, "cases": found}, separators=(",", ":"))
    path = Path(__file__).with_name("spectral.json")
    path.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
