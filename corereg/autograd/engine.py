"""The graph: ops, their registry, and the backward pass.

A node of the graph is an instance of an op's class. It holds its input tensors and its output
array, never its output tensor, so the graph has no reference cycles and dies with its last user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels
from corereg.autograd.mode import state

if TYPE_CHECKING:
    from corereg.autograd.tensor import Tensor

Array = np.ndarray[Any, Any]

registry: dict[str, type[Op]] = {}
"""Every op by its class's name; the test suite walks it."""


class Op:
    """One operation: subclass it, write `forward` and `backward`, and `apply(TheOp(), *tensors)`.
    An instance is one node of the graph: make a new one for every call.

    forward(*arrays) -> array
        The value, from the inputs' arrays. It may keep on `self` what backward will want.
    backward(grad, out, *arrays) -> tuple
        The gradient of each input (None where there is none), from the gradient of the output,
        the output and the inputs. The engine sums gradients of inputs that were broadcast back to
        the input's shape, and casts them to its dtype. `self.wants(i)` says whether gradient i is
        needed at all. The arrays given must not be written to.
    derivative(grad, out, *tensors) -> tuple
        The same with Tensors, for derivatives of higher order. By default it is `backward`: what
        is written with operators, methods and functions of NumPy runs on Tensors too. Write it
        where backward runs kernels or writes into arrays. What is kept on `self` is constant to it.

    `fresh = True` promises that backward returns newly made arrays, each of which nobody else
    holds: the engine then adds to them in place and gives them to leaves without a copy.
    `recordable = True` says that forward and backward compute by kernels alone, on the arrays that
    they are given, so that a recording of them can be replayed.
    A class whose name begins with an underscore is a base of ops, not an op.
    """

    __slots__ = ("inputs", "out")
    fresh: ClassVar[bool] = False
    recordable: ClassVar[bool] = False
    inputs: tuple[Tensor, ...] | None
    out: Array | None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("_"):
            registry[cls.__name__] = cls

    def forward(self, *arrays: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: forward is not written")

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__}: backward is not written")

    def derivative(self, grad: Any, out: Any, *tensors: Any) -> tuple[Any, ...]:
        return self.backward(grad, out, *tensors)

    def wants(self, i: int) -> bool:
        """Whether input i needs a gradient."""
        if self.inputs is None or not self.inputs[i].requires_grad:
            return False
        return state.needed is None or key(self.inputs[i]) in state.needed


Key = Any
"""What gradients are collected for: the node that made a tensor, or the tensor itself if none."""


def key(t: Tensor) -> Key:
    return t if t.node is None else t.node


def fitted(op: Op, grad: Any, like: Array) -> Array:
    """A gradient as a new array of like's dtype and shape: summed over axes that were broadcast."""
    _kernels.cannot_record("a gradient is cast or summed in Python")
    grad = np.asarray(grad)
    total = np.array(_summed(op, grad, like.shape), like.dtype)
    return total.reshape(like.shape)


def fitted_tensor(op: Op, grad: Any, like: Array) -> Tensor:
    """The same as a Tensor, which stays in its graph."""
    from corereg.autograd.tensor import tensor

    grad = tensor(grad)
    if grad.dtype == like.dtype and grad.shape == like.shape:
        return grad
    total = _summed(op, grad, like.shape)
    return total.astype(like.dtype).reshape(like.shape)  # type: ignore[no-any-return]


def _summed(op: Op, grad: Any, shape: tuple[int, ...]) -> Any:
    extra = grad.ndim - len(shape)
    axes = tuple(
        i for i in range(grad.ndim) if i < extra or (shape[i - extra] == 1 != grad.shape[i])
    )
    total = grad.sum(axis=axes, keepdims=True) if axes else grad
    if total.shape[max(extra, 0) :] != shape:
        raise RuntimeError(
            f"{type(op).__name__}.backward: expected a gradient of shape {shape} as the input's, "
            f"or of one that it broadcasts to, received {grad.shape}"
        )
    return total


def accumulate(leaf: Tensor, grad: Any, fresh: bool) -> None:
    """Adds to a leaf's gradient; an array is copied unless it is nobody else's."""
    held, buffer = leaf._grad, leaf.buffer
    if grad is not buffer or held is not None:
        _kernels.cannot_record("a gradient is copied or added to in Python")
    if not isinstance(grad, np.ndarray):  # a Tensor: the gradient is part of a graph
        leaf._grad = grad if held is None else grad + held
    elif held is not None:
        if held is buffer:
            held += grad
        else:
            leaf._grad = np.asarray(getattr(held, "data", held) + grad)
    elif buffer is None:
        leaf._grad = grad if fresh else np.array(grad)
    else:
        if grad is not buffer:
            np.copyto(buffer, grad)
        leaf._grad = buffer


def count_uses(roots: list[Op], needed: set[Key] | None) -> dict[Op, int]:
    """How often each node under the roots feeds another one, of those that are needed."""
    uses = dict.fromkeys(roots, 0)
    stack = [*uses]
    while stack:
        node = stack.pop()
        if node.inputs is None:
            raise RuntimeError(
                f"backward: the graph behind {type(node).__name__} was freed by an earlier "
                "backward; compute the value again, or pass retain_graph=True to the first call"
            )
        for t in node.inputs:
            under = t.node
            if under is not None and (needed is None or under in needed):
                if under in uses:
                    uses[under] += 1
                else:
                    uses[under] = 1
                    stack.append(under)
    return uses


