"""The model file: round trips, atomic saves, and files that are truncated, foreign or hostile."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import signal
import stat
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from corereg.models import archive
from corereg.models.archive import FileFormatError

CONFIG = {"class_name": "Sequential", "layers": [{"units": 3, "rate": 0.5, "name": "h1"}, None]}


def arrays():
    return {
        "h1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
        "h1/bias": np.array([np.nan, np.inf, -0.0]),
        "steps": np.array(7, dtype=np.int64),
    }


def assert_same(got, expected):
    assert list(got) == list(expected)
    for name, array in expected.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert got[name].tobytes() == array.tobytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def saved(path):
    archive.write(path, CONFIG, arrays())
    return path


def rewrite(path, change):
    """Replaces `path` by a well-formed zip of its members after `change(members)`."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)


def change_metadata(path, **entries):
    def change(members):
        metadata = json.loads(members["metadata.json"])
        metadata.update(entries)
        members["metadata.json"] = json.dumps(metadata).encode()

    rewrite(path, change)


def npy(header, data=b"", magic=b"\x93NUMPY\x01\x00"):
    text = header.encode() + b"\n"
    return magic + len(text).to_bytes(2, "little") + text + data


# ---------------------------------------------------------------- round trips


def test_round_trip(saved):
    config, got = archive.read(saved)
    assert config == CONFIG
    assert_same(got, arrays())
    for array in got.values():
        assert array.flags.writeable
        assert array.flags.owndata
        assert array.flags.c_contiguous


@pytest.mark.parametrize("dtype", list("?bBhHiIqQefd"))
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 3), (1, 2, 3, 4)])
def test_every_dtype_and_shape(path, dtype, shape):
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(dtype)
    archive.write(path, {}, {"a": array})
    assert_same(archive.read(path)[1], {"a": array})


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(blacklist_characters="/\\."), min_size=1).filter(str.isprintable),
        npst.arrays(
            st.one_of(
                npst.boolean_dtypes(), npst.integer_dtypes(), npst.floating_dtypes(endianness="=")
            ),
            npst.array_shapes(min_dims=0, min_side=0, max_side=4),
        ),
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
def test_whatever_is_written_is_read_back(tmp_path_factory, given_arrays, config):
    path = tmp_path_factory.mktemp("any") / "model"
    archive.write(path, config, given_arrays)
    got_config, got = archive.read(path)
    assert got_config == config
    assert list(got) == list(given_arrays)
    for name, array in given_arrays.items():
        assert got[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(got[name], array)


def test_views_of_any_layout_are_saved_by_value(path):
    base = np.arange(12.0).reshape(3, 4)
    given_arrays = {
        "transposed": base.T,
        "strided": base[::-2, 1::2],
        "big_endian": base.astype(">f8"),
        "broadcast": np.broadcast_to(np.float32(2), (2, 2)),
    }
    archive.write(path, {}, given_arrays)
    for name, array in archive.read(path)[1].items():
        np.testing.assert_array_equal(array, given_arrays[name])
        assert array.dtype.isnative


def test_other_tools_can_read_the_parts(saved):
    with zipfile.ZipFile(saved) as parts:
        assert parts.testzip() is None
        assert parts.namelist() == [
            "metadata.json",
            "config.json",
            *(f"arrays/{name}.npy" for name in arrays()),
        ]
        for name, array in arrays().items():
            data = parts.read(f"arrays/{name}.npy")
            np.testing.assert_array_equal(np.load(io.BytesIO(data), allow_pickle=False), array)
            expected = io.BytesIO()
            np.lib.format.write_array(expected, array, version=(1, 0), allow_pickle=False)
            assert len(data) - array.nbytes == len(expected.getvalue()) - array.nbytes
        metadata = json.loads(parts.read("metadata.json"))
        assert all(info.external_attr >> 16 == 0o644 for info in parts.infolist())
    assert metadata["format"] == "corereg"
    assert metadata["format_version"] == 1
    assert isinstance(metadata["corereg_version"], str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["date_saved"])


def test_paths_may_be_text_bytes_or_path_objects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given_path in ("ünï", b"bytes", tmp_path / "object"):
        archive.write(given_path, CONFIG, {})
        assert archive.read(given_path) == (CONFIG, {})


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
    with pytest.raises(TypeError, match=r"cannot save the array 'a' of dtype .*; expected float16"):
        archive.write(saved, CONFIG, {"a": array})
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", "a\0b", "x" * 1001, 3]
)
def test_names_that_cannot_be_saved_raise(path, name):
    with pytest.raises(
        ValueError, match=r"cannot save an array named .*; expected printable parts"
    ):
        archive.write(path, CONFIG, {name: np.zeros(1)})
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


# ---------------------------------------------------------------- where it cannot be saved


def test_saving_to_a_folder_raises(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"it is a folder; add a file name"):
        archive.write(tmp_path, CONFIG, {})


def test_saving_into_a_missing_folder_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"its folder does not exist; create it"):
        archive.write(tmp_path / "missing" / "model", CONFIG, {})


