"""WarpLayer: layers that say for each pixel where it comes from, and how several act as one."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.autograd.draws import count_draw
from corereg.layers.augmentation.image_layer import ImageLayer
from corereg.layers.augmentation.splines import spline_weights

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
Ranges = Sequence[tuple[float, float]]
Look = tuple[str, bool, float]
"""How an image is looked at: fill mode, whether the nearest pixel is taken, fill value."""


class WarpLayer(ImageLayer):
    """Base of layers whose output's pixels come from other places of the input.

    fill_mode: what stands outside of an image: "reflect" (d c b a | a b c d | d c b a), "wrap"
    (a b c d | a b c d | a b c d), "constant" (fill_value), "nearest" (a a a a | a b c d | d d d d);
    interpolation: "bilinear" between the four pixels around a place, or the "nearest" one.
    """

    _fill_modes: ClassVar[tuple[str, ...]] = FILL_MODES
    fill_mode: str | None = None  # of layers that never look outside, and take whole pixels
    fill_value: float = 0.0
    interpolation: str = "bilinear"

    def _set_look(self, fill_mode: Any, interpolation: Any, fill_value: Any) -> None:
        """Checks and sets how the layer looks at images. NotImplementedError, as Keras raises, for
        unknown words; ValueError for what is no number."""
        for name, given, known in (
            ("fill_mode", fill_mode, self._fill_modes),
            ("interpolation", interpolation, INTERPOLATIONS),
        ):
            if given not in known:
                raise NotImplementedError(
                    f"{self.who}: expected {name} as one of {known}, received {given!r}"
                )
        if not isinstance(fill_value, Real):
            raise ValueError(
                f"{self.who}: expected fill_value as a number, received {fill_value!r}"
            )
        self.fill_mode, self.interpolation = fill_mode, interpolation
        self.fill_value = float(fill_value)

    def _stage(self) -> tuple[str, Ranges, int]:
        """What the layer does: a kind of `_kernels.WARP_KINDS`, its ranges, and its flags."""
        raise NotImplementedError(f"{self.who}: _stage is not written")

    def _look(self) -> Look | None:
        """How the layer looks at images; None if that does not matter."""
        if self.fill_mode is None:
            return None
        value = self.fill_value if self.fill_mode == "constant" else 0.0
        return self.fill_mode, self.interpolation == "nearest", value

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        return warp([self], x) if training else x

    def get_config(self) -> dict[str, Any]:
        if self.fill_mode is None:
            return super().get_config()
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
        }


class BendLayer(WarpLayer):
    """Base of layers that displace pixels by a smooth random field."""

    grid: tuple[int, int]
    value_range: tuple[float, float] | None


def warp(layers: Sequence[WarpLayer], x: Tensor) -> Tensor:
    """What the layers make of images, one after the other, in one pass over the batch. They are
    those of `one_pass`."""
    data = layers[0]._array(x)
    image = layers[0]._image_of(x.shape)
    fill, nearest, value = _common_look(layers) or ("reflect", False, 0.0)
    bend = next((one for one in layers if isinstance(one, BendLayer)), None)
    down = across = None
    if bend is not None:
        down = spline_weights(image[0], bend.grid[0], x.dtype)
        across = spline_weights(image[1], bend.grid[1], x.dtype).T.copy()
    stages = []
    for layer in layers:
        kind, ranges, flags = layer._stage()
        number = _kernels.WARP_KINDS[kind]
        stages.append((number, layer._key, layer._drawn, ranges, flags))
    warped = _kernels.warp(
        data,
        image,
        stages,
        fill,
        value,
        nearest,
        None if bend is None else bend.value_range,
        down,
        across,
    )
    for layer in layers:
        count_draw(layer._drawn)
    return Tensor(warped)


def _common_look(layers: Sequence[WarpLayer]) -> Look | None:
    """How the first layer looks at images for which that matters."""
    return next((look for one in layers if (look := one._look()) is not None), None)


def one_pass(layers: Sequence[Any], shape: Sequence[int | None]) -> list[Any]:
    """The first layer, and as many behind it as one pass over images of this shape does, too: those
    that move pixels, look at images alike and have one dtype, with one bend at most."""
    group = [layers[0]]
    for layer in layers[1:]:
        if len(group) == _kernels.MAX_WARP_STAGES or not _joins(group, layer, shape):
            break
        group.append(layer)
    return group


def _joins(group: list[Any], layer: Any, shape: Sequence[int | None]) -> bool:
    if not isinstance(layer, WarpLayer) or not isinstance(group[0], WarpLayer):
        return False
    look, own = _common_look(group), layer._look()
    return (
        (look is None or own is None or look == own)
        and group[0]._image_of(shape) == layer._image_of(shape)
        and group[0].dtype == layer.dtype
        and not (isinstance(layer, BendLayer) and any(isinstance(o, BendLayer) for o in group))
    )
