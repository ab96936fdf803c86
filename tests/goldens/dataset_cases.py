"""Small files of the same form as those of Keras's data sets, and calls that read them.

`write` makes the files in a folder as Keras keeps them; tests/goldens/datasets.json has what Keras
gives for `CALLS`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mnist": ("mnist", "load_data", {}),
    "fashion": ("fashion_mnist", "load_data", {}),
    "boston": ("boston_housing", "load_data", {}),
    "boston_other": ("boston_housing", "load_data", {"test_split": 0.45, "seed": 7}),
    "boston_all": ("boston_housing", "load_data", {"test_split": 0.0}),
    "california": ("california_housing", "load_data", {}),
    "california_small": ("california_housing", "load_data", {"version": "small", "seed": 3}),
    "imdb": ("imdb", "load_data", {}),
    "imdb_words": ("imdb", "load_data", {"num_words": 20, "skip_top": 5}),
    "imdb_short": ("imdb", "load_data", {"maxlen": 6, "seed": 5}),
    "imdb_without": ("imdb", "load_data", {"num_words": 20, "oov_char": None}),
    "imdb_bare": ("imdb", "load_data", {"start_char": None}),
    "imdb_raw": ("imdb", "load_data", {"start_char": None, "index_from": 0}),
    "imdb_equal": ("imdb", "load_data", {"maxlen": 3}),
    "imdb_index": ("imdb", "get_word_index", {}),
    "reuters": ("reuters", "load_data", {}),
    "reuters_words": ("reuters", "load_data", {"num_words": 15, "skip_top": 4, "maxlen": 7}),
    "reuters_split": ("reuters", "load_data", {"test_split": 0.5, "seed": 2, "oov_char": None}),
    "reuters_raw": ("reuters", "load_data", {"start_char": None, "index_from": 0}),
    "reuters_index": ("reuters", "get_word_index", {}),
    "reuters_topics": ("reuters", "get_label_names", {}),
    "cifar10": ("cifar10", "load_data", {}),
    "cifar100": ("cifar100", "load_data", {}),
    "cifar100_coarse": ("cifar100", "load_data", {"label_mode": "coarse"}),
}


def write(folder: Path) -> None:
    """All files, where Keras keeps them."""
    rng = np.random.default_rng(4)

    def pixels(*shape: int) -> Any:
        return rng.integers(0, 256, shape, np.uint8)

    def labels(rows: int, classes: int = 10) -> Any:
        return rng.integers(0, classes, rows, np.uint8)

    folder.mkdir(parents=True)
    np.savez(
        folder / "mnist.npz",
        x_train=pixels(5, 28, 28),
        y_train=labels(5),
        x_test=pixels(3, 28, 28),
        y_test=labels(3),
    )
    (folder / "fashion-mnist").mkdir()
    for part, rows in (("train", 4), ("t10k", 2)):
        for kind, array in (("images-idx3", pixels(rows, 28, 28)), ("labels-idx1", labels(rows))):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            packed = gzip.compress(head + array.tobytes(), mtime=0)
            (folder / "fashion-mnist" / f"{part}-{kind}-ubyte.gz").write_bytes(packed)
    np.savez(folder / "boston_housing.npz", x=rng.normal(size=(11, 13)), y=rng.normal(size=11))
    x = rng.normal(size=(610, 8)).astype("float32")
    np.savez(folder / "california_housing.npz", x=x, y=x[:, 0] * 2)
    np.savez(
        folder / "imdb.npz",
        x_train=texts(rng, 12),
        y_train=rng.integers(0, 2, 12),
        x_test=texts(rng, 9),
        y_test=rng.integers(0, 2, 9),
    )
    np.savez(folder / "reuters.npz", x=texts(rng, 20), y=rng.integers(0, 46, 20))
    for name in ("imdb", "reuters"):
        words = json.dumps({"the": 1, "caf\u00e9": 2, "of": 3})
        (folder / f"{name}_word_index.json").write_text(words)
    batches = {f"data_batch_{i}": (pixels(1, 3072), labels(1)) for i in range(1, 6)}
    batches["test_batch"] = pixels(3, 3072), labels(3)
    pickles = {
        name: pickle_of_python_2({"batch_label": b"a batch", "labels": y.tolist(), "data": x})
        for name, (x, y) in batches.items()
    }
    pack(folder / "cifar-10-batches-py-target_archive", "cifar-10-batches-py", pickles)
    pickles = {
        name: pickle_of_python_2(
            {
                "data": pixels(rows, 3072),
                "fine_labels": labels(rows, 100).tolist(),
                "coarse_labels": labels(rows, 20).tolist(),
            }
        )
        for name, rows in (("train", 4), ("test", 2))
    }
    pack(folder / "cifar-100-python-target_archive", "cifar-100-python", pickles)


def texts(rng: Any, rows: int) -> Any:
    """An array of lists of words; the first two are the shortest, of one word each."""
    found = np.empty(rows, dtype=object)
    for i in range(rows):
        length = 1 if i < 2 else int(rng.integers(3, 12))
        found[i] = rng.integers(1, 30, length).tolist()
    return found


def pack(path: Path, inner: str, files: dict[str, bytes]) -> None:
    """A .tar.gz of these files in a folder of this name."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{inner}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def pickle_of_python_2(values: dict[str, Any]) -> bytes:
    """A dict of bytes, lists of small numbers and matrices of bytes as Python 2 pickled it, whose
    texts have an opcode that Python 3 does not write."""

    def text(value: bytes) -> bytes:
        return b"T" + len(value).to_bytes(4, "little") + value

    def number(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    def one(value: Any) -> bytes:
        if isinstance(value, bytes):
            return text(value)
        if isinstance(value, list):
            return b"](" + b"".join(map(number, value)) + b"e"
        empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + number(0) + b"\x85"
        dtype = b"cnumpy\ndtype\n" + text(b"u1") + number(0) + number(1) + b"\x87R("
        dtype += number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
        shape = number(value.shape[0]) + number(value.shape[1]) + b"\x86"
        made = empty + text(b"b") + b"\x87R(" + number(1) + shape + dtype + b"\x89"
        return made + text(value.tobytes()) + b"tb"

    pairs = b"".join(text(key.encode()) + one(value) for key, value in values.items())
    return b"\x80\x02}(" + pairs + b"u."


def described(value: Any) -> Any:
    """What a call gave as JSON: of arrays the shape, the dtype and the SHA-256 of the values."""
    if isinstance(value, tuple | list):
        return [described(one) for one in value]
    if not isinstance(value, np.ndarray):
        return value
    data = json.dumps(value.tolist()).encode() if value.dtype == object else value.tobytes()
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
