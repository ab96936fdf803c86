# Products with weights of which most are zero, for many rows: dense_forward by other kernels, with
# the same bits. In a program, a product becomes two calls: the weights that are not zero are
# listed, then multiplied with. So weights may change from one run to the next.


cdef bint fits_sparse(const cr_dense_forward_args *d) noexcept:
    """Whether sparse_forward can take the place of a product."""
    return (d.N > 1 and d.parts == 0 and d.step == NULL and d.slope == NULL
            and 0 < d.K * d.N < (<ptrdiff_t> 1 << 31))


cdef inline cr_kernel kernel_of(int id, int dtype) noexcept:
    """A kernel of the instruction set in use."""
    return isa.kernels[dtype][id]


cdef class SparseProduct:
    """A product of a program by sparse kernels: the arguments of two calls, and their memory."""
    cdef cr_pack_weights_args packing
    cdef cr_sparse_forward_args g
    cdef int dtype
    cdef array starts, index, values
    cdef tuple operands

    def __init__(self, Program program, Py_ssize_t i):
        """The i-th call of a program, a dense_forward."""
        cdef const cr_dense_forward_args *d = <cr_dense_forward_args *> program.calls[i].args
        self.dtype = program.calls[i].kernel == kernel_of(CR_dense_forward, 1)
        self.operands = program.operands[i]
        # What is not used of these is never touched, so that it takes no memory of the machine.
        self.starts = np.empty((d.K // CR_LEAST_SPARSE_DEPTH + 1) * (d.N + 1), np.int32)
        self.index = np.empty(d.K * d.N, np.int32)
        self.values = np.empty(d.K * d.N, np.float64 if self.dtype else np.float32)
        self.packing.starts = <int32_t *> data_ptr(self.starts)
        self.packing.index = <int32_t *> data_ptr(self.index)
        self.packing.values, self.packing.w = data_ptr(self.values), d.w
        self.packing.K, self.packing.N = d.K, d.N
        self.g.dense = d[0]
        self.g.starts, self.g.index = self.packing.starts, self.packing.index
        self.g.values = self.packing.values

    cdef int add_packing(self, Program program) except -1:
        """Adds the call that lists the weights."""
        return program.add(CR_pack_weights, kernel_of(CR_pack_weights, self.dtype), &self.packing,
                           sizeof(self.packing), 0.0, 0, b"wwwr",
                           (self.starts, self.index, self.values, self.operands[2]))

    cdef int add_product(self, Program program) except -1:
        """Adds the call that multiplies."""
        cdef double nanoseconds = 0.25 * product_nanoseconds(self.g.dense.M,
                                                             self.g.dense.K * self.g.dense.N)
        return program.add(CR_sparse_forward, kernel_of(CR_sparse_forward, self.dtype), &self.g,
                           sizeof(self.g), nanoseconds, self.g.dense.M, b"WRrrrrr",
                           (*self.operands[:4], self.starts, self.index, self.values))


def sparse_forward(x, w, b=None, int act=0, out=None):
    """What `dense_forward` gives, by the weights that are not zero: the same to the bit, except for
    the sign of a zero. x (M, K), w (K, N), contiguous, with K > 0 and N > 1. Two kernels run:
    pack_weights and sparse_forward."""
    cdef Program listener = listening()
    cdef Program whole = Program(run=False)
    cdef Program made
    with recording_paused():
        with whole:
            y = dense_forward(x, w, b, act, out)
        if whole.fault is not None or not whole.products():
            raise ValueError("sparse_forward: expected contiguous arrays and w of shape (K, N), "
                             f"K > 0, N > 1, received w of shape {shape_of(w)}")
        made = whole.with_sparse_products((0,))
        made.replay(1)
    if listener is not None:
        listener.append_calls(made)
    return y
