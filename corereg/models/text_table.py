"""A table as plain text: columns that fit their content, or a width that is given."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

Row = Sequence[str]
_GAP = "  "
_NARROWEST = 8


def table(
    head: Row, rows: Sequence[Row], right: Sequence[int], width: int, exactly: bool = False
) -> list[str]:
    """The lines of a table at most so wide, with `exactly` just so wide: columns that are too wide
    are narrowed, the widest first, down to 8 characters, and long cells take several lines.

    right: the columns that stand to the right. A cell's leading blanks are kept in all its lines.
    """
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    room = width - len(_GAP) * (len(head) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    place = 0
    while exactly and sum(widths) < room:
        if place % len(widths) not in right:
            widths[place % len(widths)] += 1
        place += 1
    return lines_of(head, rows, right, widths)


def lines_of(
    head: Row, rows: Sequence[Row], right: Sequence[int], widths: Sequence[int]
) -> list[str]:
    """The lines of a table whose columns have these widths."""

    def lines(row: Row) -> list[str]:
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        found = []
        for i in range(max(map(len, cells))):
            parts = [cell[i] if i < len(cell) else "" for cell in cells]
            aligned = [
                part.rjust(width) if column in right else part.ljust(width)
                for column, (part, width) in enumerate(zip(parts, widths, strict=True))
            ]
            found.append(_GAP.join(aligned).rstrip())
        return found

    rule = "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    body = [line for row in rows for line in lines(row)]
    return [rule, *lines(head), rule, *body, rule]


def _wrapped(text: str, width: int) -> list[str]:
    blanks = text[: min(len(text) - len(text.lstrip()), width // 2)]
    return textwrap.wrap(
        text.lstrip(),
        max(width, 1),
        initial_indent=blanks,
        subsequent_indent=blanks,
        break_on_hyphens=False,
    ) or [""]
