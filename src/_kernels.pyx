"""The one border between Python and C: check arrays, take pointers, release the GIL.

Every function here stands for the kernel of its name in kernels.h, where formulas and shapes are
written. Inputs must be float32 or float64 arrays of one dtype; inputs that are not C-contiguous
are copied, outputs must be contiguous and writeable. Wrong dtypes raise TypeError, wrong shapes
ValueError, before anything is written.
"""

import contextvars
import functools
import os
import sys
from time import perf_counter_ns

import numpy as np

from corereg.recordable import declares_recordable, needs_proof

cimport cython
cimport numpy as cnp
from contract cimport *
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_REFCNT
from libc.math cimport INFINITY, log2
from libc.string cimport memcpy, memset

cnp.import_array()

# What every wrapper shares.
include "thread_state.pxi"
include "float_errors.pxi"
include "threads.pxi"
include "border.pxi"
include "memory.pxi"

# Kernel calls as programs.
include "recorder.pxi"
include "fusion.pxi"
include "schedule.pxi"

# The wrappers of kernels.
include "dense.pxi"
include "sparse.pxi"
include "activation.pxi"
include "dropout.pxi"
include "mixing.pxi"
include "warp.pxi"
include "norms.pxi"
include "elementwise.pxi"
include "strided.pxi"
include "losses.pxi"
include "counts.pxi"
include "samples.pxi"
include "accumulate.pxi"
include "dataset.pxi"
include "uniform.pxi"
include "embedding.pxi"
include "update.pxi"
include "stages.pxi"
include "sharpness.pxi"
include "directions.pxi"
include "probe.pxi"

# Models beside threads: who reads and writes weights, and forward passes.
include "locks.pxi"
include "weights_lock.pxi"
include "snapshot.pxi"
include "forward.pxi"

# Autograd.
include "tensor.pxi"
include "backward.pxi"
