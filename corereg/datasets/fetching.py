"""Where the files of Keras's data sets are: in Keras's folder, where the user says, or on the
server that Keras downloads them from."""

from __future__ import annotations

import os

from corereg.utils.downloading import cache_folder, fetch

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CIFAR = "https://www.cs.toronto.edu/~kriz/"
DIGESTS = {
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "boston_housing.npz": "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    "california_housing.npz": "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    "imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "bfafd718b763782e994055a2d397834f",
    "reuters.npz": "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    "reuters_word_index.json": "4d44cc38712099c9e383dc6e5f11a921",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "cifar-100-python.tar.gz": "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
}
"""SHA-256 or MD5 of each file, as Keras checks them. Those of Fashion-MNIST are not checked there;
here the checksums inside of their gzip files are."""


def find(who: str, path: str | os.PathLike[str], file: str) -> str:
    """The path of a file: an absolute path is the user's own copy, which is taken as it is; any
    other is in Keras's folder, and checked. What is not there is downloaded."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ValueError(
            f"{who}: expected path= as a file's name or absolute path, received {path!r}"
        )
    target = os.path.join(cache_folder("datasets"), os.path.expanduser(os.fspath(path)))
    if os.path.isabs(os.path.expanduser(os.fspath(path))) and os.path.exists(target):
        return target
    remedy = ", or pass path= with the absolute path of a copy"
    return fetch(who, target, f"{ORIGIN}{file}", DIGESTS[file], remedy=remedy)
