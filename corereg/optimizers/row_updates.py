"""Lazy updates: of a table, only the rows that a batch has looked up.

The rows, and those of the optimizer's state, are copied together; the step runs on these copies as
on any other variables, by whatever rule and stages; then they are put back. Gradients of a row that
the batch names more than once are added up in the batch's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, Tensor, no_grad, ops
from corereg.optimizers.plan import NONE, StepPlan
from corereg.regularizers.penalties import is_proximal

Array = np.ndarray[Any, Any]


class TableRows:
    """The rows of one table that a step is about, and their copies.

    table: the whole; slots: its state arrays; count: how many rows at most.
    """

    def __init__(self, table: Parameter, slots: Sequence[Array | None], count: int) -> None:
        shape = (count, table.shape[1])
        self.table, self.whole = table, [table.data, *slots]
        self.rows, self.place = np.empty((2, count), np.int64)
        self._where = np.zeros(table.shape[0], np.int64)
        self.copies = [None if a is None else np.zeros(shape, a.dtype) for a in self.whole]
        self.gradient = np.zeros(shape, table.dtype)
        self.parameter = Parameter(self.copies[0], table.name)
        self.copies[0] = self.parameter.data

    def load(self, index: Array, gradients: Array) -> None:
        """Copies the rows that index names, and adds up their gradients."""
        _kernels.unique_rows(index, self.rows, self.place, self._where)
        for whole, copy in zip(self.whole, self.copies, strict=True):
            if whole is not None and copy is not None:
                _kernels.embedding_forward(self.rows, whole, copy, missing=True)
        _kernels.embedding_backward(self.place, gradients, self.gradient)

    def store(self) -> None:
        """Puts the rows back."""
        for whole, copy in zip(self.whole, self.copies, strict=True):
            if whole is not None and copy is not None:
                _kernels.scatter_rows(whole, copy, self.rows)
        self.table.changed()


def forget_rows(parameters: Sequence[Parameter]) -> None:
    """Drops the gradients of tables' rows."""
    for p in parameters:
        if p.row_gradients:
            p.row_gradients.clear()


def update_rows(optimizer: Any, penalties: bool) -> Array:
    """A step of a lazy optimizer, which uses the rows' gradients up; returns the penalty in parts,
    as `Optimizer.update` does."""
    _kernels.track_dependency(optimizer)
    plan: StepPlan = optimizer._plan(penalties)
    gradients: list[Array | None] = []
    rows: dict[int, tuple[Array, Array]] = {}
    by_rows = not optimizer._totals and not optimizer._averages
    by_rows = by_rows and optimizer.loss_scale_factor is None
    for i, p in enumerate(plan.parameters):
        dense = p._grad.data if isinstance(p._grad, Tensor) else p._grad
        if p.row_gradients:
            index, given = _joined(p.row_gradients)
            plain = by_rows and plan.strengths[i] == NONE and p.constraint is None
            plain = plain and p.mask is None and not is_proximal(p.regularizer)
            if dense is None and plain:
                rows[i] = index, given
            else:
                dense = _whole(p, dense, index, given)
        gradients.append(dense)
    signature = tuple((i, index.size) for i, (index, _) in rows.items())
    known = plan.compact.get(signature)
    if known is None:
        if len(plan.compact) >= 16:
            plan.compact.clear()
        with _kernels.recording_paused():  # memory alone is made here
            known = plan.compact[signature] = _compact(optimizer, plan, rows)
    compact, tables = known
    for i, table in tables.items():
        table.load(*rows[i])
        gradients[i] = table.gradient
    optimizer._run(compact, gradients)
    for table in tables.values():
        table.store()
    forget_rows(optimizer.parameters)
    return compact.penalty


def _compact(
    optimizer: Any, plan: StepPlan, rows: dict[int, tuple[Array, Array]]
) -> tuple[StepPlan, dict[int, TableRows]]:
    """The plan with copies of rows in the place of tables."""
    slots = [optimizer.slots[place] for place in plan.places]
    tables = {
        i: TableRows(plan.parameters[i], slots[i], index.size) for i, (index, _) in rows.items()
    }
    made = StepPlan(
        [tables[i].parameter if i in tables else p for i, p in enumerate(plan.parameters)],
        plan.places,
        [tuple(tables[i].copies[1:]) if i in tables else own for i, own in enumerate(slots)],
        plan.strengths,
        plan.decays,
        plan.rates,
        plan.proximal,
    )
    made.stages = optimizer._stages(made)
    return made, tables


def _joined(pairs: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Row numbers (m,) and their gradients (m, n) of all uses of a table, in order."""
    with no_grad():
        flat = [(_in_rows(i, ()), _in_rows(g, g.shape[-1:])) for i, g in pairs]
        if len(flat) == 1:
            return flat[0]
        index, given = (
            ops.concatenate([Tensor(a) for a in parts], 0).data for parts in zip(*flat, strict=True)
        )
    return index, given


def _in_rows(array: Array, row: tuple[int, ...]) -> Array:
    """An array as (m, *row)."""
    if array.flags.c_contiguous:
        return array.reshape(-1, *row)
    return ops.reshape(Tensor(array), (-1, *row)).data


def _whole(table: Parameter, dense: Array | None, index: Array, given: Array) -> Array:
    """The gradient of the whole table: what it has already, and that of rows."""
    found = _kernels.embedding_backward(index, given, np.empty_like(table.data))
    return found if dense is None else _kernels.sum_of(found, dense)
