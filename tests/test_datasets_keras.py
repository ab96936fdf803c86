"""Keras's data sets: what Keras reads out of a file is read here; what is not there is downloaded,
checked and written whole; and no file makes the reader run anything.

The files are small ones of the same form, tests/goldens/dataset_cases.py; the network is a server
of this process.
"""

from __future__ import annotations

import hashlib
import http.server
import importlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import datasets, utils
from corereg.datasets import cifar, fetching
from tests.goldens.dataset_cases import CALLS, described, pack, pickle_of_python_2, write

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "datasets.json").read_text())
ARCHIVES = {"cifar-10-batches-py": "cifar-10-python", "cifar-100-python": "cifar-100-python"}
NOWHERE = "http://127.0.0.1:9/"  # where nobody listens


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "datasets"
    write(folder)
    return folder


@pytest.fixture
def home(tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of Keras; the digests are those of the small files, and there is no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetching, "ORIGIN", NOWHERE)
    monkeypatch.setattr(cifar, "CIFAR", NOWHERE)
    monkeypatch.setattr(datasets.fashion_mnist, "ORIGIN", NOWHERE)
    digests = {}
    for path in written.glob("*"):
        name = path.name.removesuffix("-target_archive")
        name = f"{ARCHIVES[name]}.tar.gz" if name in ARCHIVES else name
        if path.is_file():
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digests.keys() == fetching.DIGESTS.keys()
    monkeypatch.setattr(fetching, "DIGESTS", digests)
    monkeypatch.setattr(cifar, "DIGESTS", digests)
    return tmp_path / "keras" / "datasets"


@pytest.fixture
def filled(home: Path, written: Path) -> Path:
    shutil.copytree(written, home)
    return home


