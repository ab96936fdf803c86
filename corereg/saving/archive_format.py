"""What the writing and the reading of a model's file share: names, versions and the digest."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from corereg.saving.limits import FileFormatError
from corereg.saving.stored_zip import CHUNK

FORMAT_VERSION = 2

Config = dict[str, Any]
Sections = dict[str, dict[str, Any]]  # values are arrays and lists of texts

METADATA, CONFIG = "metadata.json", "config.json"
DIGEST = b"corereg-sha256:"
DIGEST_LENGTH = len(DIGEST) + 64
SECTION = re.compile(r"[a-z][a-z0-9_]{0,63}")


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
    import hashlib

    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    file.seek(0)
    while length > 0:
        count = file.readinto(buffer[: min(length, CHUNK)])  # type: ignore[attr-defined]
        if not count:
            raise FileFormatError("the file is truncated or damaged (it ends too early)")
        digest.update(buffer[:count])
        length -= count
    return digest.hexdigest().encode()
