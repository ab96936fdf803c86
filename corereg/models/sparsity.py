"""model.sparsity(): a table of the zeros in a model's kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from corereg import markup
from corereg.models.text_table import table
from corereg.pruning.kernels import all_kernels

_HEAD = (
    *("Layer", "Weight", "Shape", "Zeros", "Zeros %", "Nonzeros"),
    *("Frozen", "Dead neurons", "Dead inputs"),
)
_RIGHT = range(3, len(_HEAD))
_WIDEST = 110


class SparsityRow(NamedTuple):
    """The zeros of one kernel.

    layer, weight: the names; shape: (inputs, ..., neurons); zeros, nonzeros: how many weights are
    exactly 0.0, and how many not; frozen: how many training keeps at zero
    (`corereg.pruning.freeze_zeros`); dead_neurons: how many neurons have no weight but zeros, so
    that they give the same for all inputs; dead_inputs: how many inputs the layer does not look at.

    >>> model = corereg.Sequential([corereg.Input((2,)), layers.Dense(2, name="d")])
    >>> model.layers[0].set_weights([np.eye(2), np.zeros(2)])
    >>> model.sparsity()[0].zeros
    2
    """

    layer: str
    weight: str
    shape: tuple[int, ...]
    zeros: int
    nonzeros: int
    frozen: int
    dead_neurons: int
    dead_inputs: int

    @property
    def share(self) -> float:
        """Of zeros, from 0 to 1."""
        return self.zeros / max(self.zeros + self.nonzeros, 1)


class SparsityTable(Sequence[SparsityRow]):
    """What `model.sparsity()` gives: a row for each kernel, and totals. It is what was there when
    it was made. Notebooks show it as a table.

    >>> model = corereg.Sequential([corereg.Input((2,)), layers.Dense(2, name="d")])
    >>> model.layers[0].set_weights([np.eye(2), np.zeros(2)])
    >>> model.sparsity()
    ----------------------------------------------------------------------------------
    Layer  Weight  Shape   Zeros  Zeros %  Nonzeros  Frozen  Dead neurons  Dead inputs
    ----------------------------------------------------------------------------------
    d      kernel  (2, 2)      2    50.00         2       0             0            0
    ----------------------------------------------------------------------------------
    Total                      2    50.00         2       0             0            0
    ----------------------------------------------------------------------------------
    """

    def __init__(self, rows: Sequence[SparsityRow]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> SparsityRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[SparsityRow, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[SparsityRow]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparsityTable) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    @property
    def zeros(self) -> int:
        """How many weights are exactly 0.0, of all kernels."""
        return sum(row.zeros for row in self)

    @property
    def nonzeros(self) -> int:
        """How many are not."""
        return sum(row.nonzeros for row in self)

    @property
    def frozen(self) -> int:
        """How many training keeps at zero."""
        return sum(row.frozen for row in self)

    @property
    def dead_neurons(self) -> int:
        """How many neurons have no weight but zeros."""
        return sum(row.dead_neurons for row in self)

    @property
    def dead_inputs(self) -> int:
        """How many inputs of layers are not looked at, those that are neurons of the layer before
        among them."""
        return sum(row.dead_inputs for row in self)

    @property
    def share(self) -> float:
        """Of zeros in all kernels, from 0 to 1."""
        return self.zeros / max(self.zeros + self.nonzeros, 1)

    def _cells(self) -> list[list[str]]:
        cells = [
            [
                *(row.layer, row.weight, str(row.shape), f"{row.zeros:,}"),
                *(f"{100 * row.share:.2f}", f"{row.nonzeros:,}", f"{row.frozen:,}"),
                *(f"{row.dead_neurons:,}", f"{row.dead_inputs:,}"),
            ]
            for row in self
        ]
        total = [
            *("Total", "", "", f"{self.zeros:,}", f"{100 * self.share:.2f}"),
            *(f"{self.nonzeros:,}", f"{self.frozen:,}"),
            *(f"{self.dead_neurons:,}", f"{self.dead_inputs:,}"),
        ]
        return [*cells, total]

    def __repr__(self) -> str:
        *body, total, rule = table(_HEAD, self._cells(), list(_RIGHT), _WIDEST)
        return "\n".join([*body, rule, total, rule])

    def _repr_html_(self) -> str:
        *body, total = self._cells()
        return markup.card("Sparsity", markup.table(_HEAD, body, _RIGHT, total))


def sparsity_of(model: Any) -> SparsityTable:
    """The table of a model. See `Model.sparsity`."""
    rows = []
    for kernel in all_kernels("sparsity", model):
        weight = kernel.weight
        zero = weight.data == 0
        flat = zero.reshape(-1, zero.shape[-1])
        zeros = int(np.count_nonzero(zero))
        frozen = 0 if weight.mask is None else int(np.count_nonzero(~weight.mask))
        rows.append(
            SparsityRow(
                *(kernel.layer.name, kernel.name, weight.shape, zeros, zero.size - zeros, frozen),
                int(np.count_nonzero(flat.all(axis=0))),
                int(np.count_nonzero(zero.reshape(len(zero), -1).all(axis=1))),
            )
        )
    return SparsityTable(rows)
