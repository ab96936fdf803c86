"""What all pictures have in common: axes, colours that the colour-blind tell apart and that stand
out on white and on black, and the error where matplotlib is missing.

Text, frames and grids take their colours from matplotlib's style, so that
`plt.style.use("dark_background")` and others are followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

BLUE, VERMILION, GREEN, SKY, ORANGE, PURPLE = (
    *("#0072B2", "#D55E00", "#009E73"),
    *("#56B4E9", "#E69F00", "#CC79A7"),
)
COLORS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
"""By Okabe and Ito (2008). Where there are more lines than colours, `DASHES` go on."""
DASHES = ("-", "--", ":", "-.")
TRAIN, VALIDATION, PENALTY = BLUE, VERMILION, GREEN


def pyplot(who: str) -> Any:
    """`matplotlib.pyplot`; ImportError that names the extra."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{who}: needs matplotlib; install it with: pip install "corereg[plot]"'
        ) from error
    return plt


def axes_of(who: str, ax: Any, width: float = 6.4, height: float = 4.2) -> Any:
    """The axes to draw on: those that are given, or new ones in a figure of so many inches.
    TypeError for what are no axes."""
    if ax is None:
        return pyplot(who).subplots(figsize=(width, height), layout="constrained")[1]
    if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
        raise TypeError(f"{who}: expected ax as matplotlib axes, received {type(ax).__name__}")
    return ax


def panels_of(who: str, ax: Any, count: int, titles: Sequence[str]) -> list[Any]:
    """As many axes: those that are given, one or an array or list of them, or new ones side by
    side. ValueError if others are given than are needed for what the titles say."""
    if ax is None:
        columns = min(count, 3)
        rows = -(-count // columns)
        size = (4.8 * columns if count > 1 else 6.4, 3.6 * rows if count > 1 else 4.2)
        _, made = pyplot(who).subplots(
            rows, columns, figsize=size, layout="constrained", squeeze=False
        )
        for unused in made.flat[count:]:
            unused.remove()
        return list(made.flat[:count])
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != count:
        raise ValueError(
            f"{who}: expected {count} axes in ax, for {', '.join(titles)}, received {len(given)}"
        )
    return [axes_of(who, one) for one in given]


def tidy(ax: Any, grid: str = "both") -> None:
    """A grid behind what is drawn, in the colour of text, and no frame above and to the right."""
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    ax.grid(axis=grid, color=ink(), alpha=0.18, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)


def legend(ax: Any, **options: Any) -> None:
    """A legend without a frame, on the background, so that its text is read over lines, too."""
    ax.legend(**{"framealpha": 0.8, "edgecolor": "none", "fancybox": False, **options})


def ink() -> Any:
    """The colour of text in the style that is in use."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def on(ax: Any, color: str) -> str:
    """A colour of `COLORS` as it is drawn on these axes: blue is too dim on black, so that there it
    changes places with sky blue."""
    return {BLUE: SKY, SKY: BLUE}.get(color, color) if _is_dark(ax) else color


def line_style(ax: Any, place: int) -> dict[str, Any]:
    """Colour and dashes of the line at this place among many."""
    dashes = DASHES[place // len(COLORS) % len(DASHES)]
    return {"color": on(ax, COLORS[place % len(COLORS)]), "linestyle": dashes}


def diverging(ax: Any) -> Any:
    """Colours from blue over the axes' own background, which stands for zero, to vermilion."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = [on(ax, BLUE), ax.get_facecolor(), ORANGE if _is_dark(ax) else VERMILION]
    return LinearSegmentedColormap.from_list("corereg_diverging", ends)


def sequential(ax: Any) -> Any:
    """Colours from the axes' own background to blue."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = [ax.get_facecolor(), on(ax, BLUE)]
    return LinearSegmentedColormap.from_list("corereg_sequential", ends)


def readable_on(color: Any) -> str:
    """Black or white, whichever is read better on a colour."""
    return "white" if luminance(color) < 0.2 else "black"


def luminance(color: Any) -> float:
    """How bright a colour is, from 0 to 1: the relative luminance of sRGB."""
    from matplotlib.colors import to_rgb

    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in to_rgb(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def shades(kernel: Any) -> Any:
    """Weights as numbers from -1 to 1: by sign, in size at least a quarter unless they are zero, so
    that exact zeros stand out from small weights."""
    finite = np.where(np.isfinite(kernel), kernel, 0)
    largest = np.abs(finite).max(initial=0.0) or 1.0
    return np.sign(finite) * (0.25 + 0.75 * np.abs(finite) / largest)


def _is_dark(ax: Any) -> bool:
    return luminance(ax.get_facecolor()) < 0.2


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers alone."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))
