"""Arrays in NumPy's .npy format 1.0: little-endian, C order, without pickle.

Headers are taken apart at their quotes, without an evaluator of Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from corereg.saving.limits import FileFormatError
from corereg.saving.stored_zip import CHUNK, MemberReader

DTYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<i4", "<u4", "<f4", "<i8", "<u8", "<f8")

_MAGIC = b"\x93NUMPY\x01\x00"
_BEFORE_SHAPE = [b"{", b"descr", b": ", b", ", b"fortran_order", b": False, ", b"shape"]
_BEFORE_LENGTHS, _BEHIND_LENGTHS = b": (", b"), }"

Array = np.ndarray[Any, Any]


def prepare(value: Any, name: str) -> Array:
    """`value` as an array that .npy can hold as it is; TypeError if its dtype is another."""
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPES:
        raise TypeError(
            f"cannot save the array {name!r} of dtype {array.dtype}; expected float16, float32, "
            "float64, an integer type or bool, or a list of texts"
        )
    return np.asarray(array, dtype=dtype, order="C")


def header(array: Array) -> bytes:
    """The bytes before the data, padded to a multiple of 64 as the format asks."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    length = -(len(_MAGIC) + 2 + len(text) + 1) % 64 + len(text) + 1
    return _MAGIC + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"


def chunks(start: bytes, array: Array) -> Iterator[bytes | memoryview]:
    """The whole .npy file in pieces."""
    yield start
    data = array.reshape(-1).view(np.uint8).data
    for at in range(0, len(data), CHUNK):
        yield data[at : at + CHUNK]


def read_header(reader: MemberReader, name: str) -> tuple[str, tuple[int, ...]]:
    """dtype and shape of the array whose data are left in `reader`."""
    start = reader.read(len(_MAGIC) + 2)
    found = _parsed(reader.read(int.from_bytes(start[len(_MAGIC) :], "little")))
    if not start.startswith(_MAGIC) or found is None:
        raise FileFormatError(f"array {name!r} has an unknown .npy header")
    dtype, shape = found
    if dtype not in DTYPES:
        raise FileFormatError(f"array {name!r} has the unexpected dtype {dtype!r}")
    if math.prod(shape) * np.dtype(dtype).itemsize != reader.left:
        raise FileFormatError(
            f"array {name!r} of shape {shape} and dtype {dtype!r} does not fit into its "
            f"{reader.left} bytes"
        )
    return dtype, shape


def _parsed(text: bytes) -> tuple[str, tuple[int, ...]] | None:
    """dtype and shape of a header, None for what is none."""
    parts = text.split(b"'")
    kind = b"".join(parts[3:4])
    lengths = parts[-1].removesuffix(b"\n").rstrip(b" ")
    known = len(parts) == 9 and parts[:3] + parts[4:8] == _BEFORE_SHAPE and text.endswith(b"\n")
    known = known and len(kind) == 3 and kind[:1] in b"<|" and kind[1:2] in b"biuf"
    if not (
        known
        and kind[2:] in b"1248"
        and lengths.startswith(_BEFORE_LENGTHS)
        and lengths.endswith(_BEHIND_LENGTHS)
    ):
        return None
    inside = lengths[len(_BEFORE_LENGTHS) : -len(_BEHIND_LENGTHS)].split(b",")
    if not inside[-1].strip(b" "):
        inside.pop()  # (3,) and ()
    sizes = [length.removeprefix(b" ") for length in inside]
    if not all(size.isdigit() and len(size) < 20 for size in sizes):
        return None
    return kind.decode(), tuple(map(int, sizes))


def read(reader: MemberReader, name: str) -> Array:
    """A new array in native byte order."""
    dtype, shape = read_header(reader, name)
    array = np.empty(shape, dtype)
    data = array.reshape(-1).view(np.uint8)
    reader.read_into(data.data)
    if array.dtype == np.bool_ and data.max(initial=0) > 1:
        raise FileFormatError(f"array {name!r} holds bytes that are no bool")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
