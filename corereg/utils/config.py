"""Config: named values that can be frozen."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, MutableMapping
from typing import Any


class Config(MutableMapping[str, Any]):
    """Named values, by attributes as by keys, in the order of their names. After `freeze()` a
    change raises ValueError, until `unfreeze()`; AttributeError for names that have no value.

    >>> config = utils.Config(learning_rate=0.1)
    >>> config.seed = 123
    >>> config["seed"], config.learning_rate, config.to_json()
    (123, 0.1, '{"learning_rate": 0.1, "seed": 123}')
    """

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(_config=kwargs, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return bool(vars(self)["_frozen"])

    def freeze(self) -> None:
        """Refuses changes from now on."""
        vars(self)["_frozen"] = True

    def unfreeze(self) -> None:
        """Takes changes again."""
        vars(self)["_frozen"] = False

    def as_dict(self) -> dict[str, Any]:
        """The values in a dict of their own."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON. TypeError for values that it does not have."""
        return json.dumps(self._config)

    def _check_mutable(self) -> None:
        if self.frozen:
            raise ValueError("Config: expected one that may change, but it is frozen; unfreeze it")

    def __getattr__(self, name: str) -> Any:
        own = vars(self).get("_config", {})
        if name.startswith("__") or name not in own:
            near = difflib.get_close_matches(name, own, n=1, cutoff=0.7)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"Config: there is no value {name!r}{hint}")
        return own[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(f"Config: expected another name, received {name!r}, its own word")
        self[name] = value

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._check_mutable()
        self._config[key] = value

    def __delitem__(self, key: str) -> None:
        self._check_mutable()
        del self._config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
