# Rows mixed with other rows of their batch: shares, partners and boxes come from counters.


cdef array checked_order(object value, ptrdiff_t rows, str who):
    """The rows that rows are mixed with: int64 numbers of [0, rows), one for each."""
    if (not isinstance(value, cnp.ndarray) or cnp.PyArray_TYPE(<array> value) != cnp.NPY_INT64
            or not cnp.PyArray_ISCARRAY_RO(<array> value)):
        raise TypeError(f"{who}: expected order as a contiguous int64 array")
    cdef array order = value
    if cnp.PyArray_NDIM(order) != 1 or cnp.PyArray_DIM(order, 0) != rows:
        raise ValueError(f"{who}: expected order of shape ({rows},), received {shape_of(order)}")
    if cr_first_outside(<int64_t *> data_ptr(order), rows, rows) < rows:
        raise IndexError(f"{who}: order names rows outside the {rows} that there are")
    return order


cdef array rows_of_batch(object value, int dtype, str who, ptrdiff_t *rows, ptrdiff_t *cols):
    """An input of one dimension or more: the batch first; and its rows and their length."""
    cdef array x = as_input(value, dtype, -1, who, "x")
    if cnp.PyArray_NDIM(x) < 1:
        raise ValueError(f"{who}: expected x with the batch as its first axis, received a scalar")
    rows[0] = cnp.PyArray_DIM(x, 0)
    cols[0] = cnp.PyArray_SIZE(x) // max(rows[0], 1)
    return x


def symmetric_beta(out, double low, double high, seed, step, stream=0):
    """Fills `out`, a float array, with numbers of Beta(a, a), and returns it; a is drawn uniformly
    of [low, high], 0 < low, once a call. seed and step as for dropout_forward; stream: below
    2**30 - 1, of which this takes two."""
    cdef str who = "symmetric_beta"
    cdef cr_symmetric_beta_args g
    cdef int dtype = dtype_of(out, who, "out")
    cdef array y = as_output_like(out, out, dtype, who, "out")
    if not 0 < low <= high < float("inf"):
        raise ValueError(f"{who}: expected 0 < low <= high, finite, received {low} and {high}")
    g.y, g.n, g.step = data_ptr(y), cnp.PyArray_SIZE(y), counter_ptr(step, who, "step")
    g.seed, g.stream = checked_seed(seed, who), checked_stream(stream + 1, who) - 1
    g.low, g.high = low, high
    launch(CR_symmetric_beta, dtype, &g, sizeof(g), 4.0 * g.n, 0, b"wr", (y, step))
    return y


def mix_rows(x, order, share, out=None):
    """out[r] = share[r] x[r] + (1 - share[r]) x[order[r]] for every row of x (rows, ...); order
    (rows,) int64; share (rows,) of x's dtype."""
    cdef str who = "mix_rows"
    cdef cr_mix_rows_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = rows_of_batch(x, dtype, who, &g.rows, &g.cols)
    cdef array order_ = checked_order(order, g.rows, who)
    cdef array share_ = needed_vector(share, g.rows, dtype, who, "share")
    cdef array y = output_like(out, x_, dtype, who)
    g.y, g.x, g.order, g.share = (data_ptr(y), data_ptr(x_), <int64_t *> data_ptr(order_),
                                  data_ptr(share_))
    launch(CR_mix_rows, dtype, &g, sizeof(g), 0.2 * g.rows * g.cols, g.rows, b"WrRR",
           (y, x_, order_, share_))
    return y


def paste_boxes(x, order, share, image_shape, seed, step, stream=0, out=None):
    """x (rows, ...) with a box of 1 - share[r] of the area of each image from row order[r].

    image_shape: (outer, height, width, inner) of a row of x; order and share as for mix_rows; seed,
    step and stream, from which the place of the box follows, as for dropout_forward.
    """
    cdef str who = "paste_boxes"
    cdef cr_paste_boxes_args g
    cdef ptrdiff_t cols
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = rows_of_batch(x, dtype, who, &g.rows, &cols)
    cdef array order_ = checked_order(order, g.rows, who)
    cdef array share_ = needed_vector(share, g.rows, dtype, who, "share")
    cdef array y = output_like(out, x_, dtype, who)
    g.outer, g.height, g.width, g.inner = image_shape
    if min(image_shape) < 0 or (
            g.rows and g.outer * g.height * g.width * g.inner != cols):
        raise ValueError(f"{who}: expected image_shape of {cols} elements, received {image_shape}")
    g.y, g.x, g.order, g.share = (data_ptr(y), data_ptr(x_), <int64_t *> data_ptr(order_),
                                  data_ptr(share_))
    g.step, g.seed = counter_ptr(step, who, "step"), checked_seed(seed, who)
    g.stream = checked_stream(stream, who)
    launch(CR_paste_boxes, dtype, &g, sizeof(g), 0.2 * g.rows * cols + 50.0 * g.rows, g.rows,
           b"WrRRr", (y, x_, order_, share_, step))
    return y


def larger_rows(order, share, out=None):
    """The row of which mix_rows takes the larger part, (rows,) int64: r, or order[r]."""
    cdef str who = "larger_rows"
    cdef cr_larger_rows_args g
    cdef int dtype = dtype_of(share, who, "share")
    cdef array share_ = as_input(share, dtype, 1, who, "share")
    g.n = cnp.PyArray_DIM(share_, 0)
    cdef array order_ = checked_order(order, g.n, who)
    cdef array picked = checked_order(np.zeros(g.n, np.int64) if out is None else out, g.n, who)
    if not cnp.PyArray_ISCARRAY(picked):
        raise TypeError(f"{who}: expected out writeable")
    g.picked, g.order = <int64_t *> data_ptr(picked), <int64_t *> data_ptr(order_)
    g.share = data_ptr(share_)
    launch(CR_larger_rows, dtype, &g, sizeof(g), 1.0 * g.n, g.n, b"WRR", (picked, order_, share_))
    return picked
