"""No public name vanishes and no signature changes by accident."""

from __future__ import annotations

import difflib

import public_api


def test_public_names_and_signatures_are_as_they_were():
    expected = public_api.SNAPSHOT.read_text().splitlines()
    found = public_api.describe().splitlines()
    changes = list(difflib.unified_diff(expected, found, "as it was", "as it is", lineterm="", n=1))
    assert not changes, (
        "the public names or signatures have changed; if that is meant, run "
        "`python tests/public_api.py` and tell it in CHANGELOG.md:\n" + "\n".join(changes)
    )
