"""HDF5 files with variables in Keras's layout: <path>/vars/0, 1, ...

They are read with suspicion: no link leads out of the file, and no dataset is read that is stored
elsewhere, is compressed, or claims to be larger than the file.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from corereg.saving.limits import FileFormatError

Array = np.ndarray[Any, Any]


def import_h5py() -> Any:
    """The module h5py; ImportError that names the extra."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "Keras's files need h5py: pip install 'corereg[keras]'", name="h5py"
        ) from error
    return h5py


IDF = "idf_weights"
"""The name under which Keras keeps the weights of a lookup layer's tokens."""


def written(entries: Iterable[tuple[str, str, Sequence[Array] | Mapping[str, Array]]]) -> bytes:
    """The bytes of an HDF5 file; entries: of each holder its path, its name, its variables, whose
    names are 0, 1, ... unless they are given."""
    buffer = io.BytesIO()
    with import_h5py().File(buffer, "w") as file:
        for path, name, arrays in entries:
            group = file.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = name
            named = arrays if isinstance(arrays, Mapping) else dict(enumerate(arrays))
            for key, array in named.items():
                group.create_dataset(str(key), data=array)
    return buffer.getvalue()


class VariableFile:
    """An HDF5 file that is open for reading, out of memory."""

    def __init__(self, who: str, data: bytes) -> None:
        self._who = who
        self._size = len(data)
        self._h5py = import_h5py()
        try:
            self._file = self._h5py.File(io.BytesIO(data), "r")
        except (OSError, ValueError, RuntimeError) as error:
            raise FileFormatError(f"{who} is truncated or damaged ({error})") from error

    def __enter__(self) -> VariableFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def has(self, path: str) -> bool:
        """Whether there are variables under a path."""
        return self._group(f"{path}/vars".lstrip("/"), path) is not None

    def shapes(self, path: str) -> list[tuple[int, ...]]:
        """The shapes of the variables under a path, in order."""
        return [dataset.shape for dataset in self._datasets(path, path)]

    def read(self, path: str, of: str) -> list[Array]:
        """The variables under a path, in order; of: whose they are, for errors."""
        try:
            return [dataset[()] for dataset in self._datasets(path, of)]
        except FileFormatError:
            raise
        except (OSError, RuntimeError, ValueError) as error:
            raise self._error(path, of, f"cannot be read ({error})") from error

    def is_group(self, path: str) -> bool:
        """Whether there is a group at a path."""
        return self._group(path, path) is not None

    def texts(self, path: str, name: str) -> list[str] | None:
        """The attribute of this name, a text or a list of them, of a group, or None. A long list is
        in several attributes, with numbers behind the name."""
        group = self._group(path, path) if path else self._file
        if group is None:
            return None
        try:
            if name in group.attrs:
                return _as_texts(group.attrs[name])
            parts = itertools.takewhile(
                lambda part: part in group.attrs, (f"{name}{i}" for i in itertools.count())
            )
            found = [text for part in parts for text in _as_texts(group.attrs[part])]
        except (OSError, RuntimeError, ValueError, UnicodeDecodeError) as error:
            raise self._error(path, name, f"cannot be read ({error})") from error
        return found or None

    def read_named(self, path: str, names: Iterable[str], of: str) -> list[Array]:
        """The variables of these names, which may have slashes in them, below a path."""
        found = []
        for name in names:
            *way, last = f"{path}/{name}".strip("/").split("/")
            group = self._group("/".join(way), of) if way else self._file
            if group is None or self._link(group, last, path, of) is None:
                raise self._error(path, of, f"lacks the variable {name!r}")
            try:
                found.append(self._dataset(group, last, path, of)[()])
            except FileFormatError:
                raise
            except (OSError, RuntimeError, ValueError) as error:
                raise self._error(path, of, f"cannot be read ({error})") from error
        return found

    def _datasets(self, path: str, of: str) -> list[Any]:
        group = self._group(f"{path}/vars".lstrip("/"), of)
        if group is None:
            return []
        names = [name for name in group if name != IDF]  # which is read with the config
        wanted = [str(i) for i in range(len(names))]
        if set(names) != set(wanted):
            raise self._error(path, of, f"has variables named {sorted(names)[:5]}, not 0, 1, ...")
        return [self._dataset(group, name, path, of) for name in wanted]

    def _group(self, path: str, of: str) -> Any:
        """The group at a path, or None; every link on the way is one inside this file."""
        here = self._file
        for name in path.split("/"):
            link = self._link(here, name, path, of)
            if link is None:
                return None
            here = here[name]
            if not isinstance(here, self._h5py.Group):
                raise self._error(path, of, "has an array where a group should be")
        return here

    def _link(self, group: Any, name: str, path: str, of: str) -> Any:
        try:
            link = group.get(name, getlink=True)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise self._error(path, of, f"cannot be read ({error})") from error
        if link is not None and not isinstance(link, self._h5py.HardLink):
            raise self._error(path, of, f"has a link {name!r} to another place, which is not read")
        return link

    def _dataset(self, group: Any, name: str, path: str, of: str) -> Any:
        self._link(group, name, path, of)
        try:
            found = group[name]
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise self._error(path, of, f"cannot be read ({error})") from error
        whole = f"variable {name!r}"
        if not isinstance(found, self._h5py.Dataset) or found.shape is None:
            raise self._error(path, of, f"has no array as its {whole}")
        if found.is_virtual or found.external:
            raise self._error(path, of, f"has its {whole} in another file, which is not read")
        if found.dtype.kind not in "fiub" or found.dtype.itemsize > 8:
            raise self._error(path, of, f"has a {whole} of dtype {found.dtype}, expected numbers")
        if found.nbytes > self._size or found.compression is not None:
            raise self._error(path, of, f"has a {whole} that is larger than the file holds")
        return found

    def _error(self, path: str, of: str, what: str) -> FileFormatError:
        return FileFormatError(f"{self._who}: {of} (at {path!r}) {what}")


def _as_texts(value: Any) -> list[str]:
    found = np.asarray(value, dtype=object).ravel().tolist()
    return [one.decode() if isinstance(one, bytes) else str(one) for one in found]
