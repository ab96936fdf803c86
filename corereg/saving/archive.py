"""The file of `model.save`: a zip file of JSON and of arrays in NumPy's .npy, without pickle.

    metadata.json          {"format": "corereg", "format_version": 2, "corereg_version",
                            "date_saved", "sections": {section: [file names]}, "required": [...]}
    config.json            the caller's dict
    <section>/<name>.npy   an array
    <section>/<name>.json  a list of texts

The zip's comment is the SHA-256 of all that stands before it. docs/file-format.md describes the
format in full.

`read` trusts nothing. It checks the digest before anything else, which tells damage, and then
believes no more than before, for whoever means harm can write a digest: it counts members before
it makes objects of them, takes the exact set that metadata.json names, and reads no array and no
JSON that is larger than the file holds or a limit allows. It writes nothing to disk.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

from corereg.saving import npy
from corereg.saving.archive_format import (
    CONFIG,
    DIGEST,
    DIGEST_LENGTH,
    FORMAT_VERSION,
    METADATA,
    Config,
    Sections,
    is_name,
    is_section,
    sha256,
)
from corereg.saving.archive_reader import OpenArchive
from corereg.saving.foreign import check_suffix, is_content, name_of
from corereg.saving.json_text import JsonReader, dump
from corereg.saving.limits import FileFormatError, Limits, over_limit
from corereg.saving.stored_zip import ZipWriter
from corereg.version import __version__

default_limits = Limits()
"""What `read` and `write` use if they are given no limits. Another value may be assigned."""

# ---- writing ------------------------------------------------------------------------------------


def write(
    target: Any,
    config: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Any]],
    *,
    required: Collection[str] = (),
    limits: Limits | None = None,
) -> None:
    """Writes `config` and `sections` to the file `target`, whole or not at all.

    The file is written under a temporary name in the same folder, read back, synced to the disk
    and renamed: an interrupted or failed save leaves an older file as it was.

    target: a path, or what has a method `write` for bytes, such as `io.BytesIO`.
    config: values that JSON has; tuples come back as lists and keys as strings.
    sections: {section: {name: value}}. A section's name is made of small letters, digits and "_".
        A value's name is made of printable parts between slashes, `0/kernel` for one. A value is a
        float16, float32, float64, integer or bool array of any shape, or a list of texts.
    required: the sections without which the rest would be misunderstood. A reader that does not
        know one of them refuses the file.

    Raises TypeError or ValueError for a config, a value or a name that the format cannot hold or
    that would exceed a limit, and an OSError (FileNotFoundError, IsADirectoryError,
    PermissionError, ...) if `target` cannot be written.
    """
    limits = limits or default_limits
    if hasattr(target, "write") and not hasattr(target, "__fspath__"):
        if isinstance(target, io.TextIOBase) or not getattr(target, "writable", lambda: True)():
            raise TypeError("cannot save: expected a file opened in binary mode, 'wb'")
        buffer = io.BytesIO()
        _write_zip(buffer, _members(config, sections, required, limits), limits)
        _write_all(target, buffer.getbuffer())
        return
    from corereg.saving.replacing import replace_file

    path = os.fsdecode(target)
    check_suffix(path)
    members = _members(config, sections, required, limits)
    replace_file(path, lambda file: _write_zip(file, members, limits))


def _members(
    config: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Any]],
    required: Collection[str],
    limits: Limits,
) -> dict[str, bytes | npy.Array]:
    """All that is to be written, checked: a member's name to its bytes or its array."""
    reader = JsonReader(limits)
    listed: dict[str, list[str]] = {}
    values: dict[str, bytes | npy.Array] = {}
    for section, entries in sections.items():
        if not is_section(section):
            raise ValueError(
                f"cannot save a section named {section!r}; expected small letters, digits and '_'"
            )
        listed[section] = []
        for name, value in entries.items():
            if not is_name(name):
                raise ValueError(
                    f"cannot save an array named {name!r}; expected printable parts between slashes"
                )
            who, suffix = f"{section}/{name}", "json" if isinstance(value, list | tuple) else "npy"
            listed[section].append(f"{name}.{suffix}")
            if suffix == "npy":
                values[f"{who}.npy"] = npy.prepare(value, who)
            elif all(isinstance(text, str) for text in value):
                values[f"{who}.json"] = dump(list(value), f"the list {who!r}", reader)
            else:
                raise TypeError(f"cannot save the list {who!r}; expected an array or only texts")
    if unknown := set(required) - set(sections):
        raise ValueError(f"cannot save: the required sections {sorted(unknown)} are not there")
    if not isinstance(config, dict):
        raise TypeError(f"cannot save: expected config to be a dict, received {type(config)}")
    metadata = {
        "format": "corereg",
        "format_version": FORMAT_VERSION,
        "corereg_version": __version__,
        "date_saved": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "sections": listed,
        "required": sorted(required),
    }
    if len(values) + 2 > limits.members:
        raise ValueError(
            f"cannot save: {over_limit(len(values) + 2, 'members', limits, 'members')}"
        )
    return {
        METADATA: dump(metadata, "the list of names", reader),
        CONFIG: dump(config, "config", reader),
        **values,
    }


