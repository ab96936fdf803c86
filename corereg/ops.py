"""The ops on tensors under a shorter name: see `corereg.autograd.ops`."""

from corereg.autograd.ops import *  # noqa: F403
from corereg.autograd.ops import __all__ as __all__
