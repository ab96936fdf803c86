"""Zip files whose members are stored as they are: written in one go, read with suspicion.

Python's `zipfile` reads what is written here. It is not used to read, for it makes objects of all
that a directory claims before anybody can look, and accepts gaps and junk; nor to write, for it
takes longer to import than a small model to save.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from corereg._lazy import later
from corereg.named_tuple import NamedTuple
from corereg.saving.limits import FileFormatError, Limits, over_limit

if TYPE_CHECKING:
    import zlib
else:  # what a digest covers is read without checksums
    zlib = later("zlib")

CHUNK = 1 << 18  # bytes that are read or written at once: they stay in a core's cache

_LOCAL = struct.Struct("<4s5H3I2H")  # before each member
_ENTRY = struct.Struct("<4s6H3I5H2I")  # of the directory, one for each member
_END = struct.Struct("<4s4H2IH")  # after the directory
_END64 = struct.Struct("<4sQ2H2I4Q")  # before it, if a number does not fit into it
_LOCATOR64 = struct.Struct("<4sIQI")  # between the two
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF  # these say: look at the 64-bit field
_MANY, _LARGE = _MAX16, _MAX32  # numbers from here on go into 64-bit fields
_ENCRYPTED, _UTF8 = 1, 1 << 11  # flags
_UNIX, _VERSION, _WITH_64 = 3, 20, 45  # the system, and what a reader must know at least
_MODE = 0o644 << 16
_DATE = 1 << 5 | 1  # 1980-01-01, so that equal contents make equal files


class Member(NamedTuple):
    """An entry of the directory."""

    name: str
    raw_name: bytes
    offset: int
    size: int
    crc: int
    stored: bool


class ZipWriter:
    """Writes members to a file that can seek, from its start."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = 0
        self._directory: list[bytes] = []

    def add(self, name: str, size: int, chunks: Iterable[bytes | memoryview]) -> None:
        """Writes a member of `size` bytes, which `chunks` give in pieces."""
        start = self._end
        if size <= CHUNK:
            data = b"".join(chunks)
            crc = zlib.crc32(data)
            before = _header(name, size, crc)
            self._file.write(before + data)
        else:
            before = _header(name, size, 0)
            self._file.write(before)
            crc = 0
            for chunk in chunks:
                crc = zlib.crc32(chunk, crc)
                self._file.write(chunk)
            self._file.seek(start)
            self._file.write(_header(name, size, crc))
            self._file.seek(0, 2)
        self._end += len(before) + size
        self._directory.append(_entry(name, start, size, crc))

    def finish(self, comment_length: int) -> None:
        """Writes the directory. A comment of `comment_length` bytes must follow."""
        directory = b"".join(self._directory)
        self._file.write(directory)
        count, size, start = len(self._directory), len(directory), self._end
        if count >= _MANY or size >= _LARGE or start >= _LARGE:
            record = (_END64.size - 12, _WITH_64, _WITH_64, 0, 0, count, count, size, start)
            self._file.write(_END64.pack(b"PK\6\6", *record))
            self._file.write(_LOCATOR64.pack(b"PK\6\7", 0, start + size, 1))
        shown = count if count < _MANY else _MAX16
        numbers = (0, 0, shown, shown, _shown(size), _shown(start), comment_length)
        self._file.write(_END.pack(b"PK\5\6", *numbers))


