"""Layers that change images at random in training: RandomRotation, RandomErasing and their like,
and Pipeline, which does several in one pass."""

from corereg.layers.augmentation import (
    pipeline,
    random_elastic_transform,
    random_erasing,
    random_flip,
    random_rotation,
    random_shear,
    random_translation,
    random_zoom,
)

__all__ = [
    "pipeline",
    "random_elastic_transform",
    "random_erasing",
    "random_flip",
    "random_rotation",
    "random_shear",
    "random_translation",
    "random_zoom",
]
