"""The statistics of BatchNormalization layers, taken anew for weights that were not trained as they
are, such as averages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from corereg import _kernels
from corereg.autograd import no_grad
from corereg.autograd.draws import noted_draws
from corereg.layers.batch_normalization import BatchNormalization
from corereg.training.arguments import check_count
from corereg.training.data.arrays import ArrayDataset
from corereg.training.data.iterables import BatchIterator
from corereg.training.data.structures import is_iterable_of_batches, nest_given
from corereg.training.iterable_steps import IterableSteps
from corereg.training.steps import ArraySteps
from corereg.training.trainer import TrainableModel


class BatchStatistics:
    """What takes the statistics of a model's BatchNormalization layers over rows.

    data: the rows, x of `fit` or an iterable of its batches, or of x alone; None: those that the
    `fit` which is under way trains on. batch_size: of arrays; None: that of `fit`, or 32.
    ValueError that names `who` if there are such layers, and no data that can be read once more.
    """

    def __init__(
        self, model: TrainableModel, who: str, data: Any = None, batch_size: int | None = None
    ) -> None:
        self._model, self._who, self._data = model, who, data
        self._size = None if batch_size is None else check_count(who, "batch_size", batch_size)
        if not self._layers():
            return
        loop = model._trainer.loop
        if data is None and (loop is None or loop.training_steps.once):
            raise ValueError(
                f"{who}: expected data=, rows for the statistics of the BatchNormalization layers, "
                "for the batches of fit can be read only once; pass an array x, or batches that "
                "can be read again"
            )
        if data is not None and is_iterable_of_batches(data) and BatchIterator(data).once:
            raise ValueError(
                f"{who}: expected data as an array x or batches that can be read more than once, "
                f"received a {type(data).__name__}"
            )

    def refresh(self) -> None:
        """Sets the moving averages of each layer to the means of the statistics of all batches,
        each counted by its rows. The model runs as in training, through Python, without gradients;
        random numbers go on afterwards as if it had not. Frozen layers stay as they are."""
        layers = self._layers()
        if not layers:
            return
        model, rows = self._model, 0
        with (
            model._trainer.shared_lock(model).writing,
            _kept_momentums(layers),
            noted_draws() as draws,
            no_grad(),
        ):
            for x, more in self._batches():
                for layer in layers:
                    layer.momentum, layer.renorm_momentum = rows / (rows + more), 1.0
                    if not rows:
                        _begin_anew(layer)
                with _kernels.CallContext(training=True):
                    model(x, training=True)
                rows += more
            draws.undo()

    def _layers(self) -> list[BatchNormalization]:
        """Those that normalize by their batches in training."""
        found = self._model._flatten_layers()
        return [one for one in found if isinstance(one, BatchNormalization) and one._trainable]

    def _batches(self) -> Iterator[tuple[Any, int]]:
        """What the model is called with, batch by batch, and the rows in it."""
        model, size, data = self._model, self._size, self._data
        if data is None:
            run = model._trainer.loop.training_steps
            if isinstance(run, ArraySteps):
                yield from _inputs_of(run.data, size or run.size)
                return
            assert isinstance(run, IterableSteps)
            yield from run.inputs()
        elif is_iterable_of_batches(data):
            batches = BatchIterator(data)
            while (found := batches.next()) is not None:
                batch = found[0]
                x = batch[0] if isinstance(batch, tuple | list) else batch
                yield from self._checked(x, None)
        else:
            yield from self._checked(data, size or 32)

    def _checked(self, x: Any, size: int | None) -> Iterator[tuple[Any, int]]:
        model = self._model
        inputs, shapes = model._trainer.check_inputs(model, self._who, x, finite=True)
        like = nest_given(x, shapes.input_names)
        dataset = ArrayDataset(inputs, (), (), shapes.dtype, like, shapes.input_dtypes)
        yield from _inputs_of(dataset, size or len(dataset))


def _inputs_of(data: ArrayDataset, size: int) -> Iterator[tuple[Any, int]]:
    """The batches of a data set's inputs, in order."""
    own = data.inputs_alone()
    own.start_epoch()
    for first in range(0, len(own), size):
        batch = own.next_batch(min(size, len(own) - first))
        yield batch.x, batch.rows


@contextmanager
def _kept_momentums(layers: list[BatchNormalization]) -> Iterator[None]:
    """Puts back at its end how far averages move in a step: the very objects, so that recordings
    stay."""
    kept = [(layer.momentum, layer.renorm_momentum) for layer in layers]
    try:
        yield
    finally:
        for layer, (momentum, renorm_momentum) in zip(layers, kept, strict=True):
            layer.momentum, layer.renorm_momentum = momentum, renorm_momentum


def _begin_anew(layer: BatchNormalization) -> None:
    """Zeros, which the first batch's statistics replace."""
    for average in (layer.moving_mean, layer.moving_variance):
        average.assign(average.data * 0)
    if layer.renorm:
        layer.moving_stddev.assign(layer.moving_stddev.data * 0)
