"""Derivatives of functions: what `backward` does to `.grad`, as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg._kernels import run_backward
from corereg.autograd.tensor import Tensor


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the sum of outputs by inputs, one an input; no `.grad` is touched.

    As torch.autograd.grad. outputs, inputs: tensors, one or several; inputs may also be results of
    ops. grad_outputs: the gradient of each output, of its shape; None (for one or all): 1, for
    outputs of one element. create_graph: the gradients can be differentiated again. retain_graph:
    keep the graph for another pass (None: if create_graph). allow_unused: None stands for an input
    that the outputs do not depend on, otherwise RuntimeError.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if grad_outputs is None or isinstance(grad_outputs, Tensor) or len(outputs) == 1:
        grad_outputs = [grad_outputs] * len(outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(
            f"grad: expected a gradient for each of {len(outputs)} outputs, received "
            f"{len(grad_outputs)}"
        )
    for i, t in enumerate(inputs):
        if not t.requires_grad:
            raise RuntimeError(f"grad: input {i} does not require grad; set requires_grad=True")
    seeds = [t.seed(g, create_graph) for t, g in zip(outputs, grad_outputs, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    roots = [(t, g) for t, g in zip(outputs, seeds, strict=True) if t.requires_grad]
    results = run_backward(roots, inputs, retain, create_graph)
    for i, result in enumerate(results):
        if result is None and not allow_unused:
            raise RuntimeError(
                f"grad: the outputs do not depend on input {i}; pass allow_unused=True for None"
            )
    return tuple(g if g is None or isinstance(g, Tensor) else Tensor(g) for g in results)
