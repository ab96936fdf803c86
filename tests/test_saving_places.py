"""Where files of models come from and go to: paths, file objects and bytes, with and without the
state of the optimizer."""

from __future__ import annotations

import io
import os
import tempfile

import numpy as np
import pytest
from small import data, net

from corereg.models import load_model
from corereg.saving import FileFormatError, archive, npy


@pytest.fixture(scope="module")
def trained():
    model = net()
    model.fit(*data(), verbose=0)
    return model


@pytest.fixture(scope="module")
def content(trained):
    file = io.BytesIO()
    trained.save(file)
    return file.getvalue()


class Sink:
    """An object that takes bytes, and nothing else that files have."""

    def __init__(self):
        self.taken = b""

    def write(self, given):
        self.taken += bytes(given)


class Source:
    def __init__(self, content):
        self.read = lambda: content


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO, Source])
def test_a_model_is_loaded_from_what_holds_its_bytes(kind, content, trained):
    x, _ = data()
    loaded = load_model(kind(content))
    assert np.array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))
    loaded.set_weights([0 * w for w in loaded.get_weights()])
    loaded.load_weights(kind(content))
    assert np.array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))


def test_a_model_is_saved_to_what_takes_bytes(trained, tmp_path):
    x, _ = data()
    sink = Sink()
    trained.save(sink)
    with tempfile.NamedTemporaryFile(dir=tmp_path) as file:
        trained.save(file)
        file.seek(0)
        for loaded in (load_model(sink.taken), load_model(file)):
            assert np.array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))


@pytest.mark.parametrize("wrong", [3, None, [b"PK"], np.zeros(3)])
def test_other_things_are_refused_by_name(wrong, trained, fails):
    named = type(wrong).__name__
    message = rf": expected a path, a file object opened in binary mode.*, received {named}"
    fails(lambda: load_model(wrong), TypeError, "load_model" + message)
    fails(lambda: trained.load_weights(wrong), TypeError, "load_weights" + message)
    fails(lambda: trained.save(wrong), TypeError, "save" + message)
    whole = bytearray(b"PK")
    fails(lambda: trained.save_weights(whole), TypeError, "save_weights: .*received bytearray")


def test_files_opened_the_wrong_way_are_refused(trained, content, tmp_path, fails):
    path = tmp_path / "m.corereg"
    path.write_bytes(content)
    with open(path, "rb") as file:
        fails(lambda: trained.save(file), TypeError, "opened in binary mode, 'wb'")
    with open(path, "ab") as file:
        fails(lambda: load_model(file), TypeError, "opened for reading, 'rb'")
    with open(path, "rb") as file:
        file.read()
        fails(lambda: load_model(file), FileFormatError, r"was read to its end; call seek\(0\)")
    assert path.read_bytes() == content


def test_errors_tell_bytes_by_their_number(content, fails):
    fails(lambda: load_model(content[:-1]), FileFormatError, f"{len(content) - 1} bytes.*damaged")
    fails(lambda: load_model(b""), FileFormatError, "0 bytes: it is no corereg model")
    fails(lambda: load_model(b"\x89HDF\r\n\x1a\n\0\0"), FileFormatError, "looks like an HDF5 file")


def test_other_bytes_are_a_path(content, tmp_path):
    path = tmp_path / "m.corereg"
    path.write_bytes(content)
    assert load_model(os.fsencode(path)).compiled
    with pytest.raises(FileNotFoundError):
        load_model(b"nowhere.corereg")


# ---- the optimizer's state -----------------------------------------------------------------------


def test_without_compile_no_state_of_the_optimizer_is_read(content, monkeypatch):
    read, names = npy.read, []
    monkeypatch.setattr(npy, "read", lambda reader, name: names.append(name) or read(reader, name))
    model = load_model(content, compile=False)
    assert (model.compiled, model.optimizer) == (False, None)
    _, sections = archive.read(content)
    assert sections["optimizer"].keys() == {"0", "1", "2", "3", "4", "5", "6", "7"}
    names.clear()
    load_model(content, compile=False)
    assert sorted(names) == sorted([*sections["weights"], *sections["training"]])
    assert archive.read(content, unread=["optimizer"])[1]["optimizer"] == {}


def test_a_file_may_leave_the_optimizer_out(trained, content):
    small = io.BytesIO()
    trained.save(small, include_optimizer=False)
    config, sections = archive.read(small.getvalue())
    assert config["compile"] is None
    assert "iterations" not in config
    assert "optimizer" not in sections
    assert len(small.getvalue()) < len(content)
    loaded, (x, y) = load_model(small.getvalue()), data()
    assert not loaded.compiled
    assert np.array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))
    assert trained.compiled
    loaded.compile("adam", "mse")
    loaded.fit(x, y, verbose=0)


def test_a_file_for_keras_may_leave_the_optimizer_out(trained, tmp_path):
    pytest.importorskip("h5py")
    whole, small = tmp_path / "whole.keras", tmp_path / "small.keras"
    trained.save(whole)
    trained.save(small, include_optimizer=False)
    assert small.stat().st_size < whole.stat().st_size
    assert load_model(whole).compiled
    assert not load_model(small).compiled
