"""get_file: files from the network, kept in a folder, checked by their digest and written whole or
not at all; and archives, of which nothing leaves its folder."""

from __future__ import annotations

import hashlib
import os
import urllib.parse
from collections.abc import Iterator
from typing import Any, BinaryIO

from corereg.progress import Display, ProgressBar

_PIECE = 1 << 16
_SECONDS = 30  # of silence, after which a connection is given up
_DIGESTS = {32: "md5", 64: "sha256"}  # by the number of hexadecimal digits
_ARCHIVES = {"auto": ("tar", "zip"), "tar": ("tar",), "zip": ("zip",), None: ()}


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is downloaded from a URL, unless it is there already.

    fname: the file's name, by default the last part of the URL; of an archive that is extracted
        also the name of the folder, if it has no dot in it.
    origin: the URL. Python's standard library opens it: http, https, ftp and file.
    file_hash: MD5 or SHA-256 in hexadecimal digits. A file in the folder with another digest is
        downloaded anew; a download with another one raises, and nothing is kept of it. Give it
        wherever it is known. md5_hash and hash_algorithm ("auto", "md5", "sha256") are older words.
    cache_dir, cache_subdir: the folder; by default "datasets" in `$KERAS_HOME`, or in `~/.keras`.
    extract: whether to extract an archive, "tar" or "zip" by archive_format, and return the folder.
        A member that would stand outside of the folder raises. untar=True is the older word.
    force_download: download it in any case.

    Raises:
        OSError: the file is not there and cannot be downloaded or written.
        ValueError: the digest is another one, or an archive is unsafe.

    >>> import pathlib
    >>> written = pathlib.Path("there.csv").write_text("1,2")
    >>> url = pathlib.Path("there.csv").absolute().as_uri()  # a file in the place of a server
    >>> path = utils.get_file("here.csv", url, cache_dir=".", cache_subdir="got")
    Downloading data from file://...there.csv
    ...
    >>> pathlib.Path(path).read_text()
    '1,2'
    """
    if not isinstance(origin, str):
        raise ValueError(f"get_file: expected origin, the URL of the file, received {origin!r}")
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name or os.path.basename(name) != name:
        raise ValueError(
            f"get_file: expected the name of a file as fname, received {name!r}; say by cache_dir "
            "and cache_subdir in which folder"
        )
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = _algorithm(file_hash, hash_algorithm)
    folder = cache_folder(cache_subdir, cache_dir)
    target = os.path.join(folder, name)
    if not (extract or untar):
        return fetch("get_file", target, origin, file_hash, algorithm, force_download)
    out = target
    if fname and "." in name:
        out = os.path.join(folder, f"{name.partition('.')[0]}_extracted")
    else:
        target = f"{target}_archive"
    fetch("get_file", target, origin, file_hash, algorithm, force_download)
    _extract(target, out, "tar" if untar else archive_format)
    return out


def cache_folder(subfolder: str, folder: str | os.PathLike[str] | None = None) -> str:
    """Where files are kept: a folder in `folder`, in $KERAS_HOME or in ~/.keras."""
    if folder is None:
        folder = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    return os.path.join(os.path.expanduser(folder), subfolder)


def fetch(
    who: str,
    target: str,
    origin: str,
    file_hash: str | None = None,
    algorithm: str | None = None,
    anew: bool = False,
    remedy: str = "",
) -> str:
    """`target`, which is downloaded if there is no file, or one with another digest. remedy: what
    the error for a file that cannot be downloaded says besides."""
    algorithm = algorithm or _algorithm(file_hash)
    state = "which is not there"
    if not anew and os.path.isfile(target):
        if file_hash is None or digest_of(target, algorithm) == file_hash.lower():
            return target
        state = f"and the file there has another {algorithm} than {file_hash}"
        _say(f"{target!r} has another {algorithm} than {file_hash}: it is downloaded anew")
    _say(f"Downloading data from {origin}")
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _download(who, origin, target, file_hash, algorithm)
    except _NotReached as failure:
        digest = f" (its {algorithm}: {file_hash})" if file_hash else ""
        raise OSError(
            f"{who}: expected the file {target!r}, {state}, and {origin} cannot be downloaded: "
            f"{failure}; without a network, put the file there yourself{digest}{remedy}"
        ) from failure.__cause__
    except OSError as error:
        raise OSError(
            f"{who}: cannot write {target!r}: {error}; choose another folder by the environment "
            f"variable KERAS_HOME{remedy}"
        ) from error
    return target


def digest_of(path: str, algorithm: str) -> str:
    """The MD5 or SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: _hasher(algorithm)).hexdigest()


