"""Model files that are truncated, damaged, or another program's."""

from __future__ import annotations

import io
import pickle
import random
import re
import zipfile

import numpy as np
import pytest
from archives import CONFIG, assert_same, change_metadata, seal, sections
from hypothesis import given, settings, strategies as st

from corereg.saving import FileFormatError, archive, stored_zip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def saved(path):
    archive.write(path, CONFIG, sections(), required=["weights"])
    return path


# ---------------------------------------------------------------- damaged files


def test_missing_files_and_folders_raise_as_open_does(tmp_path):
    with pytest.raises(FileNotFoundError):
        archive.read(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        archive.read(tmp_path)


SMALL = {"weights": {"w": np.arange(3, dtype=np.float32)}}


def small(path):
    archive.write(path, {"u": 1}, SMALL)
    return path.read_bytes()


@pytest.mark.exhaustive
def test_every_truncation_raises(path):
    data = small(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FileFormatError):
            archive.read(path)


@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x80])
def test_every_flipped_byte_raises(path, flip):
    data = small(path)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= flip
        with pytest.raises(FileFormatError):
            archive.read(io.BytesIO(damaged))


@pytest.mark.parametrize("more", [b"\0", b"\n", bytes(100_000), b"PK\x05\x06", b"PK\x05\x06" * 9])
def test_appended_bytes_raise(path, more):
    data = small(path)
    for damaged in (data + more, more + data):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError):
            archive.read(path)


def test_two_files_in_a_row_are_none(path):
    path.write_bytes(small(path) * 2)
    with pytest.raises(FileFormatError, match=r"truncated or damaged"):
        archive.read(path)


def test_2000_mutations_raise_or_change_nothing(path):
    """A smoke test: single bytes, and files cut off, with the old digest and with a new one."""
    data, rng, sealed = small(path), random.Random(7), 0
    for _ in range(2000):
        damaged = bytearray(data)
        if rng.random() < 0.2:
            del damaged[rng.randrange(len(data)) :]
        else:
            damaged[rng.randrange(len(data))] = rng.randrange(256)
        resealed = rng.random() < 0.5
        try:
            config, got = archive.read(io.BytesIO(seal(damaged) if resealed else damaged))
        except FileFormatError:
            continue
        if resealed:  # then another value is another file
            sealed += 1
        else:
            assert bytes(damaged) == data
            assert config == {"u": 1}
            assert_same(got["weights"], SMALL["weights"])
    assert sealed < 1000


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_random_damage_raises_or_changes_nothing(tmp_path_factory, data):
    damaged = bytearray(small(tmp_path_factory.getbasetemp() / "random-damage"))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        stop = data.draw(st.integers(start, min(start + 50, len(damaged))))
        damaged[start:stop] = data.draw(st.binary(max_size=50))
    try:
        config, got = archive.read(io.BytesIO(damaged))
    except FileFormatError:
        return
    assert config == {"u": 1}
    assert_same(got["weights"], SMALL["weights"])


def test_a_damaged_array_is_found_by_the_digest(saved):
    data = saved.read_bytes()
    place = data.index(np.arange(6, dtype=np.float32).tobytes())
    saved.write_bytes(data[:place] + b"\x01" + data[place + 1 :])
    with pytest.raises(FileFormatError, match=r"truncated or damaged \(its digest"):
        archive.read(saved)


def test_the_digest_is_checked_before_anything_else(saved, monkeypatch):
    data = bytearray(saved.read_bytes())
    data[50] ^= 1
    saved.write_bytes(data)
    monkeypatch.setattr(stored_zip.ZipReader, "members", None)
    monkeypatch.setattr(stored_zip.ZipReader, "open", None)
    with pytest.raises(FileFormatError, match=r"truncated or damaged \(its digest"):
        archive.read(saved)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        (b"corereg-sha256:" + b"0" * 64, r"truncated or damaged \(its digest"),
        (b"corereg-sha256:", r"truncated or damaged \(its digest"),
        (b"corereg-sha256:" + b"0" * 65, r"truncated or damaged \(its digest"),
        (b"corereg-sha256:\n" + b"0" * 63, r"truncated or damaged \(its digest"),
        (b"corereg-blake2b:" + b"0" * 128, r"of another kind, 'blake2b'.*'sha256': upgrade"),
        (b"corereg-sha512:" + b"0" * 128, r"of another kind, 'sha512'.*'sha256': upgrade"),
        (b"corereg-sha256", r"of format version 2, but lacks its digest"),
        (b"CoreReg-sha256:" + b"0" * 64, r"of format version 2, but lacks its digest"),
        (b"", r"of format version 2, but lacks its digest"),
        (b"hello", r"of format version 2, but lacks its digest"),
    ],
)
def test_other_digests_raise(saved, comment, message):
    with zipfile.ZipFile(saved, "a") as parts:
        parts.comment = comment
    with pytest.raises(FileFormatError, match=message):
        archive.read(saved)


