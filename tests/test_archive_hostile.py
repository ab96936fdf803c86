"""Model files that are truncated, damaged, foreign, or made to do harm.

Whoever means harm can write a digest, so that most files here have the right one.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import re
import tracemalloc
import zipfile

import numpy as np
import pytest
from archives import (
    COMMENT_LENGTH,
    CONFIG,
    DIGEST,
    arrays,
    assert_same,
    change_bytes,
    change_metadata,
    directory_entry,
    members_of,
    npy,
    rewrite,
    seal,
    sections,
    zipped,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from corereg.saving import FileFormatError, Limits, archive
from corereg.saving.json_text import measure


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
    monkeypatch.setattr(archive.ZipReader, "members", None)
    monkeypatch.setattr(archive.ZipReader, "open", None)
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


# ---------------------------------------------------------------- hostile metadata


FILES = [*(f"{name}.npy" for name in arrays())]


@pytest.mark.parametrize(
    "entries",
    [
        {"format": "other"},
        {"format": None},
        {"format_version": 0},
        {"format_version": True},
        {"format_version": "2"},
        {"format_version": 2.0},
        {"sections": None},
        {"sections": ["weights"]},
        {"sections": {"weights": {"h1/kernel.npy": 1}}},
        {"sections": {"weights": [*FILES[:2], 3]}},
        {"sections": {"weights": [*FILES[:2], ["steps.npy"]]}},
        {"sections": {"weights": [*FILES, "steps.npy"]}},
        {"sections": {"weights": [*FILES, "steps.json"]}},
        {"sections": {"weights": [*FILES[:2], "../steps.npy"]}},
        {"sections": {"weights": [*FILES[:2], "steps"]}},
        {"sections": {"weights": [*FILES[:2], "steps.pkl"]}},
        {"sections": {"weights": [*FILES[:2], ".npy"]}},
        {"sections": {"weights": FILES[:2]}},
        {"sections": {"weights": [*FILES, "more.npy"]}},
        {"sections": {"weights": FILES, "..": []}},
        {"sections": {"weights": FILES, "": ["/etc/passwd"]}},
        {"sections": {"weights": FILES, "a/b": []}},
        {"required": None},
        {"required": {"weights": 1}},
        {"required": ["more"]},
        {"required": [["weights"]]},
    ],
)
def test_metadata_that_is_wrong_raises(saved, entries):
    change_metadata(saved, **entries)
    with pytest.raises(
        FileFormatError,
        match=r"no corereg model|no valid|not the members|names a value twice|does not list",
    ):
        archive.read(saved)


def test_unknown_entries_of_metadata_are_ignored(saved):
    change_metadata(saved, more={"a": [1]})
    assert archive.read(saved)[0] == CONFIG


def test_sections_named_twice_raise(saved):
    text = members_of(saved)["metadata.json"]
    for twice in (b'"weights": [], ', b'"masks": ["x.npy"], '):
        changed = text.replace(b'"sections": {', b'"sections": {' + twice)
        rewrite(saved, lambda members, new=changed: members.update({"metadata.json": new}))
        with pytest.raises(FileFormatError, match=r"an object has the key '.*' twice"):
            archive.read(saved)


# ---------------------------------------------------------------- hostile JSON


@pytest.mark.parametrize("member", ["metadata.json", "config.json"])
@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b"3", b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1} x'],
)
def test_bad_json_raises(saved, member, text):
    rewrite(saved, lambda members: members.update({member: text}))
    with pytest.raises(FileFormatError, match=r"bad JSON|the JSON is no object"):
        archive.read(saved)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"3", b'"ab"', b'["a", 1]', b'["a", ["b"]]', b"[null]"]
)
def test_lists_of_anything_but_texts_raise(saved, text):
    rewrite(saved, lambda members: members.update({"vocabularies/city.json": text}))
    with pytest.raises(FileFormatError, match=r"bad JSON|city\.json: the JSON is no list of texts"):
        archive.read(saved)


@pytest.mark.parametrize("depth", [150, 10**5, 10**6])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_json_raises(saved, depth, opening, closing):
    text = b'{"a":' + opening * depth + b"1" + closing * depth + b"}"
    rewrite(saved, lambda members: members.update({"config.json": text}))
    with pytest.raises(FileFormatError, match=r"nested more than 100 deep"):
        archive.read(saved)


def test_huge_json_raises(saved):
    text = b'{"a": "' + b"x" * (1 << 24) + b'"}'
    rewrite(saved, lambda members: members.update({"config.json": text}))
    with pytest.raises(FileFormatError, match="bytes of JSON, more than"):
        archive.read(saved)


def test_huge_json_in_many_members_raises(saved):
    text = b'["' + b"x" * (1 << 20) + b'"]'
    names = [f"{i}.json" for i in range(17)]

    def change(members):
        metadata = json.loads(members["metadata.json"])
        metadata["sections"]["vocabularies"] += names
        members["metadata.json"] = json.dumps(metadata).encode()
        members.update({f"vocabularies/{name}": text for name in names})

    rewrite(saved, change)
    with pytest.raises(FileFormatError, match="bytes of JSON, more than"):
        archive.read(saved)


SIZE = (1 << 24) - 10_000
BRACKETS = {
    "opening": b"[" * SIZE,
    "opening objects": b'{"a":' * (SIZE // 5),
    "empty lists": b"[" + b"[]," * (SIZE // 3) + b"[]]",
    "empty objects": b"[" + b"{}," * (SIZE // 3) + b"{}]",
    "numbers": b"[" + b"1," * (SIZE // 2) + b"1]",
    "texts": b"[" + b'"ab",' * (SIZE // 5) + b'"ab"]',
    "quotes": b'"' * SIZE,
    "backslashes": b'"' + b"\\" * SIZE,
    "escaped quotes": b'"' + b'\\"' * (SIZE // 2) + b'"',
}


@pytest.mark.parametrize("case", BRACKETS)
def test_json_of_brackets_costs_no_memory(saved, case):
    rewrite(saved, lambda members: members.update({"config.json": BRACKETS[case]}))
    tracemalloc.start()
    with pytest.raises(FileFormatError, match=r"deep|values and keys|bad JSON|no object"):
        archive.read(saved)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20  # six times the text, while it is measured


def values(value):
    """How deep a value is, and how many values and keys it has."""
    if isinstance(value, dict):
        inner = [values(v) for v in value.values()]
        return 1 + max((d for d, _ in inner), default=0), 1 + len(value) + sum(n for _, n in inner)
    if isinstance(value, list):
        inner = [values(v) for v in value]
        return 1 + max((d for d, _ in inner), default=0), 1 + sum(n for _, n in inner)
    return 0, 1


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text('a"\\[]{},:\n'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text('a"\\[]{},:'), inner),
    ),
    st.booleans(),
    st.sampled_from([1, 7, 1000]),
)
def test_json_is_measured_without_parsing(value, ascii_only, chunk):
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    depth, nodes = values(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corereg.saving.json_text._CHUNK", chunk)
        measured = measure(text)
    assert measured[0] == depth
    empty = text.count(b"[]") + text.count(b"{}")  # they count for what they might hold
    assert nodes <= measured[1] <= nodes + empty


# ---------------------------------------------------------------- hostile directories


def test_missing_members_raise(saved):
    rewrite(saved, lambda members: members.pop("weights/h1/bias.npy"))
    with pytest.raises(FileFormatError, match=r"missing 'weights/h1/bias\.npy'"):
        archive.read(saved)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "weights/../../x.npy", "weights/x.npy", "run.py", "weights/", "ä"],
)
def test_unexpected_members_raise(saved, name):
    rewrite(saved, lambda members: members.update({name: b""}))
    with pytest.raises(FileFormatError, match=f"unexpected '{re.escape(name)}'"):
        archive.read(saved)


def test_members_named_twice_raise(saved):
    with zipfile.ZipFile(saved, "a") as more, pytest.warns(UserWarning, match="Duplicate name"):
        more.writestr("config.json", "{}")
    saved.write_bytes(seal(saved.read_bytes()))
    with pytest.raises(FileFormatError, match="it names a member twice"):
        archive.read(saved)


def test_too_many_members_raise_before_they_cost_memory(path):
    """The number is believed where it is too large, and checked where it is not."""
    data = zipped({str(i): b"" for i in range(3000)})
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="3000 members, more than the limit of 2999"):
        archive.read(path, limits=Limits(members=2999))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
    end = len(data) - COMMENT_LENGTH - 22
    for count in (1, 2999, 3001):
        change_bytes(path, end + 8, count.to_bytes(2, "little") * 2)
        with pytest.raises(FileFormatError, match=r"truncated or damaged"):
            archive.read(path)


@pytest.mark.parametrize("bomb", ["metadata.json", "weights/steps.npy", "vocabularies/city.json"])
def test_zip_bombs_raise(saved, bomb):
    members = members_of(saved)
    members[bomb] = bytes(10**7)
    saved.write_bytes(zipped(members, compressed=[bomb]))
    with pytest.raises(FileFormatError, match=f"member '{bomb}' is compressed or encrypted"):
        archive.read(saved)


def test_encrypted_members_raise(saved):
    change_bytes(saved, directory_entry(saved, "weights/steps.npy") + 8, b"\x01")
    with pytest.raises(FileFormatError, match=r"'weights/steps.npy' is compressed or encrypted"):
        archive.read(saved)


@pytest.mark.parametrize("offset", [10**6, 2**32 - 2])
def test_members_outside_of_the_file_raise(saved, offset):
    entry = directory_entry(saved, "weights/steps.npy")
    change_bytes(saved, entry + 42, offset.to_bytes(4, "little"))
    with pytest.raises(FileFormatError, match=r"member 'weights/steps.npy' begins outside"):
        archive.read(saved)


def test_members_within_other_members_raise(saved):
    """An offset that shows another header than the directory's, or none."""
    entry = directory_entry(saved, "weights/steps.npy")
    for offset in (0, 1, saved.read_bytes().index(b"PK\x01\x02")):
        change_bytes(saved, entry + 42, offset.to_bytes(4, "little"))
        with pytest.raises(FileFormatError, match=r"'weights/steps.npy' is not where it should be"):
            archive.read(saved)


