"""predict_mc: predictions by many forward passes with dropout, averaged, with their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import no_grad
from corereg.graph.nest import flatten, pack_like
from corereg.layers.random_layer import RandomLayer
from corereg.layers.sampling import BLOCK
from corereg.random import next_seed
from corereg.tables.given import given_array
from corereg.targets import as_sample_weight
from corereg.training.arguments import check_count
from corereg.training.data.structures import flat_targets, model_input
from corereg.training.likelihood import (
    BERNOULLI,
    CATEGORICAL,
    OutputKind,
    entropy,
    figure_of_merit,
    kind_by_activation,
    output_kinds,
    sigmoid,
    softmax,
)
from corereg.training.predict import Call, check_and_build, memory_dtypes, predict
from corereg.training.sampler import Moments, NotByRows, Sampler, SamplerPool, samples_of_pass
from corereg.training.trainer import TrainableModel

Array = np.ndarray[Any, Any]
Arrays = tuple[Array, ...]
MOST_SAMPLES = 2**31
WHO = "predict_mc"


class MCPrediction(NamedTuple):
    """What `Model.predict_mc` returns. Of a model with several outputs, all fields but the last two
    are nested as its outputs.

    mean: the mean of the samples, (rows, ...) as `predict` gives it; of an output that is logits,
        the mean of the probabilities.
    std: the standard deviation over the samples, of the same shape: of how much the predictions
        depend on which weights are dropped. The noise of the targets is not in it.
    entropy: the predictive entropy H(mean) in nats, (rows,): of the classes, or of all labels
        together, each by itself; None for regression.
    mutual_information: H(mean) - mean(H(sample)), (rows,): what the samples disagree about (BALD);
        0 where all are equally unsure. None for regression.
    samples: (num_samples, rows, ...) if they were asked for, else None.
    better: "mean" or "plain": whether `mean` or what `predict` gives has the better `scores`; None
        without validation_data.
    scores: {"mean": ..., "plain": ...} on the validation data: the mean of -log p(y) for classes
        and labels, of the squared error for regression; several outputs are added up. Lower is
        better. None without validation_data.
    """

    mean: Any
    std: Any
    entropy: Any
    mutual_information: Any
    samples: Any = None
    better: str | None = None
    scores: dict[str, float] | None = None


def predict_mc(
    model: TrainableModel,
    x: Any,
    num_samples: int,
    seed: int | None,
    return_samples: bool,
    validation_data: Any,
) -> MCPrediction:
    """See `Model.predict_mc`."""
    count = check_count(WHO, "num_samples", num_samples)
    if count > MOST_SAMPLES:
        raise ValueError(f"{WHO}: expected num_samples up to {MOST_SAMPLES}, received {count}")
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
        raise ValueError(f"{WHO}: expected seed as an integer or None, received {seed!r}")
    key = next_seed() if seed is None else int(seed)
    inputs = check_and_build(model, WHO, x)
    _check_draws(model)
    validation = None if validation_data is None else _unpacked(model, validation_data)
    run = _Run(model, x, inputs, count, key)
    found = run.all_rows(return_samples)
    if validation is None:
        return found
    scores = _scores(model, count, key, *validation)
    return found._replace(better=min(scores, key=lambda name: scores[name]), scores=scores)


def _check_draws(model: TrainableModel) -> None:
    """ValueError for a model whose samples would all be the same."""
    layers = [one for one in model._flatten_layers() if isinstance(one, RandomLayer)]
    dropout = [one for one in layers if one._is_dropout]
    if any(not one._is_silent for one in dropout):
        return
    found = f"has {', '.join(one.who for one in dropout or layers)}" if layers else "has none"
    raise ValueError(
        f"{WHO}: expected a model with dropout (Dropout, AlphaDropout or GaussianDropout, of a "
        f"rate above 0), for without it all samples are the same; {model.name!r} {found}; add such "
        "layers and train the model with them, or use predict"
    )


class _Run:
    """One call for x, whose rows are sampled block by block."""

    def __init__(
        self, model: TrainableModel, x: Any, inputs: Arrays, num_samples: int, seed: int
    ) -> None:
        self._model, self._inputs = model, inputs
        self._call = Call(model, x)
        self._num_samples, self._seed = num_samples, seed
        self._rows = len(inputs[0])
        self.kinds = kinds_of(model)
        self._moments: list[Moments] = []  # of each output, for all rows, in their shapes
        self._samples: list[Array] = []
        self._like: Any = None

    def all_rows(self, return_samples: bool) -> MCPrediction:
        """The samples of all rows, summed up."""
        if not self._rows:
            raise ValueError(f"{WHO}: expected x with a row at least, received none")
        for block, first in enumerate(range(0, self._rows, BLOCK)):
            self._block(block, first, return_samples)
        found = [
            self._result(kind, moments)
            for kind, moments in zip(self.kinds, self._moments, strict=True)
        ]
        mean, std, whole, mutual = (self._packed(one) for one in zip(*found, strict=True))
        samples = self._packed(self._samples) if return_samples else None
        return MCPrediction(mean, std, whole, mutual, samples)

    def _packed(self, values: Sequence[Any]) -> Any:
        return values[0] if self._like is None else pack_like(self._like, values)

    def _result(self, kind: OutputKind, moments: Moments) -> tuple[Any, ...]:
        """Mean, standard deviation, predictive entropy and mutual information of an output."""
        mean, squares, entropies = moments
        std = np.sqrt(np.maximum(squares, 0, out=squares) / self._num_samples, out=squares)
        if kind.kind is None or entropies is None:
            return mean, std, None, None
        whole = entropy(mean, kind.kind)
        mutual = np.maximum(whole - entropies, 0)
        return mean, std, whole.astype(mean.dtype), mutual.astype(mean.dtype)

    def _block(self, block: int, first: int, return_samples: bool) -> None:
        """Samples one block of rows."""
        part = tuple(a[first : first + BLOCK] for a in self._inputs)
        rows = len(part[0])
        take = None
        if return_samples:

            def take(number: int, outs: Arrays) -> None:
                self._keep_samples(number, first, rows, outs)

        for most in (self._num_samples, 1):
            samples = samples_of_pass(rows, self._num_samples) if most > 1 else 1
            try:
                self._sample(part, samples, block, first, take)
            except NotByRows:
                if samples > 1:
                    continue
                raise ValueError(
                    f"{WHO}: expected outputs with a row for each row of x; {self._model.name!r} "
                    "gives others"
                ) from None
            return

    def _sample(
        self,
        part: Arrays,
        samples: int,
        block: int,
        first: int,
        take: Callable[[int, Arrays], None] | None,
    ) -> None:
        model = self._model
        trainer = model._trainer
        pool = trainer.samplers
        if pool is None:
            pool = trainer.samplers = SamplerPool()
        dtypes = memory_dtypes(model, part)
        shapes = tuple((a.shape, dtype) for a, dtype in zip(part, dtypes, strict=True))
        eager = trainer.compilation.run_eagerly
        signature = (shapes, samples, tuple(self.kinds), self._call.form, eager)
        with no_grad(), trainer.shared_lock(model).reading:
            sampler = pool.take(signature) or self._new_sampler(shapes, samples, not eager)
            for a, memory in zip(part, sampler.inputs, strict=True):
                _kernels.gather_rows(a, memory)
            sampler.run(self._seed, block, self._num_samples, take)
            self._keep_moments(sampler, first, len(part[0]))
        pool.give(signature, sampler)

    def _new_sampler(self, shapes: Any, samples: int, records: bool) -> Sampler:
        with _kernels.CacheLines():
            memory = tuple(np.zeros(shape, dtype) for shape, dtype in shapes)
        call = self._call
        halves = None if call.custom else self._model._halves()
        return Sampler(
            halves, call, lambda x: [model_input(None, x)], memory, samples, self.kinds, records
        )

    def _keep_moments(self, sampler: Sampler, first: int, rows: int) -> None:
        """Copies what is known of a block to its place among all rows."""
        self._like = sampler.like
        if not self._moments:
            for out, moments in zip(sampler.outs, sampler.moments, strict=True):
                whole, dtype = (self._rows, *out.shape[1:]), out.dtype
                entropies = None
                if moments.entropy is not None:
                    entropies = np.empty(whole[: max(len(whole) - 1, 1)], dtype)
                kept = Moments(np.empty(whole, dtype), np.empty(whole, dtype), entropies)
                self._moments.append(kept)
        for kept, moments in zip(self._moments, sampler.moments, strict=True):
            for target, array in zip(kept, moments, strict=True):
                if target is not None and array is not None:
                    target[first : first + rows] = array.reshape(rows, *target.shape[1:])

    def _keep_samples(self, number: int, first: int, rows: int, outs: Arrays) -> None:
        """Copies the outputs of a pass, which begins with this sample, to their place."""
        several = len(outs[0]) // rows
        if not self._samples:
            self._samples = [
                np.empty((self._num_samples, self._rows, *out.shape[1:]), out.dtype) for out in outs
            ]
        for target, out in zip(self._samples, outs, strict=True):
            target[number : number + several, first : first + rows] = out.reshape(
                several, rows, *out.shape[1:]
            )


def kinds_of(model: TrainableModel) -> list[OutputKind]:
    """What each output of a built model is: by the compiled losses, or by the last layers."""
    names = model._trainer.shapes_of(model).output_names
    activated: list[str | None] = [None] * len(names)
    if not model._has_own_call:
        activated = [kind_by_activation(tensor) for tensor in model.outputs]
    return output_kinds(model._trainer.compilation.losses_for(WHO, names), activated)


# ---- validation ----------------------------------------------------------------------------------


def _unpacked(model: TrainableModel, data: Any) -> tuple[Any, list[Any], Array | None]:
    """x, the targets of each output and the weights of the rows, checked."""
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise ValueError(
            f"{WHO}: expected validation_data as (x, y) or (x, y, sample_weight), received "
            f"{type(data).__name__}"
        )
    x, y, weight = (*data, None)[:3]
    who = f"{WHO}: validation_data"
    inputs, shapes = model._trainer.check_inputs(model, who, x)
    rows = len(inputs[0])
    flat = flat_targets(who, "y", y, shapes.output_names)
    targets = [given_array(who, "y", one) for one in flat]
    for one, shape, kind in zip(targets, shapes.outputs, kinds_of(model), strict=True):
        _check_targets(who, one, (rows, *shape[1:]), kind)
    return x, targets, None if weight is None else as_sample_weight(who, weight, rows, "float64")


def _check_targets(who: str, y: Array, whole: tuple[Any, ...], kind: OutputKind) -> None:
    """ValueError for targets that an output of this whole shape cannot be compared with."""
    of_classes = kind.kind == CATEGORICAL
    labels = of_classes and y.shape in (whole[:-1], (*whole[:-1], 1))
    single = not of_classes and whole[1:] == (1,) and y.shape == whole[:-1]
    if y.dtype.kind not in "fiub" or not (labels or single or y.shape == whole):
        raise ValueError(
            f"{who}: expected y as numbers of shape {whole}"
            f"{f', or classes of shape {whole[:-1]}' if of_classes else ''}, received {y.dtype} "
            f"of shape {y.shape}"
        )
    if not np.isfinite(y).all():
        raise ValueError(f"{who}: expected finite y, received NaN or infinity")
    if labels and y.shape != whole:
        least, most = (y.min(), y.max()) if y.size else (0, 0)
        if least < 0 or most >= whole[-1] or (y != np.floor(y)).any():
            raise ValueError(
                f"{who}: expected classes in [0, {whole[-1]}), received {least} to {most}"
            )
    elif kind.kind == BERNOULLI and y.size and not 0 <= y.min() <= y.max() <= 1:
        raise ValueError(f"{who}: expected labels in [0, 1], received {y.min()} to {y.max()}")


def _scores(
    model: TrainableModel,
    num_samples: int,
    seed: int,
    x: Any,
    targets: list[Any],
    weight: Array | None,
) -> dict[str, float]:
    """What averaged and plain predictions of validation rows are worth; see MCPrediction."""
    run = _Run(model, x, check_and_build(model, WHO, x), num_samples, seed)
    means = list(flatten(run.all_rows(False).mean))
    plain = list(flatten(predict(model, x, None, 0, None, None)))
    for i, kind in enumerate(run.kinds):
        if kind.from_logits:
            z = np.asarray(plain[i], float)
            plain[i] = softmax(z) if kind.kind == CATEGORICAL else sigmoid(z)
    return {
        name: sum(
            figure_of_merit(kind.kind, p, y, weight)
            for kind, p, y in zip(run.kinds, outputs, targets, strict=True)
        )
        for name, outputs in (("mean", means), ("plain", plain))
    }
