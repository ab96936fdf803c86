"""California: 20640 prices of houses, by block group, of 1990."""

from __future__ import annotations

import os

from corereg.datasets.fetching import find
from corereg.datasets.reading import read_npz, reading
from corereg.datasets.splitting import Split, check_rows, check_split, split


def load_data(
    version: str = "large",
    path: str | os.PathLike[str] = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> Split:
    """Prices of houses: 20640 block groups of California, 8 numbers each.

    The numbers are: longitude, latitude, age, rooms, bedrooms, people, households and income, in
    this order in Keras's file. Their scales differ: standardise them before training.

    version: "large", or "small" for the first 600 rows.
    path: name of the file in Keras's folder (`$KERAS_HOME/datasets` or `~/.keras/datasets`), into
        which it is downloaded (743 KB) if it is not there; or the absolute path of a copy.
    test_split: share of the rows that is for tests. seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x of shape (rows, 8); y of shape (rows,), the median
        price in dollars. The dtypes are those of the file, float32.

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: for a test_split not in [0, 1), another version, or another
            digest.

    Source: R. Pace and R. Barry (1997), "Sparse spatial autoregressions".

    >>> (x, y), (x_test, y_test) = datasets.california_housing.load_data()  # doctest: +SKIP
    """
    who = "california_housing.load_data"
    check_split(who, test_split)
    if version not in ("small", "large"):
        raise ValueError(f"{who}: expected version 'small' or 'large', received {version!r}")
    file = find(who, path, "california_housing.npz")
    with reading(who, file):
        x, y = read_npz(file, ("x", "y"))
        check_rows(x, y, 8)
    rows = 600 if version == "small" else len(x)
    return split(x[:rows], y[:rows], test_split, seed)
