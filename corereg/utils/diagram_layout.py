"""Where the boxes of a diagram stand, and how they are drawn: as SVG, or by matplotlib.

Boxes stand in ranks, each behind all that it takes something from. Arrows over more than one rank
keep a free place in each of these. The order within a rank brings boxes near to those that they
are connected with (Sugiyama, Tagawa, Toda 1981). Lengths are points, 1/72 inch.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

SIZE, LINE, PAD = 12.0, 17.0, 9.0  # of text, of a line of it, and beside it
BETWEEN_RANKS, BETWEEN_BOXES = 36.0, 22.0
MARGIN, FRAME, NAME = 14.0, 9.0, 12.0  # around all, around a model within, and for its name
HEAD, BORDER, TRAINS, FROZEN = "#22303c", "#22303c", "#1b7837", "#a63603"
_NARROW, _WIDE = frozenset(" .,:;|!'()[]fijlrtI"), frozenset("mwMW@%")
Point = tuple[float, float]


class Placed(NamedTuple):
    """A box at its place: from (x, y) to the right and down."""

    x: float
    y: float
    width: float
    height: float


class Picture(NamedTuple):
    """Boxes, the points that each arrow passes, and frames with their names."""

    boxes: list[tuple[Any, Placed]]
    arrows: list[list[Point]]
    frames: list[tuple[str, Placed]]
    width: float
    height: float
    sideways: bool  # whether arrows lead to the right or the left


def width_of(text: str, bold: bool = False) -> float:
    """How wide a text is, about."""
    wide = sum(
        0.33 if one in _NARROW else 0.9 if one in _WIDE else 0.7 if one.isupper() else 0.57
        for one in text
    )
    return SIZE * wide * (1.08 if bold else 1.0)


def size_of(box: Any) -> tuple[float, float]:
    """(width, height) of a box."""
    lines = [*box.lines, *(["Non-trainable"] if box.trainable is not None else [])]
    widths = [width_of(box.title, bold=True), *map(width_of, lines)]
    return max(widths) + 2 * PAD, LINE + PAD + len(lines) * LINE + (6.0 if lines else 0.0)


def arranged(
    boxes: Sequence[Any], edges: Sequence[tuple[int, int]], groups: Sequence[Any], rankdir: str
) -> Picture:
    """The picture of a graph."""
    sideways = rankdir in ("LR", "RL")
    sizes = [size_of(box) for box in boxes]
    ranks = _ranks(len(boxes), edges)
    chains, rows = _rows(ranks, edges)
    along = [(w, h) if sideways else (h, w) for w, h in sizes]  # (with the arrows, across them)
    across = {n: along[n][1] if n < len(boxes) else 1.0 for row in rows for n in row}
    gap = BETWEEN_BOXES + (2 * FRAME + NAME if groups else 0.0)
    across = {n: size + gap for n, size in across.items()}
    centers = _centers(rows, chains, across)
    starts, at = [], 0.0
    for row in rows:
        starts.append(at)
        at += max(along[n][0] if n < len(boxes) else 0.0 for n in row) + BETWEEN_RANKS
    end = at - BETWEEN_RANKS if rows else 0.0
    thick = [max(along[n][0] if n < len(boxes) else 0.0 for n in row) for row in rows]

    def point(flow: float, cross: float) -> Point:
        if rankdir in ("BT", "RL"):
            flow = end - flow
        return (flow, cross) if sideways else (cross, flow)

    placed = []
    for n, (width, height) in enumerate(sizes):
        x, y = point(starts[ranks[n]] + thick[ranks[n]] / 2, centers[n])
        placed.append(Placed(x - width / 2, y - height / 2, width, height))
    arrows = []
    for chain in chains:
        inner = [
            point(flow, centers[n])
            for n, r in chain[1:-1]  # straight through a rank, so that no box is touched
            for flow in (starts[r], starts[r] + thick[r])
        ]
        (source, _), (target, _) = chain[0], chain[-1]
        arrows.append(
            [
                _side(placed[source], rankdir, True),
                *inner,
                _side(placed[target], rankdir, False),
            ]
        )
    frames = [(group.name, _around([placed[n] for n in group.members])) for group in groups]
    # a frame around another one is larger
    frames = [
        (name, _wider(one, sum(_inside(other, one) for _, other in frames if other is not one)))
        for name, one in frames
    ]
    return _moved(boxes, placed, arrows, frames, sideways)


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Of each box: behind all those before it that it takes something from."""
    found = [0] * count
    for target in range(count):
        before = [found[s] + 1 for s, t in edges if t == target and s < target]
        found[target] = max(before, default=0)
    return found


