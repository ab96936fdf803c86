"""Damaged and hostile model files: each loads, or is refused by a FileFormatError.

    python tests/campaigns/files.py --seconds 60

Bytes are flipped, cut out, doubled and put in, with the old digest and with one that belongs to the
damaged bytes; members are dropped, swapped, renamed and cut; JSON gets other values anywhere;
arrays get other dtypes, shapes and headers. A file with the old digest must not load unless it is
the same file. One that loads predicts, and its weights have the shapes that the model says.
Loading must not take more memory than the file could need, nor more than some seconds.
"""

from __future__ import annotations

import copy
import io
import json
import random
import resource
import time
import warnings
import zipfile
from typing import Any

import numpy as np
from harness import Tally, give_up_after, main, module_of_tests

import corereg
from corereg import layers, ops, optimizers
from corereg.models import Model, Sequential, load_model
from corereg.saving import FileFormatError

archives = module_of_tests("archives")
ROWS = 8
SLOW = 5.0  # seconds that no file of some kilobytes may take to load
MEMORY = 64 << 20  # bytes that loading such a file may add to the largest resident size
SPECIAL = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"\x93NUMPY", b"\xff" * 8)
NUMBERS = (0, -1, 1, 2**31, 2**32 - 1, 2**62, 2**64, -(2**63), 1e308, float("nan"), float("inf"))
VALUES: tuple[Any, ...] = (
    *NUMBERS, None, True, False, "", "x", "Dense", "l2", "float16", "\x00", "é" * 300, "../a", [],
    {}, [[]], [None], [0], ["a", 0, 0, {}], {"class_name": "Dense", "config": {}},
    {"class_name": "Sequential", "config": {"layers": []}}, {"class_name": None, "config": 1},
)  # fmt: skip


# ---- good files ----------------------------------------------------------------------------------


def sequential() -> Model:
    return Sequential(
        [
            layers.Input((5,)),
            layers.Normalization(mean=[0.0] * 5, variance=[1.0] * 5),
            layers.Dense(6, "relu", kernel_regularizer="l1_l2", kernel_constraint="non_neg"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2, "softmax"),
        ]
    )


def graph() -> Model:
    a, b = layers.Input((5,), name="a"), layers.Input((5,), name="b")
    shared = layers.Dense(4, "tanh", name="shared")
    joined = layers.Concatenate()([shared(a), shared(b), ops.exp(a) * 0.5])
    inner = Sequential([layers.Input((13,)), layers.Dense(3), layers.LayerNormalization()])
    return Model([a, b], inner(joined))


def good_files() -> list[tuple[bytes, list[Any], Any]]:
    """The bytes, weights and an input of some models that were trained and saved."""
    rng = np.random.default_rng(0)
    files = []
    schedule = optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    for make, optimizer in (
        (sequential, optimizers.AdamW(schedule, use_ema=True, clipnorm=1.0)),
        (graph, optimizers.SGD(0.01, momentum=0.9, gradient_accumulation_steps=2)),
        (sequential, None),
    ):
        model = make()
        x: Any = rng.standard_normal((ROWS, 5)).astype("f4")
        x = [x, x + 1] if make is graph else x
        if optimizer is not None:
            model.compile(optimizer, "mse", metrics=["mae"])
            model.fit(x, rng.random((ROWS, model.output_shape[-1])), epochs=2, verbose=0)
        file = io.BytesIO()
        model.save(file)
        files.append((file.getvalue(), model.get_weights(), x))
    return files


# ---- damage --------------------------------------------------------------------------------------


def damage_bytes(rng: random.Random, data: bytes) -> bytes:
    """Some bytes changed, cut out, put in, doubled, or moved."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        if not found:
            break
        at = rng.randrange(len(found))
        if rng.random() < 0.3:  # near the end, where the directory is
            at = max(0, len(found) - 1 - rng.randrange(600))
        length = rng.choice((1, 2, 4, 8, rng.randrange(1, 400)))
        kind = rng.randrange(7)
        if kind <= 1:
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            found[at : at + length] = rng.randbytes(length)
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = rng.choice(SPECIAL) if rng.random() < 0.5 else rng.randbytes(length)
        elif kind == 5:
            found[at : at + 8] = rng.choice(SPECIAL)
        else:
            piece = found[at : at + length]
            to = rng.randrange(len(found))
            found[to : to + rng.choice((0, len(piece)))] = piece
    if rng.random() < 0.1:
        del found[rng.randrange(len(found) + 1) :]
    return bytes(found)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values within a value of JSON."""
    found = [path]
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else items:
        found += places(inner, (*path, key))
    return found


def damage_json(rng: random.Random, text: bytes) -> bytes:
    """Another value somewhere, a key that is gone, doubled or new, or a list that grows."""
    whole = {"": json.loads(text)}
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        path = ("", *rng.choice(places(whole[""])))
        holder: Any = whole
        for key in path[:-1]:
            holder = holder[key]
        key, old = path[-1], holder[path[-1]]
        kind = rng.randrange(6)
        if kind <= 2:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        elif kind == 3 and len(path) > 1:
            del holder[key]
        elif kind == 4 and isinstance(old, dict):
            old[rng.choice(("x", "name", "dtype", "units"))] = rng.choice(VALUES)
        elif isinstance(old, list):
            old += copy.deepcopy(old) or [0]
        elif isinstance(old, (int, float)):
            holder[key] = rng.choice((-old, old + 1, old * 2, str(old), [old]))
        else:
            other = whole[""]
            for step in rng.choice(places(other)):
                other = other[step]
            holder[key] = copy.deepcopy(other)
    return json.dumps(whole[""]).encode()


