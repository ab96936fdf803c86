# Dense layers, activations, dropout and small sweeps.

ACTIVATIONS = {"linear": CR_LINEAR, "relu": CR_RELU, "sigmoid": CR_SIGMOID, "tanh": CR_TANH,
               "softmax": CR_SOFTMAX}


cdef int checked_activation(int act, str who) except -1:
    if act < CR_LINEAR or act > CR_SOFTMAX:
        raise ValueError(f"{who}: expected an activation code of {ACTIVATIONS}, received {act}")
    return act


cdef inline int wide(ptrdiff_t rows, ptrdiff_t weights) noexcept:
    """Whether threads should share columns: then each reads only its part of the weights, but
    all must wait for each other before the next layer."""
    return rows < 16 or weights >= 1 << 18


cdef inline double work_of(ptrdiff_t rows, ptrdiff_t weights) noexcept:
    """Nanoseconds of a product: its arithmetic, and fetching the weights."""
    return (0.02 * rows + 0.15) * weights


cdef double checked_rate(double rate, str who) except -1:
    if not 0 <= rate <= 1:
        raise ValueError(f"{who}: expected a rate in [0, 1], received {rate}")
    return 0.0 if rate == 1 else 1 / (1 - rate)


cdef inline uint64_t threshold_of(double rate) noexcept:
    return <uint64_t> ((1 - rate) * 4294967296.0 + 0.5)


cdef uint64_t checked_seed(object seed, str who) except? 0:
    if not 0 <= seed < 2**64:
        raise ValueError(f"{who}: expected seed in [0, 2**64), received {seed}")
    return seed


def dense_forward(x, w, b=None, int act=0, out=None, double rate=0.0, seed=0, step=None):
    """act(x w + b): x (M, K), w (K, N), b (N,) or None -> (M, N). With step, through
    `dropout_forward` with this rate, seed and step, stream 0; not with softmax."""
    cdef str who = "dense_forward"
    cdef cr_dense_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    cdef array w_ = as_input(w, dtype, 2, who, "w")
    cdef array b_ = None
    g.M = cnp.PyArray_DIM(x_, 0)
    g.K = cnp.PyArray_DIM(x_, 1)
    g.N = cnp.PyArray_DIM(w_, 1)
    if cnp.PyArray_DIM(w_, 0) != g.K:
        raise ValueError(f"{who}: expected w of shape ({g.K}, N) for x of shape {shape_of(x_)}, "
                         f"received {shape_of(w_)}")
    if b is not None:
        b_ = as_input(b, dtype, 1, who, "b")
        if cnp.PyArray_DIM(b_, 0) != g.N:
            raise ValueError(f"{who}: expected b of shape ({g.N},), received {shape_of(b_)}")
    cdef array y = (new_array(2, g.M, g.N, dtype) if out is None
                    else as_output(out, dtype, 2, g.M, g.N, who, "out"))
    g.y, g.x, g.w, g.b = data_ptr(y), data_ptr(x_), data_ptr(w_), data_ptr(b_)
    g.act = checked_activation(act, who)
    g.by_columns = g.act != CR_SOFTMAX and wide(g.M, g.K * g.N)
    g.step = NULL
    if step is not None:
        if g.act == CR_SOFTMAX:
            raise ValueError(f"{who}: expected no dropout behind a softmax; use dropout_forward")
        g.step = counter_of(step, who, "step")
        g.seed, g.stream = checked_seed(seed, who), 0
        g.threshold, g.scale = threshold_of(rate), checked_rate(rate, who)
    launch(CR_dense_forward, dtype, &g, sizeof(g),
           work_of(g.M, g.N * g.K) + (0.0 if step is None else 0.2 * g.M * g.N), g.M,
           b"wrrrr" if g.by_columns else b"WRrrr", (y, x_, w_, b_, step))
    return y


