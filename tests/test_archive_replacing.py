"""Where a model file cannot be saved, and saves that fail, are interrupted or are killed."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from archives import CONFIG, arrays, sections

from corereg.saving import FileFormatError, archive, replacing, stored_zip

ROOT = Path(__file__).parents[1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def saved(path):
    archive.write(path, CONFIG, sections())
    return path


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


# ---------------------------------------------------------------- permissions


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(path, umask):
    old = os.umask(umask)
    try:
        archive.write(path, CONFIG, {})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o777])
def test_permissions_of_an_older_file_stay(saved, mode):
    saved.chmod(mode)
    old = os.umask(0o027)
    try:
        archive.write(saved, {"new": 1}, {})
    finally:
        os.umask(old)
    assert stat.S_IMODE(saved.stat().st_mode) == mode
    assert archive.read(saved)[0] == {"new": 1}


def test_a_private_file_is_private_while_it_is_written(saved, monkeypatch):
    saved.chmod(0o600)
    seen = []

    def look(source, target):
        seen.append(stat.S_IMODE(os.stat(source).st_mode))
        rename(source, target)

    create, rename = os.open, os.replace

    def opened(name, flags, mode=0o777):
        assert not flags & os.O_CREAT or mode == 0o600
        return create(name, flags, mode)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "replace", look)
    archive.write(saved, {"new": 1}, {})
    assert seen == [0o600]


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
        archive.write(saved, {"new": 1}, {"weights": arrays()})
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
            if self.tell() >= 300:
                raise OSError(28, "No space left on device")
            return super().write(data[:300])

    monkeypatch.setattr(io, "FileIO", Full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        archive.write(saved, {"new": 1}, {"weights": arrays()})
    monkeypatch.undo()
    assert caught.value.errno == 28
    assert archive.read(saved)[0] == CONFIG
    assert os.listdir(saved.parent) == ["model"]


@pytest.mark.parametrize("wrong", ["lost", "shape"])
def test_a_file_that_was_not_written_well_replaces_nothing(saved, monkeypatch, wrong):
    add = stored_zip.ZipWriter.add

    def careless(self, name, size, chunks):
        data = b"".join(map(bytes, chunks))
        if wrong == "shape":
            data = data.replace(b"(2, 3)", b"(3, 2)")
        if wrong == "shape" or name != "weights/steps.npy":
            add(self, name, size, [data])

    monkeypatch.setattr(stored_zip.ZipWriter, "add", careless)
    with pytest.raises(FileFormatError, match=r"missing 'weights/steps|is not what is read back"):
        archive.write(saved, {"new": 1}, {"weights": arrays()})
    monkeypatch.undo()
    assert archive.read(saved)[0] == CONFIG
    assert os.listdir(saved.parent) == ["model"]


def test_everything_reaches_the_disk_before_the_name(saved, monkeypatch):
    events = []

    def note(name):
        call = getattr(os, name)

        def noted(*args):
            kind = stat.S_ISDIR(os.fstat(args[0]).st_mode) if name == "fsync" else None
            events.append(name if kind is None else f"{name} {'folder' if kind else 'file'}")
            return call(*args)

        monkeypatch.setattr(os, name, noted)

    note("fsync")
    note("replace")
    archive.write(saved, {"new": 1}, {})
    assert events == ["fsync file", "replace", "fsync folder"]


def test_a_large_file_goes_to_the_disk_while_it_is_written(saved, monkeypatch):
    """At once it would take so long that Ctrl-C waits for it."""
    waits, sync = [], os.fsync
    monkeypatch.setattr(replacing, "_UNSYNCED", 1 << 20)
    monkeypatch.setattr(os, "fsync", lambda file: (waits.append(file), sync(file)))
    large = np.arange(1 << 20, dtype="f4")
    archive.write(saved, {}, {"weights": {"w": large}})
    assert len(waits) == 4 + 1 + 1  # a part of a mebibyte each, the rest, and the folder
    assert archive.read(saved)[1]["weights"]["w"].tolist() == large.tolist()


KILLED = """
import os, signal, sys, numpy
from corereg.saving import archive
for number in range(10**9):
    archive.write(sys.argv[1], {"n": number}, {"weights": {"a": numpy.full(10**5, number)}})
    print(number, flush=True)
"""


def test_a_killed_save_leaves_the_old_file_whole(saved):
    for delay in (0.0, 0.003, 0.007):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(saved)], stdout=subprocess.PIPE, cwd=ROOT
        )
        with child:
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        config, got = archive.read(saved)
        assert (got["weights"]["a"] == config["n"]).all()
        assert got["weights"]["a"].shape == (10**5,)
    archive.write(saved, CONFIG, {})
    assert os.listdir(saved.parent) == ["model"]


# ---------------------------------------------------------------- what killed saves left

HELD = """
import os, signal, sys
from corereg.saving import archive
fsync = os.fsync
def stop(descriptor):
    print("written", flush=True)
    sys.stdin.readline()
    fsync(descriptor)
