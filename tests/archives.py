"""Files of models, whole and tampered with, for the tests of corereg.saving."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np

from corereg.models import load_model

CONFIG = {"class_name": "Sequential", "layers": [{"units": 3, "rate": 0.5, "name": "h1"}, None]}
DIGEST = b"corereg-sha256:"
COMMENT_LENGTH = len(DIGEST) + 64


def arrays():
    return {
        "h1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
        "h1/bias": np.array([np.nan, np.inf, -0.0]),
        "steps": np.array(7, dtype=np.int64),
    }


def sections():
    return {
        "weights": arrays(),
        "vocabularies": {"city": ["Köln", "", 'a "quoted", [bracketed] \\ one\n']},
        "masks": {},
    }


def assert_same(got, expected):
    """The same arrays, bit for bit, in the same order."""
    assert list(got) == list(expected)
    for name, array in expected.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert got[name].tobytes() == array.tobytes()


def assert_same_sections(got, expected):
    assert list(got) == list(expected)
    for section, values in expected.items():
        assert list(got[section]) == list(values)
        for name, value in values.items():
            if isinstance(value, list):
                assert got[section][name] == value
            else:
                assert_same({name: got[section][name]}, {name: value})


def seal(data):
    """A file's bytes with the digest that belongs to them, if they have room for one."""
    whole = bytes(data[:-COMMENT_LENGTH])
    return whole + DIGEST + hashlib.sha256(whole).hexdigest().encode()


def zipped(members, compressed=()):
    """A well-formed zip file of these members, with the digest that belongs to it."""
    from io import BytesIO

    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if name in compressed else None)
        archive.comment = bytes(COMMENT_LENGTH)
    return seal(file.getvalue())


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, change):
    """Replaces `path` by a well-formed file of its members after `change(members)`."""
    members = members_of(path)
    change(members)
    path.write_bytes(zipped(members))


def change_metadata(path, **entries):
    def change(members):
        metadata = json.loads(members["metadata.json"])
        metadata.update(entries)
        members["metadata.json"] = json.dumps(metadata).encode()

    rewrite(path, change)


def change_bytes(path, place, new):
    """Overwrites bytes, and gives the file the digest that belongs to it then."""
    data = bytearray(path.read_bytes())
    data[place : place + len(new)] = new
    path.write_bytes(seal(data))


def directory_entry(path, name):
    """Where the directory's record of a member begins."""
    data = path.read_bytes()
    place = data.rindex(name.encode()) - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    return place


def version_1(members):
    """A zip file without a digest, as corereg wrote it in format version 1."""
    from io import BytesIO

    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def npy(header, data=b"", magic=b"\x93NUMPY\x01\x00"):
    text = header.encode() + b"\n"
    return magic + len(text).to_bytes(2, "little") + text + data


def assert_weights_load(path):
    """Fails unless the weights of a model's file load into a model that has lost them."""
    model = load_model(path)
    expected = model.get_weights()
    model.set_weights([np.zeros_like(w) for w in expected])
    model.load_weights(path)
    for found, array in zip(model.get_weights(), expected, strict=True):
        assert np.array_equal(found, array)
