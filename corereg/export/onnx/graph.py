"""OnnxGraph: the nodes of an ONNX graph while they are made, and Term, which writes formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.export.network import Array, Value
from corereg.export.onnx.library import library
from corereg.naming import unused_name

ML = "ai.onnx.ml"
"""The domain of operators that know texts."""


class Term:
    """A tensor of an ONNX graph, with operators: ``x * 2 + 1`` makes two nodes. Numbers and arrays
    take the term's dtype.

    name: the tensor's; dtype: as NumPy names it, or "string".

    >>> graph = corereg.export.onnx.OnnxGraph(17)
    >>> x = corereg.export.onnx.Term(graph, "x", "float32")
    >>> (x * 2.0).op("Exp")
    <Term 'Exp' of float32>
    """

    __slots__ = ("dtype", "graph", "name")
    __array_ufunc__ = None  # arrays leave operators to this class

    def __init__(self, graph: OnnxGraph, name: str, dtype: Any) -> None:
        self.graph, self.name, self.dtype = graph, name, str(dtype)

    def op(self, operator: str, *others: Any, dtype: Any = None, **attributes: Any) -> Term:
        """One node with this term as its first input, and its output; dtype: of that, if it is
        another one.

        >>> graph = corereg.export.onnx.OnnxGraph(17)
        >>> corereg.export.onnx.Term(graph, "x", "float32").op("IsNaN", dtype="bool")
        <Term 'IsNaN' of bool>
        """
        inputs = [self, *(self._like(one) for one in others)]
        return self.graph.node(operator, inputs, dtype or self.dtype, **attributes)

    def cast(self, dtype: Any) -> Term:
        """The same as another dtype."""
        if str(dtype) == self.dtype:
            return self
        return self.op("Cast", dtype=dtype, to=self.graph.type_of(dtype))

    def _like(self, other: Any) -> Term:
        return other if isinstance(other, Term) else self.graph.constant(other, self.dtype)

    def __add__(self, other: Any) -> Term:
        return self.op("Add", other)

    def __radd__(self, other: Any) -> Term:
        return self._like(other).op("Add", self)

    def __sub__(self, other: Any) -> Term:
        return self.op("Sub", other)

    def __rsub__(self, other: Any) -> Term:
        return self._like(other).op("Sub", self)

    def __mul__(self, other: Any) -> Term:
        return self.op("Mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Term:
        return self.op("Div", other)

    def __rtruediv__(self, other: Any) -> Term:
        return self._like(other).op("Div", self)

    def __neg__(self) -> Term:
        return self.op("Neg")

    def __lt__(self, other: Any) -> Term:
        return self.op("Less", other, dtype="bool")

    def __gt__(self, other: Any) -> Term:
        return self.op("Greater", other, dtype="bool")

    def __repr__(self) -> str:
        return f"<Term {self.name!r} of {self.dtype}>"


class OnnxGraph:
    """The nodes and constants of a graph. opset: the version of the operators.

    >>> corereg.export.onnx.OnnxGraph(17)
    <OnnxGraph of opset 17, 0 nodes>
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.names: set[str] = set()
        self.scope = ""
        self._terms: dict[int, tuple[Value, Term]] = {}
        self._known: dict[Any, str] = {}
        self._given: list[Any] = []  # arrays whose ids are keys

    def type_of(self, dtype: Any) -> int:
        """ONNX's number of a dtype."""
        helper = library("onnx.helper")
        if dtype == "string":
            return int(library().TensorProto.STRING)
        return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def fresh(self, name: str) -> str:
        """A name that is not there yet, within the call that is converted."""
        return unused_name(f"{self.scope}/{name}" if self.scope else name, self.names)

    def node(self, operator: str, inputs: Sequence[Term], dtype: Any, **attributes: Any) -> Term:
        """A node with one output."""
        return self.nodes_of(operator, inputs, [dtype], **attributes)[0]

    def nodes_of(
        self,
        operator: str,
        inputs: Sequence[Term],
        dtypes: Sequence[Any],
        domain: str = "",
        **attributes: Any,
    ) -> list[Term]:
        """A node with an output of each dtype."""
        names = [self.fresh(operator) for _ in dtypes]
        made = library("onnx.helper").make_node(
            operator,
            [one.name for one in inputs],
            names,
            name=names[0],
            domain=domain,
            **attributes,
        )
        self.nodes.append(made)
        return [Term(self, name, dtype) for name, dtype in zip(names, dtypes, strict=True)]

    def constant(self, value: Any, dtype: Any = None, name: str = "constant") -> Term:
        """An array or a number; equal small ones, and one that is given again, are kept once."""
        array = np.asarray(value, dtype)
        key: Any = (id(value), array.dtype) if isinstance(value, np.ndarray) else None
        if key is None or array.size <= 8:
            key = array.shape, array.dtype, array.tobytes()
        if key not in self._known:
            self._given.append(value)
            self._known[key] = self.fresh(name)
            self.constants[self._known[key]] = array
        return Term(self, self._known[key], array.dtype)

    def ints(self, *values: int) -> Term:
        """Whole numbers, as shapes and axes are given."""
        return self.constant(np.array(values, np.int64))

    def term(self, value: Any, dtype: Any = None, name: str = "constant") -> Term:
        """The term of a value, an array or a number; cast if it is of another dtype."""
        if isinstance(value, Term):
            found = value
        elif isinstance(value, Value):
            found = self._terms[id(value)][1]
        else:
            if isinstance(value, Tensor):
                value = value.data
            return self.constant(value, dtype, name)
        return found if dtype is None else found.cast(dtype)

    def bind(self, value: Value, term: Term) -> None:
        """Says which term is a value."""
        self._terms[id(value)] = value, term.cast(value.dtype)

    # ---- operators whose form depends on the opset -----------------------------------------------

    def reduce(self, operator: str, x: Term, axes: Any, keepdims: Any = False) -> Term:
        """ReduceSum and the like over axes; None: all."""
        inputs, attributes = [x], {"keepdims": int(bool(keepdims))}
        if axes is not None:
            several = [int(one) for one in (axes if isinstance(axes, list | tuple) else [axes])]
            if operator == "ReduceSum" or self.opset >= 18:
                inputs.append(self.ints(*several))
            else:
                attributes["axes"] = several  # type: ignore[assignment]
        return self.node(operator, inputs, x.dtype, **attributes)

    def unit_length(self, x: Term, axes: Any, least: float) -> Term:
        """x divided by its length along axes, or by `least` if that is more."""
        length = self.reduce("ReduceSum", x * x, axes, True).op("Sqrt")
        return x / length.op("Max", least)

    def reshape(self, x: Term, shape: Sequence[int]) -> Term:
        """x in another shape; -1 for what is left, 0 for a size that stays."""
        return x.op("Reshape", self.ints(*shape))

    def unsqueeze(self, x: Term, *axes: int) -> Term:
        """x with new axes of one element."""
        return x.op("Unsqueeze", self.ints(*axes))

    def squeeze(self, x: Term, *axes: int) -> Term:
        """x without these axes of one element."""
        return x.op("Squeeze", self.ints(*axes))

    def where(self, condition: Term, one: Any, other: Any, dtype: Any) -> Term:
        """one where the condition holds, else other."""
        return self.node(
            "Where", [condition, self.term(one, dtype), self.term(other, dtype)], dtype
        )

    def transpose(self, x: Term, order: Sequence[int]) -> Term:
        """x with its axes in another order."""
        order = [int(i) for i in order]
        return x if order == sorted(order) else x.op("Transpose", perm=order)

    def __repr__(self) -> str:
        return f"<OnnxGraph of opset {self.opset}, {len(self.nodes)} nodes>"
