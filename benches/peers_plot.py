"""Draws the figures of peers.py: bars on a logarithmic scale, short is good."""

from __future__ import annotations

from pathlib import Path

from peers_sides import SIDES

OWN, OTHERS = "#c0392b", "#8fa3b5"


def draw(file: Path, tables: dict[str, dict[str, dict[str, float]]]) -> None:
    """A row of panels for each table, a panel for each workload, a bar for each side."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullLocator

    workloads = list(next(iter(tables.values())))
    figure, axes = pyplot.subplots(
        len(tables),
        len(workloads),
        figsize=(3.2 * len(workloads) + 1.5, 2.4 * len(tables)),
        squeeze=False,
        layout="constrained",
    )
    for row, (title, figures) in zip(axes, tables.items(), strict=True):
        names = [side for side in SIDES if any(side in found for found in figures.values())]
        for axis, workload in zip(row, workloads, strict=True):
            found = figures[workload]
            values = [found.get(side, float("nan")) for side in names]
            colors = [OWN if side == "corereg" else OTHERS for side in names]
            bars = axis.barh(range(len(names)), values, color=colors)
            texts = ["" if v != v else f"{float(f'{v:.3g}'):,g}" for v in values]
            axis.bar_label(bars, texts, padding=2, size=7)
            axis.set_xscale("log")
            axis.margins(x=0.3)
            axis.invert_yaxis()
            axis.set_yticks(range(len(names)), names if axis is row[0] else [])
            axis.set_xticks([])  # the bars say it
            axis.xaxis.set_minor_locator(NullLocator())
            axis.tick_params(labelsize=7)
            axis.set_title(f"{workload}: {title}", size=8)
            axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("bars on a logarithmic scale", size=7)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)
