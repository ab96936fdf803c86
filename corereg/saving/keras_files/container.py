"""The zip file `.keras`: metadata.json, config.json, model.weights.h5, and files of assets."""

from __future__ import annotations

import io
import struct
import time
from typing import Any, BinaryIO, NamedTuple

from corereg.saving.foreign import kind
from corereg.saving.json_text import JsonReader, dump
from corereg.saving.limits import FileFormatError, Limits
from corereg.saving.stored_zip import ZipReader, ZipWriter, check_sizes
from corereg.version import __version__

KERAS_VERSION = "3.15.0"
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
ASSETS = "assets/"


class Contents(NamedTuple):
    """What a file holds."""

    config: dict[str, Any]
    weights: bytes
    assets: dict[str, bytes]
    """By their paths below "assets/"."""
    metadata: dict[str, Any]


def write(file: BinaryIO, config: bytes, weights: bytes, more: dict[str, Any]) -> None:
    """Writes a file; config is JSON, more: metadata that Keras does not look at."""
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S", time.gmtime()),
        "corereg_version": __version__,
        **more,
    }
    writer = ZipWriter(file)
    reader = JsonReader(Limits())
    members = {METADATA: dump(metadata, METADATA, reader), CONFIG: config, WEIGHTS: weights}
    for name, data in members.items():
        writer.add(name, len(data), [data])
    writer.finish(0)


def read(who: str, data: bytes, limits: Limits) -> Contents:
    """What a file holds, which is in memory already. FileFormatError for what is no such file."""
    try:
        return _read(who, data, limits)
    except FileFormatError as error:
        raise FileFormatError(f"{who}: {error}") from None
    except (struct.error, EOFError, OverflowError, RuntimeError, ValueError) as error:
        raise FileFormatError(f"{who}: the file is truncated or damaged ({error})") from error


def read_weights(who: str, data: bytes, limits: Limits) -> bytes:
    """The weights alone of a .keras file."""
    return read(who, data, limits).weights


def _read(who: str, data: bytes, limits: Limits) -> Contents:
    if not data.startswith(b"PK\x03\x04"):
        raise FileFormatError(f"it is no Keras model, but {kind(data[:16])}")
    archive = ZipReader(io.BytesIO(data))
    members = archive.members(limits)
    if CONFIG not in members:
        raise FileFormatError("it is no Keras model: it has no config.json")
    if WEIGHTS not in members:
        sharded = any("weights" in name for name in members)
        other = "its weights are in another form than model.weights.h5, such as shards"
        raise FileFormatError(other if sharded else "it has no model.weights.h5")
    check_sizes(members.values(), archive.size)

    def contents(name: str) -> bytes:
        member = members[name]
        return archive.open(member, check_crc=True).read(member.size)

    texts = JsonReader(limits)
    texts.claim(members[CONFIG].size)
    config = texts.parse(contents(CONFIG))
    if not isinstance(config, dict):
        raise FileFormatError("config.json: the JSON is no object")
    metadata: Any = {}
    if METADATA in members:
        texts.claim(members[METADATA].size)
        metadata = texts.parse(contents(METADATA))
    assets = {
        name.removeprefix(ASSETS): contents(name)
        for name in members
        if name.startswith(ASSETS) and not name.endswith("/")
    }
    known = metadata if isinstance(metadata, dict) else {}
    return Contents(config, contents(WEIGHTS), assets, known)