def test_saving_over_a_device_or_pipe_raises(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"it is no regular file; choose another path"):
        archive.write(path, CONFIG, {})
    assert stat.S_ISFIFO(path.stat().st_mode)
    with pytest.raises(FileFormatError, match="it is no regular file"):
        archive.read(path)


def test_saving_over_a_protected_file_raises(saved, monkeypatch):
    saved.chmod(0o444)
    if os.access(saved, os.W_OK):  # root may write anything
        monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(PermissionError, match=r"the file there is write-protected"):
        archive.write(saved, {}, {})
    assert archive.read(saved)[0] == CONFIG


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_saving_into_a_protected_folder_raises(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError, match="cannot save"):
        archive.write(tmp_path / "model", CONFIG, {})


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(path, umask):
    old = os.umask(umask)
    try:
        archive.write(path, CONFIG, {})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_symbolic_link_stays_one(tmp_path, saved):
    link = tmp_path / "link"
    link.symlink_to(saved)
    archive.write(link, {"new": 1}, {})
    assert link.is_symlink()
    assert archive.read(saved)[0] == {"new": 1}


# ---------------------------------------------------------------- interrupted saves


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_save_leaves_the_old_file_and_no_other(saved, monkeypatch, step, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)) as caught:
        archive.write(saved, {"new": 1}, arrays())
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert caught.value.errno == 28
        assert "cannot save (No space left on device); an older file there is unchanged" in str(
            caught.value
        )
    assert archive.read(saved)[0] == CONFIG
    assert os.listdir(saved.parent) == ["model"]


def test_a_disk_that_fills_up_in_the_middle(saved, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            if self.tell() > 300:
                raise OSError(28, "No space left on device")
            return super().write(data)

    monkeypatch.setitem(archive.__dict__, "open", lambda name, mode: Full(name, mode))
    with pytest.raises(OSError, match="No space left on device") as caught:
        archive.write(saved, {"new": 1}, arrays())
    monkeypatch.undo()
    assert caught.value.errno == 28
    assert archive.read(saved)[0] == CONFIG
    assert os.listdir(saved.parent) == ["model"]


def test_a_killed_save_leaves_the_old_file_whole(saved):
    code = (
        "import os, signal, sys, numpy\n"
        "from corereg.models import archive\n"
        "for number in range(10**9):\n"
        "    archive.write(sys.argv[1], {'n': number}, {'a': numpy.full(10**5, number)})\n"
        "    print(number, flush=True)\n"
    )
    for delay in (0.0, 0.003, 0.007):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(saved)],
            stdout=subprocess.PIPE,
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        )
        with child:
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        config, got = archive.read(saved)
        assert (got["a"] == config["n"]).all()
        assert got["a"].shape == (10**5,)


# ---------------------------------------------------------------- damaged files


def test_missing_files_and_folders_raise_as_open_does(tmp_path):
    with pytest.raises(FileNotFoundError):
        archive.read(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        archive.read(tmp_path)


def small(path):
    archive.write(path, {"u": 1}, {"w": np.arange(3, dtype=np.float32)})
    return path.read_bytes()


def test_every_truncation_raises(path):
    data = small(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FileFormatError):
            archive.read(path)


@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x80])
def test_every_flipped_byte_raises_or_changes_nothing(path, flip):
    data = small(path)
    expected = {"w": np.arange(3, dtype=np.float32)}
    harmless = 0
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= flip
        path.write_bytes(damaged)
        try:
            config, got = archive.read(path)
        except FileFormatError:
            continue
        assert config == {"u": 1}
        assert_same(got, expected)
        harmless += 1
    assert harmless < len(data) / 4  # dates and modes, which nobody reads


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_random_damage_raises_or_changes_nothing(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "random-damage"
    damaged = bytearray(small(path))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        stop = data.draw(st.integers(start, min(start + 50, len(damaged))))
        damaged[start:stop] = data.draw(st.binary(max_size=50))
    path.write_bytes(damaged)
    try:
        config, got = archive.read(path)
    except FileFormatError:
        return
    assert config == {"u": 1}
    assert_same(got, {"w": np.arange(3, dtype=np.float32)})


def test_a_damaged_array_is_found_by_its_checksum(saved):
    data = saved.read_bytes()
    place = data.index(np.arange(6, dtype=np.float32).tobytes())
    saved.write_bytes(data[:place] + b"\x01" + data[place + 1 :])
    with pytest.raises(FileFormatError, match=r"truncated or damaged \(Bad CRC-32"):
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
def test_foreign_zips_are_called_what_they_look_like(path, names, kind):
    with zipfile.ZipFile(path, "w") as other:
        for name in names:
            other.writestr(name, "{}")
    with pytest.raises(FileFormatError, match=f"it is no corereg model, but {kind}"):
        archive.read(path)


def test_a_newer_format_asks_for_an_upgrade(saved):
    change_metadata(saved, format_version=2, corereg_version="9.1")
    with pytest.raises(
        FileFormatError,
        match=r"format version 2, written by corereg '9.1'; this corereg reads up to 1: upgrade",
    ):
        archive.read(saved)


# ---------------------------------------------------------------- hostile files


@pytest.mark.parametrize(
    "entries",
    [
        {"format": "other"},
        {"format": None},
        {"format_version": 0},
        {"format_version": True},
        {"format_version": "1"},
        {"format_version": 1.0},
        {"arrays": None},
        {"arrays": {"h1/kernel": 1}},
        {"arrays": ["h1/kernel", "h1/bias", 3]},
        {"arrays": ["h1/kernel", "h1/bias", ["steps"]]},
        {"arrays": ["h1/kernel", "h1/bias", "steps", "steps"]},
        {"arrays": ["h1/kernel", "h1/bias", "../steps"]},
        {"arrays": ["h1/kernel", "h1/bias"]},
        {"arrays": ["h1/kernel", "h1/bias", "steps", "more"]},
    ],
)
def test_metadata_that_is_wrong_raises(saved, entries):
    change_metadata(saved, **entries)
    with pytest.raises(FileFormatError, match=r"no corereg model|no valid list|not the members"):
        archive.read(saved)


@pytest.mark.parametrize("member", ["metadata.json", "config.json"])
@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b"3", b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1} x'],
)
def test_bad_json_raises(saved, member, text):
    rewrite(saved, lambda members: members.update({member: text}))
    with pytest.raises(FileFormatError, match=r"bad JSON|the JSON is no object"):
        archive.read(saved)


