# Activations and log-softmax: forward, and backward from the output.

ACTIVATIONS = {"linear": CR_LINEAR, "relu": CR_RELU, "sigmoid": CR_SIGMOID, "tanh": CR_TANH,
               "softmax": CR_SOFTMAX, "leaky_relu": CR_LEAKY_RELU, "elu": CR_ELU,
               "selu": CR_SELU, "softplus": CR_SOFTPLUS, "gelu": CR_GELU,
               "gelu_tanh": CR_GELU_TANH, "silu": CR_SILU, "mish": CR_MISH}

KEEPS_SLOPE = frozenset([name for name, act in ACTIVATIONS.items() if CR_KEEPS_SLOPE(act)])


cdef int checked_activation(int act, str who) except -1:
    """The code of an activation, or ValueError if there is no such code."""
    if act < CR_LINEAR or act >= CR_ACTIVATION_COUNT:
        raise ValueError(f"{who}: expected an activation code of {ACTIVATIONS}, received {act}")
    return act


cdef int rows_and_columns(array a, ptrdiff_t *rows, ptrdiff_t *columns) except -1:
    """Any array as rows along its last axis."""
    cdef int n = cnp.PyArray_NDIM(a)
    columns[0] = cnp.PyArray_DIM(a, n - 1) if n else 1
    rows[0] = cnp.PyArray_SIZE(a) // columns[0] if columns[0] else 0
    return 0


cdef array slope_like(object slope, array y, int dtype, int act, str who):
    """slope checked as an output like y, or None; ValueError for activations that keep none."""
    if slope is None:
        return None
    if not CR_KEEPS_SLOPE(act):
        raise ValueError(f"{who}: expected slope for one of {sorted(KEEPS_SLOPE)} only, received "
                         f"the activation code {act}; its output is enough")
    cdef array found = as_output_like(slope, y, dtype, who, "slope")
    if data_ptr(found) == data_ptr(y):
        raise ValueError(f"{who}: expected slope to be another array than out, received the same")
    return found


def activation_forward(x, int act, out=None, slope=None):
    """act(x), any shape; softmax along the last axis. slope: where act'(x) goes, for the
    activations of KEEPS_SLOPE."""
    cdef str who = "activation_forward"
    cdef cr_activation_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = output_like(out, x_, dtype, who)
    rows_and_columns(x_, &g.M, &g.N)
    g.y, g.x, g.act = data_ptr(y), data_ptr(x_), checked_activation(act, who)
    cdef array slope_ = slope_like(slope, y, dtype, g.act, who)
    g.slope = data_ptr(slope_)
    launch(CR_activation_forward, dtype, &g, sizeof(g), 0.5 * g.M * g.N, g.M, b"WRW",
           (y, x_, slope_))
    return y


def activation_backward(dy, y, int act, out=None):
    """dy through act, from its output y, or from its slope y for the activations of KEEPS_SLOPE;
    any shape; softmax along the last axis."""
    cdef str who = "activation_backward"
    cdef cr_activation_backward_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array y_ = as_input(y, dtype, -1, who, "y")
    same_shape(y_, dy_, who, "y")
    cdef array dx = output_like(out, dy_, dtype, who)
    rows_and_columns(dy_, &g.M, &g.N)
    g.dx, g.dy, g.y = data_ptr(dx), data_ptr(dy_), data_ptr(y_)
    g.act = checked_activation(act, who)
    launch(CR_activation_backward, dtype, &g, sizeof(g), 0.3 * g.M * g.N, g.M, b"WRR",
           (dx, dy_, y_))
    return dx


def log_softmax_forward(x, out=None):
    """log(softmax(x)) along the last axis, any shape."""
    cdef str who = "log_softmax_forward"
    cdef cr_activation_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = output_like(out, x_, dtype, who)
    rows_and_columns(x_, &g.M, &g.N)
    g.y, g.slope, g.x, g.act = data_ptr(y), NULL, data_ptr(x_), CR_SOFTMAX
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
    cdef array dx = output_like(out, dy_, dtype, who)
    rows_and_columns(dy_, &g.M, &g.N)
    g.dx, g.dy, g.y, g.act = data_ptr(dx), data_ptr(dy_), data_ptr(y_), CR_SOFTMAX
    launch(CR_log_softmax_backward, dtype, &g, sizeof(g), 0.5 * g.M * g.N, g.M, b"WRR",
           (dx, dy_, y_))
    return dx
