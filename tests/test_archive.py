"""The model file: what is written is read back, and what it cannot hold is refused.

Interrupted saves are in test_archive_replacing.py, files that are not to be trusted in
test_archive_damaged.py and test_archive_hostile.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zipfile

import numpy as np
import pytest
from archives import CONFIG, DIGEST, arrays, assert_same, assert_same_sections, sections
from calls import calls_of
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from corereg.saving import FileFormatError, Limits, archive, stored_zip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def saved(path):
    archive.write(path, CONFIG, sections())
    return path


# ---------------------------------------------------------------- round trips


def test_round_trip(saved):
    config, got = archive.read(saved)
    assert config == CONFIG
    assert_same_sections(got, sections())
    for array in got["weights"].values():
        assert array.flags.writeable
        assert array.flags.owndata
        assert array.flags.c_contiguous


@pytest.mark.parametrize("dtype", list("?bBhHiIqQefd"))
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 3), (1, 2, 3, 4)])
def test_every_dtype_and_shape(path, dtype, shape):
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(dtype)
    archive.write(path, {}, {"weights": {"a": array}})
    assert_same(archive.read(path)[1]["weights"], {"a": array})


NAMES = st.text(st.characters(blacklist_characters="/\\."), min_size=1).filter(str.isprintable)
VALUES = st.one_of(
    st.lists(st.text()),
    npst.arrays(
        st.one_of(
            npst.boolean_dtypes(), npst.integer_dtypes(), npst.floating_dtypes(endianness="=")
        ),
        npst.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
)


@pytest.mark.exhaustive
@settings(max_examples=6, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True),
        st.dictionaries(NAMES, VALUES, max_size=3),
        max_size=3,
    ),
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    ),
)
def test_whatever_is_written_is_read_back(tmp_path_factory, given_sections, config):
    path = tmp_path_factory.mktemp("any") / "model"
    archive.write(path, config, given_sections)
    got_config, got = archive.read(path)
    assert got_config == config
    assert list(got) == list(given_sections)
    for section, values in given_sections.items():
        assert list(got[section]) == list(values)
        for name, value in values.items():
            if isinstance(value, list):
                assert got[section][name] == value
            else:
                assert got[section][name].dtype == value.dtype.newbyteorder("=")
                np.testing.assert_array_equal(got[section][name], value)


def test_views_of_any_layout_are_saved_by_value(path):
    base = np.arange(12.0).reshape(3, 4)
    given_arrays = {
        "transposed": base.T,
        "strided": base[::-2, 1::2],
        "big_endian": base.astype(">f8"),
        "broadcast": np.broadcast_to(np.float32(2), (2, 2)),
    }
    archive.write(path, {}, {"weights": given_arrays})
    for name, array in archive.read(path)[1]["weights"].items():
        np.testing.assert_array_equal(array, given_arrays[name])
        assert array.dtype.isnative


def test_arrays_larger_than_what_is_read_at_once(path):
    rng = np.random.default_rng(3)
    for size in (stored_zip.CHUNK - 1, stored_zip.CHUNK, stored_zip.CHUNK + 1, 10**6):
        given_arrays = {"a": rng.integers(0, 256, size, "u1"), "b": np.arange(3)}
        archive.write(path, {}, {"weights": given_arrays})
        assert_same(archive.read(path)[1]["weights"], given_arrays)
        with zipfile.ZipFile(path) as parts:
            assert parts.testzip() is None


def test_texts_may_be_given_as_a_tuple(path):
    archive.write(path, {}, {"vocabularies": {"city": ("Köln", "Rom")}})
    assert archive.read(path)[1] == {"vocabularies": {"city": ["Köln", "Rom"]}}


def test_other_tools_can_read_the_parts(saved):
    with zipfile.ZipFile(saved) as parts:
        assert parts.testzip() is None
        assert parts.namelist() == [
            "metadata.json",
            "config.json",
            *(f"weights/{name}.npy" for name in arrays()),
            "vocabularies/city.json",
        ]
        for name, array in arrays().items():
            data = parts.read(f"weights/{name}.npy")
            np.testing.assert_array_equal(np.load(io.BytesIO(data), allow_pickle=False), array)
            expected = io.BytesIO()
            np.lib.format.write_array(expected, array, version=(1, 0), allow_pickle=False)
            assert len(data) - array.nbytes == len(expected.getvalue()) - array.nbytes
        metadata = json.loads(parts.read("metadata.json"))
        assert (
            json.loads(parts.read("vocabularies/city.json")) == sections()["vocabularies"]["city"]
        )
        assert all(info.external_attr >> 16 == 0o644 for info in parts.infolist())
        assert {info.create_system for info in parts.infolist()} == {
            3
        }  # Unix, whose modes these are
        comment = parts.comment
    assert metadata["format"] == "corereg"
    assert metadata["format_version"] == 2
    assert isinstance(metadata["corereg_version"], str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["date_saved"])
    assert metadata["sections"] == {
        "weights": [f"{name}.npy" for name in arrays()],
        "vocabularies": ["city.json"],
        "masks": [],
    }
    assert metadata["required"] == []
    whole = saved.read_bytes().removesuffix(comment)
    assert comment == DIGEST + hashlib.sha256(whole).hexdigest().encode()


def test_paths_may_be_text_bytes_or_path_objects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given_path in ("ünï", b"bytes", tmp_path / "object"):
        archive.write(given_path, CONFIG, {})
        assert archive.read(given_path) == (CONFIG, {})


def test_a_path_that_can_read_and_write_is_a_path(path):
    class Both(type(path)):
        def read(self):
            raise AssertionError

        write = read

    archive.write(Both(path), CONFIG, {})
    assert archive.read(Both(path)) == archive.read(path) == (CONFIG, {})


# ---------------------------------------------------------------- file objects


def test_file_objects_are_written_and_read(saved):
    file = io.BytesIO()
    archive.write(file, CONFIG, sections())
    file.seek(0)
    config, got = archive.read(file)
    assert config == CONFIG
    assert_same_sections(got, sections())
    with open(saved, "r+b") as opened:
        assert archive.read(opened)[0] == CONFIG
        opened.seek(0)
        opened.truncate()
        archive.write(opened, {"new": 1}, {})
    assert archive.read(saved) == ({"new": 1}, {})


def test_a_file_object_that_takes_a_part_at_a_time():
    class Slow(io.RawIOBase):
        taken = b""

        def writable(self):
            return True

        def write(self, data):
            self.taken += bytes(data[:100])
            return len(data[:100])

    slow = Slow()
    archive.write(slow, CONFIG, sections())
    assert archive.read(io.BytesIO(slow.taken))[0] == CONFIG


def test_file_objects_of_text_raise(tmp_path):
    with pytest.raises(TypeError, match="expected a file opened in binary mode, 'wb'"):
        archive.write(io.StringIO(), CONFIG, {})
    with pytest.raises(TypeError, match="expected a file opened in binary mode, 'rb'"):
        archive.read(io.StringIO("text"))


def test_errors_name_the_file_object(tmp_path):
    with pytest.raises(FileFormatError, match="cannot load 'BytesIO': it is no corereg model"):
        archive.read(io.BytesIO(b"hello"))
    (tmp_path / "some").write_bytes(b"hello")
    with (
        open(tmp_path / "some", "rb") as file,
        pytest.raises(FileFormatError, match=r"cannot load '.*some': it is no corereg model"),
    ):
        archive.read(file)


# ---------------------------------------------------------------- sections


def test_sections_that_a_reader_does_not_know_are_kept(saved):
    assert set(archive.read(saved, known=["weights"])[1]) == {"weights", "vocabularies", "masks"}


def test_required_sections_must_be_known(path):
    archive.write(path, CONFIG, sections(), required=["weights", "masks"])
    assert archive.read(path)[0] == CONFIG
    assert archive.read(path, known=["masks", "weights", "other"])[0] == CONFIG
    with pytest.raises(FileFormatError, match=r"without the sections \['masks'\].*upgrade corereg"):
        archive.read(path, known=["weights"])


def test_required_sections_must_be_there(path):
    with pytest.raises(ValueError, match=r"the required sections \['masks'\] are not there"):
        archive.write(path, CONFIG, {"weights": {}}, required=["weights", "masks"])


@pytest.mark.parametrize("name", ["", "Weights", "a/b", "1a", "a b", "ä", "..", "x" * 65, 3])
def test_names_of_sections_that_cannot_be_saved_raise(path, name):
    with pytest.raises(ValueError, match=r"cannot save a section named .*; expected small letters"):
        archive.write(path, CONFIG, {name: {}})
    assert not path.exists()


# ---------------------------------------------------------------- large files


@pytest.mark.parametrize("limits", [{"_LARGE": 100}, {"_MANY": 3}, {"_LARGE": 700, "_MANY": 6}])
def test_files_that_need_64_bits(path, monkeypatch, limits):
    """Written as if 16 and 32 bits held small numbers only; both ways of reading know no better."""
    for name, value in limits.items():
        monkeypatch.setattr(stored_zip, name, value)
    archive.write(path, CONFIG, sections())
    assert b"PK\x06\x06" in path.read_bytes()
    config, got = archive.read(path)
    assert config == CONFIG
    assert_same_sections(got, sections())
    with zipfile.ZipFile(path) as parts:
        assert parts.testzip() is None
        assert len(parts.namelist()) == 6


def test_the_end_of_64_bits_is_as_zip_has_it(path, monkeypatch):
    """Its size counts what follows the size; version 4.5 is needed; all is on the first disk."""
    monkeypatch.setattr(stored_zip, "_MANY", 3)
    archive.write(path, CONFIG, sections())
    data = path.read_bytes()
    at, locator, end = (data.index(b"PK" + kind) for kind in (b"\6\6", b"\6\7", b"\5\6"))
    start = data.index(b"PK\1\2")
    expected = (locator - at - 12, 45, 45, 0, 0, 6, 6, at - start, start)
    assert struct.unpack("<Q2H2I4Q", data[at + 4 : locator]) == expected
    assert struct.unpack("<IQI", data[locator + 4 : end]) == (0, at, 1)


@pytest.mark.parametrize(
    ("names", "data", "limit", "number"),
    [("abc", b"", "_MANY", 3), ("abc", b"", "_LARGE", 3 * 47), ("a", bytes(99), "_LARGE", 31 + 99)],
    ids=["members", "bytes of the directory", "bytes before it"],
)
def test_a_number_that_says_look_at_64_bits_is_written_there(
    monkeypatch, names, data, limit, number
):
    """The largest that 16 or 32 bits hold; one less stands where it always does."""
    for largest, expected in ((number, True), (number + 1, False)):
        monkeypatch.setattr(stored_zip, limit, largest)
        writer = stored_zip.ZipWriter(file := io.BytesIO())
        for name in names:
            writer.add(name, len(data), [data])
        writer.finish(0)
        assert (b"PK\6\6" in file.getvalue()) is expected


@pytest.mark.parametrize("largest", [2**32 - 1, 1000])
@pytest.mark.parametrize("extra", [True, False])
def test_a_member_that_says_look_at_64_bits_has_them(monkeypatch, largest, extra):
    """The number that 32 bits would show stands in the field behind the name; one less does not."""
    monkeypatch.setattr(stored_zip, "_LARGE", largest)
    number = largest - (not extra)
    assert stored_zip._shown(number) == (2**32 - 1 if extra else number)
    field = struct.pack("<2HQ", 1, 8, number) if extra else b""
    both = struct.pack("<2H2Q", 1, 16, number, number) if extra else b""
    assert stored_zip._entry("a", number, 0, 0)[46:] == b"a" + field
    assert stored_zip._entry("a", 0, number, 0)[46:] == b"a" + both
    assert stored_zip._header("a", number, 0)[30:] == b"a" + both
    assert (stored_zip._header("a", number, 0)[4] == 45) is extra  # the version that is needed
    assert (stored_zip._entry("a", number, 0, 0)[6] == 45) is extra


@pytest.mark.exhaustive
def test_reading_and_writing_take_time_in_proportion(path):
    """Counted in calls of functions, which no other process disturbs."""
    found = []
    for n in (200, 2000):
        given_sections = {
            "weights": {f"{i}/kernel": np.zeros(3) for i in range(n)},
            "vocabularies": {str(i): ["a", "b"] for i in range(n)},
        }
        config = {"layers": [{"units": i} for i in range(n)]}
        wrote = calls_of(lambda: archive.write(path, config, given_sections))  # noqa: B023
        found.append((wrote, calls_of(lambda: archive.read(path))))
    for few, many in zip(*found, strict=True):
        assert many < 10.5 * few


# ---------------------------------------------------------------- limits


def test_limits_hold_for_writing_and_reading(saved):
    for limits, message in [
        (Limits(members=5), r"6 members, more than the limit of 5; .*limits=Limits\(members=...\)"),
        (Limits(json_bytes=300), r"\d+ bytes of JSON, more than the limit of 300"),
        (Limits(json_depth=2), "JSON nested more than 2 deep"),
        (Limits(json_nodes=10), r"\d+ values and keys in JSON, more than the limit of 10"),
    ]:
        with pytest.raises(FileFormatError, match=f"cannot load .*model': .*{message}"):
            archive.read(saved, limits=limits)
        with pytest.raises((ValueError, TypeError), match=f"cannot save: .*{message}"):
            archive.write(saved, {"new": [[[1]]]}, sections(), limits=limits)
        assert archive.read(saved)[0] == CONFIG


def test_limits_just_met(saved):
    def size(limits):
        archive.write(saved, CONFIG, sections(), limits=limits)
        archive.read(saved, limits=limits)

    size(Limits(members=6))
    json_bytes = sum(
        info.file_size
        for info in zipfile.ZipFile(saved).infolist()
        if info.filename.endswith(".json")
    )
    size(Limits(json_bytes=json_bytes))
    with pytest.raises(FileFormatError, match="bytes of JSON"):
        archive.read(saved, limits=Limits(json_bytes=json_bytes - 1))
    size(Limits(json_depth=3))
    with pytest.raises(FileFormatError, match="nested more than 2 deep"):
        archive.read(saved, limits=Limits(json_depth=2))


def test_the_default_limits_can_be_set(saved, monkeypatch):
    monkeypatch.setattr(archive, "default_limits", Limits(members=3))
    with pytest.raises(FileFormatError, match="6 members, more than the limit of 3"):
        archive.read(saved)
    assert archive.read(saved, limits=Limits())[0] == CONFIG


# ---------------------------------------------------------------- what cannot be saved


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.array([1j]),
        np.zeros(1, dtype=[("a", "f4")]),
        np.zeros(1, dtype="M8[s]"),
        pytest.param(
            np.zeros(1, np.longdouble),
            marks=pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="is a double"),
        ),
    ],
)
def test_dtypes_that_cannot_be_saved_raise(saved, array):
    before = saved.read_bytes()
    with pytest.raises(
        TypeError, match=r"cannot save the array 'weights/a' of dtype .*; expected float16"
    ):
        archive.write(saved, CONFIG, {"weights": {"a": array}})
    assert saved.read_bytes() == before


@pytest.mark.parametrize("texts", [[1], ["a", None], [b"a"], ["a", ["b"]], [np.array(["a"])]])
def test_lists_of_anything_but_texts_raise(saved, texts):
    before = saved.read_bytes()
    with pytest.raises(
        TypeError, match=r"cannot save the list 'weights/a'; expected .* only texts"
    ):
        archive.write(saved, CONFIG, {"weights": {"a": texts}})
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", "a\0b", "x" * 1001, 3]
)
def test_names_that_cannot_be_saved_raise(path, name):
    with pytest.raises(
        ValueError, match=r"cannot save an array named .*; expected printable parts"
    ):
        archive.write(path, CONFIG, {"weights": {name: np.zeros(1)}})
    assert not path.exists()


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def circular():
    value = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    "config",
    [
        {"a": object()},
        {"a": np.float32(1)},
        {(1, 2): 3},
        {1: 2, "1": 3},
        [1],
        None,
        nested(101),
        nested(10**5),
        circular(),
    ],
)
def test_configs_that_cannot_be_saved_raise(path, config):
    with pytest.raises(TypeError, match=r"cannot save: .*config"):
        archive.write(path, config, {})
    assert not path.exists()


def test_nesting_up_to_the_limit(path):
    archive.write(path, nested(98), {})
    assert archive.read(path)[0] == nested(98)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ".x.onnx", ".PT", ".npz"])
def test_suffixes_of_other_formats_raise(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    with pytest.raises(ValueError, match=r"says that the format is .*; use the suffix \.corereg"):
        archive.write(path, CONFIG, {})
    assert list(tmp_path.iterdir()) == []
    for good in ("model", "model.corereg", "model.bin", "h5", ".keras"):
        archive.write(tmp_path / good, CONFIG, {})


def test_names_of_ones_own_classes_are_those_of_the_registry():
    from corereg import registry, saving

    of_files = {"FileFormatError", "Limits"} | {
        f"{verb}_{what}" for verb in ("load", "save") for what in ("model", "weights")
    }
    of_files |= {"deserialize_keras_object", "serialize_keras_object"}
    for name in set(saving.__all__) - of_files:
        assert getattr(saving, name) is getattr(registry, name)
