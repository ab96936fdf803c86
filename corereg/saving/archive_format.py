"""What the writing and the reading of a model's file share: names, versions and the digest."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from typing import Any, BinaryIO

from corereg.saving.limits import FileFormatError
from corereg.saving.stored_zip import CHUNK

FORMAT_VERSION = 2

Config = dict[str, Any]
Sections = dict[str, dict[str, Any]]  # values are arrays and lists of texts

METADATA, CONFIG = "metadata.json", "config.json"
FEATURE_NAMES = "feature_names"  # a key of the config
DIGEST = b"corereg-sha256:"
DIGEST_LENGTH = len(DIGEST) + 64
_MANY_BYTES = 1 << 20


def is_section(name: Any) -> bool:
    """Whether a section can have this name: small letters, digits and "_", a letter first."""
    return (
        isinstance(name, str)
        and len(name) <= 64
        and name.isascii()
        and name.isidentifier()
        and not name.startswith("_")
        and name == name.lower()
    )


def is_name(name: Any) -> bool:
    """Whether a value can have this name: printable parts between slashes."""
    return (
        isinstance(name, str)
        and len(name) <= 1000
        and name.isprintable()
        and "\\" not in name
        and all(part not in ("", ".", "..") for part in name.split("/"))
    )


def sha256(file: BinaryIO, length: int) -> bytes:
    """The SHA-256 of the first bytes of a file, in hexadecimal digits."""
    digest = _new_sha256(length)
    buffer = memoryview(bytearray(min(length, CHUNK)))
    file.seek(0)
    while length > 0:
        count = file.readinto(buffer[:length])  # type: ignore[attr-defined]
        if not count:
            raise FileFormatError("the file is truncated or damaged (it ends too early)")
        digest.update(buffer[:count])
        length -= count
    digits: str = digest.hexdigest()
    return digits.encode()


def _new_sha256(length: int) -> Any:
    """What computes a SHA-256 of so many bytes. Of few Python's own does, for to load OpenSSL takes
    longer than to load a small model; of many OpenSSL's is several times faster."""
    if length < _MANY_BYTES and "_hashlib" not in sys.modules:
        with contextlib.suppress(ImportError):
            return import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256()
    import hashlib

    return hashlib.sha256()
