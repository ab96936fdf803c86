"""Files of format version 1, which had no sections and no digest, still load and are still not
trusted. files/version_1.corereg was written by the last corereg of that format."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from archives import assert_weights_load, change_metadata, members_of, version_1, zipped

from corereg.layers import Dense, Dropout
from corereg.models import load_model
from corereg.saving import FileFormatError, archive

FILE = Path(__file__).parent / "files" / "version_1.corereg"


def data():
    x = np.sin(np.arange(120)).reshape(40, 3)
    return x, (x[:, 0] > 0).astype("int64")


def test_a_file_of_version_1_predicts():
    model = load_model(FILE)
    assert [type(layer) for layer in model.layers] == [Dense, Dropout, Dense]
    first = [0.30642343, 0.46177566, 0.32557085, 0.45315626, 0.36097065]
    found = model.predict(data()[0][:5], verbose=0)
    np.testing.assert_allclose(found[:, 0], first, rtol=1e-5)


def test_a_file_of_version_1_trains_on():
    model = load_model(FILE)
    assert model.optimizer.iterations == 6
    found = model.fit(*data(), epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(found["loss"], [0.7333054370880128, 0.6833806133270264], rtol=1e-5)
    np.testing.assert_allclose(
        found["penalty"], [0.04754126739501953, 0.04705759048461914], rtol=1e-5
    )
    assert found["accuracy"] == [0.675, 0.725]


def test_a_file_of_version_1_saved_again_is_the_same(tmp_path):
    model = load_model(FILE)
    model.save(tmp_path / "new")
    again = load_model(tmp_path / "new")
    assert members_of(tmp_path / "new").keys() != members_of(FILE).keys()
    runs = [m.fit(*data(), epochs=2, shuffle=False, verbose=0).history for m in (model, again)]
    assert runs[0] == runs[1]


def test_weights_of_version_1_load_into_a_model():
    assert_weights_load(FILE)


def test_its_arrays_are_in_the_sections_of_today():
    _, sections = archive.read(FILE)
    assert sections.keys() == {"weights", "training", "optimizer"}
    assert list(sections["weights"]) == ["0/kernel", "0/bias", "2/kernel", "2/bias"]
    assert list(sections["training"]) == ["random/1"]
    assert list(sections["optimizer"]) == [str(i) for i in range(12)]


@pytest.mark.exhaustive
@pytest.mark.parametrize("flip", [0xFF, 0x01])
def test_flipped_bytes_raise_or_change_nothing(flip):
    whole = FILE.read_bytes()
    config, sections = archive.read(FILE)
    harmless, places = 0, range(0, len(whole), 3)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= flip
        try:
            got_config, got = archive.read(io.BytesIO(damaged))
        except FileFormatError:
            continue
        assert got_config == config
        for section, values in sections.items():
            for name, array in values.items():
                assert got[section][name].tobytes() == array.tobytes()
        harmless += 1
    assert harmless < len(places) / 4  # dates and modes, which nobody reads


@pytest.mark.parametrize("length", [0, 1, 100, -1, -22, -1000])
def test_truncated_files_raise(length):
    with pytest.raises(FileFormatError, match=r"truncated or damaged|an empty file|something else"):
        archive.read(io.BytesIO(FILE.read_bytes()[:length]))


def test_a_damaged_array_is_found_by_its_checksum():
    damaged = bytearray(FILE.read_bytes())
    damaged[damaged.index(b"optimizer/3.npy") + len("optimizer/3.npy") + 130] ^= 1
    with pytest.raises(
        FileFormatError, match=r"truncated or damaged \(Bad CRC-32 of member '.*npy"
    ):
        archive.read(io.BytesIO(damaged))


def test_the_version_and_the_digest_must_agree(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(zipped(members_of(FILE)))
    with pytest.raises(FileFormatError, match="is of format version 1, but has a digest"):
        archive.read(path)
    archive.write(path, {}, {})
    path.write_bytes(version_1(members_of(path)))
    with pytest.raises(FileFormatError, match="is of format version 2, but lacks its digest"):
        archive.read(path)


@pytest.mark.parametrize(
    "names",
    [
        None,
        {"weights/0/kernel": 1},
        ["weights/0/kernel", 3],
        ["weights/0/kernel", "weights/0/kernel"],
        ["weights/0/kernel", "../x"],
        ["kernel", "weights"],
        ["weights"],
        ["sections/0/kernel"],
    ],
)
def test_lists_of_arrays_that_are_wrong_raise(tmp_path, names):
    path = tmp_path / "model"
    path.write_bytes(FILE.read_bytes())
    change_metadata(path, arrays=names)
    path.write_bytes(version_1(members_of(path)))
    with pytest.raises(FileFormatError, match=r"metadata.json has no valid list of arrays|members"):
        archive.read(path)
