"""The file of BackupAndRestore: all that a model's training has changed so far, without the model.

Its sections are those of a model's file, with `state`: the arrays of what the training's loop, its
callbacks and the optimizer's numbers are, as `plain_state` makes them.
"""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from corereg import random
from corereg.saving import archive
from corereg.saving.archive_format import Sections
from corereg.saving.limits import FileFormatError
from corereg.saving.plain_state import from_json, to_json
from corereg.saving.training_state import put_random_states, put_training_state, training_state
from corereg.saving.weight_sections import (
    check_masks,
    masks_of,
    named_weights,
    places_of,
    put_masks,
    put_optimizer_state,
    put_weights,
    weights_of,
)
from corereg.training.trainer import TrainableModel

_KNOWN = ("weights", "masks", "optimizer", "training", "state")


def write_backup(model: TrainableModel, path: Any) -> None:
    """Writes where a `fit` that is under way is. TypeError for a state of a callback that a file
    cannot hold."""
    trainer = model._trainer
    optimizer = trainer.ready_optimizer(model)
    arrays: list[np.ndarray[Any, Any]] = []
    state: dict[str, Any] = trainer.loop.get_state()
    callbacks = [
        [name, to_json(own, arrays, f"BackupAndRestore: the state of {name}")]
        for name, own in state.pop("callbacks")
    ]
    who = "BackupAndRestore: the state of fit"
    config = {
        "kind": "backup",
        "iterations": optimizer.steps,
        "numbers": to_json(_numbers(optimizer), arrays, who),
        "trainable": {name: p.trainable for name, p in named_weights(model).items()},
        "trainable_layers": {place: one._trainable for place, one in _owners(model)},
        "random": random.get_state(),
        "generators": to_json(_global_generators(), arrays, who),
        "loop": to_json(state, arrays, who),
        "callbacks": callbacks,
    }
    sections: Sections = {
        "weights": weights_of("BackupAndRestore", model),
        "masks": masks_of(model),
        "optimizer": {str(i): a for i, a in enumerate(optimizer.state)},
        "training": training_state(model, places_of(model)),
        "state": {str(i): a for i, a in enumerate(arrays)},
    }
    archive.write(path, config, sections, required=_KNOWN)


class Backup:
    """What a file of `write_backup` holds. FileFormatError if it is no such file or damaged."""

    def __init__(self, path: Any) -> None:
        self._who = f"BackupAndRestore: {str(path)!r}"
        config, self._sections = archive.read(path, known=_KNOWN)
        if config.get("kind") != "backup":
            raise FileFormatError(f"{self._who} is no backup of a training")
        self._config = config
        try:
            arrays = self._sections["state"]
            self.loop_state: dict[str, Any] = from_json(config["loop"], arrays)
            self.loop_state["callbacks"] = [
                [name, from_json(own, arrays)] for name, own in config["callbacks"]
            ]
            self._numbers: dict[str, Any] = from_json(config["numbers"], arrays)
            self._generators: dict[str, Any] = from_json(config["generators"], arrays)
            self.within = bool(self.loop_state["within"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileFormatError(f"{self._who} is no backup that can be read: {error}") from error

    def restore(self, model: TrainableModel) -> None:
        """Puts weights, optimizer, random numbers and the order of rows back. FileFormatError, if
        the model is not like the one of the backup."""
        config, training = self._config, self._sections.get("training", {})
        masks = self._sections.get("masks", {})
        check_masks(self._who, model, masks)
        put_weights(self._who, model, self._sections)
        put_masks(self._who, model, masks)
        for place, one in _owners(model):
            one._trainable = config["trainable_layers"].get(place, one._trainable)
        for name, p in named_weights(model).items():
            if p.trainable != (wanted := config["trainable"].get(name, p.trainable)):
                p.trainable = wanted
        places = places_of(model)
        try:
            put_random_states(places, training)
        except (KeyError, ValueError) as error:
            raise FileFormatError(f"{self._who} does not fit the model: {error}") from error
        put_training_state(self._who, model, places, training)
        optimizer = model._trainer.ready_optimizer(model)
        now = _numbers(optimizer)
        for name, value in self._numbers.items():
            if name in now and now[name] != value:
                setattr(optimizer, name, value)
        put_optimizer_state(
            self._who, model, config["iterations"], self._sections.get("optimizer", {})
        )
        random.set_state(config["random"])
        _put_global_generators(self._generators)


def _owners(model: Any) -> list[tuple[str, Any]]:
    """The model and every layer, with their places."""
    return [("", model), *places_of(model)]


def _global_generators() -> dict[str, Any]:
    """Where NumPy's global generator and Python's are, from which programs draw their data."""
    version, words, gauss = python_random.getstate()
    return {
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
        "python": [version, np.array(words, np.int64), gauss],
    }


def _put_global_generators(state: dict[str, Any]) -> None:
    np.random.set_state(state["numpy"])  # noqa: NPY002
    version, words, gauss = state["python"]
    python_random.setstate((version, tuple(words.tolist()), gauss))


def _numbers(optimizer: Any) -> dict[str, Any]:
    """What of an optimizer's arguments are numbers, which callbacks may set."""
    config = optimizer.stepping.get_config() | optimizer.get_config()
    return {
        name: value
        for name, value in config.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
