"""The converters of C: functions of a `Writer` and a call, which write the call's statements."""

from __future__ import annotations

from corereg.export.converters import Converters

converts = Converters(
    "C",
    tuple(
        f"corereg.export.c.{name}"
        for name in (
            "elementwise",
            "lookups",
            "merging",
            "moves",
            "norms",
            "products",
            "reductions",
        )
    ),
)
