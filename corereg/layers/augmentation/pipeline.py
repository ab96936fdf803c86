"""Pipeline: layers one after the other, augmentation in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corereg.autograd import Tensor
from corereg.layers.augmentation.image_dict import TakesImageDict
from corereg.layers.augmentation.warp_layer import one_pass, warp
from corereg.layers.base import Layer, Shape
from corereg.layers.lookup import deserialize, serialize
from corereg.registry import register


@register("layer")
class Pipeline(TakesImageDict):
    """Layers one after the other, as one layer; in training, neighbours that move pixels
    (RandomTranslation, RandomRotation, RandomZoom, RandomShear, RandomFlip, RandomElasticTransform)
    are done in one pass over the batch.

    Such neighbours are composed, and each image is looked at once, so that it is blurred once and
    filled once at its border, not once for each layer. They have to agree in fill_mode, fill_value
    and interpolation, and one of them may be a RandomElasticTransform, whose field lies over the
    last layer's output; where that does not hold, a new pass begins.

    layers: a list of Layer objects; TypeError for anything else, ValueError for an empty list.

    >>> images = np.zeros((4, 28, 28, 1))
    >>> augment = layers.Pipeline([layers.RandomZoom(0.1), layers.RandomRotation(0.05)])
    >>> augment(images, training=True).shape
    (4, 28, 28, 1)
    """

    recordable = True
    _takes_one_tensor = True

    def __init__(self, layers: Sequence[Layer], name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        if not isinstance(layers, list | tuple) or not layers:
            raise ValueError(f"{self.who}: expected a list of layers, received {layers!r}")
        for one in layers:
            if not isinstance(one, Layer):
                raise TypeError(f"{self.who}: expected a list of layers, received {one!r} in it")
        self.layers = list(layers)

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        left = list(self.layers)
        while left:
            group = one_pass(left, x.shape) if training else left[:1]
            del left[: len(group)]
            if len(group) == 1:
                x = group[0](x, training=training)
                continue
            for layer in group:
                layer._track_call()
            x = warp(group, group[0]._cast(x))
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": [serialize(layer) for layer in self.layers]}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Pipeline:
        """A pipeline of the same layers, their random numbers from the beginning."""
        layers = [deserialize(one, custom_objects) for one in config["layers"]]
        return cls(**{**config, "layers": layers})
