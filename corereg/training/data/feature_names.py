"""The names of the columns that a model was trained on, which later tables have to have, too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

InputColumns = tuple[tuple[str, ...] | None, ...]
"""The names of the columns of each input, None for those without."""
MOST = 1 << 20  # of inputs and of columns, in a file


def check_columns(
    who: str, inputs: Sequence[str] | None, expected: InputColumns, received: InputColumns
) -> None:
    """Raises ValueError where an input has other columns than those that the model knows, or has
    them in another order. Inputs without names are as good as any."""
    for i, (known, given) in enumerate(zip(expected, received, strict=False)):
        if known is None or given is None or known == given:
            continue
        of = f" of the input {inputs[i]!r}" if inputs and len(expected) > 1 else ""
        missing = [name for name in known if name not in given]
        unknown = [name for name in given if name not in known]
        text = f"{who}: expected the columns{of} that the model was trained on"
        if missing or unknown:
            parts = [f"lacks {_shown(missing)}"] * bool(missing)
            parts += [f"has {_shown(unknown)} besides"] * bool(unknown)
            raise ValueError(f"{text}, {_shown(known)}; the table {' and '.join(parts)}")
        raise ValueError(
            f"{text}, in their order, {_shown(known)}, received {_shown(given)}; "
            "use x[model.feature_names]"
        )


def common_columns(known: Sequence[InputColumns | None]) -> InputColumns | None:
    """The columns that several models know, who are given the same inputs: of each input those of
    the models that know some. ValueError where two know others."""
    several = [one for one in known if one is not None]
    found: list[tuple[str, ...] | None] = []
    for of_input in zip_longest(*several):
        names = dict.fromkeys(one for one in of_input if one is not None)
        if len(names) > 1:
            one, other = list(names)[:2]
            raise ValueError(
                "expected models that were trained on the same columns in the same order, received "
                f"{_shown(one)} and {_shown(other)}"
            )
        found.append(next(iter(names), None))
    return tuple(found) or None


def _shown(names: Sequence[str]) -> str:
    """Names in an error: all of few, the first of many."""
    return (
        str(list(names)) if len(names) <= 20 else f"{list(names[:20])} and {len(names) - 20} more"
    )


def as_public(inputs: Sequence[str] | None, columns: InputColumns | None) -> Any:
    """What `Model.feature_names` gives: a list, for several inputs a dict of lists by their names
    or numbers, or None."""
    if columns is None:
        return None
    if len(columns) == 1:
        return None if columns[0] is None else list(columns[0])
    keys = inputs or range(len(columns))
    return {key: list(one) for key, one in zip(keys, columns, strict=False) if one is not None}


def from_public(who: str, inputs: Sequence[str] | None, value: Any) -> InputColumns | None:
    """The other way round. TypeError for what is neither None, a list of texts nor a dict of
    them."""
    if value is None:
        return None
    if isinstance(value, dict):
        keys = list(inputs or range(len(value)))
        if not set(value) <= set(keys):
            raise ValueError(f"{who}: expected the inputs {keys} as keys, received {list(value)}")
        return tuple(_checked(who, value[key]) if key in value else None for key in keys)
    return (_checked(who, value),)


def _checked(who: str, names: Any) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        names = list(names) if hasattr(names, "__iter__") and not isinstance(names, str) else None
    if not names or len(names) > MOST or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{who}: expected names of columns as a list of texts, or None")
    return tuple(names)
