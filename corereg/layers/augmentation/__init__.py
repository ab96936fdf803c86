"""Layers that change images: RandomRotation, RandomErasing, RandomBrightness and their like, and
Pipeline, which does several in one pass."""

from corereg.layers.augmentation import (
    auto_contrast,
    center_crop,
    pipeline,
    random_brightness,
    random_color_degeneration,
    random_contrast,
    random_crop,
    random_elastic_transform,
    random_erasing,
    random_flip,
    random_grayscale,
    random_invert,
    random_posterization,
    random_rotation,
    random_shear,
    random_translation,
    random_zoom,
    solarization,
)

__all__ = [
    "auto_contrast",
    "center_crop",
    "pipeline",
    "random_brightness",
    "random_color_degeneration",
    "random_contrast",
    "random_crop",
    "random_elastic_transform",
    "random_erasing",
    "random_flip",
    "random_grayscale",
    "random_invert",
    "random_posterization",
    "random_rotation",
    "random_shear",
    "random_translation",
    "random_zoom",
    "solarization",
]
