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
    from corereg.initializers.constants import (
        Constant as Constant,
        FromArray as FromArray,
        Identity as Identity,
        IdentityInitializer as IdentityInitializer,
        Ones as Ones,
        Zeros as Zeros,
        constant as constant,
        identity as identity,
        ones as ones,
        zeros as zeros,
    )
    from corereg.initializers.random import (
        Orthogonal as Orthogonal,
        OrthogonalInitializer as OrthogonalInitializer,
        RandomNormal as RandomNormal,
        RandomUniform as RandomUniform,
        TruncatedNormal as TruncatedNormal,
        orthogonal as orthogonal,
        random_normal as random_normal,
        random_uniform as random_uniform,
        truncated_normal as truncated_normal,
    )
    from corereg.initializers.scaled import (
        GlorotNormal as GlorotNormal,
        GlorotUniform as GlorotUniform,
        HeNormal as HeNormal,
        HeUniform as HeUniform,
        LecunNormal as LecunNormal,
        LecunUniform as LecunUniform,
        VarianceScaling as VarianceScaling,
        glorot_normal as glorot_normal,
        glorot_uniform as glorot_uniform,
        he_normal as he_normal,
        he_uniform as he_uniform,
        lecun_normal as lecun_normal,
        lecun_uniform as lecun_uniform,
        variance_scaling as variance_scaling,
    )

_MODULES = {
    "Constant": "constants",
    "FromArray": "constants",
    "GlorotNormal": "scaled",
    "GlorotUniform": "scaled",
    "HeNormal": "scaled",
    "HeUniform": "scaled",
    "Identity": "constants",
    "IdentityInitializer": "constants",
    "Initializer": "base",
    "LecunNormal": "scaled",
    "LecunUniform": "scaled",
    "Ones": "constants",
    "Orthogonal": "random",
    "OrthogonalInitializer": "random",
    "RandomNormal": "random",
    "RandomUniform": "random",
    "TruncatedNormal": "random",
    "VarianceScaling": "scaled",
    "Zeros": "constants",
    "constant": "constants",
    "deserialize": "base",
    "get": "base",
    "glorot_normal": "scaled",
    "glorot_uniform": "scaled",
    "he_normal": "scaled",
    "he_uniform": "scaled",
    "identity": "constants",
    "lecun_normal": "scaled",
    "lecun_uniform": "scaled",
    "ones": "constants",
    "orthogonal": "random",
    "random_normal": "random",
    "random_uniform": "random",
    "serialize": "base",
    "truncated_normal": "random",
    "variance_scaling": "scaled",
    "zeros": "constants",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="initializer")