class ZipReader:
    """The directory of a zip file; nothing of it is believed."""

    def __init__(self, file: BinaryIO) -> None:
        """Finds the end of the directory. FileFormatError if the file does not end like a zip
        file: then it was truncated, or something was appended."""
        self._file = file
        self.size = file.seek(0, 2)
        tail_start = max(0, self.size - _END.size - _MAX16)
        file.seek(tail_start)
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            raise _damaged("it does not end like a zip file")
        _, disk, first, here, count, size, start, comment_length = _END.unpack_from(tail, at)
        self.comment_start = tail_start + at + _END.size
        self.comment = tail[at + _END.size :]
        if len(self.comment) != comment_length or disk or first or here != count:
            raise _damaged("it does not end like a zip file")
        end = tail_start + at
        if count == _MAX16 or _MAX32 in (size, start):
            end, count, size, start = self._end64(end) or (end, count, size, start)
        if start + size != end:
            raise _damaged("its directory is not where it should be")
        self._count, self._start, self._length = count, start, size

    def members(self, limits: Limits) -> dict[str, Member]:
        """Every member by its name. FileFormatError for too many, and for a name that is there
        twice."""
        if self._count > limits.members:
            raise over_limit(self._count, "members", limits, "members")
        found: dict[str, Member] = {}
        self._file.seek(self._start)
        left = self._length
        for _ in range(self._count):
            fields = _ENTRY.unpack(self._take(_ENTRY.size))
            name_length, extra_length, comment_length = fields[10:13]
            raw = self._take(name_length)
            extra = self._take(extra_length + comment_length)[:extra_length]
            left -= _ENTRY.size + name_length + extra_length + comment_length
            member = _member(fields, raw, extra)
            if member.name in found:
                raise FileFormatError(f"it names a member twice, {member.name[:100]!r}")
            found[member.name] = member
        if left:
            raise _damaged("its directory has another size than it claims")
        return found

    def open(self, member: Member, check_crc: bool) -> MemberReader:
        """The bytes of a member, after a look at what stands before them."""
        self._file.seek(member.offset)
        fields = _LOCAL.unpack(self._take(_LOCAL.size))
        raw, extra_length = self._take(fields[9]), fields[10]
        start = member.offset + _LOCAL.size + len(raw) + extra_length
        agrees = fields[0] == b"PK\3\4" and raw == member.raw_name and fields[3] == 0
        if not agrees or fields[2] & _ENCRYPTED or start + member.size > self._start:
            raise _damaged(f"member {member.name!r} is not where it should be")
        self._file.seek(start)
        return MemberReader(self._file, member, check_crc)

    def _end64(self, end: int) -> tuple[int, int, int, int] | None:
        """Where the record of 64-bit numbers begins, and these numbers, if there is one."""
        place = end - _LOCATOR64.size - _END64.size
        if place < 0:
            return None
        self._file.seek(place)
        record = _END64.unpack(self._take(_END64.size))
        locator = _LOCATOR64.unpack(self._take(_LOCATOR64.size))
        if locator[0] != b"PK\6\7":
            return None
        if record[0] != b"PK\6\6" or locator[2] != place or record[6] != record[7]:
            raise _damaged("it does not end like a zip file")
        return place, record[7], record[8], record[9]

    def _take(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise _damaged("it ends too early")
        return data


class MemberReader:
    """Reads the bytes of one member in order."""

    def __init__(self, file: BinaryIO, member: Member, check_crc: bool) -> None:
        self._file = file
        self._member = member
        self._check_crc = check_crc
        self._crc = 0
        self.left = member.size

    def read(self, length: int) -> bytes:
        """Up to `length` bytes, fewer at the member's end only."""
        data = bytearray(min(length, self.left))
        self.read_into(memoryview(data))
        return bytes(data)

    def read_into(self, view: memoryview) -> None:
        """Fills `view`, which must not be longer than what is left."""
        for start in range(0, len(view), CHUNK):
            piece = view[start : start + CHUNK]
            if self._file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise _damaged("it ends too early")
            if self._check_crc:
                self._crc = zlib.crc32(piece, self._crc)
        self.left -= len(view)
        if self._check_crc and not self.left and self._crc != self._member.crc:
            raise _damaged(f"Bad CRC-32 of member {self._member.name!r}")


def check_sizes(members: Iterable[Member], size: int) -> None:
    """Makes sure that reading these members cannot take more memory than the file's `size`."""
    total = 0
    for member in members:
        if not member.stored:
            raise FileFormatError(f"member {member.name!r} is compressed or encrypted")
        if member.offset >= size:
            raise FileFormatError(f"member {member.name!r} begins outside of the file")
        total += member.size
    if total > size:
        raise FileFormatError(f"its members claim more than the file's {size} bytes")


def _member(fields: tuple[Any, ...], raw: bytes, extra: bytes) -> Member:
    flags, method, crc, packed, size, offset = *fields[3:5], *fields[7:10], fields[16]
    wide = [number == _MAX32 for number in (size, packed, offset)]
    if any(wide):
        if extra[:2] != b"\1\0" or len(extra) < 4 + 8 * sum(wide):
            raise _damaged("its directory lacks a 64-bit size")
        numbers = iter(struct.unpack_from(f"<{sum(wide)}Q", extra, 4))
        size, packed, offset = (
            next(numbers) if look else number
            for look, number in zip(wide, (size, packed, offset), strict=True)
        )
    if fields[0] != b"PK\1\2":
        raise _damaged("its directory is no directory")
    coding = "ascii" if raw.isascii() else "utf-8" if flags & _UTF8 else "cp437"
    name = raw.decode(coding)
    stored = method == 0 and packed == size and not flags & _ENCRYPTED
    return Member(name, raw, offset, size, crc, stored)


def _header(name: str, size: int, crc: int) -> bytes:
    """What stands before a member's data."""
    raw, flags = _encoded(name)
    extra = _extra64(size, size) if size >= _LARGE else b""
    sizes = _shown(size), _shown(size), len(raw), len(extra)
    version = _WITH_64 if extra else _VERSION
    return _LOCAL.pack(b"PK\3\4", version, flags, 0, 0, _DATE, crc, *sizes) + raw + extra


def _entry(name: str, start: int, size: int, crc: int) -> bytes:
    """What the directory says of a member."""
    raw, flags = _encoded(name)
    extra = _extra64(*[n for n in (size, size, start) if n >= _LARGE])
    version = _WITH_64 if extra else _VERSION
    about = (_UNIX << 8 | version, version, flags, 0, 0, _DATE, crc)
    sizes = _shown(size), _shown(size), len(raw), len(extra)
    return _ENTRY.pack(b"PK\1\2", *about, *sizes, 0, 0, 0, _MODE, _shown(start)) + raw + extra


def _encoded(name: str) -> tuple[bytes, int]:
    """A name's bytes, and the flag that says how they are to be read."""
    return name.encode(), 0 if name.isascii() else _UTF8


def _shown(number: int) -> int:
    """What stands in a 32-bit field."""
    return number if number < _LARGE else _MAX32


def _extra64(*numbers: int) -> bytes:
    """The field for what needs 64 bits."""
    if not numbers:
        return b""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _damaged(why: str) -> FileFormatError:
    return FileFormatError(f"the file is truncated or damaged ({why})")
