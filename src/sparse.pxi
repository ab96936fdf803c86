# Products with weights of which most are zero, for many rows: dense_forward by other kernels, with the
# same bits. In a program, a product becomes two calls: the weights that are not zero are listed,
# then multiplied with. So weights may change from one run to the next, as they may for dense_forward.


cdef bint fits_sparse(const cr_dense_forward_args *d) noexcept:
    """Whether sparse_forward can take the place of a product."""
    return (d.N > 1 and d.step == NULL and d.slope == NULL
            and 0 < d.K * d.N < (<ptrdiff_t> 1 << 31))


cdef inline cr_kernel kernel_of(int id, int dtype) noexcept:
    """A kernel of the instruction set in use."""
    return isa.kernels[dtype][id]


cdef int add_sparse(Program program, int dtype, const cr_dense_forward_args *d,
                    tuple operands) except -1:
    """Adds the two calls that do a product d to a program; operands: those of d."""
    cdef cr_pack_weights_args packing
    cdef cr_sparse_forward_args g
    cdef array starts, index, values
    # What is not used of these is never touched, so that it takes no memory of the machine.
    starts = np.empty((d.K // CR_LEAST_SPARSE_DEPTH + 1) * (d.N + 1), np.int32)
    index = np.empty(d.K * d.N, np.int32)
    values = np.empty(d.K * d.N, np.float64 if dtype else np.float32)
    packing.starts, packing.index = <int32_t *> data_ptr(starts), <int32_t *> data_ptr(index)
    packing.values, packing.w, packing.K, packing.N = data_ptr(values), d.w, d.K, d.N
    g.dense = d[0]
    g.starts, g.index, g.values = packing.starts, packing.index, packing.values
    program.add(CR_pack_weights, kernel_of(CR_pack_weights, dtype), &packing, sizeof(packing),
                0.0, 0, b"wwwr", (starts, index, values, operands[2]))
    program.add(CR_sparse_forward, kernel_of(CR_sparse_forward, dtype), &g, sizeof(g),
                0.25 * product_nanoseconds(d.M, d.K * d.N), d.M, b"WRrrrrr",
                (*operands[:4], starts, index, values))
    return 0


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
            raise ValueError("sparse_forward: expected contiguous arrays and w of shape (K, N) with "
                             f"K > 0 and N > 1, received w of shape {shape_of(w)}")
        made = whole.with_sparse_products((0,))
        made.replay(1)
    if listener is not None:
        listener.append_calls(made)
    return y
