"""Whether predicted probabilities can be believed, and how to mend them.

`expected_calibration_error`, `brier_score` and `reliability_data` measure, of targets and
probabilities, in this order; `TemperatureScaling` mends.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.calibration.measures import (
        ReliabilityData as ReliabilityData,
        brier_score as brier_score,
        expected_calibration_error as expected_calibration_error,
        reliability_data as reliability_data,
    )
    from corereg.calibration.temperature_scaling import (
        TemperatureScaling as TemperatureScaling,
    )

_MODULES = {
    "ReliabilityData": "measures",
    "TemperatureScaling": "temperature_scaling",
    "brier_score": "measures",
    "expected_calibration_error": "measures",
    "reliability_data": "measures",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