def test_headers_that_differ_from_the_directory_raise(saved):
    header = saved.read_bytes().index(b"weights/steps.npy") - 30
    good = saved.read_bytes()
    for place, value in [(0, b"X"), (6, b"\x01"), (8, b"\x08"), (30, b"W"), (26, b"\xff\xff")]:
        saved.write_bytes(good)
        change_bytes(saved, header + place, value)
        with pytest.raises(FileFormatError, match=r"is not where it should be|ends too early"):
            archive.read(saved)


def test_a_directory_that_begins_before_the_file_raises(saved):
    data = saved.read_bytes()
    saved.write_bytes(seal(data[:100] + data[200:]))
    with pytest.raises(FileFormatError, match=r"truncated or damaged"):
        archive.read(saved)


def test_members_that_claim_more_than_the_file_raise(saved):
    entry = directory_entry(saved, "weights/steps.npy")
    change_bytes(saved, entry + 20, (2**31).to_bytes(4, "little") * 2)
    with pytest.raises(FileFormatError, match=r"its members claim more than the file's \d+ bytes"):
        archive.read(saved)


def test_sizes_of_64_bits_that_are_not_there_raise(saved):
    entry = directory_entry(saved, "weights/steps.npy")
    change_bytes(saved, entry + 20, b"\xff" * 8)
    with pytest.raises(FileFormatError, match="its directory lacks a 64-bit size"):
        archive.read(saved)


