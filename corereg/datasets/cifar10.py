"""CIFAR-10: 60000 small photographs."""

from __future__ import annotations

import numpy as np

from corereg.datasets.cifar import load
from corereg.datasets.splitting import Split


def load_data() -> Split:
    """Photographs: 50000 of 32 x 32 pixels to train on and 10000 to test with, 10 classes.

    The classes are 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship,
    9 truck. The archive `cifar-10-python.tar.gz` (170 MB), or what Keras extracted from it, is in
    `$KERAS_HOME/datasets` or `~/.keras/datasets`; it is downloaded if it is not there.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x uint8 of shape (rows, 32, 32, 3); y uint8 of shape
        (rows, 1).

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: what was downloaded has another digest.

    Source: A. Krizhevsky (2009), "Learning multiple layers of features from tiny images".

    >>> (x, y), (x_test, y_test) = datasets.cifar10.load_data()  # doctest: +SKIP
    """
    train = tuple(f"data_batch_{i}" for i in range(1, 6))
    (x, y), (x_test, y_test) = load(
        "cifar10.load_data", "cifar-10-python", "cifar-10-batches-py", train, "test_batch", "labels"
    )
    return (x, y.astype(np.uint8)), (x_test, y_test.astype(np.uint8))
