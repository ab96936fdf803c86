# Probes of the machine's limits, for benches.


def probe_arithmetic(y, Py_ssize_t rounds, double factor, double addend):
    """`rounds` times y = y*factor + addend, in place: 2 operations an element and round, in
    registers. The peak needs 192 elements a thread, or a multiple of that."""
    cdef str who = "probe_arithmetic"
    cdef cr_probe_args g
    cdef int dtype = dtype_of(y, who, "y")
    cdef array y_ = as_output_like(y, y, dtype, who, "y")
    memset(&g, 0, sizeof(g))
    g.y, g.n, g.rounds = data_ptr(y_), cnp.PyArray_SIZE(y_), rounds
    g.factor, g.addend = factor, addend
    launch(CR_probe_arithmetic, dtype, &g, sizeof(g), 0.02 * g.n * max(rounds, 0), 0, b"w", (y_,))
    return y


def probe_triad(x, z, double factor, out=None):
    """x + factor*z, equal shapes; out may be x."""
    cdef str who = "probe_triad"
    cdef cr_probe_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array z_ = as_input(z, dtype, -1, who, "z")
    same_shape(z_, x_, who, "z")
    cdef array y = output_like(out, x_, dtype, who)
    memset(&g, 0, sizeof(g))
    g.y, g.x, g.z = data_ptr(y), data_ptr(x_), data_ptr(z_)
    g.n, g.factor = cnp.PyArray_SIZE(x_), factor
    launch(CR_probe_triad, dtype, &g, sizeof(g), 0.1 * g.n, 0, b"wrr", (y, x_, z_))
    return y


def probe_read(x, out=None):
    """The sum of each 4096 elements of x: out (blocks,)."""
    cdef str who = "probe_read"
    cdef cr_probe_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef Py_ssize_t blocks = (cnp.PyArray_SIZE(x_) + CR_BLOCK - 1) // CR_BLOCK
    cdef array y = (new_array(1, blocks, 0, dtype) if out is None
                    else as_output(out, dtype, 1, blocks, 0, who, "out"))
    memset(&g, 0, sizeof(g))
    g.y, g.x, g.n = data_ptr(y), data_ptr(x_), cnp.PyArray_SIZE(x_)
    launch(CR_probe_read, dtype, &g, sizeof(g), 0.05 * g.n, 0, b"wr", (y, x_))
    return y
