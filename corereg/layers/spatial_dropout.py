"""SpatialDropout1D: dropout of whole features (Tompson, Goroshin, Jain, LeCun, Bregler 2015)."""

from __future__ import annotations

from typing import Any

from corereg.layers.dropout import Dropout
from corereg.layers.input_spec import InputSpec
from corereg.registry import register


@register("layer")
class SpatialDropout1D(Dropout):
    """In training, zeroes each feature of a row with probability `rate`, at all of its steps, and
    scales the rest by 1/(1-rate); otherwise passes its input on.

    rate in [0, 1]; seed: fixes the sequence of masks, as for `Dropout`. Input (batch, steps,
    features), output the same; another number of axes raises ValueError.

    >>> layer = layers.SpatialDropout1D(0.5, seed=1)
    >>> y = layer(np.ones((1, 3, 8)), training=True)
    >>> bool((y == y[:, :1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])
    """

    recordable = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, (None, 1, None), seed, **options)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        own = super().get_config()
        del own["noise_shape"]
        return own