def _hasher(algorithm: str) -> Any:
    return hashlib.new(algorithm, usedforsecurity=algorithm != "md5")


def _algorithm(file_hash: str | None, wanted: str = "auto") -> str:
    if wanted not in ("auto", "md5", "sha256"):
        raise ValueError(
            f"get_file: expected hash_algorithm 'auto', 'md5' or 'sha256', received {wanted!r}"
        )
    if file_hash is None:
        return "md5"
    found = _DIGESTS.get(len(file_hash)) if isinstance(file_hash, str) else None
    if found is None or wanted not in ("auto", found):
        raise ValueError(
            f"get_file: expected as file_hash 32 digits of an MD5 or 64 of a SHA-256, received "
            f"{file_hash!r} with hash_algorithm={wanted!r}"
        )
    return found


class _NotReached(Exception):
    """The network, or who is at its other end, did not give the file."""


def _download(who: str, origin: str, target: str, file_hash: str | None, algorithm: str) -> None:
    from corereg.saving.replacing import replace_file

    hasher = _hasher(algorithm)

    def fill(file: BinaryIO) -> None:
        for piece in _pieces(origin):
            file.write(piece)
            hasher.update(piece)
        if file_hash is not None and hasher.hexdigest() != file_hash.lower():
            raise ValueError(
                f"{who}: expected a file with the {algorithm} {file_hash} at {origin}, received "
                f"one with {hasher.hexdigest()}; it is damaged or another file, and was not kept"
            )

    replace_file(target, fill)


def _pieces(origin: str) -> Iterator[bytes]:
    """The file at a URL in pieces, while a bar shows how far it is."""
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(origin, timeout=_SECONDS) as answer:
            length = answer.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else None
            seen = 0
            with ProgressBar(None, size, 1) as bar:
                bar.begin_epoch()
                while piece := answer.read(_PIECE):
                    seen += len(piece)
                    bar.update(seen)
                    yield piece
                if size is not None and seen != size:
                    raise _NotReached(f"only {seen} of its {size} bytes came")
                bar.end_epoch()
    except urllib.error.HTTPError as error:
        error.close()
        raise _NotReached(f"the server says {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _NotReached(f"{getattr(error, 'reason', None) or error}") from error


def _say(text: str) -> None:
    """One line, to where the progress display writes."""
    if Display.interactive:
        print(text)
    else:
        import logging

        logging.getLogger("corereg").info(text)


def _extract(archive: str, folder: str, formats: Any) -> None:
    """Extracts an archive; with a warning that it cannot, if it is of no such format."""
    import tarfile
    import zipfile

    wanted = formats if isinstance(formats, list | tuple) else _ARCHIVES.get(formats)
    if wanted is None or not set(wanted) <= {"tar", "zip"}:
        raise ValueError(
            f"get_file: expected archive_format 'auto', 'tar', 'zip' or None, received {formats!r}"
        )
    try:
        if "tar" in wanted and tarfile.is_tarfile(archive):
            if not hasattr(tarfile, "data_filter"):
                raise ValueError(
                    "get_file: this Python extracts tar archives without looking at their paths; "
                    "expected Python 3.11.4 or later"
                )
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        elif "zip" in wanted and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)  # which keeps paths inside
        else:
            from corereg.warn import warn_user

            warn_user(f"get_file: {archive!r} is no archive that could be extracted")
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise ValueError(f"get_file: cannot extract {archive!r}: {error}") from error
