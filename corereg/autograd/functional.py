"""Derivatives of functions, as values: no `.grad` is touched.

`grad` is torch.autograd.grad; the others take functions of Tensors, as in JAX. The functions get
Tensors that require grad, made from what is given (arrays and numbers as `corereg.Tensor` takes
them, floats), and return one Tensor. With create_graph=True what comes out can be differentiated
again, by the parameters too that the function uses, and by arguments that are tensors which require
grad themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg._kernels import run_backward
from corereg.autograd.mode import enable_grad
from corereg.autograd.tensor import Tensor, tensor

Function = Callable[..., Tensor]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of outputs by inputs, one an input.

    outputs, inputs: tensors, one or several; inputs may also be results of ops. grad_outputs: the
    gradient of each output, of its shape; None, for one or all: 1, for outputs of one element.
    create_graph: the gradients can be differentiated again. retain_graph: keep the graph for
    another pass (None: if create_graph). allow_unused: None stands for an input that the outputs do
    not depend on, otherwise RuntimeError. RuntimeError too for an input or output that does not
    require grad, and for graphs that were freed or values changed in place.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (slope,) = corereg.grad((x**3).sum(), x, create_graph=True)
    >>> corereg.grad(slope.sum(), x)
    (Tensor([ 6., 12., 18.]),)
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs] * (len(outputs) if grad_outputs is None else 1)
    if len(grad_outputs) != len(outputs):
        raise ValueError(
            f"grad: expected a gradient for each of {len(outputs)} outputs, received "
            f"{len(grad_outputs)}"
        )
    for what, tensors in (("output", outputs), ("input", inputs)):
        for i, t in enumerate(tensors):
            if not t.requires_grad:
                raise RuntimeError(
                    f"grad: {what} {i} does not require grad; set requires_grad=True where the "
                    "graph begins"
                )
    seeds = [t.seed(g, create_graph) for t, g in zip(outputs, grad_outputs, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    results = run_backward(list(zip(outputs, seeds, strict=True)), inputs, retain, create_graph)
    for i, result in enumerate(results):
        if result is None and not allow_unused:
            raise RuntimeError(
                f"grad: the outputs do not depend on input {i}; pass allow_unused=True for None"
            )
    return tuple(results)


def value_and_grad(
    function: Function, argnums: int | Sequence[int] = 0, create_graph: bool = False
) -> Callable[..., tuple[Tensor, Any]]:
    """A function that returns (function(*args), its gradient by argument number argnums), or for
    several argnums a tuple of gradients. The value has one element, else RuntimeError.

    >>> corereg.value_and_grad(lambda w: (w * w).sum())([1.0, 2.0])
    (Tensor(5.), Tensor([2., 4.]))
    """
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)

    def both(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        given = list(args)
        leaves = _leaves([args[n] for n in numbers], create_graph)
        for n, leaf in zip(numbers, leaves, strict=True):
            given[n] = leaf
        out = _call(function, given, "value_and_grad", **kwargs)
        grads = _grads(out, leaves, None, create_graph)
        value = out if create_graph else out.detach()
        return value, grads[0] if isinstance(argnums, int) else grads

    return both


def vjp(function: Function, *primals: Any) -> tuple[Tensor, Callable[..., tuple[Tensor, ...]]]:
    """(function(*primals), pull): pull(v), v of the value's shape, gives v times the Jacobian by
    each primal, as often as called; pull(v, create_graph=True) can be differentiated again.

    >>> value, pull = corereg.vjp(lambda x: x * x, [1.0, 2.0])
    >>> value, pull([10.0, 1.0])
    (Tensor([1., 4.]), (Tensor([20.,  4.]),))
    """
    leaves = _leaves(primals, True)
    out = _call(function, leaves, "vjp")

    def pull(v: Any, create_graph: bool = False) -> tuple[Tensor, ...]:
        return _grads(out, leaves, v, create_graph, retain_graph=True)

    return out.detach(), pull


def jvp(
    function: Function, primals: Sequence[Any], tangents: Sequence[Any], create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """(function(*primals), the Jacobians times the tangents, summed), each of the value's shape.

    By backward twice: v J is linear in v, and its derivative by v along the tangents is J times
    them. A tangent has its primal's shape; ValueError otherwise.

    >>> corereg.jvp(lambda x: x * x, [[1.0, 2.0]], [[10.0, 1.0]])
    (Tensor([1., 4.]), Tensor([20.,  4.]))
    """
    if not len(primals) == len(tangents) > 0:
        raise ValueError(
            f"jvp: expected a tangent for each primal, received {len(primals)} primals and "
            f"{len(tangents)} tangents"
        )
    leaves = _leaves(primals, create_graph)
    directions = [tensor(v, like) for v, like in zip(tangents, leaves, strict=True)]
    for i, (v, leaf) in enumerate(zip(directions, leaves, strict=True)):
        if v.shape != leaf.shape:
            raise ValueError(
                f"jvp: expected tangent {i} of shape {leaf.shape} as its primal's, received "
                f"{v.shape}"
            )
    out = _call(function, leaves, "jvp")
    value = out if create_graph else out.detach()
    v = Tensor(np.zeros_like(out.data), requires_grad=True)
    with enable_grad():
        rows = _grads(out, leaves, v, create_graph=True)
        total = sum((g * d).sum() for g, d in zip(rows, directions, strict=True))
    return value, _grads(total, [v], None, create_graph)[0]


def jacobian(function: Function, x: Any, create_graph: bool = False) -> Tensor:
    """The derivative of every element of function(x) by every element of x: the value's shape
    followed by x's. One backward pass for each element of the value.

    >>> corereg.jacobian(lambda x: x * x, [1.0, 2.0])
    Tensor([[2., 0.],
            [0., 4.]])
    """
    (leaf,) = _leaves([x], create_graph)
    out = _call(function, [leaf], "jacobian")
    rows: list[Tensor] = []
    for i in range(out.size):
        unit = np.zeros_like(out.data)
        unit.flat[i] = 1
        rows += _grads(out, [leaf], unit, create_graph, retain_graph=True)
    if not rows:
        return Tensor(np.zeros((*out.shape, *leaf.shape), leaf.dtype))
    stacked: Any = np.stack(rows)
    return tensor(stacked).reshape(*out.shape, *leaf.shape)


def hessian(function: Function, x: Any, create_graph: bool = False) -> Tensor:
    """The second derivatives of function(x), a value of one element: x's shape twice.

    >>> corereg.hessian(lambda x: x[0] * x[1] ** 2, [3.0, 2.0])
    Tensor([[0., 4.],
            [4., 6.]])
    """
    gradient = value_and_grad(function, create_graph=True)
    return jacobian(lambda leaf: gradient(leaf)[1], x, create_graph)


def hvp(function: Function, x: Any, v: Any, create_graph: bool = False) -> Tensor:
    """The Hessian of function(x), a value of one element, times v, which has x's shape: of x's
    shape too. It takes two backward passes, and never makes the Hessian.

    >>> corereg.hvp(lambda x: (x**3).sum(), [1.0, 2.0], [1.0, 1.0])
    Tensor([ 6., 12.])
    """
    (leaf,) = _leaves([x], create_graph)
    (slope,) = _grads(_call(function, [leaf], "hvp"), [leaf], None, create_graph=True)
    return _grads(slope, [leaf], v, create_graph)[0]


def _leaves(values: Sequence[Any], connected: bool) -> list[Tensor]:
    """values as tensors that require grad, connected to those that do already if so wished."""
    kept = [tensor(v) for v in values]
    with enable_grad():  # a view of its own for each: the same tensor may be given twice
        return [
            t.reshape(t.shape) if connected and t.requires_grad else t.detach().requires_grad_()
            for t in kept
        ]


def _call(function: Function, args: Sequence[Any], who: str, **kwargs: Any) -> Tensor:
    with enable_grad():
        out = function(*args, **kwargs)
    if not isinstance(out, Tensor):
        raise TypeError(
            f"{who}: expected the function to return a Tensor, received {type(out).__name__}"
        )
    return out


def _grads(
    out: Any, leaves: list[Tensor], v: Any, create_graph: bool, retain_graph: bool | None = None
) -> tuple[Tensor, ...]:
    """grad, with zeros for what out does not depend on."""
    found: tuple[Any, ...] = (None,) * len(leaves)
    seed = out.seed(v, create_graph)  # refuses another shape
    if out.requires_grad:
        found = grad(out, leaves, [seed], create_graph, retain_graph, allow_unused=True)
    zeros = [Tensor(np.zeros_like(leaf.data)) for leaf in leaves]
    return tuple(z if g is None else g for g, z in zip(found, zeros, strict=True))
