"""Makes graphs.npz and graphs.json with Keras 3; in tests/: `python -m goldens.make_graph_goldens`.

Needs keras and jax. graphs.json has what `graph_cases.describe` says of the structure of each case,
and Keras's version; graphs.npz the outputs, as <case>/<number>.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .graph_cases import GRAPHS, describe

HERE = Path(__file__).parent


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    lib = SimpleNamespace(
        Input=keras.Input,
        Model=keras.Model,
        Sequential=keras.Sequential,
        layers=keras.layers,
        numpy=keras.ops.convert_to_numpy,
    )
    structures, arrays = {}, {}
    for name in GRAPHS:
        keras.backend.clear_session()
        structures[name], outputs = describe(name, lib)
        arrays |= {f"{name}/{place}": output for place, output in outputs.items()}
    whole = {"keras": keras.__version__, "graphs": structures}
    (HERE / "graphs.json").write_text(json.dumps(whole, separators=(",", ":")) + "\n")
    np.savez_compressed(HERE / "graphs.npz", **arrays)
    print(f"{len(structures)} graphs")


if __name__ == "__main__":
    main()
