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
import re
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from corereg.saving import npy
from corereg.saving.foreign import check_suffix, kind, kind_of_zip
from corereg.saving.json_text import JsonReader, dump
from corereg.saving.limits import FileFormatError, Limits, over_limit
from corereg.saving.replacing import replace_file
from corereg.saving.stored_zip import CHUNK, MemberReader, ZipReader, ZipWriter, check_sizes
from corereg.version import __version__

FORMAT_VERSION = 2

default_limits = Limits()
"""What `read` and `write` use if they are given no limits. Another value may be assigned."""

Config = dict[str, Any]
Sections = dict[str, dict[str, Any]]  # values are arrays and lists of texts

_METADATA, _CONFIG = "metadata.json", "config.json"
_DIGEST = b"corereg-sha256:"
_DIGEST_LENGTH = len(_DIGEST) + 64
_ANY_DIGEST = re.compile(rb"corereg-([a-z0-9-]{1,20}):.*", re.DOTALL)
_SECTION = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SECTIONS_OF_VERSION_1 = {"weights": "weights", "optimizer": "optimizer", "random": "training"}


class _Entry(NamedTuple):
    """A member and whose value it holds."""

    section: str
    name: str
    member: str


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

    target: a path, or a file object opened for writing in binary mode, such as `io.BytesIO`.
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
    if isinstance(target, io.TextIOBase):
        raise TypeError("cannot save: expected a file opened in binary mode, 'wb'")
    if hasattr(target, "write") and not hasattr(target, "__fspath__"):
        buffer = io.BytesIO()
        _write_zip(buffer, _members(config, sections, required, limits), limits)
        _write_all(target, buffer.getbuffer())
        return
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
        if not isinstance(section, str) or not _SECTION.fullmatch(section):
            raise ValueError(
                f"cannot save a section named {section!r}; expected small letters, digits and '_'"
            )
        listed[section] = []
        for name, value in entries.items():
            if not _is_name(name):
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
        _METADATA: dump(metadata, "the list of names", reader),
        _CONFIG: dump(config, "config", reader),
        **values,
    }


def _is_name(name: Any) -> bool:
    return (
        isinstance(name, str)
        and len(name) <= 1000
        and name.isprintable()
        and "\\" not in name
        and all(part not in ("", ".", "..") for part in name.split("/"))
    )


def _write_zip(file: BinaryIO, members: Mapping[str, bytes | npy.Array], limits: Limits) -> None:
    writer = ZipWriter(file)
    for name, value in members.items():
        if isinstance(value, bytes):
            writer.add(name, len(value), [value])
        else:
            start = npy.header(value)
            writer.add(name, len(start) + value.nbytes, npy.chunks(start, value))
    writer.finish(_DIGEST_LENGTH)
    digest = _sha256(file, file.tell())  # of what was written, as a reader will find it
    file.seek(0, os.SEEK_END)
    file.write(_DIGEST + digest)
    _read_back(file, members, limits)


def _read_back(file: BinaryIO, members: Mapping[str, bytes | npy.Array], limits: Limits) -> None:
    """Makes sure that a reader will find what was to be written: every member, and of each array
    the header. The data have been read already, for the digest."""
    archive = _Archive(file, limits, trusts_digest=True)
    found: dict[str, Any] = dict.fromkeys((_METADATA, _CONFIG))
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
    source: Any, *, known: Collection[str] | None = None, limits: Limits | None = None
) -> tuple[Config, Sections]:
    """Reads `(config, sections)` back from a file that `write` made, or that version 1 made.

    source: a path, or a file object opened for reading in binary mode, which is read to its end.
    known: the names of sections that the caller understands. A file that requires another one is
        refused; sections that it does not require are returned, known or not.

    The arrays are new, writable, C-contiguous and in native byte order; they keep shape, dtype and
    order.

    Raises FileFormatError for every file that is not wholly as `write` would make it or that
    exceeds a limit, and an OSError (FileNotFoundError, IsADirectoryError, PermissionError, ...) if
    `source` cannot be read.
    """
    import struct

    with _opened(source) as (file, who):
        try:
            archive = _Archive(file, limits or default_limits)
            archive.check_known(known)
            return archive.contents()
        except FileFormatError as error:
            raise FileFormatError(f"cannot load {who}: {error}") from None
        except (struct.error, EOFError, OverflowError, RuntimeError, ValueError) as error:
            raise FileFormatError(
                f"cannot load {who}: the file is truncated or damaged ({error})"
            ) from error


@contextlib.contextmanager
def _opened(source: Any) -> Iterator[tuple[BinaryIO, str]]:
    """A file that can seek, and how errors name it."""
    if hasattr(source, "read") and not hasattr(source, "__fspath__"):
        data = source.read()
        if not isinstance(data, bytes):
            raise TypeError("cannot load: expected a file opened in binary mode, 'rb'")
        yield io.BytesIO(data), f"{getattr(source, 'name', type(source).__name__)!r}"
        return
    path = os.fsdecode(source)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise FileFormatError(f"cannot load {path!r}: it is no regular file")
    with open(path, "rb") as file:
        yield file, f"{path!r}"


