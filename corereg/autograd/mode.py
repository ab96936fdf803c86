"""Whether ops are being recorded in the graph: one switch a thread, turned in src/thread_state.pxi,
where no interrupt can leave it half turned."""

from __future__ import annotations

from corereg._kernels import GradMode, enable_grad, is_grad_enabled, no_grad

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "state"]

state = GradMode()
