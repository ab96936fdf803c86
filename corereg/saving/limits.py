"""How much a reader takes from a file, and the error for a file that it refuses."""

from __future__ import annotations

from corereg.named_tuple import NamedTuple


class FileFormatError(ValueError):
    """A file is not a corereg model, is damaged, is of a newer format, or exceeds a limit.

    >>> import io
    >>> try:
    ...     models.load_model(io.BytesIO(b"no model"))
    ... except saving.FileFormatError:
    ...     print("not a file of corereg's")
    not a file of corereg's
    """


class Limits(NamedTuple):
    """What a file may hold at most: its reader needs memory for that, and time.

    A file that exceeds a limit is refused before the memory is taken. Whoever has a larger model
    and trusts its file passes larger limits: ``load_model(path, limits=Limits(layers=50_000))``.

    >>> saving.Limits(layers=50_000).layers
    50000
    """

    layers: int = 10_000
    """Layers of a model."""

    members: int = 100_000
    """Members of the zip file: one for each array and each list of texts, and two more."""

    json_bytes: int = 1 << 24
    """Bytes of JSON in the whole file. Text takes up to eight times as much memory."""

    json_depth: int = 100
    """Lists and objects within each other."""

    json_nodes: int = 1_000_000
    """Values and keys of all JSON in the file. One takes at most about 150 bytes of memory."""


def over_limit(amount: int, what: str, limits: Limits, field: str) -> FileFormatError:
    """The error for a file that exceeds the limit of this name."""
    return FileFormatError(
        f"{amount} {what}, more than the limit of {getattr(limits, field)}; allow more with "
        f"limits=Limits({field}=...) or corereg.saving.archive.default_limits"
    )
