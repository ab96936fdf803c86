"""Texts and series as arrays, in the words of `keras.preprocessing`: for programs of earlier years.

`text` has `Tokenizer`, `sequence` has `pad_sequences` and `TimeseriesGenerator`. New programs use
the layers of `corereg.layers` for texts, which are saved with the model.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.preprocessing import sequence as sequence, text as text

__getattr__, __dir__, __all__ = lazy_package(__name__, {}, submodules=("sequence", "text"))
