"""Fingerprints of 64 bits by which Keras puts tokens into bins: FarmHash's Fingerprint64 (Pike and
Alakuijala, the stable hash of 2014), SipHash-2-4 (Aumasson and Bernstein 2012) with a key, and how
several fingerprints become one.

All of them take many tokens at a time. A whole number counts as its decimal digits; it is hashed by
ufuncs only, so that a recorded step can repeat it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Key = tuple[int, int]

U64 = np.uint64
K0 = U64(0xC3A5C85C97CB3127)
K1 = U64(0xB492B66FBE98F273)
K2 = U64(0x9AE16A3B2F90404F)
CROSS = U64(0xC6A4A7935BD1E995)
CROSS_BEGIN = 0xDECAFCAFFE  # where the fingerprints of a cross begin


# ---- what all of them are made of ----------------------------------------------------------------


def _rotated(x: Any, right: int) -> Any:
    return (x >> U64(right)) | (x << U64(64 - right))


def _mixed(x: Any) -> Any:
    return x ^ (x >> U64(47))


def _of_two(u: Any, v: Any, multiplier: Any) -> Any:
    """FarmHash's HashLen16."""
    a = _mixed((u ^ v) * multiplier)
    return _mixed((v ^ a) * multiplier) * multiplier


def combined(one: Any, other: Any) -> Any:
    """A fingerprint of two fingerprints, uint64: FingerprintCat64 of TensorFlow's crosses."""
    found = (one ^ CROSS) ^ (_mixed(other * CROSS) * CROSS)
    return _mixed(_mixed(found * CROSS) * CROSS)


# ---- FarmHash ------------------------------------------------------------------------------------


def _up_to_3(length: Any, first: Any, middle: Any, last: Any) -> Any:
    y, z = first + (middle << U64(8)), length + (last << U64(2))
    return _mixed((y * K2) ^ (z * K0)) * K2


def _up_to_7(length: Any, first4: Any, last4: Any) -> Any:
    return _of_two(length + (first4 << U64(3)), last4, length * U64(2) + K2)


def _up_to_16(length: Any, first8: Any, last8: Any) -> Any:
    multiplier = length * U64(2) + K2
    a = first8 + K2
    c = _rotated(last8, 37) * multiplier + a
    return _of_two(c, (_rotated(a, 25) + last8) * multiplier, multiplier)


def _up_to_32(length: Any, first8: Any, next8: Any, last8: Any, before8: Any) -> Any:
    multiplier = length * U64(2) + K2
    a, c = first8 * K1, last8 * multiplier
    u = _rotated(a + next8, 43) + _rotated(c, 30) + before8 * K2
    return _of_two(u, a + _rotated(next8 + K2, 18) + c, multiplier)


def _up_to_64(length: Any, word: Callable[[Any], Any]) -> Any:
    multiplier = length * U64(2) + K2
    back = length.astype(np.int64)
    a, b = word(0) * K2, word(8)
    c, d = word(back - 8) * multiplier, word(back - 16) * K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _of_two(y, a + _rotated(b + K2, 18) + c, multiplier)
    e, f = word(16) * multiplier, word(24)
    g, h = (y + word(back - 32)) * multiplier, (z + word(back - 24)) * multiplier
    u = _rotated(e + f, 43) + _rotated(g, 30) + h
    return _of_two(u, e + _rotated(f + a, 18) + g, multiplier)