def damage_array(rng: random.Random, data: bytes) -> bytes:
    """Another dtype, shape, order or length, or NaN and infinity."""
    array = np.load(io.BytesIO(data))
    kind = rng.randrange(5)
    if kind == 0:
        array = array.astype(rng.choice(("f8", "f4", "f2", "i4", "u1", "?", "c8", ">f4", "i8")))
    elif kind == 1:
        array = np.resize(array, tuple(rng.randrange(9) for _ in range(rng.randrange(4))))
    elif kind == 2:
        array = array.T if rng.random() < 0.5 else np.full_like(array, rng.choice((0, 1, 127)))
    elif kind == 3 and array.dtype.kind == "f":
        array = np.full_like(array, rng.choice((np.nan, np.inf, -1e30, 1e38)))
    else:
        header = bytearray(data)
        at = rng.randrange(min(len(header), 128))
        header[at] = rng.choice((0, 32, 39, 48, 57, 255, rng.randrange(256)))
        return bytes(header)
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def damage_members(rng: random.Random, members: dict[str, bytes]) -> dict[str, bytes]:
    """Members of which some are changed, dropped, exchanged or renamed."""
    members = dict(members)
    for _ in range(rng.choice((1, 1, 2, 3))):
        names = sorted(members)
        one, other = rng.choice(names), rng.choice(names)
        kind = rng.randrange(10)
        if kind <= 3:
            one = rng.choice(("config.json", "config.json", "metadata.json"))
            if one in members:
                try:
                    members[one] = damage_json(rng, members[one])
                except (ValueError, RecursionError):  # it is no JSON any more, or a deep one
                    members[one] = b"[" * rng.choice((10, 99, 101, 10_000))
        elif kind <= 6 and one.endswith(".npy"):
            try:
                members[one] = damage_array(rng, members[one])
            except Exception:  # it is no array any more, of which NumPy says this or that
                members[one] = b""
        elif kind == 7:
            members[one], members[other] = members[other], members[one]
        elif kind == 8:
            members[rng.choice((other, "weights/x.npy", "../x", "weights/0/../x.npy"))] = members[
                one
            ]
        elif len(members) > 1:
            del members[one]
    return members


# ---- what must hold ------------------------------------------------------------------------------


def check(data: bytes, good: tuple[bytes, list[Any], Any], sealed: bool) -> str:
    """Loads; raises what must not be raised, AssertionError for what must not be so. Returns
    whether the file was loaded."""
    whole, weights, x = good
    try:
        model = load_model(io.BytesIO(data))
    except FileFormatError:
        assert data != whole, "a good file is refused"
        return "refused"
    loaded = model.get_weights()
    if not sealed:
        assert data == whole, "a damaged file is loaded"
        assert all(a.tobytes() == b.tobytes() for a, b in zip(loaded, weights, strict=True))
    assert all(a.shape == tuple(p.shape) for a, p in zip(loaded, model.weights, strict=True))
    for shape in (model.input_shape,) if isinstance(model.input_shape, tuple) else ():
        if shape[1:] != (5,):
            return "loaded, of another shape"
    try:
        result = model.predict(x, verbose=0)
    except (ValueError, TypeError):  # the file's model wants another input
        return "loaded, of another input"
    for one in result if isinstance(result, list) else [result]:
        assert isinstance(one, (np.ndarray, dict))
    return "loaded"


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def run(seconds: float, seed: int) -> int:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    corereg.set_random_seed(0)
    rng, tally = random.Random(seed), Tally(seconds, seed)
    files = good_files()
    unpacked = []
    for data, _, _ in files:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked.append({name: archive.read(name) for name in archive.namelist()})
    for good in files:
        assert check(good[0], good, sealed=False) == "loaded"
    number = 0
    while tally.goes_on:
        case = rng.randrange(2**48)
        one = random.Random(case)
        which = one.randrange(len(files))
        kind = one.choice(("bytes", "bytes, new digest", "members"))
        if kind == "members":
            data = archives.zipped(damage_members(one, unpacked[which]))
        else:
            data = damage_bytes(one, files[which][0])
            if kind == "bytes, new digest" and len(data) > archives.COMMENT_LENGTH:
                data = archives.seal(data)
        if number % 20 == 0:
            give_up_after(60)
        number += 1
        before, began = peak(), time.monotonic()
        try:
            found = check(data, files[which], sealed=kind != "bytes")
        except Exception as error:
            found = "failed"
            tally.fail_with(error, kind if len(tally.failures) > 10 else f"{kind} (case {case})")
        tally.count(f"{kind}: {found}")
        if time.monotonic() - began > SLOW:
            tally.fail(f"case {case}: {time.monotonic() - began:.1f} s")
        if peak() - before > MEMORY:
            tally.fail(f"case {case}: {(peak() - before) >> 20} MB more")
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
