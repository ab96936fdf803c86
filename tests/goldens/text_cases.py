"""What the goldens of TextVectorization are made of: each case is its arguments, what it adapts to
(or None), and what it is called with."""

from __future__ import annotations

from typing import Any

SEEN = ["Foo Éa bar", "bar baz, É a\u00a0b x\x1cy; bar!", "baz  bada-boom\tq\nbar", "", "[unk] #?"]
TEXTS = ["foo QUX bar. baz", "", "Éa éa\u3000x É", "q, q q bada-boom"]
COLUMNS = [["a", "b", "c"], ["c", "z", ""], ["b", "b", "a b"]]
CALLED = ["b a, b", "c z a"]
WEIGHTED = {"output_mode": "tf_idf", "vocabulary": ["a", "b"], "idf_weights": [0.5, 0.75]}


def cases() -> dict[str, tuple[dict[str, Any], Any, Any]]:
    found: dict[str, tuple[dict[str, Any], Any, Any]] = {}
    for standardize in (None, "lower_and_strip_punctuation", "lower", "strip_punctuation"):
        for split in ("whitespace", "character"):
            options: dict[str, Any] = {"standardize": standardize, "split": split}
            found[f"{standardize}_{split}"] = options, SEEN, TEXTS
    for mode in ("int", "multi_hot", "count", "tf_idf"):
        for ngrams in (None, 1, 2, 3, (2,), (3, 1)):
            options = {"output_mode": mode, "ngrams": ngrams}
            found[f"{mode}_ngrams_{ngrams}"] = options, SEEN, TEXTS
        found[f"{mode}_most"] = {"output_mode": mode, "max_tokens": 5}, SEEN, TEXTS
        options = {"output_mode": mode, "max_tokens": 30, "pad_to_max_tokens": True}
        found[f"{mode}_padded"] = options, SEEN, TEXTS
        found[f"{mode}_column"] = {"output_mode": mode}, SEEN, [[one] for one in TEXTS]
        found[f"{mode}_one_text"] = {"output_mode": mode}, SEEN, TEXTS[0]
        if mode != "tf_idf":
            found[f"{mode}_tokens"] = {"output_mode": mode, "split": None}, COLUMNS, COLUMNS
            options = {"output_mode": mode, "vocabulary": ["b", "a"]}
            found[f"{mode}_given"] = options, None, CALLED
    for length in (1, 3, 9):
        found[f"length_{length}"] = {"output_sequence_length": length}, SEEN, TEXTS
        options = {"output_sequence_length": length, "split": None}
        found[f"tokens_length_{length}"] = options, COLUMNS, COLUMNS
    found["tokens_ngrams"] = {"split": None, "ngrams": 2}, COLUMNS, COLUMNS
    found["weighted"] = WEIGHTED, None, CALLED
    return found
