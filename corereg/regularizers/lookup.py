"""Regularizers from names and from what files hold, and back.

"l1", "l2", "orthogonal" and "l1_l2" (also "l1l2") stand for strengths of 0.01, the last for two of
them, while L1L2() without arguments has none, as in Keras.
"""

from __future__ import annotations

from typing import Any

from corereg import registry
from corereg.regularizers.l1l2 import L1L2


def get(identifier: Any) -> Any:
    """None, a regularizer, any callable, a name or a serialized dict as a regularizer or None."""
    if isinstance(identifier, str) and identifier in ("l1_l2", "l1l2"):
        return L1L2(0.01, 0.01)
    found = registry.resolve("regularizer", identifier)
    if found is not None and not callable(found):
        raise TypeError(
            f"regularizer: expected a name, a Regularizer or a callable, received {found!r}"
        )
    return found


def serialize(regularizer: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    return registry.serialize("regularizer", regularizer)


def deserialize(config: Any) -> Any:
    """What `serialize` gave, as a regularizer again."""
    return get(config)
