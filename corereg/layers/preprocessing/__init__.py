"""Layers that make numbers of a table's columns: Normalization, CategoryEncoding, StringLookup and
their like."""

from corereg.layers.preprocessing import (
    category_encoding,
    discretization,
    hashed_crossing,
    hashing,
    integer_lookup,
    normalization,
    numeric_encoding,
    rescaling,
    string_lookup,
    text_vectorization,
)

__all__ = [
    "category_encoding",
    "discretization",
    "hashed_crossing",
    "hashing",
    "integer_lookup",
    "normalization",
    "numeric_encoding",
    "rescaling",
    "string_lookup",
    "text_vectorization",
]