os.fsync = stop
archive.write(sys.argv[1], {"by": "child"}, {})
"""


@pytest.fixture
def slow_save(path):
    """A save in another process, which waits before it is done."""
    child = subprocess.Popen(
        [sys.executable, "-c", HELD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with child:
        assert child.stdout.readline() == b"written\n"
        yield child
        child.kill()


def temporaries(path):
    return [name for name in os.listdir(path.parent) if name.startswith(".corereg-")]


def test_what_a_living_process_writes_is_left_alone(path, slow_save):
    before = temporaries(path)
    assert len(before) == 1
    for _ in range(3):
        archive.write(path, {"by": "parent"}, {})
    assert temporaries(path) == before
    slow_save.stdin.write(b"\n" * 9)
    slow_save.stdin.close()
    assert slow_save.wait() == 0
    assert archive.read(path)[0] == {"by": "child"}
    assert os.listdir(path.parent) == ["model"]


def test_what_a_dead_process_left_is_removed_by_the_next_save(path, slow_save):
    slow_save.kill()
    slow_save.wait()
    assert len(temporaries(path)) == 1
    archive.write(path.with_name("other"), CONFIG, {})
    assert os.listdir(path.parent) == ["other"]


def test_what_another_thread_writes_is_left_alone(path, monkeypatch):
    fsync, written, go_on = os.fsync, threading.Event(), threading.Event()

    def slowly(descriptor):
        if threading.current_thread() is other:
            written.set()
            assert go_on.wait(20)
        fsync(descriptor)

    other = threading.Thread(target=lambda: archive.write(path, {"by": "thread"}, {}))
    monkeypatch.setattr(os, "fsync", slowly)
    other.start()
    assert written.wait(20)
    archive.write(path, {"by": "main"}, {})
    assert len(temporaries(path)) == 1
    go_on.set()
    other.join()
    assert archive.read(path)[0] == {"by": "thread"}
    assert temporaries(path) == []


def test_a_file_that_was_taken_for_abandoned_is_made_again(saved, monkeypatch):
    """Another process may look between the making of a file and its lock."""
    lock, tries = replacing._lock, []

    def late(file, temporary):
        tries.append(temporary)
        if len(tries) == 1:
            replacing.remove_abandoned(os.path.dirname(temporary))
            assert not os.path.exists(temporary)
        return lock(file, temporary)

    monkeypatch.setattr(replacing, "_lock", late)
    archive.write(saved, {"new": 1}, {})
    assert len(tries) == 2
    assert archive.read(saved)[0] == {"new": 1}
    assert os.listdir(saved.parent) == ["model"]


def test_a_file_that_is_just_being_removed_is_made_again(saved, monkeypatch):
    lock, tries = replacing._lock, []

    def late(file, temporary):
        tries.append(temporary)
        if len(tries) > 1:
            return lock(file, temporary)
        with open(temporary, "r+b") as other:
            replacing.fcntl.flock(other, replacing.fcntl.LOCK_EX)
            found = lock(file, temporary)
            os.unlink(temporary)
        return found

    monkeypatch.setattr(replacing, "_lock", late)
    archive.write(saved, {"new": 1}, {})
    assert len(tries) == 2
    assert archive.read(saved)[0] == {"new": 1}
    assert os.listdir(saved.parent) == ["model"]


def test_files_of_other_names_and_links_are_left_alone(saved, tmp_path):
    others = [
        ".corereg-0123456789abcdef.tmp",
        ".corereg-0123.part",
        "corereg-0123456789abcdef.part",
    ]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    link = tmp_path / ".corereg-0123456789abcdef.part"
    link.symlink_to(saved)
    archive.write(saved, {"new": 1}, {})
    assert sorted(os.listdir(tmp_path)) == sorted([*others, link.name, "model"])


def test_saves_where_files_cannot_be_locked(saved, monkeypatch):
    def refuse(*args):
        raise OSError(95, "Operation not supported")

    left = saved.with_name(".corereg-0123456789abcdef.part")
    left.write_bytes(b"somebody's")
    monkeypatch.setattr(replacing.fcntl, "flock", refuse)
    archive.write(saved, {"new": 1}, {})
    monkeypatch.undo()
    assert left.read_bytes() == b"somebody's"
    monkeypatch.setattr(replacing, "fcntl", None)  # as on Windows
    archive.write(saved, {"new": 2}, {})
    assert left.read_bytes() == b"somebody's"
    assert archive.read(saved)[0] == {"new": 2}


def test_reading_leaves_the_folder_as_it_was(saved):
    archive.read(saved)
    assert os.listdir(saved.parent) == ["model"]


def test_the_arrays_of_a_save_are_those_of_the_call(saved):
    array = np.arange(3.0)
    archive.write(saved, {}, {"weights": {"a": array}})
    array += 1
    assert archive.read(saved)[1]["weights"]["a"].tolist() == [0, 1, 2]