def _write_zip(file: BinaryIO, members: Mapping[str, bytes | npy.Array], limits: Limits) -> None:
    writer = ZipWriter(file)
    for name, value in members.items():
        if isinstance(value, bytes):
            writer.add(name, len(value), [value])
        else:
            start = npy.header(value)
            writer.add(name, len(start) + value.nbytes, npy.chunks(start, value))
    writer.finish(DIGEST_LENGTH)
    digest = sha256(file, file.tell())  # of what was written, as a reader will find it
    file.seek(0, os.SEEK_END)
    file.write(DIGEST + digest)
    _read_back(file, members, limits)


def _read_back(file: BinaryIO, members: Mapping[str, bytes | npy.Array], limits: Limits) -> None:
    """Makes sure that a reader will find what was to be written: every member, and of each array
    the header. The data have been read already, for the digest."""
    archive = OpenArchive(file, limits, trusts_digest=True)
    found: dict[str, Any] = dict.fromkeys((METADATA, CONFIG))
    for _, name, member in archive.entries:
        array = member.endswith(".npy")
        found[member] = npy.read_header(archive.open(member), name) if array else None
    expected = {
        name: None if isinstance(value, bytes) else (value.dtype.str, value.shape)
        for name, value in members.items()
    }
    if found != expected:
        raise FileFormatError("what was written is not what is read back")


def _write_all(target: Any, data: memoryview) -> None:
    while data:
        written = target.write(data)
        data = data[len(data) if written is None else written :]


# ---- reading ------------------------------------------------------------------------------------


def read(
    source: Any,
    *,
    known: Collection[str] | None = None,
    limits: Limits | None = None,
    unread: Collection[str] = (),
) -> tuple[Config, Sections]:
    """Reads `(config, sections)` back from a file that `write` made, or that version 1 made.

    source: a path, the bytes of a file, or what has a method `read` that gives bytes, which is read
        to its end.
    known: the names of sections that the caller understands. A file that requires another one is
        refused; sections that it does not require are returned, known or not.
    unread: sections that come back without values, and take neither time, but for the digest of the
        file, nor memory.

    The arrays are new, writable, C-contiguous and in native byte order; they keep shape, dtype and
    order.

    Raises FileFormatError for every file that is not wholly as `write` would make it or that
    exceeds a limit, and an OSError (FileNotFoundError, IsADirectoryError, PermissionError, ...) if
    `source` cannot be read.
    """
    import struct

    with _opened(source) as (file, who):
        try:
            archive = OpenArchive(file, limits or default_limits)
            archive.check_known(known)
            return archive.contents(unread)
        except FileFormatError as error:
            raise FileFormatError(f"cannot load {who}: {error}") from None
        except (struct.error, EOFError, OverflowError, RuntimeError, ValueError) as error:
            raise FileFormatError(
                f"cannot load {who}: the file is truncated or damaged ({error})"
            ) from error


@contextlib.contextmanager
def _opened(source: Any) -> Iterator[tuple[BinaryIO, str]]:
    """A file that can seek, and how errors name it."""
    if is_content(source):
        yield io.BytesIO(source), name_of(source)
        return
    if hasattr(source, "read") and not hasattr(source, "__fspath__"):
        if not getattr(source, "readable", lambda: True)():
            raise TypeError("cannot load: expected a file opened for reading, 'rb'")
        data = source.read()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError("cannot load: expected a file opened in binary mode, 'rb'")
        if not data:
            raise FileFormatError(
                f"cannot load {name_of(source)}: it is an empty file, or was read to its end; "
                "call seek(0)"
            )
        yield io.BytesIO(data), name_of(source)
        return
    path = os.fsdecode(source)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise FileFormatError(f"cannot load {path!r}: it is no regular file")
    with open(path, "rb") as file:
        yield file, f"{path!r}"
