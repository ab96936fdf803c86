"""Layers that make numbers of a table's columns: Normalization, CategoryEncoding, StringLookup and
their like."""

from corereg.layers.preprocessing import (
    category_encoding,
    discretization,
    integer_lookup,
    normalization,
    rescaling,
    string_lookup,
)

__all__ = [
    "category_encoding",
    "discretization",
    "integer_lookup",
    "normalization",
    "rescaling",
    "string_lookup",
]
