"""What is said of a loss that is not finite any more: when it was seen, and in which layer.

Nothing is looked at for that while steps are replayed. The sum of the losses, which the steps add
up anyway, is looked at whenever the steps hand back to Python: after each batch where a callback
observes batches, else after some tenths of a second, and at the end of an epoch. Only when it is
not finite, the model is run once more, on the batch that came last, with the weights as they are
then, in inference mode: which changes nothing. So the warning names the batches between which it
happened, and the layer where numbers go wrong at the time of looking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, enable_grad, grad
from corereg.graph.nest import flatten
from corereg.training.data.arrays import Batch
from corereg.training.trainer import TrainableModel
from corereg.warn import NotFiniteWarning, warn_user

REMEDY = (
    "Try a lower learning rate, clipnorm= in the optimizer, or data of a smaller scale; "
    "TerminateOnNaN() ends a fit then"
)


def warn_of_batches(
    model: TrainableModel, loss: float, epoch: int, first: int, last: int, batch: Batch | None
) -> None:
    """Warns of the mean loss of an epoch so far. All are counted from 0; first: of the batches
    between which it became what it is; last: the first one that has not run; batch: the last one
    that has, as far as it is known."""
    which = f"batch {last}" if last - first == 1 else f"one of the batches {first + 1} to {last}"
    warn_not_finite(model, f"fit: in epoch {epoch + 1}, {which},", loss, batch)


def warn_not_finite(model: TrainableModel, when: str, loss: float, batch: Batch | None) -> None:
    """Warns of a loss that is not finite. when: the beginning of a sentence; batch: for the look at
    the layers."""
    where = ""
    if batch is not None:
        where = f" A look at the layers after that, in inference mode: {_cause(model, batch)}."
    warn_user(f"{when} the loss became {loss}.{where} {REMEDY}.", NotFiniteWarning)


def _cause(model: TrainableModel, batch: Batch) -> str:
    """What is not finite first, said in a sentence."""
    trainer = model._trainer
    try:
        with (
            np.errstate(all="ignore"),
            _kernels.ignore_float_errors(),
            trainer.lock_of_steps(model).reading,
            enable_grad(),
            _kernels.CallContext(training=False),
        ):
            return _first_of(model, batch)
    except Exception as error:  # of code of the user's own: the training itself goes on
        return f"the look at the layers ended with {type(error).__name__}: {error}"


def _first_of(model: TrainableModel, batch: Batch) -> str:
    outputs: list[tuple[str, Any, list[Tensor]]] = []

    def note(layer: Any, out: Any) -> None:
        found = [one for one in flatten(out) if isinstance(one, Tensor)]
        outputs.append((getattr(layer, "who", layer.name), layer, found))

    if not all(_finite(a) for a in batch.arrays if a is not None):
        return "the batch itself is not finite"
    predictions = list(flatten(model._run_noting(batch.x, note)))
    for who, layer, found in outputs:
        if not all(_finite(one.data) for one in found):
            return f"the first output that is not finite is that of {who}{_of_weights(layer)}"
    total = model._trainer.total_loss(model._trainer.output_losses(batch, predictions))
    if total is None:
        return "all outputs are finite"
    if not _finite(total.data):
        return "all layers' outputs are finite, and the loss of them is not"
    for who, layer, found in reversed(outputs):
        inputs = [one for one in found if one.requires_grad]
        inputs += getattr(layer, "trainable_weights", ())
        if not inputs:
            continue
        gradients = grad(total, inputs, retain_graph=True, allow_unused=True)
        if not all(g is None or _finite(g.data) for g in gradients):
            return f"all outputs are finite, and the first gradient that is not is that of {who}"
    wrong = [p.name for p in model.weights if not _finite(p.data)]
    if wrong:
        return f"outputs and gradients are finite, and these weights are not: {', '.join(wrong)}"
    return "the loss, all outputs and gradients are finite there"


def _of_weights(layer: Any) -> str:
    wrong = [p.name for p in getattr(layer, "weights", ()) if not _finite(p.data)]
    return f", whose weights {', '.join(wrong)} are not finite by then" if wrong else ""


def _finite(array: Any) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
