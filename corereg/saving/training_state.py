"""Where a training is, besides weights and optimizer: the section "training" of files.

random/<place>            key and count of a layer that draws random numbers: two uint64
seeds/<place>/<name>      the same of a SeedGenerator that is an attribute of a layer, or, as
                          seeds/<name>, of the model; in lists and dicts <name>/<place in them>
row_order/seed, passes    the order of rows is a function of the two
row_order/unfinished      rows of the data set, rows taken, how they are ordered: of a pass that
                          goes on in the next epoch (steps_per_epoch)
augment/<place>           the same of what draws random numbers in fit(augment=[...]): its number in
                          that list, and behind it that of a layer inside or an attribute's name
unaveraged/<i>            the trained weights, where `fit` has put averages (use_ema) in their place
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from corereg.layers.base import Layer
from corereg.saving.limits import FileFormatError
from corereg.training.trainer import TrainableModel

Array = np.ndarray[Any, Any]
_SEED, _PASSES = ("row_order/seed", np.uint64, 1), ("row_order/passes", np.int64, 1)
_AUGMENT = "augment/"
_UNFINISHED = ("row_order/unfinished", np.int64, 3)


def training_state(model: TrainableModel, places: list[tuple[str, Layer]]) -> dict[str, Array]:
    """The section. places: of all layers."""
    from corereg.training.random_places import seed_places

    found: dict[str, Array] = {}
    for place, layer in places:
        if (state := layer.random_state) is not None:
            found[f"random/{place}"] = state
    found |= {
        f"seeds/{name}": one.random_state for name, one in seed_places([("", model), *places])
    }
    trainer = model._trainer
    augmentation = trainer.augmentation
    augmented = trainer.augmented if augmentation is None else augmentation.random_states()
    found |= {f"{_AUGMENT}{place}": state for place, state in augmented.items()}
    order = trainer.row_order
    found |= {_SEED[0]: order.seed.copy(), _PASSES[0]: order.passes.copy()}
    if order.unfinished is not None:
        found[_UNFINISHED[0]] = np.array(order.unfinished, np.int64)
    for i, array in enumerate(trainer.unaveraged or ()):
        found[f"unaveraged/{i}"] = array
    return found


def put_training_state(
    who: str,
    model: TrainableModel,
    places: list[tuple[str, Layer]],
    arrays: Mapping[str, Array],
) -> None:
    """Puts it back, but for the random states of layers: `put_random_states`. Files of older
    versions lack some of it, which then stays as it is. FileFormatError for what cannot be."""
    if any(name.startswith("seeds/") for name in arrays):
        _put_seeds(who, [("", model), *places], arrays)
    trainer = model._trainer
    trainer.augmented = _augmented(who, arrays)
    if trainer.augmentation is not None:
        trainer.augmentation.put_random_states(trainer.augmented)
    order = trainer.row_order
    for entry, own in ((_SEED, order.seed), (_PASSES, order.passes)):
        if (given := _checked(who, arrays, entry)) is not None:
            own[...] = given
    given = _checked(who, arrays, _UNFINISHED)
    order.unfinished = None if given is None else tuple(int(n) for n in given)
    count = sum(name.startswith("unaveraged/") for name in arrays)
    try:
        trainer.unaveraged = [arrays[f"unaveraged/{i}"] for i in range(count)] or None
    except KeyError as error:
        raise FileFormatError(f"{who} lacks {error}") from None


def _put_seeds(who: str, owners: list[tuple[str, Any]], arrays: Mapping[str, Array]) -> None:
    from corereg.training.random_places import seed_places

    for name, one in seed_places(owners):
        if f"seeds/{name}" in arrays:
            try:
                one.random_state = arrays[f"seeds/{name}"]
            except ValueError as error:
                raise FileFormatError(f"{who}: {error}") from None


def put_random_states(places: list[tuple[str, Layer]], arrays: Mapping[str, Array]) -> None:
    """Puts the random states of layers back. KeyError if one is missing, ValueError for what cannot
    be."""
    for place, layer in places:
        if layer.random_state is not None:
            layer.random_state = arrays[f"random/{place}"]


def _checked(who: str, arrays: Mapping[str, Array], entry: tuple[str, Any, int]) -> Array | None:
    name, dtype, length = entry
    given = arrays.get(name)
    if given is not None and (
        given.shape != (length,) or given.dtype != dtype or (given < 0).any()
    ):
        raise FileFormatError(f"{who} has no valid {name!r}")
    return given


def _augmented(who: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The random states of what augments batches, by places."""
    found = {}
    for name in arrays:
        if name.startswith(_AUGMENT):
            state = _checked(who, arrays, (name, np.uint64, 2))
            if state is None or state[1] >= 2**63:
                raise FileFormatError(f"{who} has no valid {name!r}")
            found[name.removeprefix(_AUGMENT)] = state
    return found
