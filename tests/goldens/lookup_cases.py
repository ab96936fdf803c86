"""What the goldens of IntegerLookup and StringLookup are made of: each case is a layer, its
arguments, what it adapts to (or None), and what it is called with."""

from __future__ import annotations

from typing import Any

NUMBERS = [[3, 1], [9, 5], [0, -7], [1, 42]]
TEXTS = [["c", "a"], ["z", "e"], ["", "[UNK]"], ["a", "äö"]]
SEEN = [[7], [3], [7], [3], [5], [1], [1], [9], [0], [0]]  # with ties
READ = [["b"], ["a"], ["b"], ["a"], ["d"], ["c"], ["e"], [""], ["c"], ["z"]]
VOCABULARIES = {"IntegerLookup": [3, 1, 5], "StringLookup": ["c", "a", "e"]}
MASKS: dict[str, Any] = {"IntegerLookup": 0, "StringLookup": ""}
CODES = [[0, 1], [2, 3], [1, 0]]


def cases() -> dict[str, tuple[str, dict[str, Any], Any, Any]]:
    found: dict[str, tuple[str, dict[str, Any], Any, Any]] = {}
    for kind, data, seen in (
        ("IntegerLookup", NUMBERS, SEEN),
        ("StringLookup", TEXTS, READ),
    ):
        words, mask = VOCABULARIES[kind], MASKS[kind]
        rows = [row[:1] for row in data]
        fixed: dict[str, dict[str, Any]] = {
            "plain": {},
            "three_oov": {"num_oov_indices": 3},
            "mask": {"mask_token": mask},
            "mask_two_oov": {"mask_token": mask, "num_oov_indices": 2},
        }
        for name, options in fixed.items():
            found[f"{kind}_{name}"] = kind, {"vocabulary": words, **options}, None, data
        known = [[words[0], words[2]], [words[1], words[1]]]
        strict = {"vocabulary": words, "num_oov_indices": 0}
        found[f"{kind}_no_oov"] = kind, strict, None, known
        for mode in ("one_hot", "multi_hot", "count"):
            options = {"vocabulary": words, "output_mode": mode}
            given = rows if mode == "one_hot" else data
            found[f"{kind}_{mode}"] = kind, options, None, given
            options = {**options, "num_oov_indices": 2, "max_tokens": 9, "pad_to_max_tokens": True}
            found[f"{kind}_{mode}_padded"] = kind, options, None, given
        idf = {"vocabulary": words, "output_mode": "tf_idf", "idf_weights": [0.25, 0.5, 2.0]}
        found[f"{kind}_tf_idf"] = kind, idf, None, data
        inverse = {"vocabulary": words, "invert": True}
        found[f"{kind}_invert"] = kind, inverse, None, CODES
        found[f"{kind}_invert_mask"] = kind, {**inverse, "mask_token": mask}, None, CODES
        adapted: dict[str, dict[str, Any]] = {
            "plain": {},
            "most": {"max_tokens": 4},
            "mask": {"mask_token": mask, "max_tokens": 5},
            "count": {"output_mode": "count"},
            "tf_idf": {"output_mode": "tf_idf"},
        }
        for name, options in adapted.items():
            found[f"{kind}_adapt_{name}"] = kind, options, seen, data
    return found