def _rows(
    ranks: list[int], edges: Sequence[tuple[int, int]]
) -> tuple[list[list[tuple[int, int]]], list[list[int]]]:
    """For each edge its chain of (box or free place, rank), and the ranks in an order in which
    neighbours of one rank are near neighbours of the next."""
    rows: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for n, rank in enumerate(ranks):
        rows[rank].append(n)
    chains, free = [], len(ranks)
    for source, target in edges:
        chain = [(source, ranks[source])]
        for rank in range(ranks[source] + 1, ranks[target]):
            rows[rank].append(free)
            chain.append((free, rank))
            free += 1
        chains.append([*chain, (target, ranks[target])])
    links = [pair for chain in chains for pair in pairwise(chain)]
    for turn in range(6):
        place = {n: i for row in rows for i, n in enumerate(row)}
        for row in rows if turn % 2 == 0 else rows[::-1]:
            keys = {}
            for n in row:
                near = (
                    [a for (a, _), (b, _) in links if b == n]
                    if turn % 2 == 0
                    else [b for (a, _), (b, _) in links if a == n]
                )
                keys[n] = sum(place[m] for m in near) / len(near) if near else place[n]
            row.sort(key=lambda n: keys[n])
            place |= {n: i for i, n in enumerate(row)}
    return chains, rows


def _centers(
    rows: list[list[int]], chains: list[list[tuple[int, int]]], across: dict[int, float]
) -> dict[int, float]:
    """Where the middle of each box and free place is across the arrows: near those that it is
    connected with, without overlaps. across: how much room each takes."""
    links = [(a, b) for chain in chains for (a, _), (b, _) in pairwise(chain)]
    near: dict[int, list[int]] = {n: [] for n in across}
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    found: dict[int, float] = {}
    for row in rows:
        _spread(row, dict.fromkeys(row, 0.0), across, found)
    for turn in range(41):
        for row in rows if turn % 2 == 0 else rows[::-1]:
            wanted = {
                n: sum(found[m] for m in near[n]) / len(near[n]) if near[n] else found[n]
                for n in row
            }
            _spread(row, wanted, across, found)
    return found


def _spread(
    row: list[int], wanted: dict[int, float], across: dict[int, float], found: dict[int, float]
) -> None:
    """Puts a rank's boxes as near to where they are wanted as their order and size allow: those
    that touch move together to their mean."""
    blocks: list[list[Any]] = []  # [members, offsets, center of the first]
    for n in row:
        blocks.append([[n], [0.0], wanted[n]])
        while len(blocks) > 1:
            (left, offsets, x), (right, more, y) = blocks[-2:]
            gap = (across[left[-1]] + across[right[0]]) / 2
            if x + offsets[-1] + gap <= y:
                break
            shift = offsets[-1] + gap
            members, places = left + right, offsets + [shift + one for one in more]
            middle = sum(wanted[m] - o for m, o in zip(members, places, strict=True))
            blocks[-2:] = [[members, places, middle / len(members)]]
    for members, offsets, x in blocks:
        found |= {m: x + o for m, o in zip(members, offsets, strict=True)}


