# log-softmax; softmax itself is an activation (dense.pxi).


def log_softmax_forward(x, out=None):
    """log(softmax(x)) along the last axis, any shape."""
    cdef str who = "log_softmax_forward"
    cdef cr_activation_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = empty_like(x_, dtype) if out is None else as_output_like(out, x_, dtype, who, "out")
    rows_and_columns(x_, &g.M, &g.N)
    g.y, g.x, g.act = data_ptr(y), data_ptr(x_), CR_SOFTMAX
    launch(CR_log_softmax_forward, dtype, &g, sizeof(g), 0.5 * g.M * g.N, g.M, b"WR", (y, x_))
    return y


def log_softmax_backward(dy, y, out=None):
    """dy through log-softmax, from its output y: dy - e**y sum(dy), along the last axis."""
    cdef str who = "log_softmax_backward"
    cdef cr_activation_backward_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array y_ = as_input(y, dtype, -1, who, "y")
    same_shape(y_, dy_, who, "y")
    cdef array dx = empty_like(dy_, dtype) if out is None else as_output_like(out, dy_, dtype, who, "out")
    rows_and_columns(dy_, &g.M, &g.N)
    g.dx, g.dy, g.y, g.act = data_ptr(dx), data_ptr(dy_), data_ptr(y_), CR_SOFTMAX
    launch(CR_log_softmax_backward, dtype, &g, sizeof(g), 0.5 * g.M * g.N, g.M, b"WRR",
           (dx, dy_, y_))
    return dx
