"""The tables of test_autograd_ops.py, one family of ops a module.

GRADIENTS: for each op, by its class's name, functions of tensors in whose graph it is, each with
its inputs, of order 1 and away from kinks. VALUES: functions of tensors with the same of arrays.
"""

from op_tables import (
    arithmetic,
    elementwise,
    fused,
    lookups,
    matrices,
    normalization,
    orders,
    reductions,
    shapes,
)

FAMILIES = (
    *(arithmetic, elementwise, fused, lookups, matrices, normalization, orders, reductions),
    shapes,
)
GRADIENTS = {name: cases for family in FAMILIES for name, cases in family.GRADIENTS.items()}
VALUES = {name: case for family in FAMILIES for name, case in family.VALUES.items()}