def _side(box: Placed, rankdir: str, leaves: bool) -> Point:
    """The middle of the side where arrows leave a box, or reach it."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    low = (rankdir in ("TB", "LR")) == leaves  # the side at the bottom, or to the right
    if rankdir in ("LR", "RL"):
        return (box.x + box.width if low else box.x), y
    return x, (box.y + box.height if low else box.y)


def _around(boxes: Sequence[Placed]) -> Placed:
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Placed(
        *(x, y, max(b.x + b.width for b in boxes) - x, max(b.y + b.height for b in boxes) - y)
    )


def _inside(inner: Placed, outer: Placed) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def _wider(frame: Placed, within: int) -> Placed:
    by, above = FRAME + within * 4, NAME * (within + 1)
    return Placed(
        *(frame.x - by, frame.y - by - above),
        *(frame.width + 2 * by, frame.height + 2 * by + above),
    )


def _moved(
    boxes: Sequence[Any],
    placed: list[Placed],
    arrows: list[list[Point]],
    frames: list[tuple[str, Placed]],
    sideways: bool,
) -> Picture:
    """All of it, so that it begins at (MARGIN, MARGIN)."""
    passed = [Placed(x, y, 0, 0) for points in arrows for x, y in points]
    whole = _around([*placed, *passed, *(frame for _, frame in frames)])
    dx, dy = MARGIN - whole.x, MARGIN - whole.y
    return Picture(
        [(box, b._replace(x=b.x + dx, y=b.y + dy)) for box, b in zip(boxes, placed, strict=True)],
        [[(x + dx, y + dy) for x, y in points] for points in arrows],
        [(name, f._replace(x=f.x + dx, y=f.y + dy)) for name, f in frames],
        whole.width + 2 * MARGIN,
        whole.height + 2 * MARGIN,
        sideways,
    )


class Drawing:
    """A picture as rectangles, texts and curves, which SVG and matplotlib draw alike."""

    def __init__(self, picture: Picture) -> None:
        self.width, self.height = picture.width, picture.height
        self.rectangles: list[tuple[Placed, str, str, bool]] = []  # fill, border, dashed
        self.texts: list[tuple[float, float, str, str, bool, bool]] = []  # color, bold, centered
        self.curves: list[list[Point]] = []  # a start, then three points for each part
        self.heads: list[list[Point]] = []  # of arrows
        for name, frame in picture.frames:
            self.rectangles.append((frame, "none", "#666666", True))
            self.texts.append((frame.x + 5, frame.y + 10, name, "#444444", False, False))
        for points in picture.arrows:
            self._add_arrow(points, picture.sideways)
        for box, place in picture.boxes:
            self._add_box(box, place)

    def _add_box(self, box: Any, place: Placed) -> None:
        head = LINE + PAD
        self.rectangles.append((place, "#ffffff", BORDER, False))
        self.rectangles.append((place._replace(height=head), HEAD, BORDER, False))
        middle = place.x + place.width / 2
        self.texts.append((middle, place.y + head / 2, box.title, "#ffffff", True, True))
        lines = [(line, "#000000") for line in box.lines]
        if box.trainable is not None:
            told = ("Trainable", TRAINS) if box.trainable else ("Non-trainable", FROZEN)
            lines.append(told)
        for i, (line, color) in enumerate(lines):
            y = place.y + head + 3 + (i + 0.5) * LINE
            self.texts.append((middle, y, line, color, False, True))

    def _add_arrow(self, points: list[Point], sideways: bool) -> None:
        """A curve through the points that leaves and reaches boxes at right angles."""
        (x0, y0), (x1, y1) = points[-2:]
        forward = (x1 > x0) - (x1 < x0) if sideways else (y1 > y0) - (y1 < y0)
        length, half = 7.0 * forward, 3.5
        tip = points[-1]
        base = (tip[0] - length, tip[1]) if sideways else (tip[0], tip[1] - length)
        wing = (0.0, half) if sideways else (half, 0.0)
        self.heads.append(
            [tip, (base[0] + wing[0], base[1] + wing[1]), (base[0] - wing[0], base[1] - wing[1])]
        )
        path = [points[0]]
        for (ax, ay), (bx, by) in zip(points[:-1], [*points[1:-1], base], strict=True):
            if sideways:
                path += [((ax + bx) / 2, ay), ((ax + bx) / 2, by), (bx, by)]
            else:
                path += [(ax, (ay + by) / 2), (bx, (ay + by) / 2), (bx, by)]
        self.curves.append(path)

    def to_svg(self) -> str:
        """As SVG, which needs nothing to be drawn."""
        size = f'width="{self.width:.0f}" height="{self.height:.0f}"'
        found = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {self.width:.1f} {self.height:.1f}" '
            f'font-family="Helvetica,Arial,sans-serif" font-size="{SIZE:.0f}">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
        ]
        for place, fill, border, dashed in self.rectangles:
            dash = ' stroke-dasharray="4 3"' if dashed else ""
            found.append(
                f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" '
                f'height="{place.height:.1f}" fill="{fill}" stroke="{border}"{dash}/>'
            )
        for path in self.curves:
            first, rest = path[0], path[1:]
            parts = " ".join(f"{x:.1f},{y:.1f}" for x, y in rest)
            found.append(
                f'<path d="M{first[0]:.1f},{first[1]:.1f} C{parts}" fill="none" stroke="#444444"/>'
            )
        for head in self.heads:
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
            found.append(f'<polygon points="{corners}" fill="#444444"/>')
        for x, y, text, color, bold, centered in self.texts:
            anchor = ' text-anchor="middle"' if centered else ""
            weight = ' font-weight="bold"' if bold else ""
            found.append(
                f'<text x="{x:.1f}" y="{y + SIZE * 0.35:.1f}" fill="{color}"{anchor}{weight}>'
                f"{html.escape(text)}</text>"
            )
        return "\n".join([*found, "</svg>", ""])

    def rendered(self, format: str, dpi: int) -> bytes:
        """As a file of a format of matplotlib's; ImportError without it, ValueError for others."""
        try:
            from matplotlib.figure import Figure
            from matplotlib.patches import PathPatch, Polygon, Rectangle
            from matplotlib.path import Path
        except ImportError as error:
            raise ImportError(
                f"plot_model: .{format} needs matplotlib; install it with: pip install "
                '"corereg[plot]", or write an .svg or .dot file, which need nothing'
            ) from error
        figure = Figure(figsize=(self.width / 72, self.height / 72))
        if format not in (known := figure.canvas.get_supported_filetypes()):
            raise ValueError(
                f"plot_model: expected a file ending in .svg, .dot or a format of matplotlib "
                f"({', '.join(sorted(known))}), received .{format}"
            )
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        for place, fill, border, dashed in self.rectangles:
            patch = Rectangle(place[:2], place.width, place.height, linewidth=0.8)
            patch.set(facecolor=fill, edgecolor=border, linestyle="--" if dashed else "-")
            axes.add_patch(patch)
        for path in self.curves:
            codes = [Path.MOVETO, *[Path.CURVE4] * (len(path) - 1)]
            curve = PathPatch(Path(path, codes), linewidth=0.8)
            curve.set(facecolor="none", edgecolor="#444444")
            axes.add_patch(curve)
        for head in self.heads:
            axes.add_patch(Polygon(head, facecolor="#444444"))
        for x, y, text, color, bold, centered in self.texts:
            axes.text(
                *(x, y, text),
                color=color,
                fontsize=SIZE * 0.9,
                fontweight="bold" if bold else "normal",
                ha="center" if centered else "left",
                va="center",
            )
        content = BytesIO()
        figure.savefig(content, format=format, dpi=dpi)
        return content.getvalue()
