"""JSON of files that nobody vouches for: its size is measured before it is parsed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from corereg.saving.limits import FileFormatError, Limits, over_limit

_CHUNK = 1 << 16
_QUOTE = ord('"')
_STEP = np.zeros(256, np.int8)  # what a byte outside of strings adds to the depth
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1
_NODE = np.zeros(256, np.uint8)  # bytes outside of strings that come with a value or a key
_NODE[list(b"[{,:")] = 1


class JsonReader:
    """Parses the JSON texts of one file, which share the file's limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = 0
        self._nodes = 0

    def claim(self, size: int) -> None:
        """Counts a text of this size, before it is read. FileFormatError if it is too much."""
        self._bytes += size
        if self._bytes > self._limits.json_bytes:
            raise over_limit(self._bytes, "bytes of JSON", self._limits, "json_bytes")

    def parse(self, data: bytes) -> Any:
        """The value of a text that was claimed. FileFormatError for anything but proper JSON."""
        depth, nodes = measure(data)
        if depth > self._limits.json_depth:
            raise FileFormatError(f"JSON nested more than {self._limits.json_depth} deep")
        self._nodes += nodes
        if self._nodes > self._limits.json_nodes:
            raise over_limit(self._nodes, "values and keys in JSON", self._limits, "json_nodes")
        try:
            return _value_of(data.decode())
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"bad JSON ({error})") from error


class _Rules:
    """What `json` asks for: its own rules, but for objects that repeat a key."""

    strict, memo = True, dict[str, str]()
    object_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get

    @staticmethod
    def object_pairs_hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return _without_duplicates(pairs)


def _value_of(text: str) -> Any:
    """The value of a JSON text; ValueError for what is none. What `json` is made of does it, for to
    import the whole takes as long as to load a small model; of mistakes the whole tells."""
    with suppress(ImportError, StopIteration):
        from _json import make_scanner

        rules: Any = _Rules
        value, end = make_scanner(rules)(text, 0)
        if end == len(text):
            return value
    import json

    return json.loads(text, object_pairs_hook=_without_duplicates)


def dump(value: Any, what: str, reader: JsonReader) -> bytes:
    """`value` as JSON that `reader` can read back, or a TypeError that names `what`."""
    import json

    try:
        data = json.dumps(value).encode()
        reader.claim(len(data))
        reader.parse(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"cannot save: {what} does not fit into JSON: {error}") from error
    return data


def measure(data: bytes) -> tuple[int, int]:
    """The depth of a JSON text, and at most how many values and keys it has: one for each opening
    bracket, comma and colon outside of strings, and one for the whole.

    One pass over the bytes, a chunk at a time. Where the text is no JSON, the result is that of a
    parser up to the first error, or more.
    """
    plain = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")  # now every quote ends a string
    text = np.frombuffer(plain, np.uint8)
    quotes = depth = deepest = 0
    nodes = 1
    for start in range(0, len(text), _CHUNK):
        chunk = text[start : start + _CHUNK]
        seen = np.cumsum(chunk == _QUOTE) + quotes
        outside = seen % 2 == 0
        depths = np.cumsum(_STEP[chunk] * outside) + depth
        nodes += int(np.count_nonzero(_NODE[chunk] * outside))
        deepest = max(deepest, int(depths.max()))
        quotes, depth = int(seen[-1]), int(depths[-1])
    return deepest, nodes


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, which other readers may understand differently if it repeats a key."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise FileFormatError(f"an object has the key {twice[:100]!r} twice")
    return found
