"""Models as C: `write` makes a file, `run` compiles and runs it. See docs/exporting-c.md."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.export.c.quantized_running import run_beside as run_beside
    from corereg.export.c.running import run as run
    from corereg.export.c.table import converts as converts
    from corereg.export.c.writer import Writer as Writer
    from corereg.export.c.writing import write as write

_MODULES = {
    "Writer": "writer",
    "converts": "table",
    "run_beside": "quantized_running",
    "run": "running",
    "write": "writing",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
