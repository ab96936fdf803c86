"""The graph: ops, their registry, and the backward pass.

A node of the graph is an instance of an op's class. It holds its input tensors and its output
array, never its output tensor, so the graph has no reference cycles and dies with its last user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from corereg.autograd.tensor import Tensor

Array = np.ndarray[Any, Any]
Gradients = tuple[Array | None, ...]

registry: dict[str, type[Op]] = {}
"""Every op by its class's name; the test suite walks it."""


class Op:
    """One operation: subclass it, write `forward` and `backward`, and call `apply`.

    forward(*arrays) -> array
        The value, from the inputs' arrays. It may keep on `self` what backward will want.
    backward(grad, out, *arrays) -> tuple
        The gradient of each input (None where there is none), from the gradient of the output,
        the output and the inputs. Gradients of inputs that were broadcast are summed back to the
        input's shape by the engine. `self.wants(i)` says whether gradient i is needed at all.

    `fresh` tells the engine that backward returns newly made arrays that nobody else holds.
    """

    __slots__ = ("inputs", "out")
    fresh: ClassVar[bool] = True
    inputs: tuple[Tensor, ...] | None
    out: Array | None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        registry[cls.__name__] = cls

    def forward(self, *arrays: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: forward is not written")

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__}: backward is not written")

    def wants(self, i: int) -> bool:
        """Whether input i needs a gradient."""
        return self.inputs is not None and self.inputs[i].requires_grad


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of an input of `shape` that was broadcast to grad's shape: summed back."""
    extra = grad.ndim - len(shape)
    axes = tuple(
        i for i in range(grad.ndim) if i < extra or (shape[i - extra] == 1 != grad.shape[i])
    )
    return grad.sum(axis=axes, keepdims=True).reshape(shape) if axes else grad.reshape(shape)


def accumulate(leaf: Tensor, grad: Array, fresh: bool) -> None:
    """Adds to a leaf's gradient; the array is copied unless it is nobody else's."""
    held, buffer = leaf._grad, leaf.buffer
    if held is not None:
        if held is buffer:
            held += grad
        else:
            leaf._grad = held + grad
    elif buffer is None:
        leaf._grad = grad if fresh else np.array(grad)
    else:
        if grad is not buffer:
            np.copyto(buffer, grad)
        leaf._grad = buffer


def count_uses(root: Op) -> dict[Op, int]:
    """How often each node under root feeds another one."""
    uses = {root: 0}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.inputs is None:
            raise RuntimeError(
                f"backward: the graph behind {type(node).__name__} was freed by an earlier "
                "backward; compute the value again, or pass retain_graph=True to the first call"
            )
        for t in node.inputs:
            under = t.node
            if under is not None:
                if under in uses:
                    uses[under] += 1
                else:
                    uses[under] = 1
                    stack.append(under)
    return uses


def run_backward(root: Op, grad: Array, retain_graph: bool = False) -> None:
    """Walks the graph from root towards the leaves, each node once, all its users first."""
    uses = count_uses(root)
    grads: dict[Op, Array] = {root: grad}
    owned: set[Op] = set()  # nodes whose gradient array may be added to in place
    ready = [root]
    while ready:
        node = ready.pop()
        inputs = node.inputs
        assert inputs is not None
        total = grads.pop(node, None)
        if total is None:  # no gradient reached it; those under it still wait for its word
            parts: tuple[Any, ...] = (None,) * len(inputs)
        else:
            parts = node.backward(total, node.out, *[t.data for t in inputs])
        for t, part in zip(inputs, parts, strict=True):
            under = t.node
            if part is not None and t.requires_grad:
                fresh = node.fresh
                if part.shape != t.data.shape:
                    part = unbroadcast(part, t.data.shape)
                if under is None:
                    accumulate(t, part, fresh)
                elif under not in grads:
                    grads[under] = part
                    if fresh:
                        owned.add(under)
                elif under in owned:
                    grads[under] += part
                else:
                    grads[under] = grads[under] + part
                    owned.add(under)
            if under is not None:
                uses[under] -= 1
                if not uses[under]:
                    ready.append(under)
        if not retain_graph:
            node.inputs = node.out = None