def leading_to(roots: list[Op], targets: set[Key]) -> set[Key]:
    """The targets and the nodes under the roots through which gradients reach them."""
    found: set[Key] = set(targets)
    seen: set[Op] = set()
    stack = [(node, False) for node in roots]
    while stack:
        node, passed = stack.pop()
        if node.inputs is None:
            continue
        if passed:  # all under it have been, so that found is right for them
            if any(t.requires_grad and key(t) in found for t in node.inputs):
                found.add(node)
        elif node not in seen:  # asked here, not when pushed: another path may come to it first
            seen.add(node)
            stack.append((node, True))
            stack += [(t.node, False) for t in node.inputs if t.node is not None]
    return found


def run_backward(
    roots: list[tuple[Tensor, Any]],
    targets: list[Tensor] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> list[Any]:
    """Walks the graph from the roots towards the leaves, each node once, all its users first.

    roots: tensors, each with its gradient: an array, or a Tensor if create_graph. targets: None
    adds the gradients of all leaves to their `.grad`; otherwise only the gradients of these tensors
    are computed, and returned, None where there is none.

    Infinity and NaN are values like others here: nothing warns. If an op raises, the graph is
    lost, and leaves may hold a part of the gradient.
    """
    nodes = [t.node for t, _ in roots if t.node is not None]
    wanted = None if targets is None else {key(t) for t in targets}
    needed = None if wanted is None else leading_to(nodes, wanted)
    uses = count_uses(nodes if needed is None else [n for n in nodes if n in needed], needed)
    grads: dict[Key, Any] = {}
    owned: set[Key] = set()  # keys whose gradient array may be added to in place
    found: dict[Key, Any] = {}
    ready = [node for node in uses if not uses[node]]

    def add(t: Tensor, part: Any, fresh: bool) -> None:
        if t.node is None and wanted is None:
            accumulate(t, part, fresh)
            return
        k = key(t)
        if k not in grads:
            if fresh and part is t.buffer:
                part = part.copy()
            grads[k] = part
            if fresh:
                owned.add(k)
            return
        _kernels.cannot_record("gradients are added in Python")
        if k in owned and not create_graph:
            grads[k] += part
        else:
            grads[k] = grads[k] + part if create_graph else np.asarray(grads[k] + part)
            owned.add(k)

    before, state.enabled = state.enabled, create_graph
    outer, state.needed = state.needed, needed
    try:
        with np.errstate(all="ignore"):
            for t, grad in roots:
                if needed is None or key(t) in needed:
                    add(t, grad, fresh=False)
            while ready:
                node = ready.pop()
                inputs = node.inputs
                assert inputs is not None
                total = grads.pop(node, None)
                if wanted is not None and node in wanted:
                    found[node] = total
                    if not any(key(t) in needed for t in inputs):  # type: ignore[operator]
                        continue
                if total is None:  # no gradient reached it; those under it wait for its word
                    parts: tuple[Any, ...] = (None,) * len(inputs)
                else:
                    parts = _parts(node, inputs, total, create_graph)
                for t, part in zip(inputs, parts, strict=True):
                    under = t.node
                    if needed is not None and key(t) not in needed:
                        continue
                    if part is not None and t.requires_grad:
                        fresh, data = node.fresh, t.data
                        if create_graph:
                            part = fitted_tensor(node, part, data)
                        elif (
                            type(part) is not np.ndarray
                            or part.dtype is not data.dtype
                            or part.shape != data.shape
                        ):
                            part, fresh = fitted(node, part, data), True
                        add(t, part, fresh)
                    if under is not None:
                        uses[under] -= 1
                        if not uses[under]:
                            ready.append(under)
                if not retain_graph:
                    node.inputs = node.out = None
    finally:
        state.enabled, state.needed = before, outer
    results = []
    for t in targets or ():
        k = key(t)
        result = found.get(k) if t.node is not None else grads.get(k)
        if isinstance(result, np.ndarray) and k not in owned:
            result = np.array(result)
        results.append(result)
    return results


def _parts(node: Op, inputs: tuple[Tensor, ...], total: Any, create_graph: bool) -> tuple[Any, ...]:
    if create_graph:
        from corereg.autograd.tensor import new_tensor

        assert node.out is not None
        out = new_tensor(node.out)
        out.node, out.requires_grad = node, True
        parts = node.derivative(total, out, *inputs)
    else:
        parts = node.backward(total, node.out, *[t.data for t in inputs])
    if type(parts) is not tuple or len(parts) != len(inputs):
        raise TypeError(
            f"{type(node).__name__}.backward: expected a tuple of {len(inputs)} "
            f"gradients, one an input, received {_described(parts)}"
        )
    return parts


def _described(parts: Any) -> str:
    kind = type(parts).__name__
    return f"{kind} of {len(parts)}" if isinstance(parts, tuple | list) else kind
