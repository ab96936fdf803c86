"""The graph: ops, their registry, and the backward pass.

A node of the graph is an instance of an op's class. It holds its input tensors and its output
array, never its output tensor, so the graph has no reference cycles and dies with its last user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels

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

    def wants(self, i: int) -> bool:
        """Whether input i needs a gradient."""
        return self.inputs is not None and self.inputs[i].requires_grad


def fitted(op: Op, grad: Any, like: Array) -> Array:
    """A gradient as a new array of like's dtype and shape: summed over axes that were broadcast."""
    _kernels.cannot_record("a gradient is cast or summed in Python")
    grad, shape = np.asarray(grad), like.shape
    extra = grad.ndim - like.ndim
    axes = tuple(
        i for i in range(grad.ndim) if i < extra or (shape[i - extra] == 1 != grad.shape[i])
    )
    total = np.array(grad.sum(axis=axes, keepdims=True) if axes else grad, like.dtype)
    if total.shape[extra:] != shape:
        raise RuntimeError(
            f"{type(op).__name__}.backward: expected a gradient of shape {shape} as the input's, "
            f"or of one that it broadcasts to, received {grad.shape}"
        )
    return total.reshape(shape)


def accumulate(leaf: Tensor, grad: Array, fresh: bool) -> None:
    """Adds to a leaf's gradient; the array is copied unless it is nobody else's."""
    held, buffer = leaf._grad, leaf.buffer
    if buffer is None or (held is not None and held is not buffer):
        _kernels.cannot_record("a gradient is copied or added to in Python")
    _kernels.takes_part(leaf)
    if held is not None:
        if held is buffer:
            _kernels.add_into(held, grad)
        else:
            leaf._grad = np.asarray(held + grad)
    elif buffer is None:
        leaf._grad = grad if fresh else np.array(grad)
    else:
        if grad is not buffer:
            _kernels.copy_into(buffer, grad)
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
    """Walks the graph from root towards the leaves, each node once, all its users first.

    Infinity and NaN are values like others here: nothing warns. If an op raises, the graph is
    lost, and leaves may hold a part of the gradient.
    """
    uses = count_uses(root)
    grads: dict[Op, Array] = {root: grad}
    owned: set[Op] = set()  # nodes whose gradient array may be added to in place
    ready = [root]
    with np.errstate(all="ignore"):
        while ready:
            node = ready.pop()
            inputs = node.inputs
            assert inputs is not None
            total = grads.pop(node, None)
            if total is None:  # no gradient reached it; those under it still wait for its word
                parts: tuple[Any, ...] = (None,) * len(inputs)
            else:
                parts = node.backward(total, node.out, *[t.data for t in inputs])
                if type(parts) is not tuple or len(parts) != len(inputs):
                    raise TypeError(
                        f"{type(node).__name__}.backward: expected a tuple of {len(inputs)} "
                        f"gradients, one an input, received {_described(parts)}"
                    )
            for t, part in zip(inputs, parts, strict=True):
                under = t.node
                if part is not None and t.requires_grad:
                    fresh, data = node.fresh, t.data
                    if (
                        type(part) is not np.ndarray
                        or part.dtype is not data.dtype
                        or part.shape != data.shape
                    ):
                        part, fresh = fitted(node, part, data), True
                    if under is None:
                        accumulate(t, part, fresh)
                    elif under not in grads:
                        grads[under] = part
                        if fresh:
                            owned.add(under)
                    else:
                        if under in owned:
                            _kernels.add_into(grads[under], part)
                        else:
                            grads[under] = np.asarray(_kernels.sum_of(grads[under], part))
                            owned.add(under)
                if under is not None:
                    uses[under] -= 1
                    if not uses[under]:
                        ready.append(under)
            if not retain_graph:
                node.inputs = node.out = None


def _described(parts: Any) -> str:
    kind = type(parts).__name__
    return f"{kind} of {len(parts)}" if isinstance(parts, tuple | list) else kind
