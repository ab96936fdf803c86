# Look-ups of rows in a table.


cdef array as_indices(object value, str who):
    """An int64 array of row numbers, copied if it is not contiguous, aligned and in native byte
    order."""
    if type(value) is TRACED:
        value = value.array
    if not isinstance(value, cnp.ndarray) or cnp.PyArray_TYPE(<array> value) != cnp.NPY_INT64:
        raise TypeError(f"{who}: expected index as an int64 array, received "
                        f"{getattr(value, 'dtype', type(value).__name__)}")
    if cnp.PyArray_ISCARRAY_RO(<array> value):
        return value
    if cnp.PyArray_ISBEHAVED_RO(<array> value) and tracing() is not None:
        return COPIED(value)
    fail_recording(f"{who} had to copy index, which is not contiguous")
    return cnp.PyArray_FROMANY(value, cnp.NPY_INT64, 0, 0,
                               cnp.NPY_ARRAY_CARRAY_RO | cnp.NPY_ARRAY_NOTSWAPPED)


cdef tuple looked_up_shape(object index, object w):
    """The shape of w[index]."""
    return tuple(index.shape) + (w.shape[1],)


def embedding_forward(index, w, out=None, bint missing=False):
    """w[index]: index, int64 of any shape, names rows of w (rows, n); index.shape + (n,) comes out.

    IndexError for numbers outside the table, of which a replay tells at its end; with missing=True
    they give rows of zeros.
    """
    cdef str who = "embedding_forward"
    cdef cr_embedding_forward_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array index_ = as_indices(index, who)
    cdef array w_ = as_input(w, dtype, 2, who, "w")
    cdef array y, flag
    cdef Py_ssize_t wrong, count
    cdef Program listener = listening()
    y = np.empty(looked_up_shape(index_, w_), w_.dtype)
    if out is not None:
        y = as_output_like(out, y, dtype, who, "out")
    g.y, g.w, g.index = data_ptr(y), data_ptr(w_), <const int64_t *> data_ptr(index_)
    g.N, g.K, count = cnp.PyArray_DIM(w_, 1), cnp.PyArray_DIM(w_, 0), cnp.PyArray_SIZE(index_)
    g.M = cnp.PyArray_DIM(index_, 0) if cnp.PyArray_NDIM(index_) else 1
    g.L = count // g.M if g.M else 0
    wrong = count if missing else cr_first_outside(g.index, count, g.K)
    if wrong < count:
        raise IndexError(f"{who}: expected row numbers from 0 to {g.K - 1}, received "
                         f"{g.index[wrong]}")
    flag = np.zeros(1, np.int64)
    g.out_of_range = <int64_t *> data_ptr(flag)
    launch(CR_embedding_forward, dtype, &g, sizeof(g), count * (3.0 + 0.1 * g.N), g.M, b"WrR",
           (y, w_, index_))
    if listener is not None and missing:
        listener.kept.append(flag)
    elif listener is not None:
        listener.out_of_range.append(flag)
    return y


def embedding_backward(index, dy, dw):
    """Writes to dw (rows, n) the gradient of embedding_forward: the sums of the rows of dy,
    index.shape + (n,), by the rows that index names."""
    cdef str who = "embedding_backward"
    cdef cr_embedding_backward_args g
    cdef int dtype = dtype_of(dw, who, "dw")
    cdef array index_ = as_indices(index, who)
    cdef array dy_ = as_input(dy, dtype, -1, who, "dy")
    cdef array dw_ = as_output_like(dw, dw, dtype, who, "dw")
    if cnp.PyArray_NDIM(dw_) != 2:
        raise ValueError(f"{who}: expected dw with 2 dimensions, received shape {shape_of(dw_)}")
    if shape_of(dy_) != str(looked_up_shape(index_, dw_)):
        raise ValueError(f"{who}: expected dy of shape {looked_up_shape(index_, dw_)}, received "
                         f"{shape_of(dy_)}")
    g.dw, g.dy, g.index = data_ptr(dw_), data_ptr(dy_), <const int64_t *> data_ptr(index_)
    g.M, g.N, g.K = cnp.PyArray_SIZE(index_), cnp.PyArray_DIM(dw_, 1), cnp.PyArray_DIM(dw_, 0)
    launch(CR_embedding_backward, dtype, &g, sizeof(g),
           g.M * (1.0 + 0.2 * g.N) + 0.05 * g.K * g.N, 0, b"wrr", (dw_, dy_, index_))
    return dw


cdef int64_t *written_indices(object value, Py_ssize_t n, str who, str what) except? NULL:
    """The address of a contiguous, writeable int64 array of n elements."""
    if (not isinstance(value, cnp.ndarray) or cnp.PyArray_TYPE(<array> value) != cnp.NPY_INT64
            or not cnp.PyArray_ISCARRAY(<array> value) or cnp.PyArray_SIZE(<array> value) != n):
        raise ValueError(f"{who}: expected {what} as a contiguous int64 array of {n} elements")
    return <int64_t *> data_ptr(value)


