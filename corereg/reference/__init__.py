"""Every kernel in plain NumPy, under the kernel's own name (formulas and shapes: src/kernels.h).

The oracle of the tests and the baseline of the benches; corereg itself never uses it. Functions
keep the dtype of their arrays (float64 gives reference values), check nothing and warn as NumPy
does. Prefix d: a gradient; suffixes: b batch rows, i inputs, o outputs, n classes or columns.

Each family of kernels has a module here, and all their names are names of this package.
"""

# ruff: noqa: F403
from __future__ import annotations

from corereg.reference.accumulators import *
from corereg.reference.accuracy import *
from corereg.reference.activations import *
from corereg.reference.counts import *
from corereg.reference.cross_entropy import *
from corereg.reference.dataset import *
from corereg.reference.dense import *
from corereg.reference.directions import *
from corereg.reference.dropout import *
from corereg.reference.elementwise import *
from corereg.reference.embedding import *
from corereg.reference.loss_row import *
from corereg.reference.mixing import *
from corereg.reference.noise import *
from corereg.reference.norms import *
from corereg.reference.output_loss import *
from corereg.reference.philox import *
from corereg.reference.probe import *
from corereg.reference.regression_loss import *
from corereg.reference.rounding import *
from corereg.reference.rules import *
from corereg.reference.samples import *
from corereg.reference.schedules import *
from corereg.reference.sharpness import *
from corereg.reference.stages import *
from corereg.reference.strided import *
from corereg.reference.updates import *
from corereg.reference.warps import *
