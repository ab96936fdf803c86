"""Optimizers, with Keras 3's rules, names and defaults; each step of a built-in one is one sweep in
C, recorded and replayed by `fit`.

A step unscales and clips gradients, decays weights (`w -= w * weight_decay * learning_rate`, biases
too), moves, averages (`use_ema`) and constrains weights, in this order, as in Keras. In `fit` the
same sweep adds the gradient of L1/L2 penalties and sums their value.

The learning rate is a number, one of `corereg.optimizers.schedules`, or a function.

In a loop of one's own:

    optimizer.build(model.trainable_weights)
    loss = loss_function(y, model(x, training=True)) + sum(model.losses)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()

or in Keras's words `optimizer.apply_gradients(zip(gradients, variables))`.

`SAM` is an optimizer around another one, whose steps take two gradients.

An optimizer of one's own is a subclass of `Optimizer` with an `update_step`.
docs/adding-an-optimizer.md shows that, and how a rule is added in C.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.optimizers import schedules as schedules
    from corereg.optimizers.adadelta import Adadelta as Adadelta
    from corereg.optimizers.adafactor import Adafactor as Adafactor
    from corereg.optimizers.adagrad import Adagrad as Adagrad
    from corereg.optimizers.adam import Adam as Adam
    from corereg.optimizers.adamax import Adamax as Adamax
    from corereg.optimizers.adamw import AdamW as AdamW
    from corereg.optimizers.base import Optimizer as Optimizer
    from corereg.optimizers.ftrl import Ftrl as Ftrl
    from corereg.optimizers.lamb import Lamb as Lamb
    from corereg.optimizers.lion import Lion as Lion
    from corereg.optimizers.lookup import (
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
    from corereg.optimizers.muon import Muon as Muon
    from corereg.optimizers.nadam import Nadam as Nadam
    from corereg.optimizers.rmsprop import RMSprop as RMSprop
    from corereg.optimizers.sam import SAM as SAM
    from corereg.optimizers.schedule_free_adamw import ScheduleFreeAdamW as ScheduleFreeAdamW
    from corereg.optimizers.sgd import SGD as SGD

_MODULES = {
    "Adadelta": "adadelta",
    "Adafactor": "adafactor",
    "Adagrad": "adagrad",
    "Adam": "adam",
    "AdamW": "adamw",
    "Adamax": "adamax",
    "Ftrl": "ftrl",
    "Lamb": "lamb",
    "Lion": "lion",
    "LossScaleOptimizer": "loss_scale",
    "Muon": "muon",
    "Nadam": "nadam",
    "Optimizer": "base",
    "RMSprop": "rmsprop",
    "SAM": "sam",
    "SGD": "sgd",
    "ScheduleFreeAdamW": "schedule_free_adamw",
    "deserialize": "lookup",
    "get": "lookup",
    "serialize": "lookup",
}

__getattr__, __dir__, __all__ = lazy_package(
    __name__, _MODULES, submodules=["schedules"], kind="optimizer"
)
