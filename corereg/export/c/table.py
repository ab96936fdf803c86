"""The converters of C: functions of a `Writer` and a call, which write the call's statements."""

from __future__ import annotations

from corereg.export.converters import Converters

HOMES = ("activations", "keras", "operator", "ops", "tensor")

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


def keys(*names: str) -> list[str]:
    """The keys of functions in all rooms that may have one of such a name."""
    return [f"{home}.{name}" for name in names for home in HOMES]
