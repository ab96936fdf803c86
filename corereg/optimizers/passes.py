"""How many gradients a step of an optimizer takes, and what it may have left undone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

from corereg.autograd.draws import Draws


class StepPasses:
    """The passes of a step as a part of `Optimizer`: one, unless a subclass says otherwise."""

    passes: ClassVar[int] = 1  # forward and backward passes of a step

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        raise NotImplementedError

    def second_pass(self, draws: Draws) -> AbstractContextManager[None]:
        """What is entered for the second gradient of a step whose `passes` are 2, once the first
        one is there. draws: those of the first pass, which the second one repeats."""
        raise NotImplementedError(f"{type(self).__name__}: its steps take one gradient")

    def abandon_step(self) -> None:
        """Forgets a step that was begun and will not be finished."""
        self.zero_grad()

    @property
    def stepping(self) -> Any:
        """The optimizer whose rule the steps are: itself, or that around which it is."""
        return self
