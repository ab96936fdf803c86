"""Labels of classes, and how a network tells them: which output layers, targets and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import losses
from corereg.sklearn.network import Head
from corereg.wrappers.scikit_learn import check_classification_targets, column_or_1d, type_of_target

Array = np.ndarray[Any, Any]
_ONE_COLUMN = ("binary", "multiclass")


class ClassLabels:
    """The classes that a y has.

    kind: "classes", y (rows,) of labels; "labels", y (rows, labels) of 0 and 1, where a row may
    have several; "columns", y (rows, columns) of labels, each column of classes of its own.
    classes: the sorted classes of each column; for "labels" 0 and 1, as often as there are labels.
    """

    def __init__(self, kind: str, classes: list[Array], dtype: Any = None) -> None:
        self.kind, self.classes, self.dtype = kind, classes, dtype

    @classmethod
    def of(cls, y: Array) -> ClassLabels:
        """The classes of y. ValueError for numbers that are no classes."""
        kind = kind_of(y)
        if kind == "labels":
            return cls(kind, [np.array([0, 1])] * y.shape[1], y.dtype)
        return cls(kind, [np.unique(column) for column in ([y] if y.ndim == 1 else y.T)])

    @classmethod
    def given(cls, who: str, y: Array, classes: Any) -> ClassLabels:
        """The classes that are given for y: of several columns a list. ValueError if they are
        missing, or not as many as columns."""
        kind = kind_of(y)
        if kind == "labels":
            return cls.of(y)
        if classes is None:
            raise ValueError(
                f"{who}: expected classes in the first call, all that will come in y, such as "
                "np.unique of the whole y; received None"
            )
        each = [classes] if y.ndim == 1 else list(classes)
        if y.ndim > 1 and len(each) != y.shape[1]:
            raise ValueError(
                f"{who}: expected classes as a list of {y.shape[1]}, those of each column of y, "
                f"received {len(each)}"
            )
        return cls(kind, [np.unique(one) for one in each])

    def codes(self, who: str, y: Array) -> Array:
        """The number of each row's class, (rows, columns) integers. ValueError for a y of another
        shape, and for classes that are not among these."""
        columns = [y] if y.ndim == 1 else list(y.T)
        if (y.ndim == 1) != (self.kind == "classes") or len(columns) != len(self.classes):
            raise ValueError(
                f"{who}: expected y {self._described()}, as before, received shape {y.shape}; set "
                "warm_start=False to begin anew with another y"
            )
        return np.stack(
            [_codes(who, *one) for one in zip(columns, self.classes, strict=True)], axis=1
        )

    def _described(self) -> str:
        if self.kind == "classes":
            return "of shape (rows,)"
        return f"of shape (rows, {len(self.classes)})"

    # ---- for the network -------------------------------------------------------------------------

    @property
    def heads(self) -> list[Head]:
        """A unit with a sigmoid for one or two classes, a softmax for more."""
        if self.kind == "labels":
            return [Head(len(self.classes), "sigmoid")]
        counts = [len(classes) for classes in self.classes]
        return [Head(n, "softmax") if n > 2 else Head(1, "sigmoid") for n in counts]

    def losses(self, smoothing: float) -> list[Any]:
        """The loss of each head."""
        return [
            losses.BinaryCrossentropy(label_smoothing=smoothing)
            if head.activation == "sigmoid"
            else losses.CategoricalCrossentropy(label_smoothing=smoothing)
            if smoothing
            else losses.SparseCategoricalCrossentropy()
            for head in self.heads
        ]

    def metrics(self, smoothing: float) -> list[str]:
        """The name of each head's accuracy."""
        return [
            "binary_accuracy"
            if head.activation == "sigmoid"
            else "categorical_accuracy"
            if smoothing
            else "sparse_categorical_accuracy"
            for head in self.heads
        ]

    def targets(self, codes: Array, smoothing: float, dtype: str) -> list[Array]:
        """What each head is to give, from numbers of classes (rows, columns)."""
        if self.kind == "labels":
            return [codes.astype(dtype)]
        return [
            codes[:, i : i + 1].astype(dtype)
            if head.activation == "sigmoid"
            else np.eye(head.units, dtype=dtype)[codes[:, i]]
            if smoothing
            else codes[:, i]
            for i, head in enumerate(self.heads)
        ]

    # ---- and back --------------------------------------------------------------------------------

    def probabilities(self, outputs: Sequence[Array]) -> list[Array]:
        """The probabilities of all classes of each column, (rows, classes); for "labels" those of
        each label, (rows, labels)."""
        if self.kind == "labels":
            return list(outputs)
        return [
            np.ones_like(output)
            if len(classes) == 1
            else np.concatenate([1 - output, output], axis=1)
            if len(classes) == 2
            else output
            for classes, output in zip(self.classes, outputs, strict=True)
        ]

    def decoded(self, outputs: Sequence[Array]) -> Array:
        """The likeliest labels, in the shape of y."""
        if self.kind == "labels":
            return (outputs[0] > 0.5).astype(self.dtype)
        columns = [
            classes[np.zeros(len(output), np.intp)]
            if len(classes) == 1
            else classes[(output[:, 0] > 0.5).astype(np.intp)]
            if len(classes) == 2
            else classes[output.argmax(axis=1)]
            for classes, output in zip(self.classes, outputs, strict=True)
        ]
        return columns[0] if self.kind == "classes" else np.stack(columns, axis=1)


def kind_of(y: Array) -> str:
    """The kind of a `ClassLabels` for y; ValueError for numbers that are no classes."""
    found = type_of_target(y, input_name="y")
    if found in _ONE_COLUMN:
        return "classes"
    if found == "multilabel-indicator":
        return "labels"
    check_classification_targets(y)
    return "columns"


def as_classes(y: Any) -> Array:
    """y as (rows,), or (rows, columns) of two columns or more. A single column is warned of."""
    if hasattr(y, "toarray"):
        y = y.toarray()  # indicators of labels
    found: Array = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
    return found


def _codes(who: str, column: Array, classes: Array) -> Array:
    found = np.searchsorted(classes, column)
    found[found == len(classes)] = 0
    unknown = classes[found] != column
    if unknown.any():
        raise ValueError(
            f"{who}: expected y of the classes {classes.tolist()}, received "
            f"{np.unique(column[unknown]).tolist()}, too"
        )
    return found
