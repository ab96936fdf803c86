"""What a sparse training tells of itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from corereg.models.sparsity import SparsityTable


class Trial(NamedTuple):
    """What came of one strength of the penalty.

    zeros: the share of exact zeros when its training ended; validation: the error or loss then;
    cut_validation: with the smallest weights cut as well; None where nothing more was cut.

    >>> pruning.Trial(strength=0.1, zeros=0.9, validation=0.05, cut_validation=None).zeros
    0.9
    """

    strength: float
    zeros: float
    validation: float
    cut_validation: float | None


class SparsifyReport(NamedTuple):
    """What `corereg.pruning.sparsify` did.

    strength: of the penalty that was chosen; threshold: below which weights were cut after it, for
    a target the size of the largest one that was, 0.0 for none; sparsity: `model.sparsity()` at the
    end; measure: what the validation numbers are, "error" (1 - accuracy) or "loss";
    validation_start: as the model came; validation_before: with the penalty, nothing cut;
    validation_cut: when the weights were cut; validation: at the end; debiased: whether what was
    trained without the penalty was kept; epochs: how many were trained in all; trials: every
    strength that was tried, in order; history: of each `fit`, the History's dict.

    >>> x = np.random.default_rng(0).standard_normal((200, 20))
    >>> model = corereg.Sequential([corereg.Input((20,)), layers.Dense(1)])
    >>> model.compile(optimizers.Adam(0.01), "mse")
    >>> held_out = x, x[:, 0]
    >>> report = pruning.sparsify(model, *held_out, held_out, strength=0.1, epochs=20)
    >>> report.strength, report.measure
    (0.1, 'loss')
    """

    strength: float
    threshold: float
    sparsity: SparsityTable
    measure: str
    validation_start: float
    validation_before: float
    validation_cut: float
    validation: float
    debiased: bool
    epochs: int
    trials: tuple[Trial, ...]
    history: tuple[dict[str, list[Any]], ...]

    @property
    def zeros(self) -> float:
        """The share of exact zeros in the kernels."""
        return self.sparsity.share

    def __repr__(self) -> str:
        def told(value: float) -> str:
            return f"{100 * value:.2f} %" if self.measure == "error" else f"{value:.6g}"

        tried = ", ".join(f"{one.strength:g} ({100 * one.zeros:.1f} %)" for one in self.trials)
        return "\n".join(
            [
                f"sparsify: {100 * self.zeros:.2f} % of the weights are zero, after "
                f"{self.epochs} epochs",
                f"strength {self.strength:g}, cut below {self.threshold:g}; strengths tried, with "
                f"their zeros: {tried}",
                f"validation {self.measure}: {told(self.validation_start)} at the start, "
                f"{told(self.validation_before)} before the cut, {told(self.validation_cut)} "
                f"after it, {told(self.validation)} at the end"
                + ("" if self.debiased else " (without debiasing)"),
                repr(self.sparsity),
            ]
        )