def dense_backward_input(dz, w, y=None, int act=0, out=None, double rate=0.0):
    """dz w': dz (M, N), w (K, N) -> (M, K). With y (M, K), through act' at y, and back through a
    dropout of this rate behind a relu, where y is its output."""
    cdef str who = "dense_backward_input"
    cdef cr_dense_backward_input_args g
    cdef int dtype = dtype_of(dz, who, "dz")
    cdef array dz_ = as_input(dz, dtype, 2, who, "dz")
    cdef array w_ = as_input(w, dtype, 2, who, "w")
    cdef array y_ = None
    g.M = cnp.PyArray_DIM(dz_, 0)
    g.N = cnp.PyArray_DIM(dz_, 1)
    g.K = cnp.PyArray_DIM(w_, 0)
    if cnp.PyArray_DIM(w_, 1) != g.N:
        raise ValueError(f"{who}: expected w of shape (K, {g.N}) for dz of shape {shape_of(dz_)}, "
                         f"received {shape_of(w_)}")
    g.act = checked_activation(act, who)
    if g.act == CR_SOFTMAX:
        raise ValueError(f"{who}: expected an elementwise activation, received softmax; "
                         "use activation_backward")
    if y is not None:
        y_ = as_input(y, dtype, 2, who, "y")
        if cnp.PyArray_DIM(y_, 0) != g.M or cnp.PyArray_DIM(y_, 1) != g.K:
            raise ValueError(f"{who}: expected y of shape ({g.M}, {g.K}), received {shape_of(y_)}")
    cdef array dx = (new_array(2, g.M, g.K, dtype) if out is None
                     else as_output(out, dtype, 2, g.M, g.K, who, "out"))
    g.dx, g.dz, g.w, g.y = data_ptr(dx), data_ptr(dz_), data_ptr(w_), data_ptr(y_)
    g.scale = checked_rate(rate, who)
    if rate and (y is None or g.act != CR_RELU):
        raise ValueError(f"{who}: expected y and relu with a rate, received rate={rate}")
    g.by_columns = wide(g.M, g.K * g.N)
    launch(CR_dense_backward_input, dtype, &g, sizeof(g), work_of(g.M, g.N * g.K), g.M,
           b"wrrr" if g.by_columns else b"WRrR", (dx, dz_, w_, y_))
    return dx


def dense_backward_weights(x, dz, dw=None, db=None):
    """Writes x' dz to dw (K, N) and the column sums of dz to db (N,), where given."""
    cdef str who = "dense_backward_weights"
    cdef cr_dense_backward_weights_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    cdef array dz_ = as_input(dz, dtype, 2, who, "dz")
    cdef array dw_ = None
    cdef array db_ = None
    g.M = cnp.PyArray_DIM(x_, 0)
    g.K = cnp.PyArray_DIM(x_, 1)
    g.N = cnp.PyArray_DIM(dz_, 1)
    if cnp.PyArray_DIM(dz_, 0) != g.M:
        raise ValueError(f"{who}: expected dz of shape ({g.M}, N) for x of shape {shape_of(x_)}, "
                         f"received {shape_of(dz_)}")
    if dw is not None:
        dw_ = as_output(dw, dtype, 2, g.K, g.N, who, "dw")
    if db is not None:
        db_ = as_output(db, dtype, 1, g.N, 0, who, "db")
    g.dw, g.db, g.x, g.dz = data_ptr(dw_), data_ptr(db_), data_ptr(x_), data_ptr(dz_)
    launch(CR_dense_backward_weights, dtype, &g, sizeof(g), work_of(g.M, g.N * g.K), 0,
           b"wwrr", (dw_, db_, x_, dz_))


cdef int rows_and_columns(array a, ptrdiff_t *rows, ptrdiff_t *columns) except -1:
    """Any array as rows along its last axis."""
    cdef int n = cnp.PyArray_NDIM(a)
    columns[0] = cnp.PyArray_DIM(a, n - 1) if n else 1
    rows[0] = cnp.PyArray_SIZE(a) // columns[0] if columns[0] else 0
    return 0


def activation_forward(x, int act, out=None):
    """act(x), any shape; softmax along the last axis."""
    cdef str who = "activation_forward"
    cdef cr_activation_forward_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = empty_like(x_, dtype) if out is None else as_output_like(out, x_, dtype, who, "out")
    rows_and_columns(x_, &g.M, &g.N)
    g.y, g.x, g.act = data_ptr(y), data_ptr(x_), checked_activation(act, who)
    launch(CR_activation_forward, dtype, &g, sizeof(g), 0.5 * g.M * g.N, g.M, b"WR",
           (y, x_))
    return y


def activation_backward(dy, y, int act, out=None):
    """dy through act, from its output y; any shape; softmax along the last axis."""
    cdef str who = "activation_backward"
    cdef cr_activation_backward_args g
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array y_ = as_input(y, dtype, -1, who, "y")
    same_shape(y_, dy_, who, "y")
    cdef array dx = empty_like(dy_, dtype) if out is None else as_output_like(out, dy_, dtype, who, "out")
    rows_and_columns(dy_, &g.M, &g.N)
    g.dx, g.dy, g.y, g.act = data_ptr(dx), data_ptr(dy_), data_ptr(y_), checked_activation(act, who)
    launch(CR_activation_backward, dtype, &g, sizeof(g), 0.3 * g.M * g.N, g.M, b"WRR",
           (dx, dy_, y_))
    return dx


