"""Dtype policies, as in `keras.dtype_policies`: what a layer computes in, and what its weights are
of. In corereg both are one dtype, float32 or float64; the policy "mixed_bfloat16" is float32 whose
matrix products round their factors (`corereg.set_float32_matmul_precision`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Self

import numpy as np

from corereg import config
from corereg.config import MIXED

__all__ = [
    *("DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "dtype_policy", "get"),
    *("serialize", "set_dtype_policy"),
]

_HALF = (
    "CPUs compute no faster in it, and its small range needs loss scales; use 'mixed_bfloat16', or "
    "'float32'"
)


class DTypePolicy:
    """A dtype for layers: "float32", "float64" or "mixed_bfloat16"; None is that of
    `corereg.config.dtype_policy()`. With "mixed_bfloat16", weights, outputs and gradients stay
    float32, and products of matrices have the precision "medium". ValueError for other names.

    >>> policy = corereg.dtype_policies.DTypePolicy("float64")
    >>> policy, layers.Dense(3, dtype=policy).dtype
    (<DTypePolicy "float64">, 'float64')
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = _checked(config.policy_name() if name is None else name)

    @property
    def name(self) -> str:
        """The name of the policy: its dtype, or "mixed_bfloat16"."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """What a layer computes in: "float32" with "mixed_bfloat16", too."""
        return "float32" if self._name == MIXED else self._name

    @property
    def variable_dtype(self) -> str:
        """What the weights are of."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """None: models are quantized when they are exported (`corereg.export`)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype, for NumPy."""
        return np.dtype(self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A policy from what `get_config` gave."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


FloatDTypePolicy = DTypePolicy


def _checked(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"DTypePolicy: expected name as a string, received {name!r}")
    if name == "mixed_float16":
        raise ValueError(f"DTypePolicy: {name!r} is not here: {_HALF}")
    if name not in ("float32", "float64", MIXED):
        raise ValueError(
            f"DTypePolicy: expected 'float32', 'float64' or {MIXED!r}, received {name!r}"
        )
    return name


class DTypePolicyMap(MutableMapping[str, DTypePolicy]):
    """Policies by the names of layers: a whole name, or a regular expression that fits it all.
    Others have default_policy (None: that of `corereg.config.dtype_policy()`). A layer that is
    given a map as its dtype looks its own name up.

    TypeError for policies that are none, ValueError for a name that is set twice, and for one that
    several expressions fit.

    >>> found = corereg.dtype_policies.DTypePolicyMap()
    >>> found["head.*"] = "float64"
    >>> layers.Dense(1, dtype=found, name="head_1").dtype, layers.Dense(1, dtype=found).dtype
    ('float64', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: Any = None) -> None:
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                f"DTypePolicyMap: expected policy_map as a dict, received {policy_map!r}"
            )
        self._default: DTypePolicy | None = None if default_policy is None else get(default_policy)
        self._policies: dict[str, DTypePolicy] = {
            name: get(one) for name, one in (policy_map or {}).items()
        }

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of names that nothing fits."""
        return DTypePolicy() if self._default is None else self._default

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the default policy, for NumPy."""
        return self.default_policy.dtype

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._policies:
            return self._policies[key]
        found = [one for pattern, one in self._policies.items() if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ValueError(f"DTypePolicyMap: expected one policy for {key!r}, found {found}")
        return found[0] if found else self.default_policy

    def __setitem__(self, key: str, policy: Any) -> None:
        if key in self._policies:
            raise ValueError(
                f"DTypePolicyMap: expected a new name, received {key!r}, which has a policy "
                "already; delete it first"
            )
        self._policies[key] = get(policy)

    def __delitem__(self, key: str) -> None:
        del self._policies[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __repr__(self) -> str:
        default = None if self._default is None else self._default.name
        mapping = [(name, one.name) for name, one in self._policies.items()]
        return f"<DTypePolicyMap default_policy={default}, mapping={mapping}>"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {name: serialize(one) for name, one in self._policies.items()}
        return {"default_policy": self._default and serialize(self._default), "policy_map": own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A map from what `get_config` gave."""
        return cls(**config)


def get(identifier: Any) -> Any:
    """A policy from its name, a description or a policy; None is `corereg.config.dtype_policy()`.
    TypeError for what is none.

    >>> corereg.dtype_policies.get("float32")
    <DTypePolicy "float32">
    """
    if isinstance(identifier, DTypePolicy | DTypePolicyMap):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if identifier is None or isinstance(identifier, str):
        return DTypePolicy(identifier)
    raise TypeError(f"dtype policy: expected its name or a DTypePolicy, received {identifier!r}")


def serialize(dtype_policy: Any) -> dict[str, Any]:
    """As {"class_name", "config"}.

    >>> corereg.dtype_policies.serialize(corereg.dtype_policies.DTypePolicy("float64"))["config"]
    {'name': 'float64'}
    """
    return {"class_name": type(dtype_policy).__name__, "config": dtype_policy.get_config()}


def deserialize(config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """What `serialize` gave, as a policy again. custom_objects: Keras's argument. ValueError for
    other classes.

    >>> described = {"class_name": "DTypePolicy", "config": {"name": "float32"}}
    >>> corereg.dtype_policies.deserialize(described)
    <DTypePolicy "float32">
    """
    kinds = {"DTypePolicy": DTypePolicy, "FloatDTypePolicy": DTypePolicy}
    kind: Any = (kinds | {"DTypePolicyMap": DTypePolicyMap}).get(config.get("class_name", ""))
    if kind is None:
        raise ValueError(
            f"dtype policy: expected the description of a DTypePolicy, received {config!r:.200}"
        )
    return kind.from_config(config["config"])


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are told no dtype: what `set_dtype_policy` said, else
    `corereg.config.floatx()`. Also `corereg.config.dtype_policy`.

    >>> config.dtype_policy()
    <DTypePolicy "float32">
    """
    return DTypePolicy()


def set_dtype_policy(policy: Any) -> None:
    """Sets the dtype of layers made from now on: a DTypePolicy or its name. Also
    `corereg.config.set_dtype_policy`. Numbers of Python stay `corereg.config.floatx()`. ValueError
    for other names, TypeError for what is no policy.

    >>> config.set_dtype_policy("float64")
    >>> config.dtype_policy(), layers.Dense(1).dtype
    (<DTypePolicy "float64">, 'float64')
    >>> config.set_dtype_policy("mixed_bfloat16")
    >>> layers.Dense(2).dtype_policy, layers.Dense(2).dtype
    (<DTypePolicy "mixed_bfloat16">, 'float32')
    """
    found = None if policy is None else get(policy)
    if not isinstance(found, DTypePolicy):
        raise TypeError(
            f"set_dtype_policy: expected a DTypePolicy or its name, received {policy!r}"
        )
    config.set_policy_name(found.name)


def layer_dtype(dtype: Any, name: str) -> Any:
    """What a layer of this name was told as its dtype: of maps of policies its own policy's name,
    of other policies their names, of all else what it was."""
    mixed = isinstance(dtype, str) and dtype.startswith("mixed_")
    if mixed or isinstance(dtype, Mapping | DTypePolicy):
        found = get(dtype)
        return (found[name] if isinstance(found, DTypePolicyMap) else found).name
    return dtype


def __getattr__(name: str) -> object:
    plain = f"module 'corereg.dtype_policies' has no attribute {name!r}"
    if name.startswith("_"):
        raise AttributeError(plain)
    from corereg.unavailable import refusal

    raise AttributeError(refusal("dtype_policies", name) or plain)
