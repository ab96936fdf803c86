"""What `fit(augment=[...])` does to each training batch, as a part of the recorded step.

A MixUp or CutMix layer mixes all of a batch (corereg.training.mixing), any other layer acts on x
with training=True, and a function takes and gives (x, y, sample_weight). None of it is a part of
the model, and no gradient goes through it. Where its random numbers are belongs to the state of the
training (`Trainer.augmented`), so that a training that goes on draws the next ones.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.graph.nest import flatten, map_nest
from corereg.layers.base import Layer, Shape
from corereg.layers.batch_mixing import BatchMixing
from corereg.losses.base import Loss
from corereg.random import mix
from corereg.training.compilation import OutputLoss
from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.structures import model_input
from corereg.training.mixing import mix_batch, mixes_values
from corereg.training.overriding import overrides
from corereg.training.random_places import random_places
from corereg.training.trainer import TrainableModel, Trainer

Array = np.ndarray[Any, Any]


class Augmentation:
    """Layers and functions that change batches, one after the other; `of` makes it of what a user
    gave. Two are equal if they are the same objects in the same order: then they share recordings.
    """

    def __init__(self, who: str, parts: Sequence[Any]) -> None:
        self._who = who
        self._parts = tuple(parts)

    @classmethod
    def of(cls, who: str, model: TrainableModel, augment: Any) -> Augmentation | None:
        """Of a layer, a function or a list of them; None of nothing. TypeError for what is neither,
        ValueError for a model with a step of its own, which is given the data as they are."""
        if augment is None:
            return None
        parts = augment if isinstance(augment, list | tuple) else [augment]
        for one in parts:
            if not callable(one) or isinstance(one, type):
                raise TypeError(
                    f"{who}: expected augment as a list of layers and functions "
                    f"(x, y, sample_weight), received {one!r} in it"
                )
            if not isinstance(one, Layer) and not _takes_three(one):
                raise TypeError(
                    f"{who}: expected {_name(one)} to take (x, y, sample_weight), received a "
                    f"function of {inspect.signature(one)}"
                )
        if parts and overrides(model, "train_step", "compute_loss", "compute_metrics"):
            raise ValueError(
                f"{who}: expected a model without a train_step, compute_loss or compute_metrics of "
                f"its own beside augment=; call the layers in its train_step, as {_DICT_FORM}"
            )
        return cls(who, parts) if parts else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Augmentation) or len(self._parts) != len(other._parts):
            return False
        return all(a is b for a, b in zip(self._parts, other._parts, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self._parts)))

    # ---- checks ----------------------------------------------------------------------------------

    def check(self, data: ArrayDataset, losses: Sequence[OutputLoss]) -> None:
        """Raises ValueError for what cannot be done to batches of these data, before anything is
        done."""
        before = [(one, one.random_state) for _, one in self._random_parts()]
        try:
            for one in self._parts:
                if isinstance(one, BatchMixing):
                    self._check_inputs(one, data)
                    for inputs in data.inputs:
                        one.check_rows((None, *inputs.shape[1:]))
                    self._check_targets(one, data, losses)
                elif isinstance(one, Layer):
                    self._check_inputs(one, data)
                    self._check_layer(one, data)
        finally:  # a layer that does not say the shape of its output was tried on zeros
            for one, state in before:
                _put(one, state)

    def _check_inputs(self, layer: Layer, data: ArrayDataset) -> None:
        for i, dtype in enumerate(data.input_dtypes or ()):
            if np.dtype(dtype).kind in "iu":
                raise ValueError(
                    f"{self._who}: expected inputs of floats for {layer.who}, received input {i} "
                    "of integers, which look up rows of a table; leave that layer out, or augment "
                    "by a function (x, y, sample_weight)"
                )

    def _check_targets(
        self, layer: BatchMixing, data: ArrayDataset, losses: Sequence[OutputLoss]
    ) -> None:
        for output, loss, *_ in losses:
            targets = data.targets[output]
            if mixes_values(loss, _as_in_batches(data, targets)) and (
                loss.reduction == "mean_with_sample_weight"
            ):
                raise ValueError(
                    f"{self._who}: expected a loss that can be mixed for {layer.who}, received "
                    f"{loss.name} with reduction 'mean_with_sample_weight', which is no sum over "
                    "rows; use 'sum_over_batch_size', or one-hot targets "
                    "(corereg.utils.to_categorical) with categorical_crossentropy"
                )

    def _check_layer(self, layer: Layer, data: ArrayDataset) -> None:
        if layer.dtype != str(data.dtype):
            raise ValueError(
                f"{self._who}: expected layers of dtype {data.dtype} in augment, as the model's, "
                f"received {layer.who} of {layer.dtype}; make it with dtype={str(data.dtype)!r}"
            )
        inner = [one for one in layer._flatten_layers() if isinstance(one, BatchMixing)]
        if inner:
            raise ValueError(
                f"{self._who}: expected {inner[0].who} in the list itself, received it inside of "
                f"{layer.who}, where it sees no labels"
            )
        if layer._takes_one_tensor and len(data.inputs) > 1:
            raise ValueError(
                f"{self._who}: expected one input for {layer.who}, the model has "
                f"{len(data.inputs)}; augment them by a function (x, y, sample_weight)"
            )
        shapes = model_input(data._like, [_Shaped((None, *a.shape[1:])) for a in data.inputs])
        nest = map_nest(lambda one: one.shape, shapes)
        found = layer.compute_output_shape(nest)
        if found != nest:
            raise ValueError(
                f"{self._who}: expected layers in augment that keep the shape {nest}, received "
                f"{layer.who}, which gives {found}"
            )

    # ---- in the step -----------------------------------------------------------------------------

    def apply(self, batch: Batch, losses: Sequence[OutputLoss]) -> Batch:
        """A batch as the step sees it. Its arrays are new ones that kernels write."""
        by_output: list[Loss | None] = [None] * len(batch.targets)
        for output, loss, *_ in losses:
            by_output[output] = loss
        with no_grad(), _kernels.CallContext(training=True):
            for one in self._parts:
                if isinstance(one, BatchMixing):
                    batch = mix_batch(one, batch, by_output)
                elif isinstance(one, Layer):
                    batch = batch._replace(x=self._like_before(one, one(batch.x), batch.x))
                else:
                    batch = self._call(one, batch)
        return batch

    def _call(self, function: Callable[..., Any], batch: Batch) -> Batch:
        """What a function makes of a batch."""
        if batch.classes is not None and any(batch.classes):
            raise ValueError(
                f"{self._who}: expected {_name(function)} in front of the layers that mix rows, "
                "received it behind one; of mixed classes there are no targets to hand over"
            )
        _kernels.track_part(function)
        given = function(batch.x, _as_tensors(batch.targets), _as_tensors(batch.weights))
        if not isinstance(given, tuple) or len(given) != 3:
            raise TypeError(
                f"{self._who}: expected {_name(function)} to return (x, y, sample_weight), "
                f"received {type(given).__name__}"
                + (f" of {len(given)}" if isinstance(given, tuple) else "")
            )
        return batch._replace(
            x=self._like_before(function, given[0], batch.x),
            targets=self._arrays(function, "y", given[1], batch.targets, batch),
            weights=self._arrays(function, "sample_weight", given[2], batch.weights, batch),
        )

    def _like_before(self, part: Any, now: Any, before: Any) -> Any:
        """x, if it is of the shapes and dtypes that it had."""
        found, wanted = ([_said(one) for one in flatten(x)] for x in (now, before))
        tensors = [isinstance(one, Tensor) for one in flatten(now)]
        if found != wanted or not all(tensors):
            found = [
                one if t else f"no tensor, {one}" for t, one in zip(tensors, found, strict=True)
            ]
            raise ValueError(
                f"{self._who}: expected {_name(part)} to give x as tensors, {_one(wanted)}, "
                f"received {_one(found)}"
            )
        return now

    def _arrays(
        self, part: Any, what: str, now: Any, before: Sequence[Array | None], batch: Batch
    ) -> tuple[Array | None, ...]:
        """Targets or weights as arrays, if they are of the shapes and dtypes that they had."""
        parts = [None] * len(before) if now is None else list(flatten(now))
        dtype = next(a.dtype for a in batch.arrays if a is not None and a.dtype.kind == "f")
        found = tuple(one.contiguous().data if isinstance(one, Tensor) else one for one in parts)
        wanted = [(dtype, (batch.rows,)) if a is None else (a.dtype, a.shape) for a in before]
        may_lack = [a is None or what == "sample_weight" for a in before]
        if len(found) != len(before) or not all(
            (one is None and lacks) or (isinstance(one, np.ndarray) and (one.dtype, one.shape) == w)
            for one, w, lacks in zip(found, wanted, may_lack, strict=True)
        ):
            raise ValueError(
                f"{self._who}: expected {_name(part)} to give {what} as "
                f"{_one([f'{d} of shape {s}' for d, s in wanted])}, received "
                f"{_one([_said(one) for one in found])}"
            )
        return found

    # ---- random numbers --------------------------------------------------------------------------

    def _random_parts(self) -> Iterator[tuple[str, Any]]:
        """All that draws random numbers from counters, and its place."""
        owners: list[tuple[str, Any]] = []
        for i, one in enumerate(self._parts):
            owners.append((str(i), one))
            if isinstance(one, Layer):
                inner = [layer for layer in one._flatten_layers() if layer is not one]
                owners += [(f"{i}/{k}", layer) for k, layer in enumerate(inner)]
        return random_places(owners)

    def random_states(self) -> dict[str, Array]:
        """Where its random numbers are, by places."""
        return {place: one.random_state for place, one in self._random_parts()}

    def put_random_states(self, states: dict[str, Array]) -> None:
        """Goes on with the random numbers of what stood at the same places, but for parts of which
        the user has set another seed."""
        for place, one in self._random_parts():
            known = states.get(place)
            seed = getattr(one, "seed", None)
            if known is not None and (seed is None or mix(int(seed)) == int(known[0])):
                _put(one, known)


def augmenting(trainer: Trainer, augmentation: Augmentation | None) -> AbstractContextManager[None]:
    """``with augmenting(...):`` the steps of this training are augmented, with the random numbers
    that follow on those of the last training that was."""
    captures = trainer.captures["train"]
    if trainer.last_augmentation != augmentation:
        if captures.obstacle is not None:  # it may have been that of what augmented before
            captures.clear()
        trainer.last_augmentation = augmentation
    return nullcontext() if augmentation is None else _augmenting(trainer, augmentation)


@contextmanager
def _augmenting(trainer: Trainer, augmentation: Augmentation) -> Iterator[None]:
    augmentation.put_random_states(trainer.augmented)
    trainer.augmentation = augmentation
    try:
        yield
    finally:
        trainer.augmented, trainer.augmentation = augmentation.random_states(), None


_DICT_FORM = 'layer({"images": x, "labels": y}, training=True)'


def _put(part: Any, state: Array) -> None:
    """Sets a random state, unless it is that one already: setting it has steps recorded anew."""
    if not np.array_equal(part.random_state, state):
        part.random_state = state


class _Shaped:
    """A leaf of a nest of shapes, which are tuples and so nests themselves."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


def _as_in_batches(data: ArrayDataset, targets: Array | None) -> Array | None:
    """Empty targets of the dtype that batches have."""
    return None if targets is None else np.empty(0, data._target_dtype(targets))


def _as_tensors(arrays: Sequence[Array | None]) -> Any:
    """The arrays of outputs as a function gets them: a tensor, a list of them, or None."""
    made = [None if a is None else Tensor(a) for a in arrays]
    if all(one is None for one in made):
        return None
    return made[0] if len(made) == 1 else made


def _name(part: Any) -> str:
    return str(getattr(part, "who", None) or getattr(part, "__name__", type(part).__name__))


def _takes_three(function: Any) -> bool:
    """Whether a function can be called with three arguments, as far as it tells."""
    try:
        inspect.signature(function).bind(None, None, None)
    except ValueError:  # it has no signature
        return True
    except TypeError:
        return False
    return True


def _said(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{value.dtype} of shape {shape}"


def _one(found: Sequence[Any]) -> Any:
    return found[0] if len(found) == 1 else found
