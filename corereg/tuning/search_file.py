"""The file of a search, from which it goes on: a line of JSON for each task that is done."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np

from corereg.tuning.space import WHO
from corereg.tuning.tasks import Outcome, Task

FORMAT = 1
_NAME = "corereg search"


def fingerprint(*values: Any) -> str:
    """A text that tells searches of other data, settings, folds or seeds from this one."""
    found = hashlib.sha256()
    for value in values:
        _add(found, value)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, one in value.items():
            found.update(repr(name).encode())
            _add(found, one)
    elif value is None or isinstance(value, str | int | float):
        found.update(repr(value).encode())
    elif isinstance(value, list | tuple):
        found.update(f"({len(value)}".encode())
        for one in value:
            _add(found, one)
    elif hasattr(value, "tocsr"):
        rows = value.tocsr()
        _add(found, (tuple(rows.shape), rows.data, rows.indices, rows.indptr))
    else:
        array = np.asarray(value)
        found.update(f"{array.dtype.kind}{array.shape}".encode())
        plain = array.dtype.kind in "biufcMm"
        found.update(
            np.ascontiguousarray(array).tobytes() if plain else repr(array.tolist()).encode()
        )


def seed_in(path: Any) -> int | None:
    """The seed of the search in a file; None: there is no such file, or nothing in it. ValueError
    for another kind of file."""
    head = _head(path)
    return None if head is None else int(head["seed"])


def _head(path: Any) -> dict[str, Any] | None:
    if not os.path.exists(path) or not os.path.getsize(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            head = json.loads(file.readline())
        known = head["what"] == _NAME and head["format"] == FORMAT
        if known and isinstance(head["seed"], int) and isinstance(head["fingerprint"], str):
            return dict(head)
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"{WHO}: expected file as a file of an earlier search, or none yet, received "
        f"{os.fspath(path)!r}, which is something else; choose another path"
    )


class SearchFile:
    """An open file of a search: `done` has what an earlier run of it has left, `add` appends.

    ValueError for a file of another search.
    """

    def __init__(self, path: Any, seed: int, fingerprint: str) -> None:
        self.done: list[tuple[Task, list[Outcome]]] = []
        head = _head(path)
        if head is not None and head["fingerprint"] != fingerprint:
            raise ValueError(
                f"{WHO}: expected the same data, settings, folds, scoring and random_state as in "
                f"{os.fspath(path)!r}; they are others. Give another file, or delete this one"
            )
        whole = 0  # bytes up to the end of the last whole line
        if head is not None:
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")
            whole = len(lines[0]) + 1
            for line in lines[1:-1]:
                try:
                    self.done.append(_read(json.loads(line)))
                except (ValueError, KeyError, TypeError):
                    break
                whole += len(line) + 1
        self._file: IO[bytes] = open(path, "r+b" if head is not None else "wb")  # noqa: SIM115
        self._file.truncate(whole)
        self._file.seek(whole)
        if head is None:
            self._write({"what": _NAME, "format": FORMAT, "seed": seed, "fingerprint": fingerprint})

    def add(self, task: Task, outcomes: Sequence[Outcome]) -> None:
        """Appends what came of a task, all but the weights, which are trained again if need be."""
        self._write({"task": list(task), "outcomes": [_plain(one) for one in outcomes]})

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()


def _plain(outcome: Outcome) -> dict[str, Any]:
    found = outcome._asdict()
    del found["state"]
    return found


def _read(line: dict[str, Any]) -> tuple[Task, list[Outcome]]:
    settings, fold, epochs, rung = line["task"]
    task = Task(tuple(settings), fold, tuple(epochs), rung)
    return task, [Outcome(**one) for one in line["outcomes"]]