@pytest.mark.parametrize("field", [0, 24, 32, 40, 48, 56, 64])
def test_a_hostile_end_of_64_bits_raises(saved, monkeypatch, field):
    monkeypatch.setattr("corereg.saving.stored_zip._MANY", 3)
    archive.write(saved, CONFIG, sections())
    good = saved.read_bytes()
    for value in (2**63, 2**64 - 1, 10**6):
        saved.write_bytes(good)
        change_bytes(saved, good.rindex(b"PK\x06\x06") + field, value.to_bytes(8, "little"))
        with pytest.raises(FileFormatError, match="cannot load"):
            archive.read(saved)


# ---------------------------------------------------------------- hostile arrays


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"


def put(path, data):
    rewrite(path, lambda members: members.update({"weights/steps.npy": data}))


def test_a_foreign_but_good_npy_is_read(saved):
    put(saved, npy(GOOD, bytes(12)))
    np.testing.assert_array_equal(
        archive.read(saved)[1]["weights"]["steps"], np.zeros(3, np.float32)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        npy(GOOD, bytes(12))[:9],
        npy(GOOD, bytes(12))[:30],
        npy(GOOD, bytes(12), magic=b"\x93NUMPY\x02\x00"),
        npy(GOOD, bytes(12), magic=b"\x93numpy\x01\x00"),
        npy(GOOD.replace("False", "True"), bytes(12)),
        npy(GOOD.replace("<f4", ">f4"), bytes(12)),
        npy(GOOD.replace("<f4", "|O"), bytes(12)),
        npy(GOOD.replace("<f4", "|V4"), bytes(12)),
        npy(GOOD.replace("'<f4'", "[('a', '<f4')]"), bytes(12)),
        npy(GOOD.replace("(3,)", "(-3,)"), bytes(12)),
        npy(GOOD.replace("(3,)", "(3.0,)"), bytes(12)),
        npy(GOOD.replace("(3,)", "(True,)"), bytes(12)),
        npy(GOOD.replace("(3,)", "(" * 300 + ")" * 300), bytes(12)),
        npy("__import__('os').getpid()", bytes(12)),
        npy(GOOD + "x", bytes(12)),
    ],
)
def test_bad_npy_headers_raise(saved, data):
    put(saved, data)
    with pytest.raises(FileFormatError, match=r"array 'steps' has an unknown \.npy header"):
        archive.read(saved)


