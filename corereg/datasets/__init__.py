"""Two small real data sets inside the package, and those of Keras, which are downloaded.

`load_digits` and `load_breast_cancer` return `(x, y)`: one table and its labels. Neither comes with
a split into training and test rows; use `fit(validation_split=...)` or split by hand. Both are from
the UCI Machine Learning Repository under the licence CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/), with the rows in the order of scikit-learn's copies.

`mnist`, `fashion_mnist`, `cifar10`, `cifar100`, `boston_housing`, `california_housing`, `imdb` and
`reuters` are modules with a `load_data`, as in Keras: `datasets.mnist.load_data()` returns
`(x_train, y_train), (x_test, y_test)`, with the same rows in the same order. They read the files in
Keras's folder, `$KERAS_HOME/datasets` or `~/.keras/datasets`, and download what is not there. No
code in a file is ever run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.datasets import (
        boston_housing as boston_housing,
        california_housing as california_housing,
        cifar10 as cifar10,
        cifar100 as cifar100,
        fashion_mnist as fashion_mnist,
        imdb as imdb,
        mnist as mnist,
        reuters as reuters,
    )

_OF_KERAS = (
    *("boston_housing", "california_housing", "cifar10", "cifar100"),
    *("fashion_mnist", "imdb", "mnist", "reuters"),
)

__getattr__, _, __all__ = lazy_package(__name__, {}, submodules=_OF_KERAS)
__all__ += ["BREAST_CANCER_FEATURES", "load_breast_cancer", "load_digits"]

_MEASUREMENTS = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)

BREAST_CANCER_FEATURES: tuple[str, ...] = (
    *(f"mean {name}" for name in _MEASUREMENTS),
    *(f"{name} error" for name in _MEASUREMENTS),
    *(f"worst {name}" for name in _MEASUREMENTS),
)
"""Names of the 30 columns of `load_breast_cancer`, in order."""


def load_digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Handwritten digits: 1797 images of 8 x 8 pixels, 10 classes of 174 to 183 images.

    Returns:
        x: float32 array of shape (1797, 64), pixels row by row, each a whole number from 0 (paper)
            to 16 (ink). Divide by 16 before training.
        y: int64 array of shape (1797,), the digit, 0 to 9.

        Both are new, writable arrays at every call.

    Raises:
        OSError: the data file in the installed package is missing or damaged.

    Source: E. Alpaydin and C. Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI
    Machine Learning Repository, https://archive.ics.uci.edu/dataset/80, file optdigits.tes.
    Licence: CC BY 4.0.

    >>> x, y = datasets.load_digits()
    >>> x.shape, y[:5]
    ((1797, 64), array([0, 1, 2, 3, 4]))
    """
    return _load("digits", (1797, 64), classes=10)


def load_breast_cancer() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Breast tumours: 569 rows of 30 measurements of cell nuclei, 2 classes.

    Returns:
        x: float32 array of shape (569, 30) in the units of the source. The columns differ in
            scale by a factor of a million: standardise before training. `BREAST_CANCER_FEATURES`
            names the columns: mean, standard error and worst value of ten measurements.
        y: int64 array of shape (569,), 0 = malignant (212 rows), 1 = benign (357 rows).

        Both are new, writable arrays at every call.

    Raises:
        OSError: the data file in the installed package is missing or damaged.

    Source: W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), "Breast Cancer Wisconsin
    (Diagnostic)", UCI Machine Learning Repository, https://archive.ics.uci.edu/dataset/17.
    Licence: CC BY 4.0.

    >>> x, y = datasets.load_breast_cancer()
    >>> x.shape, int(y.sum())
    ((569, 30), 357)
    """
    return _load("breast_cancer", (569, 30), classes=2)


def _load(
    name: str, shape: tuple[int, int], classes: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    path = os.path.join(os.path.dirname(__file__), f"{name}.npz")
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            y = arrays["y"]
            if "x_by_class" in arrays:  # rows of a class follow each other: a tenth smaller
                rows = arrays["x_by_class"]
                x = np.empty(rows.shape, rows.dtype)
                x[np.argsort(y, kind="stable")] = rows
            else:
                x = arrays["x"]
            if "places" in arrays:  # decimals are kept as their digits: half as large
                x = x / 10 ** arrays["places"].astype(np.int64)
    except Exception as error:  # a damaged zip fails in a dozen ways, from KeyError to zlib.error
        raise OSError(
            f"load_{name}: expected the data file {path!r} with arrays x and y, reading it raised "
            f"{type(error).__name__}: {error}; reinstall corereg"
        ) from error
    if x.shape != shape or y.shape != shape[:1] or y.max() >= classes:
        raise OSError(
            f"load_{name}: expected x {shape} and y {shape[:1]} with labels below {classes} in "
            f"{path!r}, found x {x.shape} and y {y.shape}; reinstall corereg"
        )
    return x.astype(np.float32), y.astype(np.int64)
