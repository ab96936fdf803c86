"""The batches of CIFAR-10 and CIFAR-100: pickles in an archive, or in a folder that Keras extracted
it to."""

from __future__ import annotations

import os
import tarfile
from typing import Any

import numpy as np

from corereg.datasets.fetching import CIFAR, DIGESTS
from corereg.datasets.reading import read_pickle, reading
from corereg.datasets.splitting import Split
from corereg.utils.downloading import cache_folder, fetch

Array = np.ndarray[Any, Any]


def load(who: str, name: str, inner: str, train: tuple[str, ...], test: str, labels: str) -> Split:
    """The images and labels of these batches. name: "cifar-10-python", of the archive; inner: the
    folder in it."""
    folder = cache_folder("datasets")
    for extracted in (os.path.join(folder, f"{inner}-target", inner), os.path.join(folder, inner)):
        if os.path.isfile(os.path.join(extracted, test)):
            with reading(who, extracted):
                return _split({b: _from_folder(extracted, b) for b in (*train, test)}, test, labels)
    archive = f"{name}.tar.gz"
    own = os.path.join(folder, archive)  # as it is called on its server
    kept = own if os.path.exists(own) else os.path.join(folder, f"{inner}-target_archive")
    path = fetch(who, kept, f"{CIFAR}{archive}", DIGESTS[archive])
    with reading(who, path), tarfile.open(path) as file:
        batches = {}
        for batch in (*train, test):
            member = file.extractfile(f"{inner}/{batch}")
            if member is None:
                raise ValueError(f"{inner}/{batch} is no file")
            with member:
                batches[batch] = read_pickle(member)  # type: ignore[arg-type]
        return _split(batches, test, labels)


def _from_folder(folder: str, batch: str) -> Any:
    with open(os.path.join(folder, batch), "rb") as file:
        return read_pickle(file)


def _split(batches: dict[str, Any], test: str, labels: str) -> Split:
    last = batches.pop(test)
    train = [_rows(batch, labels) for batch in batches.values()]
    x, y = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return (x, y), _rows(last, labels)


def _rows(batch: Any, labels: str) -> tuple[Array, Array]:
    """Images with their channels last, and a column of labels."""
    x, y = np.asarray(batch["data"]), np.asarray(batch[labels])
    if x.dtype != np.uint8 or x.shape != (len(y), 3072) or y.dtype.kind not in "iu":
        raise ValueError(f"it has images of shape {x.shape} and labels of shape {y.shape}")
    images = x.reshape(len(x), 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), y.reshape(-1, 1)
