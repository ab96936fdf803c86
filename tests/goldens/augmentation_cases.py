"""What Keras's augmentation layers do with images where ranges leave no more than a coin to chance.

`lib` is `keras` in make_augmentation_goldens.py and `corereg` in ../test_augmentation.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ROWS = 24  # copies of one image: each way in which a coin may fall comes up
TURN, MOVE = (0.07, 0.07), (0.25, 0.25)
SLANT = {"x_factor": (0.3, 0.3), "y_factor": (0.15, 0.15)}
ALWAYS = {"factor": (1.0, 1.0), "scale": (1.0, 1.0)}
LIMITS, CHANNELS = {"value_range": [-4, 4]}, {"data_format": "channels_first"}
LAST, FIRST = (5, 8, 1), (2, 6, 5)

# name: class, arguments, shape of the image
LAYERS: dict[str, tuple[str, dict[str, Any], tuple[int, int, int]]] = {
    "up and right": (
        "RandomTranslation",
        {"height_factor": (-0.3, -0.3), "width_factor": MOVE},
        LAST,
    ),
    "rotation": ("RandomRotation", {"factor": TURN}, LAST),
    "rotation first": (
        "RandomRotation",
        {"factor": (-0.2, -0.2), "data_format": "channels_first"},
        FIRST,
    ),
    "zoom out": ("RandomZoom", {"height_factor": (0.4, 0.4)}, LAST),
    "zoom in": ("RandomZoom", {"height_factor": (-0.5, -0.5), "width_factor": TURN}, LAST),
    "shear": ("RandomShear", SLANT, LAST),
    "shear x": ("RandomShear", {"x_factor": (0.2, 0.2), "fill_mode": "constant"}, LAST),
    "flip": ("RandomFlip", {}, LAST),
    "flip horizontal": ("RandomFlip", {"mode": "horizontal"}, (6, 5, 2)),
    "flip first": ("RandomFlip", {"mode": "vertical", "data_format": "channels_first"}, FIRST),
    "erased": ("RandomErasing", {**ALWAYS, "fill_value": 300.0}, LAST),
    "erased channels": (
        "RandomErasing",
        {**ALWAYS, "fill_value": -1.0, "value_range": [0.0, 1.0]},
        (4, 5, 3),
    ),
    "brighter": ("RandomBrightness", {"factor": (0.3, 0.3), "value_range": [-1, 1]}, (4, 5, 3)),
    "darker": ("RandomBrightness", {"factor": (-0.002, -0.002)}, LAST),
    "contrast": ("RandomContrast", {"factor": (-0.3, 0.3), "value_range": [-2, 2]}, (4, 5, 3)),
    "contrast first": ("RandomContrast", {"factor": (-0.2, 0.2), **LIMITS, **CHANNELS}, FIRST),
    "inverted": ("RandomInvert", {"factor": (0.5, 0.5), "value_range": [-1, 3]}, (4, 5, 3)),
    "gray": ("RandomGrayscale", {"factor": 0.5}, (4, 5, 3)),
    "gray first": ("RandomGrayscale", {"factor": 1.0, **CHANNELS}, (3, 4, 5)),
    "gray already": ("RandomGrayscale", {}, LAST),
    "paler": ("RandomColorDegeneration", {"factor": (0.4, 0.4), **LIMITS}, (4, 5, 3)),
    "posterized": ("RandomPosterization", {"factor": (3, 3), **LIMITS}, (4, 5, 3)),
    "solarized": ("Solarization", LIMITS, (4, 5, 3)),
    "stretched": ("AutoContrast", {"value_range": [-1, 2]}, (4, 5, 3)),
    "centre": ("CenterCrop", {"height": 2, "width": 3}, (5, 6, 2)),
    "centre first": ("CenterCrop", {"height": 3, "width": 5, **CHANNELS}, FIRST),
}
SEEDLESS = ("AutoContrast", "CenterCrop")
for _fill in ("reflect", "wrap", "constant", "nearest"):
    for _how in ("bilinear", "nearest"):
        _options = {"fill_mode": _fill, "interpolation": _how, "fill_value": 0.5}
        _factors = {"height_factor": (-0.33, -0.33), "width_factor": (0.9, 0.9)}
        LAYERS[f"moved {_fill} {_how}"] = ("RandomTranslation", _factors | _options, LAST)
        LAYERS[f"turned {_fill} {_how}"] = ("RandomRotation", {"factor": TURN} | _options, LAST)


def images(shape: tuple[int, int, int]) -> Array:
    """ROWS copies of one image, float32."""
    one = np.random.default_rng(sum(shape)).standard_normal(shape).astype("float32")
    return np.repeat(one[None], ROWS, axis=0)


def run_layer(lib: Any, name: str) -> Array:
    """The different images that the layer makes of one, in training."""
    kind, arguments, shape = LAYERS[name]
    options = arguments if kind in SEEDLESS else {**arguments, "seed": 1}
    layer = getattr(lib.layers, kind)(**options)
    return np.unique(np.asarray(layer(images(shape), training=True)), axis=0)
