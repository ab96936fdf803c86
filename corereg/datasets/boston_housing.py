"""Boston: 506 prices of houses, by district, of the 1970s."""

from __future__ import annotations

import os

from corereg.datasets.fetching import find
from corereg.datasets.reading import read_npz, reading
from corereg.datasets.splitting import Split, check_rows, check_split, split


def load_data(
    path: str | os.PathLike[str] = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Split:
    """Prices of houses: 506 districts of Boston, 13 numbers each.

    Mind what it holds: its column "B" was made from the share of Black inhabitants, by the belief
    that segregation raises prices. Do not use it but to show such faults; `california_housing`
    has `version="small"` in its place.

    path: name of the file in Keras's folder (`$KERAS_HOME/datasets` or `~/.keras/datasets`), into
        which it is downloaded (57 KB) if it is not there; or the absolute path of a copy.
    test_split: share of the rows that is for tests. seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: x float64 of shape (rows, 13); y float64 of shape
        (rows,), the median price in thousands of dollars.

    Raises:
        OSError: there is no such file and no network, or the file is damaged; it says which file
            to put where. ValueError: for a test_split not in [0, 1), or another digest.

    Source: D. Harrison and D. Rubinfeld (1978), "Hedonic prices and the demand for clean air".

    >>> (x, y), (x_test, y_test) = datasets.boston_housing.load_data()  # doctest: +SKIP
    """
    who = "boston_housing.load_data"
    check_split(who, test_split)
    file = find(who, path, "boston_housing.npz")
    with reading(who, file):
        x, y = read_npz(file, ("x", "y"))
        check_rows(x, y, 13)
    return split(x, y, test_split, seed)
