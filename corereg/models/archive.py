"""The file of `model.save`: one uncompressed zip of JSON and of NumPy's .npy, without pickle.

    metadata.json       {"format": "corereg", "format_version": 1, "corereg_version", "date_saved",
                         "arrays": [names]}
    config.json         the caller's dict
    arrays/<name>.npy   one member an array, .npy format 1.0, little-endian, C order

Members are stored as they are: trained weights barely compress, and a reader that accepts nothing
else cannot be made to unpack more than the file holds. Zip tools and `numpy.load` read the parts.

`read` trusts nothing. It takes the exact set of members that metadata.json names, checks sizes
before it reads and CRCs while it reads, parses .npy headers with one pattern instead of an
evaluator, and writes nothing to disk.
"""

from __future__ import annotations

import math
import os
import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

FORMAT_VERSION = 1

_DTYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<i4", "<u4", "<f4", "<i8", "<u8", "<f8")
_MAX_JSON_BYTES = 1 << 24
_MAX_JSON_DEPTH = 100
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,19}, ?)*(?:[0-9]{1,19})?)\), \} *\n"
)
_SIGNATURES = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras's .h5"),
    (b"\x93NUMPY", "a NumPy .npy file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x7fELF", "a program or library"),
    *((bytes([0x80, protocol]), "a Python pickle") for protocol in range(2, 6)),
    (b"PK\x05\x06", "an empty zip file"),
    (b"{", "a JSON text"),
)


class FileFormatError(ValueError):
    """A file is not a corereg model, is damaged, or is of a newer format."""


def write(
    path: str | os.PathLike[str], config: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Writes `config` and `arrays` to the file `path`, whole or not at all.

    The file is written under a temporary name in the same folder, synced to the disk and renamed:
    an interrupted or failed save leaves an older file as it was. A symbolic link stays one; its
    target is replaced.

    config: values that JSON has; tuples come back as lists and keys as strings.
    arrays: float16, float32, float64, integer or bool arrays of any shape. A name is made of
        printable parts between slashes, `dense/kernel` for one.

    Raises TypeError or ValueError for a config, an array or a name that the format cannot hold,
    and an OSError (FileNotFoundError, IsADirectoryError, PermissionError, ...) if `path` cannot be
    written.
    """
    import contextlib

    path = os.fsdecode(path)
    members = _members(config, arrays)
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"cannot save to {path!r}: it is a folder; add a file name")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"cannot save to {path!r}: its folder does not exist; create it")
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"cannot save to {path!r}: it is no regular file; choose another path")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"cannot save to {path!r}: the file there is write-protected")
    temporary = os.path.join(folder, f".corereg-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            _write_zip(file, members)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            what = f"cannot save ({error.strerror or error}); an older file there is unchanged"
            raise OSError(error.errno, what, path) from error
        raise
    with contextlib.suppress(OSError):  # the file is complete; not every system syncs folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads `(config, arrays)` back from a file that `write` made.

    The arrays are new, writable, C-contiguous and in native byte order; they keep shape, dtype and
    order.

    Raises FileFormatError for every file that is not wholly as `write` would make it, and an
    OSError (FileNotFoundError, IsADirectoryError, PermissionError, ...) if `path` cannot be read.
    """
    import struct
    import zipfile

    path = os.fsdecode(path)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise FileFormatError(f"cannot load {path!r}: it is no regular file")
    with open(path, "rb") as file:
        try:
            start = file.read(16)
            if not start.startswith(b"PK\x03\x04"):
                raise FileFormatError(f"it is no corereg model, but {_kind(start)}")
            with zipfile.ZipFile(file) as archive:
                return _read_zip(archive, os.fstat(file.fileno()).st_size)
        except FileFormatError as error:
            raise FileFormatError(f"cannot load {path!r}: {error}") from None
        except (
            *(zipfile.BadZipFile, struct.error, EOFError, NotImplementedError),
            *(OverflowError, RuntimeError, ValueError),
        ) as error:
            raise FileFormatError(
                f"cannot load {path!r}: the file is truncated or damaged ({error})"
            ) from error


def _members(
    config: dict[str, Any], arrays: dict[str, np.ndarray]
) -> dict[str, tuple[bytes, np.ndarray | None]]:
    """Everything to be written: a member's name to its first bytes and the array that follows."""
    import corereg

    for name in arrays:
        if not _is_name(name):
            raise ValueError(
                f"cannot save an array named {name!r}; expected printable parts between slashes"
            )
    metadata = {
        "format": "corereg",
        "format_version": FORMAT_VERSION,
        "corereg_version": getattr(corereg, "__version__", "unknown"),
        "date_saved": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "arrays": list(arrays),
    }
    members: dict[str, tuple[bytes, np.ndarray | None]] = {
        "metadata.json": (_to_json(metadata, "metadata"), None),
        "config.json": (_to_json(config, "config"), None),
    }
    for name, value in arrays.items():
        array = np.asarray(value)
        dtype = array.dtype.newbyteorder("<")
        if dtype.str not in _DTYPES:
            raise TypeError(
                f"cannot save the array {name!r} of dtype {array.dtype}; expected float16, "
                "float32, float64, an integer type or bool"
            )
        array = np.asarray(array, dtype=dtype, order="C")
        members[f"arrays/{name}.npy"] = (_npy_header(array), array)
    return members


def _is_name(name: Any) -> bool:
    return (
        isinstance(name, str)
        and len(name) <= 1000
        and name.isprintable()
        and "\\" not in name
        and all(part not in ("", ".", "..") for part in name.split("/"))
    )


def _to_json(value: dict[str, Any], what: str) -> bytes:
    import json

    if not isinstance(value, dict):
        raise TypeError(f"cannot save: expected {what} to be a dict, received {type(value)}")
    try:
        data = json.dumps(value, indent=1).encode()
        _parse_json(data)  # what cannot be read back is not written
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"cannot save: {what} does not fit into JSON: {error}") from error
    return data


