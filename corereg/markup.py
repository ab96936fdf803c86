"""HTML for notebooks: tables and small curves, without scripts, in light and dark themes.

Text has the colour of its surroundings and frames a half transparent grey, so that they fit every
theme. Curves are told apart on white and on black by two sets of colours: JupyterLab, VS Code and
Colab say which theme they have; elsewhere the browser says it (`prefers-color-scheme`).
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

Row = Sequence[str]
Points = tuple[Sequence[float], Sequence[float]]

_LIGHT = "--corereg-1:#0072b2;--corereg-2:#d55e00;--corereg-3:#008060"
_DARK = "--corereg-1:#56b4e9;--corereg-2:#e69f00;--corereg-3:#2fc79a"
_STYLE = f"""<style>
.corereg{{{_LIGHT};font-size:.9em;line-height:1.35;overflow-x:auto;max-width:100%}}
@media (prefers-color-scheme:dark){{.corereg{{{_DARK}}}}}
[data-jp-theme-light="true"] .corereg,.vscode-light .corereg,html[theme=light] .corereg{{{_LIGHT}}}
[data-jp-theme-light="false"] .corereg,.vscode-dark .corereg,html[theme=dark] .corereg{{{_DARK}}}
.corereg p{{margin:.2em 0}}
.corereg pre{{margin:.2em 0;padding:0;background:none;color:inherit;
font-family:var(--jp-code-font-family,monospace)}}
.corereg table{{border-collapse:collapse;margin:.4em 0;color:inherit;border:none}}
.corereg th,.corereg td{{padding:.15em .7em;border:none;vertical-align:top;white-space:nowrap}}
.corereg td.wide{{white-space:normal;min-width:9em;max-width:26em}}
.corereg thead th{{border-bottom:1px solid var(--jp-border-color1,rgba(128,128,128,.6))}}
.corereg tfoot th{{border-top:1px solid var(--jp-border-color1,rgba(128,128,128,.6))}}
.corereg tbody tr{{background:none}}
.corereg tbody tr:nth-child(even){{background:rgba(128,128,128,.09)}}
.corereg tr.mark td{{font-weight:bold}}
.corereg .curves{{display:flex;flex-wrap:wrap;gap:.4em 1.2em}}
.corereg svg text{{fill:currentColor;font:11px sans-serif}}
.corereg svg .frame{{stroke:rgba(128,128,128,.6);fill:none}}
.corereg svg .c1{{stroke:var(--corereg-1,#0072b2);fill:none;stroke-width:1.6}}
.corereg svg .c2{{stroke:var(--corereg-2,#d55e00);fill:none;stroke-width:1.6}}
.corereg svg .c3{{stroke:var(--corereg-3,#008060);fill:none;stroke-width:1.6;stroke-dasharray:2 3}}
.corereg svg .at{{stroke:currentColor;opacity:.55;stroke-dasharray:4 3}}
</style>"""

_WIDTH, _HEIGHT = 300, 168
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 34, 20  # around the curves
_MOST_POINTS = 300  # of a curve; more would not be seen


class Curve(NamedTuple):
    """A line of a picture. kind: 1 to 3, which says its colour; points: x and y."""

    label: str
    kind: int
    points: Points


def card(title: str, *parts: str) -> str:
    """A heading and what comes below it, which is HTML already."""
    return f'<div class="corereg">{_STYLE}<p><b>{text(title)}</b></p>{"".join(parts)}</div>'


def text(value: object) -> str:
    """Text with what HTML would take for its own escaped."""
    return html.escape(str(value))


def paragraph(value: object) -> str:
    """A line of text."""
    return f"<p>{text(value)}</p>"


def preformatted(value: object) -> str:
    """Text in columns, as it is."""
    return f"<pre>{text(value)}</pre>"


def table(
    head: Row,
    rows: Sequence[Row],
    right: Collection[int] = (),
    foot: Row = (),
    marked: Collection[int] = (),
    wide: Collection[int] = (),
) -> str:
    """A table. right: the columns that stand to the right; foot: its last line; marked: the rows
    that are written bold; wide: the columns that may take several lines."""

    def line(cells: Row, tag: str, mark: bool = False) -> str:
        parts = []
        for i, cell in enumerate(cells):
            kind = ' class="wide"' if i in wide and tag == "td" else ""
            side = "right" if i in right else "left"
            parts.append(f'<{tag}{kind} style="text-align:{side}">{text(cell)}</{tag}>')
        opened = '<tr class="mark">' if mark else "<tr>"
        return f"{opened}{''.join(parts)}</tr>"

    body = "".join(line(cells, "td", i in marked) for i, cells in enumerate(rows))
    end = f"<tfoot>{line(foot, 'th')}</tfoot>" if foot else ""
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody>{end}</table>"


def curves(title: str, lines: Sequence[Curve], at: float | None = None) -> str:
    """A small picture of curves, as inline SVG. at: where a vertical line stands, or None. Points
    that are not finite are left out."""
    found = [(x, y) for one in lines for x, y in _finite(one.points)]
    if not found:
        return ""
    low, high = min(y for _, y in found), max(y for _, y in found)
    first, last = min(x for x, _ in found), max(x for x, _ in found)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    bottom = _TOP + height

    def place(x: float, y: float) -> str:
        right = 0.5 if last == first else (x - first) / (last - first)
        up = 0.5 if high == low else (y - low) / (high - low)
        return f"{_LEFT + width * right:.1f},{bottom - height * up:.1f}"

    parts = [
        f'<svg role="img" aria-label="{text(title)}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        f'<path class="frame" d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>',
        f'<text x="{_LEFT}" y="12">{text(title)}</text>',
        f'<text x="{_LEFT - 5}" y="{_TOP + 8}" text-anchor="end">{high:.3g}</text>',
        f'<text x="{_LEFT - 5}" y="{bottom}" text-anchor="end">{low:.3g}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{first:g}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">{last:g}</text>',
    ]
    begin = _LEFT
    for one in lines:
        parts.append(f'<path class="c{one.kind}" d="M{begin} 24h16"/>')
        parts.append(f'<text x="{begin + 20}" y="28">{text(one.label)}</text>')
        begin += 30 + 6 * len(one.label)
    if at is not None and first <= at <= last:
        x = place(at, low).split(",")[0]
        parts.append(f'<path class="at" d="M{x} {_TOP}V{bottom}"/>')
    parts += [_path(one, place) for one in lines]
    return "".join([*parts, "</svg>"])


def _path(curve: Curve, place: object) -> str:
    """The path of a curve, with gaps where its points are not finite."""
    assert callable(place)
    x, y = curve.points
    step = max(1, math.ceil(len(y) / _MOST_POINTS))
    chosen = [*range(0, len(y), step), *([len(y) - 1] if (len(y) - 1) % step else [])]
    words: list[str] = []
    for before, i in pairwise([-1, *chosen]):
        if math.isfinite(y[i]):
            goes_on = before >= 0 and math.isfinite(y[before])
            words.append(f"{'L' if goes_on else 'M'}{place(x[i], y[i])}")
    if len(words) == 1:
        words.append("h1")  # a single point would not be seen
    return f'<path class="c{curve.kind}" d="{"".join(words)}"/>'


def _finite(points: Points) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(*points, strict=True) if math.isfinite(y)]
