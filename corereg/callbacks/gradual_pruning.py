"""GradualPruning: cuts more and more of the smallest weights while a model is trained."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.arguments import check_whole
from corereg.callbacks.base import Callback, Logs
from corereg.pruning.kernels import Kernel
from corereg.pruning.magnitude import check_scope, check_share, cut_smallest, kernels_for

_WHO = "GradualPruning"


class GradualPruning(Callback):
    """Cuts the smallest weights of the kernels little by little, until `final_sparsity` of them are
    exactly 0.0 (Zhu and Gupta 2017: To prune, or not to prune):

        s(t) = final + (initial - final) (1 - (t - begin) / (end - begin))^3

    begin, end: epochs, from 0: the first cut is before epoch `begin`, the last one before epoch
    `end`, so that all from there on is left to train the rest. initial_sparsity: of the first cut.
    frequency: None cuts once an epoch; a number cuts also whenever so many batches of an epoch are
    done, t in between; steps then run one by one through the callbacks, which takes longer. (The
    first epoch of an iterable without a length has no batches in between.)
    scope, layers, feature_scale: what is cut, as of `corereg.pruning.magnitude_prune`.

    Zeros are frozen, also after the training: see `corereg.pruning.freeze_zeros` and
    `unfreeze_zeros`. Each epoch's logs have `sparsity`, the share of zeros in these kernels that
    was asked for last. Weights that a callback brings back from before the last cut, such as those
    of EarlyStopping(restore_best_weights=True), have fewer zeros until the next step: let it begin
    with epoch `end` (start_from_epoch). It can go on: the schedule follows from the epoch, and what
    is cut from the weights, whose masks files of models keep.

    ValueError or TypeError for other values; when a training begins, ValueError for a model that
    has no kernel or not these layers, and for an `end` that the training does not reach.

    >>> model = corereg.Sequential([corereg.Input((10,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((8, 10)), np.ones(8)
    >>> history = model.fit(x, y, epochs=6, verbose=0, callbacks=callbacks.GradualPruning(0.8))
    >>> model.sparsity().share
    0.8
    """

    def __init__(
        self,
        final_sparsity: float,
        begin: int = 0,
        end: int | None = None,
        frequency: int | None = None,
        initial_sparsity: float = 0.0,
        scope: str = "global",
        layers: Any = None,
        feature_scale: Any = None,
        verbose: int = 0,
    ) -> None:
        check_share(_WHO, "final_sparsity", final_sparsity)
        check_share(_WHO, "initial_sparsity", initial_sparsity)
        if initial_sparsity > final_sparsity:
            raise ValueError(
                f"{_WHO}: expected initial_sparsity <= final_sparsity, received "
                f"{initial_sparsity!r} and {final_sparsity!r}"
            )
        check_scope(_WHO, scope)
        check_whole(_WHO, "begin", begin, 0)
        if end is not None:
            check_whole(_WHO, "end", end, begin)
        if frequency is not None:
            check_whole(_WHO, "frequency", frequency, 1)
        self.final_sparsity, self.initial_sparsity = float(final_sparsity), float(initial_sparsity)
        self.begin, self.end, self.frequency = begin, end, frequency
        self.scope, self.layers, self.feature_scale = scope, layers, feature_scale
        self.verbose = verbose
        self.sparsity = 0.0
        self._epoch = 0
        self._kernels: list[Kernel] | None = None

    def get_state(self) -> dict[str, Any]:
        return {"sparsity": self.sparsity}

    def set_state(self, state: dict[str, Any]) -> None:
        self.sparsity = state["sparsity"]
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self.sparsity = 0.0
        self._kernels = None
        epochs = (self.params or {}).get("epochs")
        if epochs is not None and self._end() > epochs:
            raise ValueError(
                f"{_WHO}: expected an end within the training's {epochs} epochs, received "
                f"{self.end}; the last cut would not be reached"
            )
        if self.model.built:
            self._found()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._cut_at(epoch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        steps = (self.params or {}).get("steps")
        done = batch + 1
        if self.frequency and steps and done < steps and done % self.frequency == 0:
            self._cut_at(self._epoch + done / steps)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["sparsity"] = self.sparsity

    def _observes(self, hook: str) -> bool:
        if hook == "on_train_batch_end" and self.frequency is None:
            return False
        return super()._observes(hook)

    def _end(self) -> int:
        """The epoch before which the last cut is: without `end`, where three quarters of what
        follows `begin` are over."""
        if self.end is not None:
            return self.end
        epochs = int((self.params or {}).get("epochs") or 1)
        return max(self.begin + 3 * (epochs - self.begin) // 4, self.begin)

    def sparsity_at(self, epoch: float) -> float:
        """What the schedule says at a time, in epochs; 0 before it begins."""
        if epoch < self.begin:
            return 0.0
        length = self._end() - self.begin
        left = 1 - min((epoch - self.begin) / length, 1) if length else 0.0
        return self.final_sparsity + (self.initial_sparsity - self.final_sparsity) * left**3

    def _cut_at(self, epoch: float) -> None:
        wanted = self.sparsity_at(epoch)
        if epoch < self.begin or wanted <= self.sparsity:
            return
        cut_smallest(self.model, self._found(), wanted, self.scope, self.feature_scale)
        self.sparsity = wanted
        if self.verbose:
            print(f"Epoch {int(epoch) + 1}: {_WHO}: {100 * wanted:.2f} % of the weights are zero")

    def _found(self) -> list[Kernel]:
        """The kernels that are cut."""
        if self._kernels is None:
            self._kernels = kernels_for(
                _WHO, self.model, self.scope, self.layers, self.feature_scale
            )
        return self._kernels
