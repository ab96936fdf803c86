"""What stands in a model's file: the digest, the directory, metadata.json and the values that it
names. Nothing is believed that has not been checked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, BinaryIO

from corereg.named_tuple import NamedTuple
from corereg.saving import npy
from corereg.saving.archive_format import (
    CONFIG,
    DIGEST,
    FORMAT_VERSION,
    METADATA,
    Config,
    Sections,
    is_name,
    is_section,
    sha256,
)
from corereg.saving.foreign import kind, kind_of_zip
from corereg.saving.json_text import JsonReader
from corereg.saving.limits import FileFormatError, Limits
from corereg.saving.stored_zip import MemberReader, ZipReader, check_sizes

_ANY_DIGEST = rb"corereg-([a-z0-9-]{1,20}):.*"
_SECTIONS_OF_VERSION_1 = {"weights": "weights", "optimizer": "optimizer", "random": "training"}


class _Entry(NamedTuple):
    """A member and whose value it holds."""

    section: str
    name: str
    member: str


class OpenArchive:
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
        if not {METADATA, CONFIG} <= names or "model.weights.h5" in names:
            raise FileFormatError(f"it is no corereg model, but {kind_of_zip(names)}")
        check_sizes([self._members[METADATA]], self._zip.size)
        self._texts = JsonReader(limits)
        metadata = self._object(METADATA)
        version = self._version(metadata)
        check_sizes(self._members.values(), self._zip.size)
        listing = _listing(metadata) if version > 1 else _listing_of_version_1(metadata)
        self._sections, self._required, self.entries = listing
        expected = {METADATA, CONFIG, *(entry.member for entry in self.entries)}
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

    def contents(self, unread: Collection[str] = ()) -> tuple[Config, Sections]:
        """Config and all values, but for those of sections that are to stay unread."""
        config = self._object(CONFIG)
        sections: Sections = {section: {} for section in self._sections}
        for section, name, member in self.entries:
            if section in unread:
                continue
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
        if not is_section(section) or not isinstance(files, list):
            raise FileFormatError(f"metadata.json has no valid section {section[:100]!r}")
        for file in files:
            name, _, suffix = file.rpartition(".") if isinstance(file, str) else ("", "", "")
            if suffix not in ("npy", "json") or not is_name(name):
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
        or not all(map(is_name, names))
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
    if not archive.comment.startswith(DIGEST):
        match = re.fullmatch(_ANY_DIGEST, archive.comment, re.DOTALL)
        if match is None:
            return False
        raise FileFormatError(
            f"it has a digest of another kind, {match[1].decode()!r}, than this corereg knows, "
            "'sha256': upgrade corereg"
        )
    if archive.comment != DIGEST + sha256(file, archive.comment_start):
        raise FileFormatError("the file is truncated or damaged (its digest is another)")
    return True
