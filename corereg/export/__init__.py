"""Models as files of other formats: ONNX and C. See docs/exporting.md."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.export.converters import Converters as Converters
    from corereg.export.exporting import export as export
    from corereg.export.quantization import (
        QuantizationReport as QuantizationReport,
        QuantizedLayer as QuantizedLayer,
        quantization_report as quantization_report,
    )
    from corereg.export.verifying import (
        OutputDifference as OutputDifference,
        Verification as Verification,
        verify as verify,
    )

_MODULES = {
    "Converters": "converters",
    "OutputDifference": "verifying",
    "QuantizationReport": "quantization",
    "QuantizedLayer": "quantization",
    "Verification": "verifying",
    "export": "exporting",
    "quantization_report": "quantization",
    "verify": "verifying",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
