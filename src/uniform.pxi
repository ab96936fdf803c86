# Starting values that are uniform.

cdef extern from "uniform.h" nogil:
    void cr_uniform(uint64_t key, double low, double range, double *out, ptrdiff_t n)


def uniform(uint64_t key, double low, double range, Py_ssize_t n):
    """n float64 numbers low + range * u, u uniform in [0, 1): those that NumPy's Generator gives
    whose Philox has this key."""
    if n < 0:
        raise ValueError(f"uniform: expected n >= 0, received {n}")
    cdef array out = new_array(1, n, 0, 1)
    cdef double *first = <double *> data_ptr(out)
    with nogil:
        cr_uniform(key, low, range, first, n)
    return out
