"""Model files made to do harm. Whoever means harm can write a digest, so that these have the right
one. Files that are damaged or another program's are in test_archive_damaged.py."""

from __future__ import annotations

import json
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
from hypothesis import given, settings, strategies as st

from corereg.saving import FileFormatError, Limits, archive
from corereg.saving.json_text import measure


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def saved(path):
    archive.write(path, CONFIG, sections(), required=["weights"])
    return path


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


def test_a_value_of_two_members_raises(saved):
    """An array and texts of one name: which would it be?"""
    texts = "vocabularies/city.json"
    rewrite(saved, lambda members: members.update({"weights/steps.json": members.pop(texts)}))
    change_metadata(saved, sections={"weights": [*FILES, "steps.json"]})
    with pytest.raises(FileFormatError, match="names a value twice"):
        archive.read(saved)


def test_unknown_entries_of_metadata_are_ignored(saved):
    change_metadata(saved, more={"a": [1]})
    assert archive.read(saved)[0] == CONFIG


def test_sections_named_twice_raise(saved):
    text = members_of(saved)["metadata.json"]
    for name, more in (
        ("weights", b'"weights": [], '),
        ("masks", b'"other": [], "masks": ["x.npy"], '),
    ):
        changed = text.replace(b'"sections": {', b'"sections": {' + more)
        rewrite(saved, lambda members, new=changed: members.update({"metadata.json": new}))
        with pytest.raises(FileFormatError, match=f"an object has the key '{name}' twice"):
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


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
@settings(max_examples=40, deadline=None)
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