class _Archive:
    """A file whose digest, directory and metadata have been checked. trusts_digest: it was made
    just now."""

    def __init__(self, file: BinaryIO, limits: Limits, trusts_digest: bool = False) -> None:
        file.seek(0)
        start = file.read(16)
        if not start.startswith(b"PK\x03\x04"):
            raise FileFormatError(f"it is no corereg model, but {kind(start)}")
        self._zip = ZipReader(file)
        self._has_digest = trusts_digest or _check_digest(file, self._zip)
        self._members = self._zip.members(limits)
        names = self._members.keys()
        if not {_METADATA, _CONFIG} <= names or "model.weights.h5" in names:
            raise FileFormatError(f"it is no corereg model, but {kind_of_zip(names)}")
        check_sizes([self._members[_METADATA]], self._zip.size)
        self._texts = JsonReader(limits)
        metadata = self._object(_METADATA)
        version = self._version(metadata)
        check_sizes(self._members.values(), self._zip.size)
        listing = _listing(metadata) if version > 1 else _listing_of_version_1(metadata)
        self._sections, self._required, self.entries = listing
        expected = {_METADATA, _CONFIG, *(entry.member for entry in self.entries)}
        if names != expected:
            problems = [f"missing {name!r}" for name in sorted(expected - names)]
            problems += [f"unexpected {name!r}" for name in sorted(names - expected)]
            raise FileFormatError(f"it has not the members it should: {', '.join(problems[:5])}")

    def _version(self, metadata: Config) -> int:
        version = metadata.get("format_version")
        if metadata.get("format") != "corereg" or type(version) is not int or version < 1:
            raise FileFormatError("it is no corereg model: metadata.json names another format")
        if version > FORMAT_VERSION:
            writer = str(metadata.get("corereg_version"))[:20]
            raise FileFormatError(
                f"it has format version {version}, written by corereg {writer!r}; this corereg "
                f"reads up to {FORMAT_VERSION}: upgrade corereg"
            )
        if self._has_digest != (version > 1):
            found = "has a digest" if self._has_digest else "lacks its digest"
            raise FileFormatError(f"it is of format version {version}, but {found}")
        return version

    def check_known(self, known: Collection[str] | None) -> None:
        """Refuses a file that requires a section which is not known."""
        unknown = set() if known is None else set(self._required) - set(known)
        if unknown:
            raise FileFormatError(
                f"it cannot be understood without the sections {sorted(unknown)}, which this "
                "corereg does not know: upgrade corereg"
            )

    def contents(self) -> tuple[Config, Sections]:
        """Config and all values."""
        config = self._object(_CONFIG)
        sections: Sections = {section: {} for section in self._sections}
        for section, name, member in self.entries:
            if member.endswith(".npy"):
                sections[section][name] = npy.read(self.open(member), name)
            else:
                sections[section][name] = self._list(member)
        return config, sections

    def open(self, member: str) -> MemberReader:
        """The bytes of a member. What a digest covers needs no checksum of its own."""
        return self._zip.open(self._members[member], check_crc=not self._has_digest)

    def _object(self, member: str) -> Config:
        value = self._parse(member)
        if not isinstance(value, dict):
            raise FileFormatError(f"{member}: the JSON is no object")
        return value

    def _list(self, member: str) -> list[str]:
        value = self._parse(member)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise FileFormatError(f"{member}: the JSON is no list of texts")
        return value

    def _parse(self, member: str) -> Any:
        size = self._members[member].size
        self._texts.claim(size)
        return self._texts.parse(self.open(member).read(size))


_Listing = tuple[list[str], list[str], list[_Entry]]


def _listing(metadata: Config) -> _Listing:
    """The sections, the required ones, and the values that metadata.json names."""
    sections, required = metadata.get("sections"), metadata.get("required")
    if not isinstance(sections, dict) or not isinstance(required, list):
        raise FileFormatError("metadata.json has no valid list of sections")
    if not all(isinstance(name, str) and name in sections for name in required):
        raise FileFormatError("metadata.json requires a section that it does not list")
    entries = []
    for section, files in sections.items():
        if not _SECTION.fullmatch(section) or not isinstance(files, list):
            raise FileFormatError(f"metadata.json has no valid section {section[:100]!r}")
        for file in files:
            name, _, suffix = file.rpartition(".") if isinstance(file, str) else ("", "", "")
            if suffix not in ("npy", "json") or not _is_name(name):
                raise FileFormatError(f"metadata.json has no valid list of {section!r}")
            entries.append(_Entry(section, name, f"{section}/{file}"))
    if len({entry[:2] for entry in entries}) < len(entries):
        raise FileFormatError("metadata.json names a value twice")
    return list(sections), required, entries


def _listing_of_version_1(metadata: Config) -> _Listing:
    """The same of a file from before there were sections: "weights/0/kernel" is an array."""
    names = metadata.get("arrays")
    if (
        not isinstance(names, list)
        or not all(map(_is_name, names))
        or len(set(names)) < len(names)
        or not all(name.partition("/")[0] in _SECTIONS_OF_VERSION_1 for name in names)
        or not all("/" in name for name in names)
    ):
        raise FileFormatError("metadata.json has no valid list of arrays")
    entries = []
    for name in names:
        first, _, rest = name.partition("/")
        section = _SECTIONS_OF_VERSION_1[first]
        entries.append(_Entry(section, rest if first == section else name, f"arrays/{name}.npy"))
    return list(dict.fromkeys(entry.section for entry in entries)), [], entries


def _check_digest(file: BinaryIO, archive: ZipReader) -> bool:
    """Whether the file has a digest, which then is right."""
    match = _ANY_DIGEST.fullmatch(archive.comment)
    if match is None:
        return False
    if not archive.comment.startswith(_DIGEST):
        raise FileFormatError(
            f"it has a digest of another kind, {match[1].decode()!r}, than this corereg knows, "
            "'sha256': upgrade corereg"
        )
    if archive.comment != _DIGEST + _sha256(file, archive.comment_start):
        raise FileFormatError("the file is truncated or damaged (its digest is another)")
    return True


def _sha256(file: BinaryIO, length: int) -> bytes:
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
