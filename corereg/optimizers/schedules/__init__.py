"""Learning-rate schedules, as in `keras.optimizers.schedules`: the rate as a function of the steps
done, for `learning_rate=` of every optimizer.

The schedules of this package are computed by a kernel at each step, so that recorded steps have
them without Python. A schedule of one's own is a subclass of `LearningRateSchedule` with
`__call__(step)`: `fit` asks it for the rates of some steps ahead and replays these.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.optimizers.schedules.base import LearningRateSchedule as LearningRateSchedule
    from corereg.optimizers.schedules.cosine import (
        CosineDecay as CosineDecay,
        CosineDecayRestarts as CosineDecayRestarts,
    )
    from corereg.optimizers.schedules.decay import (
        ExponentialDecay as ExponentialDecay,
        InverseTimeDecay as InverseTimeDecay,
        PolynomialDecay as PolynomialDecay,
    )
    from corereg.optimizers.schedules.lookup import (
        deserialize as deserialize,
        serialize as serialize,
    )
    from corereg.optimizers.schedules.piecewise import (
        PiecewiseConstantDecay as PiecewiseConstantDecay,
    )

_MODULES = {
    "CosineDecay": "cosine",
    "CosineDecayRestarts": "cosine",
    "ExponentialDecay": "decay",
    "InverseTimeDecay": "decay",
    "LearningRateSchedule": "base",
    "PiecewiseConstantDecay": "piecewise",
    "PolynomialDecay": "decay",
    "deserialize": "lookup",
    "serialize": "lookup",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="schedule")
