"""Makes tokenizer.json: what Keras gives for the texts of tokenizer_cases.py, by Tokenizer and by
TimeseriesGenerator. Needs
Keras:

    cd tests && KERAS_BACKEND=jax python -m goldens.make_tokenizer
"""

from __future__ import annotations

import json
from pathlib import Path

from goldens.tokenizer_cases import results


def main() -> None:
    import keras
    from keras.src.legacy.preprocessing import sequence, text

    found = {"keras": keras.__version__, **results(text, sequence)}
    Path(__file__).with_name("tokenizer.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