@pytest.fixture
def server(home: Path, written: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Serves the files as their servers name them; gives how often each was asked for."""
    asked: dict[str, int] = {}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            name = path.partition("?")[0].rpartition("/")[2]
            asked[name] = asked.get(name, 0) + 1
            for inner, archive in ARCHIVES.items():
                if name == f"{archive}.tar.gz":
                    return str(written / f"{inner}-target_archive")
            folder = written / "fashion-mnist" if name.endswith("ubyte.gz") else written
            return str(folder / name)

        def log_message(self, *_: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{running.server_port}/"
    monkeypatch.setattr(fetching, "ORIGIN", url)
    monkeypatch.setattr(cifar, "CIFAR", url)
    monkeypatch.setattr(datasets.fashion_mnist, "ORIGIN", url)
    yield asked
    running.shutdown()
    thread.join()
    running.server_close()


def call(name: str, **more: Any) -> Any:
    module, function, options = CALLS[name]
    return getattr(importlib.import_module(f"corereg.datasets.{module}"), function)(
        **options, **more
    )


# ---- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_a_file_gives_what_keras_reads_out_of_it(name: str, filled: Path) -> None:
    if name == "imdb_equal":
        assert GOLDENS[name][0][0]["shape"] == [2, 2]  # equal lists are a matrix in Keras, too
    assert described(call(name)) == GOLDENS[name]


def test_every_data_set_of_keras_is_here() -> None:
    assert {module for module, _, _ in CALLS.values()} == {*datasets._OF_KERAS}
    for module, function, _ in CALLS.values():
        exec(f"from corereg.datasets.{module} import {function}")


def test_arrays_are_new_and_writable(filled: Path) -> None:
    for name in ("mnist", "fashion", "boston", "cifar10", "cifar100"):
        (x, y), (x_test, y_test) = call(name)
        for array in (x, y, x_test, y_test):
            array += 1  # would raise if it were not writable
        assert described(call(name)) == GOLDENS[name]


def test_a_path_of_ones_own_is_taken_as_it_is(home: Path, tmp_path: Path) -> None:
    """It may be another file than Keras's, with another digest."""
    own = tmp_path / "own.npz"
    x, y = np.zeros((4, 28, 28), np.uint8), np.arange(4, dtype=np.uint8)
    np.savez(own, x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    for path in (own, str(own)):
        (_, labels), (_, few) = datasets.mnist.load_data(path)
        assert labels.tolist() == [0, 1, 2, 3]
        assert few.tolist() == [0]
    assert not home.exists()


def test_a_name_of_ones_own_is_in_keras_folder(filled: Path) -> None:
    (filled / "mnist.npz").rename(filled / "digits.npz")
    assert described(datasets.mnist.load_data("digits.npz")) == GOLDENS["mnist"]


@pytest.mark.parametrize(("inner", "name"), [*zip(ARCHIVES, ("cifar10", "cifar100"), strict=True)])
def test_what_keras_extracted_is_read(inner: str, name: str, filled: Path) -> None:
    """Keras 3 and Keras 2 extract to different folders; and the archive may have its own name."""
    archive = filled / f"{inner}-target_archive"
    for folder in (filled / f"{inner}-target", filled):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        kept = archive.rename(filled / "elsewhere")
        assert described(call(name)) == GOLDENS[name]
        shutil.rmtree(folder / inner)
        kept.rename(archive)
    archive.rename(filled / f"{ARCHIVES[inner]}.tar.gz")
    assert described(call(name)) == GOLDENS[name]


def test_without_keras_home_files_are_in_the_home_folder(
    written: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copytree(written, tmp_path / ".keras" / "datasets")
    assert described(call("mnist")) == GOLDENS["mnist"]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("boston", {"test_split": 1}, "expected 0 <= test_split < 1, received 1"),
        ("california", {"test_split": -0.1}, "expected 0 <= test_split < 1, received -0.1"),
        ("california", {"version": "tiny"}, "expected version 'small' or 'large', received 'tiny'"),
        ("reuters", {"test_split": 2.0}, "expected 0 <= test_split < 1"),
        ("reuters", {"maxlen": 1}, "expected a maxlen that leaves texts, received 1"),
        ("imdb", {"maxlen": 1}, "expected a maxlen that leaves texts, received 1"),
        ("cifar100", {"label_mode": "all"}, "expected label_mode 'fine' or 'coarse'"),
        ("mnist", {"path": ""}, "expected path= as a file's name"),
        ("mnist", {"path": 3}, "expected path= as a file's name"),
    ],
)
def test_bad_arguments(name: str, options: Any, told: str, filled: Path) -> None:
    with pytest.raises(ValueError, match=f"^{CALLS[name][0]}.load_data: {told}"):
        call(name, **options)


def test_an_old_argument_is_answered_by_todays_word(filled: Path) -> None:
    with pytest.raises(TypeError, match="nb_words is now num_words"):
        datasets.imdb.load_data(nb_words=10)


# ---- the network -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion", "imdb", "imdb_index", "cifar10", "cifar100"])
def test_what_is_not_there_is_downloaded_once(
    name: str, home: Path, server: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert described(call(name)) == GOLDENS[name]
    told = capsys.readouterr().out
    assert told.count("Downloading data from http://127.0.0.1") == len(server)
    assert re.search(r"(\d\d+)/\1 \d", told)  # all bytes, of how many
    assert described(call(name)) == GOLDENS[name]
    assert set(server.values()) == {1}
    assert not [path for path in home.rglob("*") if path.name.startswith(".")]


def test_an_absolute_path_without_a_file_is_where_it_is_downloaded_to(
    server: dict[str, int], home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "m.npz"
    assert described(datasets.mnist.load_data(target)) == GOLDENS["mnist"]
    assert target.is_file()
    assert not home.exists()


def test_without_a_network_the_error_says_which_file_to_put_where(home: Path) -> None:
    for name, file in (
        ("mnist", "mnist.npz"),
        ("reuters_index", "reuters_word_index.json"),
        ("cifar10", "cifar-10-batches-py-target_archive"),
        ("fashion", os.path.join("fashion-mnist", "train-images-idx3-ubyte.gz")),
    ):
        with pytest.raises(OSError, match="without a network, put the file there") as caught:
            call(name)
        told = str(caught.value)
        assert repr(str(home / file)) in told
        assert NOWHERE in told
        assert ("path=" in told) == (name in ("mnist", "reuters_index"))


def test_a_server_without_the_file(server: dict[str, int], home: Path) -> None:
    with pytest.raises(OSError, match="the server says 404"):
        utils.get_file("x", f"{fetching.ORIGIN}nothing.csv")
    assert not [*home.iterdir()]


def test_a_damaged_download_is_not_kept(
    server: dict[str, int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetching.DIGESTS, "mnist.npz", "0" * 64)
    with pytest.raises(ValueError, match=r"mnist\.load_data: expected a file with the sha256 000"):
        datasets.mnist.load_data()
    assert not [*home.iterdir()]


def test_a_damaged_file_is_downloaded_anew(server: dict[str, int], home: Path, capsys: Any) -> None:
    home.mkdir(parents=True)
    (home / "mnist.npz").write_bytes(b"half a file")
    assert described(call("mnist")) == GOLDENS["mnist"]
    assert "has another sha256" in capsys.readouterr().out


def test_a_damaged_file_stays_where_there_is_no_network(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "mnist.npz").write_bytes(b"half a file")
    with pytest.raises(OSError, match="the file there has another sha256"):
        call("mnist")
    assert (home / "mnist.npz").read_bytes() == b"half a file"


def test_a_connection_that_breaks_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")

    thread = threading.Thread(target=answer)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
    with pytest.raises(OSError, match="only 9 of its 1000 bytes came"):
        utils.get_file("x", url)
    thread.join()
    listening.close()
    assert not [*home.iterdir()]


def test_progress_goes_to_the_log_if_asked(
    server: dict[str, int], home: Path, capsys: Any, caplog: Any
) -> None:
    utils.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", "corereg"):
            call("mnist")
    finally:
        utils.enable_interactive_logging()
    assert not capsys.readouterr().out
    assert "Downloading data" in caplog.text


def test_nothing_more_is_imported_by_corereg() -> None:
    program = (
        "import sys, corereg; corereg.datasets.load_digits();"
        "print([m for m in ('urllib.request', 'http.client', 'tarfile', 'pickle',"
        " 'corereg.datasets.mnist', 'corereg.utils') if m in sys.modules and m != 'pickle'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


# ---- hostile files -----------------------------------------------------------------------------


class Evil:
    """What a pickle of runs when it is read as pickles are."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def object_array(*values: Any) -> Any:
    made = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        made[i] = value
    return made


@pytest.mark.parametrize(
    "x",
    [
        object_array(Evil(), [1]),
        object_array([Evil()], [1]),
        object_array([[1, [2]]], [1]),
        object_array("text", [1]),
        object_array([1]),
        np.zeros((2, 3)),
    ],
    ids=["run", "run_inside", "nested", "text", "short", "numbers"],
)
def test_texts_run_nothing(x: Any, home: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "own.npz", x=x, y=np.zeros(2, np.int64))
    with pytest.raises(OSError, match=r"reuters\.load_data: expected a file of this data set"):
        datasets.reuters.load_data(tmp_path / "own.npz")
    assert not (tmp_path / "evil").exists()


def hostile_pickles() -> dict[str, bytes]:
    images = np.zeros((1, 3072), np.uint8)
    good = pickle_of_python_2({"data": images, "labels": [1]})
    return {
        "run": pickle.dumps({b"data": Evil(), b"labels": [1]}),
        "eval": b'cbuiltins\neval\n(S\'__import__("os").mkdir("evil")\'\ntR.',
        "numpy_load": b"cnumpy\nload\n(S'evil'\ntR.",
        "other_dtype": good.replace(b"T\x02\0\0\0u1", b"T\x02\0\0\0V1"),
        "objects": good.replace(b"T\x02\0\0\0u1", b"T\x02\0\0\0O8"),
        "too_large": good.replace((3072).to_bytes(4, "little"), (3073).to_bytes(4, "little"), 1),
        "negative": good.replace((3072).to_bytes(4, "little"), b"\xff\xff\xff\xff", 1),
        "no_dict": pickle.dumps([1, 2]),
        "no_labels": pickle_of_python_2({"data": images}),
        "cut": good[:-100],
        "empty": b"",
        "array_without_state": b"cnumpy.core.multiarray\n_reconstruct\n(NNNtR.",
        "itself": b"}q\0(h\0h\0u.",
    }


@pytest.mark.parametrize("kind", hostile_pickles())
def test_batches_run_nothing(kind: str, home: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    folder = home / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    good = pickle_of_python_2({"data": np.zeros((1, 3072), np.uint8), "labels": [1]})
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(good)
    assert datasets.cifar10.load_data()[0][0].shape == (5, 32, 32, 3)
    (folder / "data_batch_3").write_bytes(hostile_pickles()[kind])
    with pytest.raises(OSError, match=r"cifar10\.load_data: expected a file of this data set"):
        datasets.cifar10.load_data()
    assert not (tmp_path / "evil").exists()


def test_a_pickle_of_python_3_is_read(home: Path) -> None:
    """Of every protocol that a copy may be written in."""
    folder = home / "cifar-100-python"
    folder.mkdir(parents=True)
    x = np.arange(3072, dtype=np.uint8).reshape(1, 3072)
    for protocol in range(2, 5):
        for name in ("train", "test"):
            given = {b"data": x, b"fine_labels": [7], b"coarse_labels": [1]}
            (folder / name).write_bytes(pickle.dumps(given, protocol))
        (images, labels), _ = datasets.cifar100.load_data()
        assert np.array_equal(images[0].transpose(2, 0, 1).ravel(), x[0])
        assert labels.tolist() == [[7]]


def damaged(kind: str, whole: bytes) -> bytes:
    return {
        "empty": b"",
        "half": whole[: len(whole) // 2],
        "foreign": b"<html>not found</html>",
        "npy": b"\x93NUMPY\x01\x00",
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "half", "foreign", "npy"])
def test_damaged_files_are_named(kind: str, filled: Path, tmp_path: Path) -> None:
    for module in ("mnist", "boston_housing", "imdb"):
        path = tmp_path / "own.npz"
        path.write_bytes(damaged(kind, (filled / f"{module}.npz").read_bytes()))
        with pytest.raises(OSError, match=rf"{module}\.load_data: expected .*own\.npz"):
            importlib.import_module(f"corereg.datasets.{module}").load_data(path)
    path = filled / "fashion-mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damaged(kind, path.read_bytes()))
    with pytest.raises(OSError, match=r"fashion_mnist\.load_data: expected .*t10k-images"):
        datasets.fashion_mnist.load_data()
    path = tmp_path / "words.json"
    path.write_bytes(b"[1]" if kind == "npy" else damaged(kind, b"{}"))
    with pytest.raises(OSError, match=r"imdb\.get_word_index: expected .*words\.json"):
        datasets.imdb.get_word_index(path)


# ---- get_file ----------------------------------------------------------------------------------


def test_get_file_names_what_it_keeps(server: dict[str, int], home: Path, tmp_path: Path) -> None:
    url = f"{fetching.ORIGIN}mnist.npz?raw=true"
    digest = fetching.DIGESTS["mnist.npz"]
    path = utils.get_file(origin=url, file_hash=digest.upper(), cache_subdir="more")
    assert path == str(home.parent / "more" / "mnist.npz")
    data = Path(path).read_bytes()
    md5 = hashlib.md5(data).hexdigest()
    for options in ({"md5_hash": md5}, {"file_hash": md5, "hash_algorithm": "md5"}, {}):
        assert utils.get_file("mnist.npz", url, cache_subdir="more", **options) == path
    own = utils.get_file("a.npz", url, cache_dir=tmp_path / "own", cache_subdir="")
    assert Path(own) == tmp_path / "own" / "a.npz"
    before = sum(server.values())
    utils.get_file("a.npz", url, cache_dir=tmp_path / "own", cache_subdir="", force_download=True)
    assert sum(server.values()) == before + 1


def test_get_file_extracts_archives(tmp_path: Path) -> None:
    pack(tmp_path / "t.tar.gz", "inner", {"a.txt": b"from tar"})
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as packed:
        packed.writestr("inner/a.txt", "from zip")
    for name, options, folder in (
        ("t.tar.gz", {"extract": True}, "t.tar.gz"),
        ("t.tar.gz", {"untar": True, "fname": "plain"}, "plain"),
        ("t.tar.gz", {"extract": True, "fname": "dotted.tar.gz"}, "dotted_extracted"),
        ("z.zip", {"extract": True, "archive_format": "zip"}, "z.zip"),
    ):
        url = (tmp_path / name).as_uri()
        found = utils.get_file(origin=url, cache_dir=tmp_path / "out", cache_subdir="", **options)
        assert Path(found) == tmp_path / "out" / folder
        kind = "zip" if name == "z.zip" else "tar"
        assert (Path(found) / "inner" / "a.txt").read_text() == f"from {kind}"


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "link"])
def test_get_file_lets_nothing_out_of_its_folder(name: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "../../.."
        tar.addfile(member)
    url = (tmp_path / "bad.tar").as_uri()
    if name == "/out.txt":  # becomes a path in the folder
        found = utils.get_file(origin=url, extract=True, cache_dir=tmp_path / "keras")
        assert (Path(found) / "out.txt").is_file()
        return
    with pytest.raises(ValueError, match="get_file: cannot extract"):
        utils.get_file(origin=url, extract=True, cache_dir=tmp_path / "keras")
    assert not (tmp_path / "keras" / "datasets" / "out.txt").exists()


def test_what_is_no_archive_is_kept_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    url = (tmp_path / "x").as_uri()
    for archive_format in ("auto", "tar", None, ["zip"]):
        with pytest.warns(UserWarning, match="is no archive"):
            utils.get_file(
                origin=url, extract=True, archive_format=archive_format, cache_dir=tmp_path
            )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "expected origin"),
        ({"origin": "http://127.0.0.1:9/"}, "expected the name of a file as fname"),
        ({"origin": NOWHERE, "fname": "a/b"}, "expected the name of a file as fname"),
        ({"origin": NOWHERE, "fname": "a", "file_hash": "12"}, "expected as file_hash 32 digits"),
        ({"origin": NOWHERE, "fname": "a", "hash_algorithm": "crc"}, "expected hash_algorithm"),
        (
            {"origin": NOWHERE, "fname": "a", "file_hash": "0" * 32, "hash_algorithm": "sha256"},
            "expected as file_hash",
        ),
    ],
)
def test_bad_arguments_of_get_file(options: Any, told: str, home: Path) -> None:
    with pytest.raises(ValueError, match=f"^get_file: {told}"):
        utils.get_file(**options)


def test_other_bad_arguments_of_get_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    with pytest.raises(ValueError, match="expected archive_format"):
        utils.get_file(
            origin=(tmp_path / "x").as_uri(), extract=True, archive_format="rar", cache_dir=tmp_path
        )
    with pytest.raises(OSError, match="unknown url type"):
        utils.get_file("x", "gopher://127.0.0.1/x")


def test_a_folder_that_cannot_be_written(tmp_path: Path, home: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    (tmp_path / "x").write_text("1")
    with pytest.raises(OSError, match=r"cannot write .* KERAS_HOME"):
        utils.get_file("y", (tmp_path / "x").as_uri(), cache_dir=tmp_path / "taken")


def test_a_small_network_learns_a_data_set_of_keras(filled: Path) -> None:
    """The forms fit: integers of images and padded lists go into fit."""
    (x, y), _ = datasets.mnist.load_data()
    model = corereg.Sequential([corereg.layers.Flatten(), corereg.layers.Dense(10)])
    model.compile("adam", corereg.losses.SparseCategoricalCrossentropy(from_logits=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x / 255.0, y, verbose=0)
    (texts, labels), _ = datasets.reuters.load_data(num_words=15)
    assert utils.pad_sequences(texts, maxlen=6).shape == (len(labels), 6)
