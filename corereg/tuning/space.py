"""Spaces of settings: grids, distributions, and the space that is searched by default."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg.random import generator

Settings = dict[str, Any]
Space = Mapping[str, Any] | Sequence[Mapping[str, Any]]
WHO = "cross_validated_search"

STRENGTHS = ("l2", "l1", "group_lasso", "weight_decay", "alpha")
"""Names of parameters that may be the strength of a path, the first found first."""

REGULARIZERS = (*STRENGTHS, "dropout", "label_smoothing", "noise", "mixup")
"""Names of parameters of which more is more regularization, for the one-standard-error rule."""


class LogUniform(NamedTuple):
    """Numbers whose logarithm is uniform between those of low and high, 0 < low < high: for
    strengths and learning rates.

    >>> tuning.LogUniform(1e-5, 1e-1)
    LogUniform(low=1e-05, high=0.1)
    """

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One number."""
        return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))


class Uniform(NamedTuple):
    """Numbers uniform in [low, high).

    >>> tuning.Uniform(0.0, 0.5)
    Uniform(low=0.0, high=0.5)
    """

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One number."""
        return float(rng.uniform(self.low, self.high))


def default_space(names: Sequence[str], classifies: bool) -> dict[str, list[float]]:
    """L2 from weak to strong x dropout {0, .2, .5} x label smoothing {0, .1}, as far as there are
    parameters of these names; behind "__", as those of a step of a pipeline, they count as well.
    Label smoothing is for classes alone.

    >>> sorted(tuning.default_space(["l2", "dropout"], classifies=False))
    ['dropout', 'l2']
    """
    values: dict[str, list[float]] = {
        "l2": [0.0, *(float(f"{10.0**e:.3g}") for e in np.arange(-4.5, -0.4, 0.5))],
        "dropout": [0.0, 0.2, 0.5],
        "label_smoothing": [0.0, 0.1],
    }
    if not classifies:
        del values["label_smoothing"]
    return {name: values[short(name)] for name in names if short(name) in values}


def short(name: str) -> str:
    """The part of a parameter's name behind the last "__"."""
    return name.rpartition("__")[2]


def check_space(space: Any) -> list[dict[str, Any]]:
    """The spaces of a space, at least one: each parameter has a list of values or a distribution.
    TypeError or ValueError for what is none."""
    spaces = [space] if isinstance(space, Mapping) else space
    if isinstance(spaces, str) or not isinstance(spaces, Sequence) or not spaces:
        raise TypeError(
            f"{WHO}: expected space as a dict of parameters and their values, or a list of such "
            f"dicts, received {space!r}"
        )
    return [_checked(one) for one in spaces]


def _checked(space: Any) -> dict[str, Any]:
    if not isinstance(space, Mapping):
        raise TypeError(f"{WHO}: expected space as dicts, received {type(space).__name__} in it")
    found: dict[str, Any] = {}
    for name, values in space.items():
        if isinstance(values, LogUniform | Uniform):
            least = 0.0 if isinstance(values, LogUniform) else -math.inf
            if not least < values.low < values.high < math.inf:
                raise ValueError(f"{WHO}: expected low < high for {name!r}, received {values}")
        elif not is_distribution(values):
            if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__iter__"):
                raise TypeError(
                    f"{WHO}: expected the values of {name!r} as a list or a distribution such as "
                    f"LogUniform(1e-5, 1e-1), received {values!r}"
                )
            values = [_plain(value) for value in values]
            if not values:
                raise ValueError(f"{WHO}: expected at least one value of {name!r}, received none")
        found[str(name)] = values
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def is_distribution(values: Any) -> bool:
    """Whether values are drawn: from LogUniform and Uniform, or from a frozen distribution of
    SciPy."""
    return isinstance(values, LogUniform | Uniform) or hasattr(values, "rvs")


def grid(spaces: Sequence[Mapping[str, Any]]) -> list[Settings]:
    """All combinations, the last parameter changing first. ValueError for distributions."""
    found = []
    for space in spaces:
        for name, values in space.items():
            if is_distribution(values):
                raise ValueError(
                    f"{WHO}: expected lists of values for this strategy, received {values!r} for "
                    f'{name!r}; use strategy="random" or "halving", or a list'
                )
        found += [
            dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())
        ]
    return unique(found)


def draw(spaces: Sequence[Mapping[str, Any]], count: int, seed: int) -> list[Settings]:
    """So many settings at random, each different: a space, then a value of each parameter. Fewer,
    if there are no more."""
    if not any(is_distribution(values) for space in spaces for values in space.values()):
        every = grid(spaces)
        places = generator(seed).permutation(len(every))[:count]
        return [every[i] for i in sorted(places)]
    rng = generator(seed)
    found: list[Settings] = []
    for _ in range(20 * count):
        if len(found) == count:
            break
        space = spaces[int(rng.integers(len(spaces)))] if len(spaces) > 1 else spaces[0]
        found = unique([*found, {name: _drawn(v, rng) for name, v in space.items()}])
    return found


def _drawn(values: Any, rng: np.random.Generator) -> Any:
    if isinstance(values, LogUniform | Uniform):
        return values.draw(rng)
    if hasattr(values, "rvs"):
        return _plain(values.rvs(random_state=int(rng.integers(2**31))))
    return values[int(rng.integers(len(values)))]


def unique(settings: Sequence[Settings]) -> list[Settings]:
    """The settings without repetitions, in order."""
    return list({key_of(one): one for one in settings}.values())


def key_of(settings: Mapping[str, Any]) -> str:
    """A text that tells settings from others."""
    return repr(sorted((name, _plain(value)) for name, value in settings.items()))


def strength_of(spaces: Sequence[Mapping[str, Any]], name: str | None = None) -> str | None:
    """The parameter whose values are strengths: the one named, or the first known one that has
    several values; None: there is none. ValueError for a name that is not in the space."""
    names = list(dict.fromkeys(parameter for space in spaces for parameter in space))
    if name is not None:
        if name not in names:
            raise ValueError(f"{WHO}: expected strength as one of {names}, received {name!r}")
        return name
    several = [
        n for n in names if any(is_distribution(s[n]) or len(s[n]) > 1 for s in spaces if n in s)
    ]
    known = [n for wanted in STRENGTHS for n in several if short(n) == wanted]
    return known[0] if known else None


def chains(settings: Sequence[Settings], strength: str) -> list[list[int]]:
    """The settings in chains that differ in the strength alone, from weak to strong; each as its
    place in the list."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(settings):
        rest = {name: value for name, value in one.items() if name != strength}
        found.setdefault(key_of(rest), []).append(place)
    for chain in found.values():
        chain.sort(key=lambda place: _strength(settings[place].get(strength)))
    return list(found.values())


def _strength(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{WHO}: expected strengths as numbers, received {value!r}")
    return float(value)


def amount_of_regularization(settings: Sequence[Settings]) -> np.ndarray[Any, Any]:
    """For each setting the sum of the ranks, in [0, 1], of its values of known regularizers."""
    total = np.zeros(len(settings))
    names = dict.fromkeys(name for one in settings for name in one)
    for name in names:
        if short(name) not in REGULARIZERS:
            continue
        values = [one.get(name) for one in settings]
        numbers = [0.0 if v is None else v for v in values]
        if not all(isinstance(v, int | float) for v in numbers):
            continue
        distinct, places = np.unique(np.array(numbers, float), return_inverse=True)
        total += places / max(len(distinct) - 1, 1)
    return total