@pytest.mark.parametrize("depth", [150, 10**5])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_json_raises(saved, depth, opening, closing):
    text = b'{"a":' + opening * depth + b"1" + closing * depth + b"}"
    rewrite(saved, lambda members: members.update({"config.json": text}))
    with pytest.raises(FileFormatError, match=r"nested more than 100 deep|bad JSON \(.*recursion"):
        archive.read(saved)


def test_huge_json_raises(saved):
    text = b'{"a": "' + b"x" * (1 << 24) + b'"}'
    rewrite(saved, lambda members: members.update({"config.json": text}))
    with pytest.raises(FileFormatError, match="bytes of JSON, more than"):
        archive.read(saved)


def test_missing_members_raise(saved):
    rewrite(saved, lambda members: members.pop("arrays/h1/bias.npy"))
    with pytest.raises(FileFormatError, match=r"missing 'arrays/h1/bias\.npy'"):
        archive.read(saved)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "arrays/../../x.npy", "arrays/x.npy", "run.py", "arrays/"]
)
def test_unexpected_members_raise(saved, name):
    rewrite(saved, lambda members: members.update({name: b""}))
    with pytest.raises(FileFormatError, match=f"unexpected '{re.escape(name)}'"):
        archive.read(saved)


def test_members_named_twice_raise(saved):
    with zipfile.ZipFile(saved, "a") as more, pytest.warns(UserWarning, match="Duplicate name"):
        more.writestr("config.json", "{}")
    with pytest.raises(FileFormatError, match="it names a member twice"):
        archive.read(saved)


@pytest.mark.parametrize("bomb", ["metadata.json", "arrays/steps.npy"])
def test_zip_bombs_raise(saved, bomb):
    with zipfile.ZipFile(saved) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members[bomb] = bytes(10**7)
    with zipfile.ZipFile(saved, "w") as new:
        for name, data in members.items():
            new.writestr(name, data, zipfile.ZIP_DEFLATED if name == bomb else None)
    with pytest.raises(FileFormatError, match=f"member '{bomb}' is compressed or encrypted"):
        archive.read(saved)


@pytest.mark.parametrize("offset", [10**6, 2**32 - 2])
def test_members_outside_of_the_file_raise(saved, offset):
    data = bytearray(saved.read_bytes())
    entry = data.rindex(b"arrays/steps.npy") - 46  # its record in the central directory
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 42 : entry + 46] = offset.to_bytes(4, "little")
    saved.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"member 'arrays/steps.npy' begins outside"):
        archive.read(saved)


def test_a_directory_that_begins_before_the_file_raises(saved):
    data = saved.read_bytes()
    saved.write_bytes(data[:100] + data[200:])
    with pytest.raises(FileFormatError, match=r"outside of the file|truncated or damaged"):
        archive.read(saved)


def test_members_that_claim_more_than_the_file_raise(saved):
    data = bytearray(saved.read_bytes())
    entry = data.rindex(b"arrays/steps.npy") - 46  # its record in the central directory
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 20 : entry + 28] = (2**31).to_bytes(4, "little") * 2
    saved.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"its members claim more than the file's \d+ bytes"):
        archive.read(saved)


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"


def put(path, data):
    rewrite(path, lambda members: members.update({"arrays/steps.npy": data}))


def test_a_foreign_but_good_npy_is_read(saved):
    put(saved, npy(GOOD, bytes(12)))
    np.testing.assert_array_equal(archive.read(saved)[1]["steps"], np.zeros(3, np.float32))


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


def test_reading_leaves_the_folder_as_it_was(saved):
    archive.read(saved)
    assert os.listdir(saved.parent) == ["model"]
