"""Numbers, names and comments as C99 has them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

WIDTH = 100
"""Of the lines of tables."""

_SUFFIXES = {"float": "f", "double": ""}

KEYWORDS = re.compile(
    "(auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|"
    "inline|int|long|register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|"
    "union|unsigned|void|volatile|while|workspace)$"
)

_OF_C = re.compile(
    r"_|u?int(8|16|32|64|ptr)?_t$|(FLT|DBL|INT|UINT)|NAN$|INFINITY$|size_t$|"
    r"(a?(cos|sin|tan)h?|atan2|ceil|copysign|erfc?|exp2?|expm1|fabs|floor|fma|fmax|fmin|fmod|hypot|"
    r"ldexp|log|log10|log1p|log2|pow|rint|sqrt|cbrt|trunc|round|gamma|j[01n]|y[01n]|index)f?l?$"
)
"""Names of C's own, as far as they are near."""


def real(value: Any, kind: str) -> str:
    """A number as a constant of kind "float" or "double", of exactly its value after rounding to
    that kind."""
    return _real(float(np.float32(value) if kind == "float" else value), _SUFFIXES[kind])


def _real(value: float, suffix: str) -> str:
    """A number that is not rounded any more."""
    if not math.isfinite(value):
        return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    if abs(value) < 1e6 and value == int(value):
        return f"{value:.1f}{suffix}"
    mantissa, _, exponent = value.hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}{suffix}"


def whole(value: Any, kind: str) -> str:
    """A whole number as a constant of an integer type."""
    number = int(value)
    if kind == "int64_t":
        return f"INT64_C({number})" if number > -(2**63) else "INT64_MIN"
    if kind == "int32_t" and number == -(2**31):
        return "INT32_MIN"
    return f"{number}u" if kind.startswith("u") else str(number)


def number(value: Any, kind: str) -> str:
    """A constant of any kind of numbers."""
    return real(value, kind) if kind in _SUFFIXES else whole(value, kind)


def table(values: Array, kind: str) -> str:
    """The elements of an initializer, in lines."""
    if kind in _SUFFIXES:
        rounded = values.ravel().astype(np.float32 if kind == "float" else np.float64).tolist()
        texts = [_real(one, _SUFFIXES[kind]) for one in rounded]
    else:
        texts = [whole(one, kind) for one in values.ravel().tolist()]
    in_line = max((WIDTH - 4) // (max(map(len, texts)) + 2), 1)
    lines = (", ".join(texts[i : i + in_line]) for i in range(0, len(texts), in_line))
    return "    " + ",\n    ".join(lines)


def narrowest(values: Array) -> str:
    """The smallest unsigned type for places."""
    largest = int(values.max(initial=0))
    return "uint8_t" if largest < 256 else "uint16_t" if largest < 65536 else "uint32_t"


def identifier(name: str) -> str:
    """A name as C can have it; not empty, and no keyword."""
    found = re.sub(r"[^0-9A-Za-z_]+", "_", name).strip("_") or "x"
    found = f"n{found}" if found[0].isdigit() else found
    return f"{found}_" if KEYWORDS.match(found) or _OF_C.match(found) else found


def comment(text: str) -> str:
    """Text that is safe in a comment, whatever is in it: printable ASCII, without an end of it."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").replace("\\", "/")


def joined(items: Iterable[Any]) -> str:
    """A shape, as comments show it."""
    return "(" + ", ".join(str(one) for one in items) + ")"
