# Dropout: which elements are kept follows from seed, step and stream; see kernels.h.


cdef double dropout_scale(double rate, str who) except -1:
    """What kept elements are multiplied by, 1/(1-rate), or ValueError for a rate outside [0, 1]."""
    if not 0 <= rate <= 1:
        raise ValueError(f"{who}: expected a rate in [0, 1], received {rate}")
    return 0.0 if rate == 1 else 1 / (1 - rate)


cdef inline uint64_t dropout_threshold(double rate) noexcept:
    """Elements whose 32 random bits are below this number are kept."""
    return <uint64_t> ((1 - rate) * 4294967296.0 + 0.5)


cdef uint64_t checked_seed(object seed, str who) except? 0:
    """A seed as uint64, or ValueError if it does not fit."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"{who}: expected seed in [0, 2**64), received {seed}")
    return seed


cdef uint8_t *mask_ptr(object bits, ptrdiff_t n, str who) except? NULL:
    """Where the mask of n elements is to be stored, a bit each; NULL for None."""
    if bits is None:
        return NULL
    if (not isinstance(bits, cnp.ndarray) or cnp.PyArray_TYPE(<array> bits) != cnp.NPY_UINT8
            or not cnp.PyArray_ISCARRAY(<array> bits)
            or cnp.PyArray_SIZE(<array> bits) != (n + 7) // 8):
        raise ValueError(f"{who}: expected bits as a contiguous uint8 array of "
                         f"{(n + 7) // 8} elements")
    return <uint8_t *> data_ptr(bits)


cdef uint32_t checked_stream(object stream, str who) except? 0:
    """A stream of random numbers as uint32, or ValueError if it is none."""
    if not 0 <= stream < 2**30:
        raise ValueError(f"{who}: expected stream in [0, 2**30), received {stream}")
    return stream


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
    cdef array y = output_like(out, x_, dtype, who)
    g.scale = dropout_scale(rate, who)
    rows_and_columns(x_, &rows, &g.cols)
    g.n = rows * g.cols
    g.bits = mask_ptr(bits, g.n, who)
    g.stream = checked_stream(stream, who)
    g.y, g.x, g.step = data_ptr(y), data_ptr(x_), counter_ptr(step, who, "step")
    g.seed = checked_seed(seed, who)
    g.threshold = dropout_threshold(rate)
    launch(CR_dropout_forward, dtype, &g, sizeof(g), 0.2 * g.n, rows, b"WRWr",
           (y, x_, bits, step))
    return y


def dropout_backward(dy, double rate, bits=None, y=None, out=None, scale=None):
    """dy where kept, scaled: by the mask `bits`, or where y > 0 (dropout behind a relu). scale: in
    the place of 1/(1-rate)."""
    cdef str who = "dropout_backward"
    cdef cr_dropout_backward_args g
    cdef ptrdiff_t rows
    cdef int dtype = dtype_of(dy, who, "dy")
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array y_ = None
    cdef array dx = output_like(out, dy_, dtype, who)
    g.scale = dropout_scale(rate, who)
    if scale is not None:
        g.scale = scale
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


def alpha_dropout_forward(x, double rate, double scale, double shift, double dropped, seed, step,
                          stream=0, bits=None, out=None):
    """x*scale + shift where kept, and `dropped` elsewhere; the rest as for dropout_forward."""
    cdef str who = "alpha_dropout_forward"
    cdef cr_alpha_dropout_forward_args g
    cdef ptrdiff_t rows
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = output_like(out, x_, dtype, who)
    dropout_scale(rate, who)
    rows_and_columns(x_, &rows, &g.cols)
    g.n = rows * g.cols
    g.bits, g.stream = mask_ptr(bits, g.n, who), checked_stream(stream, who)
    g.y, g.x, g.step = data_ptr(y), data_ptr(x_), counter_ptr(step, who, "step")
    g.seed, g.threshold = checked_seed(seed, who), dropout_threshold(rate)
    g.scale, g.shift, g.dropped = scale, shift, dropped
    launch(CR_alpha_dropout_forward, dtype, &g, sizeof(g), 0.25 * g.n, rows, b"WRWr",
           (y, x_, bits, step))
    return y


def normal(out, seed, step, double mean=0.0, double stddev=1.0, stream=0):
    """Fills `out`, a float array, with normal random numbers, and returns it; seed, step and stream
    as for dropout_forward."""
    cdef str who = "normal"
    cdef cr_normal_args g
    cdef int dtype = dtype_of(out, who, "out")
    cdef array y = as_output_like(out, out, dtype, who, "out")
    g.y, g.n, g.step = data_ptr(y), cnp.PyArray_SIZE(y), counter_ptr(step, who, "step")
    g.seed, g.stream = checked_seed(seed, who), checked_stream(stream, who)
    g.mean, g.stddev = mean, stddev
    launch(CR_normal, dtype, &g, sizeof(g), 2.0 * g.n, 0, b"wr", (y, step))
    return y
