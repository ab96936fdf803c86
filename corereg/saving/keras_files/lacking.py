"""What Keras does not have: refused by name, or left out with a warning that names it."""

from __future__ import annotations

from corereg.warn import warn_user

PARTS: dict[str, dict[str, str | None]] = {
    "initializer": {"FromArray": "Zeros"},
    "loss": {"GaussianNLL": None, "Quantile": None},
    "regularizer": {"ProximalGroupLasso": None, "ProximalL1": None, "ProximalL1L2": None},
}
"""By kind and name the parts that Keras lacks, and what stands in their place if they are left
out."""

LAYERS = {
    "EnsembleAverage": "save to a .corereg file",
    "NumericEncoding": "save to a .corereg file, or use Normalization on numbers without gaps",
    "SelectColumns": "save to a .corereg file, or use pruning.compact(model, keep_inputs=False)",
}
"""By class the layers that Keras lacks, and the remedy: no model can do without its layers."""

WRAPPERS = {"optimizer": {"SAM": "base"}}
"""By kind and name the parts that Keras lacks around another part, and the key of that in their
config: it stands in their place if they are left out."""

ARGUMENTS = {
    "layer": ("grid", "missing_token"),
    "optimizer": ("lazy", "learning_rate_multipliers", "excluded_from_weight_decay"),
}
"""By kind the keys of a config that Keras's parts do not take."""

REFUSED = {"image_shape": "Reshape flat rows to images before the layer, and leave it out"}
"""By key what layers of Keras's do not take, and cannot do without, and what to do instead."""

UNTAKEN = {
    "Discretization": ("trainable",),
    "Pipeline": ("trainable", "dtype"),
    "SpatialDropout1D": ("trainable",),
}
"""By class what every layer has in its config and Keras's does not take; it says nothing there."""


class Lacking:
    """Is told of all that Keras lacks, while a config is translated.

    portable: False raises ValueError at the first; True takes note, and `warn` names them all.
    """

    def __init__(self, who: str, portable: bool) -> None:
        self._who = who
        self._portable = portable
        self._left_out: list[str] = []

    def note(self, what: str) -> None:
        """Keras has no such thing, and without it the rest still makes a model."""
        if not self._portable:
            raise ValueError(
                f"{self._who}: Keras does not have {what}; save to a .corereg file, or leave it "
                "out of the file with save(path, portable=True)"
            )
        if what not in self._left_out:
            self._left_out.append(what)

    def refuse(self, what: str, remedy: str) -> ValueError:
        """The error for what a file for Keras cannot do without."""
        return ValueError(f"{self._who}: Keras does not have {what}; {remedy}")

    def warn(self) -> None:
        """Warns of what was left out, if anything was."""
        if self._left_out:
            what = ", ".join(self._left_out)
            warn_user(f"{self._who}: the file is without what Keras does not have: {what}")