def test_digests_in_capitals_raise(saved):
    data = saved.read_bytes()
    saved.write_bytes(data[:-64] + data[-64:].upper())
    with pytest.raises(FileFormatError, match="its digest is another"):
        archive.read(saved)


# ---------------------------------------------------------------- foreign files


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "looks like a PNG image"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "looks like an HDF5 file, such as Keras's .h5"),
        (pickle.dumps([1, 2, 3]), "looks like a Python pickle"),
        (b"\x93NUMPY\x01\x00", "looks like a NumPy .npy file"),
        (b"\x1f\x8b\x08\x00", "looks like a gzip file"),
        (b'{"a": 1}', "looks like a JSON text"),
        (b"PK\x05\x06" + bytes(18), "looks like an empty zip file"),
        (b"hello", "something else"),
    ],
)
def test_foreign_files_are_called_what_they_look_like(path, data, kind):
    path.write_bytes(data)
    with pytest.raises(
        FileFormatError, match=f"it is no corereg model, but {re.escape(kind)}"
    ) as caught:
        archive.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["metadata.json", "config.json", "model.weights.h5"], "looks like a Keras .keras model"),
        (["archive/data.pkl", "archive/version"], "looks like a PyTorch file"),
        (["a.npy", "b.npy"], "looks like a NumPy .npz file"),
        (["word/document.xml"], "another zip file"),
        (["metadata.json"], "another zip file"),
    ],
)
@pytest.mark.parametrize("comment", [b"", b"by another program"])
def test_foreign_zips_are_called_what_they_look_like(path, names, kind, comment):
    with zipfile.ZipFile(path, "w") as other:
        for name in names:
            other.writestr(name, "{}")
        other.comment = comment
    with pytest.raises(FileFormatError, match=f"it is no corereg model, but {kind}"):
        archive.read(path)


def test_a_newer_format_asks_for_an_upgrade(saved):
    change_metadata(saved, format_version=3, corereg_version="9.1")
    with pytest.raises(
        FileFormatError,
        match=r"format version 3, written by corereg '9.1'; this corereg reads up to 2: upgrade",
    ):
        archive.read(saved)


# ---------------------------------------------------------------- files that change meanwhile


@pytest.mark.parametrize("moment", ["members", "open"])
def test_files_that_shrink_while_they_are_read_raise(saved, monkeypatch, moment):
    step = getattr(stored_zip.ZipReader, moment)

    def shrink(*args, **kwargs):
        found = step(*args, **kwargs)
        with open(saved, "r+b") as file:
            file.truncate(64 if moment == "members" else 300)
        return found

    array = np.zeros(10**6)
    archive.write(saved, {}, {"weights": {"a": array}})
    monkeypatch.setattr(stored_zip.ZipReader, moment, shrink)
    with pytest.raises(FileFormatError, match=r"truncated or damaged \(it ends too early"):
        archive.read(saved)


def test_a_file_that_shrinks_before_its_digest_is_taken_raises(saved, monkeypatch):
    find_end = stored_zip.ZipReader.__init__

    def shrink(self, file):
        find_end(self, file)
        with open(saved, "r+b") as other:
            other.truncate(100)

    monkeypatch.setattr(stored_zip.ZipReader, "__init__", shrink)
    with pytest.raises(FileFormatError, match=r"truncated or damaged \(it ends too early"):
        archive.read(saved)


@pytest.mark.parametrize("start", [0, 4, 60, 100])
def test_an_end_alone_is_no_file(start):
    """With numbers that send a reader to 64-bit records which are not there."""
    for numbers in (b"\xff" * 12, b"\xff" * 4 + bytes(4) + start.to_bytes(4, "little")):
        data = (
            b"PK\x03\x04".ljust(start, b"\0")[:start]
            + b"PK\x05\x06"
            + bytes(4)
            + numbers
            + bytes(2)
        )
        with pytest.raises(FileFormatError, match=r"truncated or damaged|an empty zip file"):
            archive.read(io.BytesIO(data))
