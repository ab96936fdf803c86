"""CIFAR-100: 60000 small photographs of 100 classes."""

from __future__ import annotations

from corereg.datasets.cifar import load
from corereg.datasets.splitting import Split


def load_data(label_mode: str = "fine") -> Split:
    """Photographs: 50000 of 32 x 32 pixels to train on and 10000 to test with, 100 classes in 20
    groups.

    label_mode: "fine" for the classes, "coarse" for their groups. The archive
    `cifar-100-python.tar.gz` (169 MB), or what Keras extracted from it, is in
    `$KERAS_HOME/datasets` or `~/.keras/datasets`; it is downloaded if it is not there.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x uint8 of shape (rows, 32, 32, 3); y int64 of shape
        (rows, 1).

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: for another label_mode, or another digest.

    Source: A. Krizhevsky (2009), "Learning multiple layers of features from tiny images".

    >>> (x, y), (x_test, y_test) = datasets.cifar100.load_data("coarse")  # doctest: +SKIP
    """
    who = "cifar100.load_data"
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"{who}: expected label_mode 'fine' or 'coarse', received {label_mode!r}")
    return load(
        who, "cifar-100-python", "cifar-100-python", ("train",), "test", f"{label_mode}_labels"
    )