def _parse_json(data: bytes) -> dict[str, Any]:
    import json

    if len(data) > _MAX_JSON_BYTES:
        raise FileFormatError(f"{len(data)} bytes of JSON, more than {_MAX_JSON_BYTES}")
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"bad JSON ({error})") from error
    if not isinstance(value, dict):
        raise FileFormatError("the JSON is no object")
    level: list[Any] = [value]
    for _ in range(_MAX_JSON_DEPTH):
        inner = [node.values() if isinstance(node, dict) else node for node in level]
        level = [child for nodes in inner for child in nodes if isinstance(child, (dict, list))]
    if level:
        raise FileFormatError(f"JSON nested more than {_MAX_JSON_DEPTH} deep")
    return value


def _npy_header(array: np.ndarray) -> bytes:
    """The bytes of a .npy file before its data, padded to a multiple of 64 as the format asks."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    length = -(len(_NPY_MAGIC) + 2 + len(text) + 1) % 64 + len(text) + 1
    return _NPY_MAGIC + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"


def _write_zip(file: Any, members: dict[str, tuple[bytes, np.ndarray | None]]) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, (start, array) in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            info.file_size = len(start) + (0 if array is None else array.nbytes)  # picks zip64
            with archive.open(info, "w") as member:
                member.write(start)
                if array is not None:
                    member.write(array.reshape(-1).view(np.uint8).data)


def _kind(start: bytes) -> str:
    """What a file that starts with these bytes looks like."""
    if not start:
        return "an empty file"
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return f"looks like {kind}"
    return "something else"


def _kind_of_zip(names: set[str]) -> str:
    if "model.weights.h5" in names:
        return "looks like a Keras .keras model; move its weights with get_weights and set_weights"
    if any(name.endswith("data.pkl") for name in names):
        return "looks like a PyTorch file"
    if names and all(name.endswith(".npy") for name in names):
        return "looks like a NumPy .npz file"
    return "another zip file"


def _read_zip(archive: ZipFile, size: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    infos = archive.infolist()
    names = {info.filename for info in infos}
    if not {"metadata.json", "config.json"} <= names or "model.weights.h5" in names:
        raise FileFormatError(f"it is no corereg model, but {_kind_of_zip(names)}")
    if len(names) < len(infos):
        raise FileFormatError("it names a member twice")
    _check_sizes([archive.getinfo("metadata.json")], size)
    metadata = _parse_json(archive.read("metadata.json"))
    version = metadata.get("format_version")
    if metadata.get("format") != "corereg" or type(version) is not int or version < 1:
        raise FileFormatError("it is no corereg model: metadata.json names another format")
    if version > FORMAT_VERSION:
        writer = str(metadata.get("corereg_version"))[:20]
        raise FileFormatError(
            f"it has format version {version}, written by corereg {writer!r}; this corereg reads "
            f"up to {FORMAT_VERSION}: upgrade corereg"
        )
    _check_sizes(infos, size)
    array_names = metadata.get("arrays")
    if (
        not isinstance(array_names, list)
        or not all(map(_is_name, array_names))
        or len(set(array_names)) < len(array_names)
    ):
        raise FileFormatError("metadata.json has no valid list of arrays")
    expected = {"metadata.json", "config.json", *(f"arrays/{name}.npy" for name in array_names)}
    if names != expected:
        problems = [f"missing {name!r}" for name in sorted(expected - names)]
        problems += [f"unexpected {name!r}" for name in sorted(names - expected)]
        raise FileFormatError(f"it has not the members it should: {', '.join(problems[:5])}")
    config = _parse_json(archive.read("config.json"))
    arrays = {name: _parse_npy(archive.read(f"arrays/{name}.npy"), name) for name in array_names}
    return config, arrays


def _check_sizes(infos: list[ZipInfo], size: int) -> None:
    """Makes sure that reading these members cannot take more memory than the file's `size`."""
    for info in infos:
        if info.compress_type != 0 or info.compress_size != info.file_size or info.flag_bits & 1:
            raise FileFormatError(f"member {info.filename!r} is compressed or encrypted")
        if not 0 <= info.header_offset < size:
            raise FileFormatError(f"member {info.filename!r} begins outside of the file")
    if sum(info.file_size for info in infos) > size:
        raise FileFormatError(f"its members claim more than the file's {size} bytes")


def _parse_npy(data: bytes, name: str) -> np.ndarray:
    start = len(_NPY_MAGIC) + 2
    end = start + int.from_bytes(data[start - 2 : start], "little")
    match = _NPY_HEADER.fullmatch(data, start, end)
    if not data.startswith(_NPY_MAGIC) or match is None:
        raise FileFormatError(f"array {name!r} has an unknown .npy header")
    dtype = match[1].decode()
    shape = tuple(int(length) for length in match[2].split(b",") if length.strip())
    if dtype not in _DTYPES:
        raise FileFormatError(f"array {name!r} has the unexpected dtype {dtype!r}")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data) - end:
        raise FileFormatError(
            f"array {name!r} of shape {shape} and dtype {dtype!r} does not fit into its "
            f"{len(data) - end} bytes"
        )
    array = np.ndarray(shape, dtype, buffer=data, offset=end)
    if array.dtype == np.bool_ and array.view(np.uint8).max(initial=0) > 1:
        raise FileFormatError(f"array {name!r} holds bytes that are no bool")
    return array.astype(array.dtype.newbyteorder("="), order="C")
