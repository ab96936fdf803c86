"""Whether what is to be saved could be loaded: it is tried before a file is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corereg.random import OwnStreams
from corereg.registry import is_unknown
from corereg.saving import archive
from corereg.saving.archive_format import Sections
from corereg.saving.limits import FileFormatError, Limits

Restore = Callable[[str, dict[str, Any], Sections, bool, Limits], Any]


def check_loadable(
    model: Any, config: dict[str, Any], sections: Sections, restore: Restore
) -> None:
    """Makes a model as `load_model` would, unless the last one that was saved had the same
    config, shapes and dtypes; ValueError if that fails.

    A layer, an optimizer or the like may have an attribute set to what its class does not take, or
    that does not fit its weights. What is of classes that are not registered cannot be tried.
    """
    import hashlib
    import json

    try:
        text = json.dumps(config)
    except (TypeError, ValueError, RecursionError):
        return  # `archive.write` says what is wrong with it
    form = [[k, n, a.dtype.str, a.shape] for k, s in sections.items() for n, a in s.items()]
    described = json.dumps([json.dumps({**config, "iterations": None}), form])
    key = hashlib.sha256(described.encode()).digest()
    if model._trainer.loadable == key:
        return
    try:
        with OwnStreams():
            restore("the file", json.loads(text), sections, True, archive.default_limits)
    except FileFormatError as error:
        if not is_unknown(error):
            what = str(error).removeprefix("the file does not make a model: ")
            raise ValueError(
                f"save: expected a model that can be loaded again, but loading fails: {what}; undo "
                "what was set since the model was built, or use save_weights"
            ) from error
    model._trainer.loadable = key
