"""The one border between Python and C: check arrays, take pointers, release the GIL.

Every function here stands for the kernel of its name in kernels.h, where formulas and shapes are
written. Inputs must be float32 or float64 arrays of one dtype; inputs that are not C-contiguous
are copied, outputs must be contiguous and writeable. Wrong dtypes raise TypeError, wrong shapes
ValueError, before anything is written.
"""

import os
from time import perf_counter_ns, sleep

import numpy as np

from corereg.recordable import declares_recordable

cimport numpy as cnp
from contract cimport *
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.pythread cimport PyThread_get_thread_ident
from libc.math cimport INFINITY
from libc.string cimport memcpy, memset

cnp.import_array()

include "threads.pxi"
include "border.pxi"
include "memory.pxi"
include "program.pxi"
include "fusion.pxi"
include "data.pxi"
include "dense.pxi"
include "softmax.pxi"
include "losses.pxi"
include "update.pxi"
include "predict.pxi"
include "probe.pxi"
include "graph.pxi"
