"""What draws random numbers from counters, layers and SeedGenerators, and its places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from corereg.autograd.seeded import SeedGenerator


def random_places(owners: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Of owners with their places: those that have a random state themselves, and every
    SeedGenerator that they have as an attribute."""
    owners = list(owners)
    for place, owner in owners:
        if getattr(owner, "random_state", None) is not None:
            yield place, owner
    yield from seed_places(owners)


def seed_places(owners: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, SeedGenerator]]:
    """Every SeedGenerator of owners once, with its place: <place>/<name>, in lists and dicts
    <place>/<name>/<place in them>."""
    known: set[int] = set()
    for place, owner in owners:
        for name, value in getattr(owner, "__dict__", {}).items():
            for inner, one in _seeds_in(value):
                if id(one) not in known:
                    known.add(id(one))
                    yield "/".join(part for part in (place, name, inner) if part), one


def _seeds_in(value: Any) -> Iterator[tuple[str, SeedGenerator]]:
    if isinstance(value, SeedGenerator):
        yield "", value
    elif isinstance(value, list | tuple):
        yield from ((str(i), v) for i, v in enumerate(value) if isinstance(v, SeedGenerator))
    elif isinstance(value, dict):
        found = (v for v in value.values() if isinstance(v, SeedGenerator))
        yield from ((str(i), v) for i, v in enumerate(found))