@pytest.mark.parametrize("dtype", ["<f1", "|f4", "<b1", "<i1", "|u8"])
def test_unexpected_dtypes_raise(saved, dtype):
    put(saved, npy(GOOD.replace("<f4", dtype), bytes(12)))
    with pytest.raises(FileFormatError, match="array 'steps' has the unexpected dtype"):
        archive.read(saved)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("(3,)", 8),
        ("(3,)", 13),
        ("(3,)", 0),
        ("()", 0),
        ("(0,)", 4),
        ("(9999999999999999999,)", 12),
        ("(4294967296, 4294967296)", 12),
        ("(9999999999999999999, 9999999999999999999, 2)", 0),
    ],
)
def test_shapes_that_do_not_fit_the_data_raise(saved, shape, size):
    put(saved, npy(GOOD.replace("(3,)", shape), bytes(size)))
    with pytest.raises(FileFormatError, match=r"does not fit into its \d+ bytes"):
        archive.read(saved)


@pytest.mark.parametrize(
    "shape", ["(0, 9999999999999999999)", "(" + "1, " * 100 + "0)", "(0, 4294967296, 4294967296)"]
)
def test_shapes_that_numpy_cannot_have_raise(saved, shape):
    put(saved, npy(GOOD.replace("(3,)", shape)))
    with pytest.raises(FileFormatError, match="truncated or damaged"):
        archive.read(saved)


def test_bools_must_be_bools(saved):
    put(saved, npy(GOOD.replace("<f4", "|b1"), b"\x00\x01\x02"))
    with pytest.raises(FileFormatError, match="array 'steps' holds bytes that are no bool"):
        archive.read(saved)


def test_the_digest_of_the_helpers_is_that_of_the_format(saved):
    assert seal(saved.read_bytes()) == saved.read_bytes()
    assert saved.read_bytes()[-COMMENT_LENGTH:].startswith(DIGEST)
