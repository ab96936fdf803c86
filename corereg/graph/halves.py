"""A graph cut in two: the calls whose results are known once the inputs are, and the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from corereg.graph.graph import _ONE, Graph, Slot, Step, _whole, run_steps
from corereg.graph.nest import flatten


class Halves(Protocol):
    """What is cut in two: `first` computes once what `rest` wants for each sample, a flat list of
    tensors; `rest` may be called as often as one likes, for other rows of them too."""

    def first(self, inputs: Sequence[Any]) -> list[Any]: ...
    def rest(self, kept: Sequence[Any]) -> Any: ...


class GraphHalves:
    """A graph cut at the operations whose results vary from call to call.

    varies: whether an operation is one; halves_of: such an operation cut in two itself, or None.
    """

    def __init__(
        self,
        graph: Graph,
        varies: Callable[[Any], bool],
        halves_of: Callable[[Any], Halves | None],
    ) -> None:
        self._graph = graph
        self._first: list[Step] = []
        self._rest: list[tuple[Step, Halves | None]] = []  # of those cut themselves: their halves
        self._counts: list[int] = []  # how many tensors the halves of each of these keep
        varying: set[int] = set()  # places
        read: set[int] = set(_numbers(graph._results))  # by the rest
        for step in graph._plan:
            kind, operation, args, kwargs, _, out = step
            reads = set(_numbers((_whole(kind, args), kwargs)))
            inner = None
            if not reads & varying:
                if not varies(operation):
                    self._first.append(step)
                    continue
                inner = halves_of(operation) if kind == _ONE else None
            if inner is None:
                read |= reads
            self._rest.append((step, inner))
            varying |= {out} if isinstance(out, int) else set(out)
        self._kept = sorted(read - varying)

    def first(self, inputs: Sequence[Any]) -> list[Any]:
        """For tensors in the order of the inputs: all that the rest wants to know."""
        values = self._graph.begin(inputs)
        run_steps(self._first, values, False)
        kept = [values[place] for place in self._kept]
        self._counts.clear()
        for step, inner in self._rest:
            if inner is not None:
                found = inner.first([values[step[2]]])
                self._counts.append(len(found))
                kept += found
        return kept

    def rest(self, kept: Sequence[Any]) -> Any:
        """The outputs of the graph, for what `first` gave."""
        values = self._graph.begin(())
        for place, value in zip(self._kept, kept, strict=False):
            values[place] = value
        begin, counts = len(self._kept), iter(self._counts)
        for step, inner in self._rest:
            if inner is None:
                run_steps([step], values, False)
            else:
                end = begin + next(counts)
                values[step[-1]] = inner.rest(kept[begin:end])
                begin = end
        return self._graph.outputs_of(values)


def _numbers(nest: Any) -> list[int]:
    """The places of the slots in a nest."""
    return [one.number for one in flatten(nest) if isinstance(one, Slot)]
