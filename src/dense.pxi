# Dense layers: the product forward, and the two products of the way back.


cdef inline int split_columns(ptrdiff_t rows, ptrdiff_t weights) noexcept:
    """Whether threads should share the columns of a product instead of its rows. Each then reads
    only its part of the weights, but all must wait for each other before the next layer."""
    return rows < 16 or weights >= 1 << 18


cdef inline double product_nanoseconds(ptrdiff_t rows, ptrdiff_t weights) noexcept:
    """Nanoseconds that a product may take one thread: its arithmetic, and fetching the weights."""
    return (0.02 * rows + 0.15) * weights


cdef int checked_parts(int parts, int dtype, str who) except -1:
    """The parts of the operands of a product: float64 is not rounded."""
    if parts != 0 and parts != 1 and parts != 3:
        raise ValueError(f"{who}: expected 0, 1 or 3 parts, received {parts}")
    return 0 if dtype else parts


cdef array rounded(array a, bint along, bint second, int parts):
    """A matrix as an operand of a product in so many parts of bfloat16: see round_operand in
    contract_dense.h, which says what is in the array that is returned."""
    cdef cr_round_operand_args g
    g.parts, g.along, g.second = parts, along, second
    g.rows = cnp.PyArray_DIM(a, 0 if along else 1)
    g.depth = cnp.PyArray_DIM(a, 1 if along else 0)
    cdef array to = new_array(1, parts * ((g.rows + 15) // 16 * 16) * ((g.depth + 31) // 32 * 32),
                              0, 0)
    g.to, g.from_ = data_ptr(to), data_ptr(a)
    launch(CR_round_operand, 0, &g, sizeof(g), 0.5 * parts * g.rows * g.depth, 0, b"wr", (to, a))
    return to


def dense_forward(x, w, b=None, int act=0, out=None, double rate=0.0, seed=0, step=None,
                  slope=None, int parts=0):
    """act(x w + b): x (M, K), w (K, N), b (N,) or None -> (M, N). With step, through
    `dropout_forward` with this rate, seed and step, stream 0; not with softmax. slope: where
    act'(x w + b) goes, for the activations of KEEPS_SLOPE. parts: 1 or 3, of float32 operands that
    are rounded to bfloat16 (matmul_parts); 0: none."""
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
    cdef array slope_ = slope_like(slope, y, dtype, g.act, who)
    g.slope = data_ptr(slope_)
    g.by_columns = g.act != CR_SOFTMAX and split_columns(g.M, g.K * g.N)
    g.step = NULL
    if step is not None:
        if g.act == CR_SOFTMAX:
            raise ValueError(f"{who}: expected no dropout behind a softmax; use dropout_forward")
        g.step = counter_ptr(step, who, "step")
        g.seed, g.stream = checked_seed(seed, who), 0
        g.threshold, g.scale = dropout_threshold(rate), dropout_scale(rate, who)
    g.parts = checked_parts(parts, dtype, who)
    if g.parts:
        x_, w_ = rounded(x_, True, False, parts), rounded(w_, False, True, parts)
        g.x, g.w = data_ptr(x_), data_ptr(w_)
        g.K *= parts
    launch(CR_dense_forward, dtype, &g, sizeof(g),
           product_nanoseconds(g.M, g.N * g.K) + (0.0 if step is None else 0.2 * g.M * g.N), g.M,
           b"wrrrrw" if g.by_columns else b"WRrrrW", (y, x_, w_, b_, step, slope_))
    return y


def dense_backward_input(dz, w, y=None, int act=0, out=None, double rate=0.0, int parts=0):
    """dz w': dz (M, N), w (K, N) -> (M, K). With y (M, K), through act' at y, as
    `activation_backward`, and back through a dropout of this rate behind a relu, where y is its
    output. parts: as in `dense_forward`."""
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
    g.scale = dropout_scale(rate, who)
    if rate and (y is None or g.act != CR_RELU):
        raise ValueError(f"{who}: expected y and relu with a rate, received rate={rate}")
    g.by_columns = split_columns(g.M, g.K * g.N)
    g.parts = checked_parts(parts, dtype, who)
    if g.parts:
        dz_, w_ = rounded(dz_, True, False, parts), rounded(w_, True, True, parts)
        g.dz, g.w = data_ptr(dz_), data_ptr(w_)
        g.N *= parts
    launch(CR_dense_backward_input, dtype, &g, sizeof(g), product_nanoseconds(g.M, g.N * g.K), g.M,
           b"wrrr" if g.by_columns else b"WRrR", (dx, dz_, w_, y_))
    return dx


def dense_backward_weights(x, dz, dw=None, db=None, int parts=0):
    """Writes x' dz to dw (K, N) and the column sums of dz to db (N,), where given. parts: of the
    product, as in `dense_forward`."""
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
    g.parts = checked_parts(parts, dtype, who)
    if g.parts and db_ is not None:  # a sum, and no product: a call of its own
        g.dw, g.parts = NULL, 0
        launch(CR_dense_backward_weights, dtype, &g, sizeof(g), 0.1 * g.M * g.N, 0, b"wr",
               (db_, dz_))
        g.dw, g.db, g.parts, db_ = data_ptr(dw_), NULL, parts, None
    if g.parts:
        if dw_ is None:
            return
        x_, dz_ = rounded(x_, False, False, parts), rounded(dz_, False, True, parts)
        g.x, g.dz = data_ptr(x_), data_ptr(dz_)
        g.M *= parts
    launch(CR_dense_backward_weights, dtype, &g, sizeof(g), product_nanoseconds(g.M, g.N * g.K), 0,
           b"wwrr", (dw_, db_, x_, dz_))