def dropout_forward(x, double rate, seed, step, stream=0, bits=None, out=None):
    """x with a share `rate` of elements set to 0 and the rest scaled by 1/(1-rate).

    seed: uint64 key; step: int64 array that holds the counter; stream: below 2**30; bits: uint8
    array of (n + 7) // 8 bytes that takes the mask, or None.
    """
    cdef str who = "dropout_forward"
    cdef cr_dropout_forward_args g
    cdef ptrdiff_t rows
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = empty_like(x_, dtype) if out is None else as_output_like(out, x_, dtype, who, "out")
    g.scale = checked_rate(rate, who)
    rows_and_columns(x_, &rows, &g.cols)
    g.n = rows * g.cols
    g.bits = NULL
    if bits is not None:
        if (not isinstance(bits, cnp.ndarray) or cnp.PyArray_TYPE(<array> bits) != cnp.NPY_UINT8
                or not cnp.PyArray_ISCARRAY(<array> bits)
                or cnp.PyArray_SIZE(<array> bits) != (g.n + 7) // 8):
            raise ValueError(f"{who}: expected bits as a contiguous uint8 array of "
                             f"{(g.n + 7) // 8} elements")
        g.bits = <uint8_t *> data_ptr(bits)
    if not 0 <= stream < 2**30:
        raise ValueError(f"{who}: expected stream in [0, 2**30), received {stream}")
    g.y, g.x, g.step = data_ptr(y), data_ptr(x_), counter_of(step, who, "step")
    g.seed, g.stream = checked_seed(seed, who), stream
    g.threshold = threshold_of(rate)
    launch(CR_dropout_forward, dtype, &g, sizeof(g), 0.2 * g.n, rows, b"WRWr",
           (y, x_, bits, step))
    return y


def dropout_backward(dy, double rate, bits=None, y=None, out=None):
    """dy where kept, scaled: by the mask `bits`, or where y > 0 (dropout behind a relu)."""
    cdef str who = "dropout_backward"
    cdef cr_dropout_backward_args g
    cdef ptrdiff_t rows
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array y_ = None
    cdef array dx = empty_like(dy_, dtype) if out is None else as_output_like(out, dy_, dtype, who, "out")
    g.scale = checked_rate(rate, who)
    rows_and_columns(dy_, &rows, &g.cols)
    g.n = rows * g.cols
    g.bits = NULL
    if bits is not None:
        if (not isinstance(bits, cnp.ndarray) or cnp.PyArray_TYPE(<array> bits) != cnp.NPY_UINT8
                or not cnp.PyArray_ISCARRAY_RO(<array> bits)
                or cnp.PyArray_SIZE(<array> bits) != (g.n + 7) // 8):
            raise ValueError(f"{who}: expected bits as a contiguous uint8 array of "
                             f"{(g.n + 7) // 8} elements")
        g.bits = <uint8_t *> data_ptr(bits)
    elif y is None:
        raise ValueError(f"{who}: expected bits or y, received neither")
    else:
        y_ = as_input(y, dtype, -1, who, "y")
        same_shape(y_, dy_, who, "y")
    g.dx, g.dy, g.y = data_ptr(dx), data_ptr(dy_), data_ptr(y_)
    launch(CR_dropout_backward, dtype, &g, sizeof(g), 0.1 * g.n, rows, b"WRRR",
           (dx, dy_, bits, y_))
    return dx


cdef array mapped(int kernel, object x, object factor, object out, str who, double each):
    cdef cr_map_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = empty_like(x_, dtype) if out is None else as_output_like(out, x_, dtype, who, "out")
    cdef array factor_ = None
    if factor is not None:
        factor_ = as_input(factor, dtype, 0, who, "factor")
    g.y, g.x, g.factor, g.n = data_ptr(y), data_ptr(x_), data_ptr(factor_), cnp.PyArray_SIZE(x_)
    launch(kernel, dtype, &g, sizeof(g), each * g.n, 0, b"wrr", (y, x_, factor_))
    return y


def scale(x, factor, out=None):
    """x times the 0-d array factor."""
    if factor is None:
        raise TypeError("scale: expected factor as a 0-d array, received None")
    return mapped(CR_scale, x, factor, out, "scale", 0.1)


def add(y, x):
    """y += x, elementwise, equal shapes."""
    if y is None:
        raise TypeError("add: expected y as a NumPy array, received None")
    return mapped(CR_add, x, None, y, "add", 0.1)


def exp(x, out=None):
    """e**x, elementwise; 0 where that is below the smallest normal number."""
    return mapped(CR_exp, x, None, out, "exp", 0.4)


def log(x, out=None):
    """log(x), elementwise: NaN below 0, -inf at 0; denormals as they are."""
    return mapped(CR_log, x, None, out, "log", 0.5)


def erf(x, out=None):
    """The error function, elementwise."""
    return mapped(CR_erf, x, None, out, "erf", 0.8)
