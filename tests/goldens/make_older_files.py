"""Makes older_files.tar.xz: .h5 files of the models of older_file_cases.py, whole ("dense_2.h5")
and of weights alone ("dense_2.weights"), their to_json ("dense_2.json"), and in "dense_2.npz" what
they predict as they were saved ("saved/0") and after two more epochs ("trained/0").

Needs Keras 3, and Keras 2 (tf-keras), each in a Python of its own, one run after the other:

    cd tests && KERAS_BACKEND=jax python -m goldens.make_older_files keras
    cd tests && python -m goldens.make_older_files tf_keras
"""

from __future__ import annotations

import importlib
import io
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from goldens.older_file_cases import CASES, is_older

TARGET = Path(__file__).with_name("older_files.tar.xz")


def outputs(model: Any, x: Any) -> list[Any]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def files(k: Any, name: str, case: Any, folder: Path) -> dict[str, bytes]:
    """The files of one case."""
    k.utils.set_random_seed(1)
    k.backend.clear_session()
    version = 2 if is_older(k) else 3
    model, x, y = case(k)
    options = {"batch_size": 4, "verbose": 0, "shuffle": False}
    model.fit(x, y, epochs=3, **options)
    model.save(folder / "whole.h5")
    arrays = {f"saved/{i}": one for i, one in enumerate(outputs(model, x))}
    found = {f"{name}_{version}.h5": (folder / "whole.h5").read_bytes()}
    if name in ("dense", "graph"):
        found[f"{name}_{version}.json"] = model.to_json().encode()
        if version == 2:
            model.save_weights(folder / "weights.h5")
            found[f"{name}_{version}.weights"] = (folder / "weights.h5").read_bytes()
    model.fit(x, y, epochs=2, **options)
    arrays |= {f"trained/{i}": one for i, one in enumerate(outputs(model, x))}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return {**found, f"{name}_{version}.npz": buffer.getvalue()}


def main() -> None:
    k = importlib.import_module(sys.argv[1])
    version = 2 if is_older(k) else 3
    kept: dict[str, bytes] = {}
    if TARGET.exists():
        with tarfile.open(TARGET) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                if f"_{version}." not in member.name:
                    kept[member.name] = file.read()
    with tempfile.TemporaryDirectory() as folder:
        for name, (case, versions) in CASES.items():
            if version in versions:
                kept |= files(k, name, case, Path(folder))
    with tarfile.open(TARGET, "w:xz", preset=9) as tar:
        for name in sorted(kept, key=lambda name: (name.rpartition(".")[2], name)):
            member = tarfile.TarInfo(name)
            member.size = len(kept[name])
            tar.addfile(member, io.BytesIO(kept[name]))


if __name__ == "__main__":
    main()
