"""Makes datasets.json: what Keras reads out of the small files of dataset_cases.py. Needs Keras:

cd tests && KERAS_BACKEND=jax python -m goldens.make_datasets
"""

from __future__ import annotations

import importlib
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from goldens.dataset_cases import CALLS, described, write


def file_in(folder: Path) -> Any:
    """Stands for Keras's get_file, which would compare digests with those of the true files."""

    def get_file(fname: str, origin: str, cache_subdir: str = "", **_: Any) -> str:
        if "cifar" not in fname:
            return str(folder / os.path.basename(cache_subdir) / fname)
        with tarfile.open(folder / f"{fname}_archive") as tar:
            tar.extractall(folder / fname, filter="data")
        return str(folder / fname)

    return get_file


def main() -> None:
    import keras

    found: dict[str, Any] = {"keras": keras.__version__}
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "datasets"
        write(folder)
        for name, (module, function, options) in CALLS.items():
            home = importlib.import_module(f"keras.src.datasets.{module}")
            home.get_file = file_in(folder)
            given = getattr(home, function)(**options)
            if name == "cifar10":  # each batch of one image was written into 10000 rows
                (x, y), test = given
                given = (x[::10000].copy(order="C"), y[::10000].copy(order="C")), test
            found[name] = described(given)
    path = Path(__file__).with_name("datasets.json")
    path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
