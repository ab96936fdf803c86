"""MNIST: 70000 handwritten digits."""

from __future__ import annotations

import os

from corereg.datasets.fetching import find
from corereg.datasets.reading import read_npz, reading
from corereg.datasets.splitting import Split, check_rows


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> Split:
    """Handwritten digits: 60000 images of 28 x 28 pixels to train on and 10000 to test with.

    path: name of the file in Keras's folder (`$KERAS_HOME/datasets` or `~/.keras/datasets`), into
        which it is downloaded (11 MB) if it is not there; or the absolute path of a copy.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x uint8 of shape (rows, 28, 28), from 0 (paper) to
        255 (ink); y uint8 of shape (rows,), the digit.

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: what was downloaded has another digest.

    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".

    >>> (x, y), (x_test, y_test) = datasets.mnist.load_data()  # doctest: +SKIP
    """
    who = "mnist.load_data"
    file = find(who, path, "mnist.npz")
    with reading(who, file):
        x, y, x_test, y_test = read_npz(file, ("x_train", "y_train", "x_test", "y_test"))
        check_rows(x, y, 28, 28)
        check_rows(x_test, y_test, 28, 28)
    return (x, y), (x_test, y_test)
