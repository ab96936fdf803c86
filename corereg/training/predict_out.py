"""predict(out=): the results go into arrays of the caller's."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from corereg.graph.nest import flatten, form_of, pack_like

Arrays = tuple[np.ndarray[Any, Any], ...]


def apart(x: Arrays, out: Any) -> Arrays:
    """x, copied where writing into `out` may change it."""
    places = [place for place in flatten(out) if isinstance(place, np.ndarray)]
    return tuple(a.copy() if any(np.may_share_memory(a, o) for o in places) else a for a in x)


class OutputPlaces:
    """Puts the results of one batch after the other into `out`, which takes so many rows."""

    def __init__(self, out: Any, rows: int) -> None:
        self._out, self._rows, self._done = out, rows, 0
        self._places: Arrays = ()
        self._nest: Any = None

    def put(self, found: Arrays, nest: Any) -> Arrays:
        """Copies results to where they belong, and returns them as they stand there. nest: how the
        model's outputs nest, None for one alone."""
        if not self._places:
            self._places = checked_places(self._out, found, nest, self._rows)
            self._nest = nest
        done = self._done + len(found[0])
        views = tuple(place[self._done : done] for place in self._places)
        for view, one in zip(views, found, strict=True):
            view[...] = one
        self._done = done
        return views

    def whole(self) -> Any:
        """What has been put: `out` itself, or its first rows, nested alike."""
        if self._done == self._rows:
            return self._out
        first = tuple(place[: self._done] for place in self._places)
        return first[0] if self._nest is None else pack_like(self._nest, first)


def checked_places(out: Any, like: Arrays, nest: Any, rows: int) -> Arrays:
    """The arrays of `out`, which can take the outputs of so many rows; TypeError or ValueError if
    they cannot. like: outputs of some rows; nest: as for `OutputPlaces.put`."""
    if form_of(out) != (None if nest is None else form_of(nest)):
        expected = "an array" if nest is None else "arrays, nested as the model's outputs"
        raise ValueError(f"predict: expected out as {expected}, received {type(out).__name__}")
    places = tuple(flatten(out))
    for i, (place, one) in enumerate(zip(places, like, strict=True)):
        who = "predict: expected out" if nest is None else f"predict: expected array {i} of out"
        shape = (rows, *one.shape[1:])
        if not isinstance(place, np.ndarray):
            raise TypeError(f"{who} as a NumPy array, received {type(place).__name__}")
        if place.dtype != one.dtype:
            raise TypeError(f"{who} of dtype {one.dtype}, received {place.dtype}")
        if place.shape != shape:
            raise ValueError(f"{who} of shape {shape}, received {place.shape}")
        if not place.flags.writeable:
            raise ValueError(f"{who} writeable, received an array that is read only")
    if any(np.shares_memory(a, b) for a, b in combinations(places, 2)):
        raise ValueError("predict: expected arrays in out that share no memory")
    return places