def _of_32_bytes(word: Callable[[Any], Any], at: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """FarmHash's WeakHashLen32WithSeeds of the 32 bytes at a place."""
    w, x, y, z = (word(at + 8 * i) for i in range(4))
    a = a + w
    b = _rotated(b + a + z, 21)
    c = a
    a = a + x + y
    b = b + _rotated(a, 44)
    return a + z, b + c


def _above_64(length: Array, word: Callable[[Any], Any]) -> Array:
    """Blocks of 64 bytes, of all tokens that have one more, and the last 64 bytes once more."""
    count = length.astype(np.int64)
    blocks = (count - 1) // 64
    seed = U64(81)
    with np.errstate(over="ignore"):
        start = seed * K1 + U64(113)
        z0 = _mixed(start * K2 + U64(113)) * K2
        x = seed * K2 + word(0)
    y, z = np.full(len(x), start), np.full(len(x), z0)
    v1, v2, w1, w2 = (np.zeros(len(x), np.uint64) for _ in range(4))

    def turn(at: Any, factor: Any, last: bool) -> None:
        """One block, of the tokens that `keep` says; the last one counts more."""
        nonlocal x, y, z, v1, v2, w1, w2
        nine = U64(9 if last else 1)
        new_x = _rotated(x + y + v1 + word(at + 8), 37) * factor
        new_y = _rotated(y + v2 + word(at + 48), 42) * factor
        new_x ^= w2 * nine
        new_y = new_y + v1 * nine + word(at + 40)
        new_z = _rotated(z + w1, 33) * factor
        new_v = _of_32_bytes(word, at, v2 * factor, new_x + w1)
        new_w = _of_32_bytes(word, at + 32, new_z + w2, new_y + word(at + 16))
        new = (new_z, new_y, new_x, *new_v, *new_w)
        old = (x, y, z, v1, v2, w1, w2)
        x, y, z, v1, v2, w1, w2 = (
            np.where(keep, one, other) for one, other in zip(new, old, strict=True)
        )

    for i in range(int(blocks.max())):
        keep = i < blocks
        turn(np.where(keep, 64 * i, 0), K1, last=False)
    factor = K1 + ((z & U64(255)) << U64(1))
    rest = (length - U64(1)) & U64(63)
    w1 = w1 + rest
    v1 = v1 + w1
    w1 = w1 + v1
    keep = np.ones(len(x), bool)
    turn(count - 64, factor, last=True)
    return _of_two(  # type: ignore[no-any-return]
        _of_two(v1, w1, factor) + _mixed(y) * K0 + z, _of_two(v2, w2, factor) + x, factor
    )


def _words(joined: Array, starts: Array) -> Callable[[Any], Array]:
    """A function that reads 8 bytes of each token, at a place in it: little-endian, uint64."""
    every = np.ndarray((len(joined) - 7,), "<u8", joined, strides=(1,))
    return lambda at: every[starts + at].astype(np.uint64)


def _laid_out(tokens: Sequence[bytes]) -> tuple[Array, Array, Array]:
    """The bytes of all tokens one after the other, where each begins, and how long each is."""
    lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
    starts = np.cumsum(lengths) - lengths
    return np.frombuffer(b"".join(tokens) + bytes(64), np.uint8), starts, lengths


def fingerprints(tokens: Sequence[bytes]) -> Array:
    """FarmHash's Fingerprint64 of each token, uint64."""
    joined, starts, lengths = _laid_out(tokens)
    found = np.full(len(tokens), K2)
    edges = (0, 3, 7, 16, 32, 64, max(lengths.max(initial=0), 65))
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        which = np.flatnonzero((lengths > low) & (lengths <= high))
        if not len(which):
            continue
        count = lengths[which]
        length, word = count.astype(np.uint64), _words(joined, starts[which])
        if i == 0:
            found[which] = _up_to_3(
                length, *(word(at) & U64(255) for at in (0, count >> 1, count - 1))
            )
        elif i == 1:
            low4 = [word(at) & U64(0xFFFFFFFF) for at in (0, count - 4)]
            found[which] = _up_to_7(length, *low4)
        elif i == 2:
            found[which] = _up_to_16(length, word(0), word(count - 8))
        elif i == 3:
            words = (word(at) for at in (0, 8, count - 8, count - 16))
            found[which] = _up_to_32(length, *words)
        else:
            found[which] = (_up_to_64 if i == 4 else _above_64)(length, word)
    return found


# ---- SipHash -------------------------------------------------------------------------------------


def _sip_round(v: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
    a, b, c, d = v
    a = a + b
    b = _rotated(b, 64 - 13) ^ a
    a = _rotated(a, 32)
    c = c + d
    d = _rotated(d, 64 - 16) ^ c
    a = a + d
    d = _rotated(d, 64 - 21) ^ a
    c = c + b
    b = _rotated(b, 64 - 17) ^ c
    return a, b, _rotated(c, 32), d


def _sip_begin(key: Key) -> tuple[Any, Any, Any, Any]:
    first, second = (U64(one & 0xFFFFFFFFFFFFFFFF) for one in key)
    return (
        first ^ U64(0x736F6D6570736575),
        second ^ U64(0x646F72616E646F6D),
        first ^ U64(0x6C7967656E657261),
        second ^ U64(0x7465646279746573),
    )


def _sip_word(v: tuple[Any, Any, Any, Any], word: Any) -> tuple[Any, Any, Any, Any]:
    a, b, c, d = _sip_round(_sip_round((v[0], v[1], v[2], v[3] ^ word)))
    return a ^ word, b, c, d


def _sip_end(v: tuple[Any, Any, Any, Any]) -> Any:
    v = (v[0], v[1], v[2] ^ U64(0xFF), v[3])
    for _ in range(4):
        v = _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def keyed_fingerprints(tokens: Sequence[bytes], key: Key) -> Array:
    """SipHash-2-4 of each token under a key of two numbers of 64 bits, uint64."""
    joined, starts, lengths = _laid_out(tokens)
    word, whole = _words(joined, starts), lengths // 8
    v = tuple(np.full(len(tokens), one) for one in _sip_begin(key))
    for i in range(int(whole.max(initial=0))):
        more = i < whole
        new = _sip_word(v, word(np.where(more, 8 * i, 0)))  # type: ignore[arg-type]
        v = tuple(np.where(more, one, other) for one, other in zip(new, v, strict=True))
    rest = (lengths % 8).astype(np.uint64)
    last = word(8 * whole) & ((U64(1) << (U64(8) * rest)) - U64(1))
    last |= (lengths.astype(np.uint64) & U64(255)) << U64(56)
    return _sip_end(_sip_word(v, last))  # type: ignore[arg-type, no-any-return]


# ---- whole numbers -------------------------------------------------------------------------------


def _digits_of(x: Any) -> Any:
    """Numbers below 10**8 as their eight decimal digits, a byte each, the first one lowest. Each
    step halves all parts at once: a division by 100 or 10 is a product and a shift."""
    high = x // U64(10_000)
    x = high | ((x - high * U64(10_000)) << U64(32))
    high = ((x * U64(10_486)) >> U64(20)) & U64(0x0000007F0000007F)
    x = high | ((x - high * U64(100)) << U64(16))
    high = ((x * U64(103)) >> U64(10)) & U64(0x000F000F000F000F)
    return high | ((x - high * U64(10)) << U64(8))


def _zero_bytes(word: Any) -> Any:
    """How many of a word's lowest bytes are 0, 8 of the word 0; a byte is at most 15 or has none
    above it."""
    below = (word & (U64(0) - word)) - U64(1)
    return np.bitwise_count(below).astype(np.uint64) >> U64(3)


def _decimal(x: Any) -> tuple[Any, list[Any]]:
    """How many characters the decimal form of each number has, and these, at the end of 24 bytes,
    as 3 words; what stands before them says nothing."""
    negative = (x < 0).astype(np.uint64)
    rest = x.astype(np.uint64)
    rest = (rest ^ (U64(0) - negative)) + negative
    above = rest // U64(10**8)
    top = above // U64(10**8)
    words = [_digits_of(one) for one in (top, above - top * U64(10**8), rest - above * U64(10**8))]
    zeros = [_zero_bytes(one) for one in (*words[:2], words[2] | U64(1 << 56))]
    first = zeros[0] + (zeros[0] >> U64(3)) * (zeros[1] + (zeros[1] >> U64(3)) * zeros[2])
    begin = first - negative
    place = begin & U64(7)
    sign = (negative * U64(ord("0") ^ ord("-"))) << (place << U64(3))
    found = [
        (one | U64(0x3030303030303030)) ^ (sign * ((begin >> U64(3)) == U64(i)))
        for i, one in enumerate(words)
    ]
    return U64(24) - begin, found


def _from(words: list[Any], begin: Any) -> tuple[Any, Any, Any]:
    """24 bytes from a place below 24 on, as 3 words; zeros follow."""
    which, right = begin >> U64(3), (begin & U64(7)) << U64(3)
    left = U64(63) - right  # and by one more, for a shift by 64 has no meaning
    at_0, at_1 = which == U64(0), which == U64(1)
    one = np.where(at_0, words[0], np.where(at_1, words[1], words[2]))
    two = np.where(at_0, words[1], np.where(at_1, words[2], U64(0)))
    three = np.where(at_0, words[2], U64(0))
    first = (one >> right) | ((two << left) << U64(1))
    return first, (two >> right) | ((three << left) << U64(1)), three >> right


def number_fingerprints(x: Any) -> Any:
    """FarmHash's Fingerprint64 of the decimal form of each int64, uint64."""
    length, words = _decimal(x)
    first8, next8, _ = _from(words, U64(24) - length)
    last8 = words[2]
    byte, low4 = U64(255), U64(0xFFFFFFFF)
    middle = (first8 >> ((length >> U64(1)) * U64(8))) & byte
    tiny = _up_to_3(length, first8 & byte, middle, last8 >> U64(56))
    short = _up_to_7(length, first8 & low4, last8 >> U64(32))
    medium = _up_to_16(length, first8, last8)
    long = _up_to_32(length, first8, next8, last8, words[1])
    found = np.where(length <= U64(3), tiny, short)
    found = np.where(length >= U64(8), medium, found)
    return np.where(length > U64(16), long, found)


def keyed_number_fingerprints(x: Any, key: Key) -> Any:
    """SipHash-2-4 of the decimal form of each int64 under a key, uint64."""
    length, words = _decimal(x)
    v: Any = _sip_begin(key)
    last, *others = _from(words, U64(24) - length)
    for i, following in enumerate(others):
        whole = length >= U64(8 * (i + 1))
        new = _sip_word(v, last)
        v = tuple(np.where(whole, one, other) for one, other in zip(new, v, strict=True))
        last = np.where(whole, following, last)
    return _sip_end(_sip_word(v, last | (length << U64(56))))
