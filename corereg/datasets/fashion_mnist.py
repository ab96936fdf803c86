"""Fashion-MNIST: 70000 pictures of clothes."""

from __future__ import annotations

import gzip
import os
from typing import Any

import numpy as np

from corereg.datasets.fetching import ORIGIN
from corereg.datasets.reading import reading
from corereg.datasets.splitting import Split
from corereg.utils.downloading import cache_folder, fetch

_WHO = "fashion_mnist.load_data"


def load_data() -> Split:
    """Pictures of clothes: 60000 images of 28 x 28 pixels to train on and 10000 to test with.

    The classes are 0 T-shirt or top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt,
    7 sneaker, 8 bag, 9 ankle boot. Four files (31 MB) are in `$KERAS_HOME/datasets/fashion-mnist`
    or `~/.keras/datasets/fashion-mnist`; what is not there is downloaded.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x uint8 of shape (rows, 28, 28); y uint8 of shape
        (rows,).

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where.

    Source: H. Xiao, K. Rasul and R. Vollgraf (2017), "Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms", arXiv:1708.07747. Licence: MIT.

    >>> (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data()  # doctest: +SKIP
    """
    train, test = (
        (_images(f"{part}-images-idx3-ubyte.gz"), _labels(f"{part}-labels-idx1-ubyte.gz"))
        for part in ("train", "t10k")
    )
    for x, y in (train, test):
        if len(x) != len(y):
            raise OSError(f"{_WHO}: expected a label for each image, found {len(x)} and {len(y)}")
    return train, test


def _images(name: str) -> np.ndarray[Any, Any]:
    return _idx(name, 3, (28, 28))


def _labels(name: str) -> np.ndarray[Any, Any]:
    return _idx(name, 1, ())


def _idx(name: str, dimensions: int, row: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of bytes in the IDX format: 0, 0, the type 8, the number of dimensions, the shape in
    big-endian numbers of four bytes, the data."""
    folder = cache_folder(os.path.join("datasets", "fashion-mnist"))
    path = fetch(_WHO, os.path.join(folder, name), f"{ORIGIN}{name}")
    with reading(_WHO, path), gzip.open(path) as file:
        data = np.frombuffer(file.read(), np.uint8)
        head = 4 + 4 * dimensions
        shape = tuple(data[4:head].view(">u4").tolist())
        if data[:4].tolist() != [0, 0, 8, dimensions] or shape[1:] != row:
            raise ValueError(f"it does not begin as a file of {row} bytes a row")
        return data[head:].reshape(shape).copy()
