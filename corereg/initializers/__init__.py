"""Starting values of weights, as in `keras.initializers`: objects called with a shape.

seed: an integer makes the values reproducible by themselves; None draws one from the global seed
when the initializer is made. Either way an initializer gives the same values at every call.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.initializers.base import (
        Initializer as Initializer,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.initializers.constant import (
        Constant as Constant,
        Ones as Ones,
        Zeros as Zeros,
    )
    from corereg.initializers.random import (
        RandomNormal as RandomNormal,
        RandomUniform as RandomUniform,
        TruncatedNormal as TruncatedNormal,
    )
    from corereg.initializers.variance_scaling import (
        GlorotNormal as GlorotNormal,
        GlorotUniform as GlorotUniform,
        HeNormal as HeNormal,
        HeUniform as HeUniform,
        LecunNormal as LecunNormal,
        LecunUniform as LecunUniform,
        VarianceScaling as VarianceScaling,
    )

_MODULES = {
    "Constant": "constant",
    "GlorotNormal": "variance_scaling",
    "GlorotUniform": "variance_scaling",
    "HeNormal": "variance_scaling",
    "HeUniform": "variance_scaling",
    "Initializer": "base",
    "LecunNormal": "variance_scaling",
    "LecunUniform": "variance_scaling",
    "Ones": "constant",
    "RandomNormal": "random",
    "RandomUniform": "random",
    "TruncatedNormal": "random",
    "VarianceScaling": "variance_scaling",
    "Zeros": "constant",
    "deserialize": "base",
    "get": "base",
    "serialize": "base",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="initializer")