def unique_rows(index, rows, place, where):
    """The different rows that index names, of a table of as many rows as `where`, scratch, has:
    rows in the order of their first places, -1 behind the last; index = rows[place]. All int64,
    rows and place as many as index."""
    cdef str who = "unique_rows"
    cdef cr_unique_rows_args g
    cdef array index_ = as_indices(index, who)
    g.M = cnp.PyArray_SIZE(index_)
    g.index = <const int64_t *> data_ptr(index_)
    g.rows = written_indices(rows, g.M, who, "rows")
    g.place = written_indices(place, g.M, who, "place")
    g.K = cnp.PyArray_SIZE(<array> where) if isinstance(where, cnp.ndarray) else 0
    g.where = written_indices(where, g.K, who, "where")
    launch(CR_unique_rows, 0, &g, sizeof(g), 0, 0, b"wwwr", (rows, place, where, index_))


def scatter_rows(w, x, rows):
    """w[rows[u]] = x[u] for the rows (u,), int64, that w (k, n) has; none is named twice."""
    cdef str who = "scatter_rows"
    cdef cr_scatter_rows_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_output_like(w, w, dtype, who, "w")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    cdef array rows_ = as_indices(rows, who)
    if (cnp.PyArray_NDIM(w_) != 2 or cnp.PyArray_DIM(w_, 1) != cnp.PyArray_DIM(x_, 1)
            or cnp.PyArray_SIZE(rows_) != cnp.PyArray_DIM(x_, 0)):
        raise ValueError(f"{who}: expected w (k, n), x (u, n) and rows (u,), received shapes "
                         f"{shape_of(w_)}, {shape_of(x_)} and {shape_of(rows_)}")
    g.w, g.x, g.rows = data_ptr(w_), data_ptr(x_), <const int64_t *> data_ptr(rows_)
    g.M, g.N, g.K = cnp.PyArray_DIM(x_, 0), cnp.PyArray_DIM(x_, 1), cnp.PyArray_DIM(w_, 0)
    launch(CR_scatter_rows, dtype, &g, sizeof(g), g.M * (2.0 + 0.1 * g.N), 0, b"wrr",
           (w_, x_, rows_))
    return w


def integer_lookup(x, keys, codes, int64_t oov, int64_t oov_count):
    """codes[i] where keys[i] = x, keys in ascending order; oov + x mod oov_count for other x. All
    int64. ValueError for other x if oov_count is 0; a replay tells at its end."""
    cdef str who = "integer_lookup"
    cdef cr_integer_lookup_args g
    cdef array x_ = as_indices(x, who)
    cdef array keys_ = as_indices(keys, who)
    cdef array codes_ = as_indices(codes, who)
    cdef array y = np.empty_like(x_)
    cdef array flag = np.zeros(1, np.int64)
    cdef Program listener = listening()
    g.count = cnp.PyArray_SIZE(keys_)
    if cnp.PyArray_SIZE(codes_) != g.count or oov_count < 0:
        raise ValueError(f"{who}: expected a code for each of {g.count} keys and oov_count of 0 or "
                         f"more, received {cnp.PyArray_SIZE(codes_)} and {oov_count}")
    g.y, g.out_of_range = <int64_t *> data_ptr(y), <int64_t *> data_ptr(flag)
    g.x, g.keys = <const int64_t *> data_ptr(x_), <const int64_t *> data_ptr(keys_)
    g.codes, g.oov, g.oov_count = <const int64_t *> data_ptr(codes_), oov, oov_count
    g.rows = cnp.PyArray_DIM(x_, 0) if cnp.PyArray_NDIM(x_) else 1
    g.cols = cnp.PyArray_SIZE(x_) // g.rows if g.rows else 0
    launch(CR_integer_lookup, 0, &g, sizeof(g), 20.0 * g.rows * g.cols, g.rows, b"WRrr",
           (y, x_, keys_, codes_))
    if g.out_of_range[0]:
        raise ValueError(f"{who}: received a number that is not among the {g.count} keys")
    if listener is not None:
        listener.out_of_range.append(flag)
    return y


def count_codes(codes, Py_ssize_t count, dtype, bint once=False):
    """How often each of 0..count-1 is among the codes (m, l) or (l,), int64, of a row: (m, count)
    or (count,) of a float dtype; with once=True 1 where it is there. Other codes count nowhere."""
    cdef str who = "count_codes"
    cdef cr_count_codes_args g
    cdef array codes_ = as_indices(codes, who)
    cdef int axes = cnp.PyArray_NDIM(codes_)
    cdef array y
    if axes not in (1, 2) or count < 0:
        raise ValueError(f"{who}: expected codes (m, l) or (l,) and a count of 0 or more, received "
                         f"shape {shape_of(codes_)} and {count}")
    y = np.empty((*(<object> codes_).shape[:axes - 1], count), dtype)
    g.y, g.codes, g.K, g.once = data_ptr(y), <const int64_t *> data_ptr(codes_), count, once
    g.M = cnp.PyArray_DIM(codes_, 0) if axes == 2 else 1
    g.L = cnp.PyArray_DIM(codes_, axes - 1)
    launch(CR_count_codes, dtype_of(y, who, "dtype"), &g, sizeof(g),
           g.M * (0.05 * g.K + 2.0 * g.L), g.M, b"WR", (y, codes_))
    return y
