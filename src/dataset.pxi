# The user's data on their way in: values checked, rows put in order and gathered into batches.


def all_between(x, double low, double high):
    """Whether x is a contiguous float32 or float64 array, and surely finite and low <= x <= high
    everywhere, compared in its dtype."""
    cdef bint found, f64
    cdef Py_ssize_t n
    cdef void *p
    if not isinstance(x, cnp.ndarray) or not cnp.PyArray_ISCARRAY_RO(<array> x):
        return False
    f64 = cnp.PyArray_TYPE(<array> x) == cnp.NPY_FLOAT64
    if not f64 and cnp.PyArray_TYPE(<array> x) != cnp.NPY_FLOAT32:
        return False
    p, n = cnp.PyArray_DATA(<array> x), cnp.PyArray_SIZE(<array> x)
    with nogil:
        found = cr_all_between(p, n, f64, low, high)
    return found


cdef int source_type(array a) except -1:
    """The code of an array's number type, of those that `gather_rows` reads."""
    cdef int kind = cnp.PyArray_TYPE(a)
    if kind == cnp.NPY_FLOAT32 and cnp.PyArray_ISNOTSWAPPED(a):
        return CR_FROM_F32
    if kind == cnp.NPY_FLOAT64 and cnp.PyArray_ISNOTSWAPPED(a):
        return CR_FROM_F64
    codes = {"u1": CR_FROM_U8, "b1": CR_FROM_U8, "i1": CR_FROM_I8, "u2": CR_FROM_U16,
             "i2": CR_FROM_I16, "u4": CR_FROM_U32, "i4": CR_FROM_I32, "u8": CR_FROM_U64,
             "i8": CR_FROM_I64}
    code = codes.get(f"{a.dtype.kind}{a.dtype.itemsize}")
    if code is None or not a.dtype.isnative:
        raise TypeError(f"gather_rows: expected src of a native float32, float64, integer or bool "
                        f"dtype, received {a.dtype}")
    return code


cdef bint has_contiguous_rows(array a) noexcept:
    """Whether each row of an array, a[i], is contiguous."""
    cdef Py_ssize_t i, bytes = cnp.PyArray_ITEMSIZE(a)
    for i in range(cnp.PyArray_NDIM(a) - 1, 0, -1):
        if cnp.PyArray_DIM(a, i) != 1 and cnp.PyArray_STRIDE(a, i) != bytes:
            return False
        bytes *= cnp.PyArray_DIM(a, i)
    return True


def gather_rows(src, out, order=None, start=None):
    """out[r] = src[order[start + r]] for every row of out, cast to out's dtype.

    src (rows, ...) of any number type, rows contiguous; out (batch, ...) float or int64; order:
    int64 array or None (rows as they come); start: int64 array that holds a counter, or None (0).
    """
    cdef str who = "gather_rows"
    cdef cr_gather_rows_args g
    cdef Py_ssize_t i, first = 0
    if not isinstance(src, cnp.ndarray) or not isinstance(out, cnp.ndarray):
        raise TypeError(f"{who}: expected src and out as NumPy arrays, received "
                        f"{type(src).__name__} and {type(out).__name__}")
    cdef array s = src
    cdef array o = out
    cdef int dtype = 0
    if cnp.PyArray_NDIM(s) < 1 or cnp.PyArray_NDIM(s) != cnp.PyArray_NDIM(o):
        raise ValueError(f"{who}: expected rows of equal shape in src and out, received "
                         f"{shape_of(s)} and {shape_of(o)}")
    g.cols = 1
    for i in range(1, cnp.PyArray_NDIM(s)):
        if cnp.PyArray_DIM(s, i) != cnp.PyArray_DIM(o, i):
            raise ValueError(f"{who}: expected rows of equal shape in src and out, received "
                             f"{shape_of(s)} and {shape_of(o)}")
        g.cols *= cnp.PyArray_DIM(s, i)
    g.rows = cnp.PyArray_DIM(o, 0)
    g.stride = cnp.PyArray_STRIDE(s, 0)
    g.src_rows = g.places = cnp.PyArray_DIM(s, 0)
    if not cnp.PyArray_ISCARRAY(o) or cnp.PyArray_ITEMSIZE(s) == 0:
        raise TypeError(f"{who}: expected out contiguous and writeable")
    if cnp.PyArray_SIZE(s) and not (cnp.PyArray_ISALIGNED(s) and has_contiguous_rows(s)):
        raise ValueError(f"{who}: expected src with contiguous, aligned rows; use src.copy()")
    g.start = NULL
    if start is not None:
        g.start = counter_ptr(start, who, "start")
        first = g.start[0]
    g.order = NULL
    if order is not None:
        if (not isinstance(order, cnp.ndarray) or cnp.PyArray_TYPE(<array> order) != cnp.NPY_INT64
                or not cnp.PyArray_ISCARRAY_RO(<array> order)):
            raise TypeError(f"{who}: expected order as a contiguous int64 array")
        if first < 0 or first + g.rows > cnp.PyArray_SIZE(<array> order):
            raise IndexError(f"{who}: rows {first}..{first + g.rows} are outside an order of "
                             f"{cnp.PyArray_SIZE(<array> order)}")
        g.order = <int64_t *> data_ptr(order)
        g.places = cnp.PyArray_SIZE(<array> order)
        if cr_first_outside(g.order + first, g.rows, cnp.PyArray_DIM(s, 0)) < g.rows:
            raise IndexError(f"{who}: order names rows outside the {cnp.PyArray_DIM(s, 0)} of src")
    elif first < 0 or first + g.rows > cnp.PyArray_DIM(s, 0):
        raise IndexError(f"{who}: rows {first}..{first + g.rows} are outside the "
                         f"{cnp.PyArray_DIM(s, 0)} of src")
    g.y, g.labels = NULL, NULL
    if cnp.PyArray_TYPE(o) == cnp.NPY_INT64:
        g.labels = <int64_t *> data_ptr(o)
    else:
        dtype = dtype_of(o, who, "out")
        g.y = data_ptr(o)
    g.src, g.source = data_ptr(s), source_type(s)
    launch(CR_gather_rows, dtype, &g, sizeof(g), 0.2 * g.rows * g.cols, g.rows, b"rWrr",
           (src, out, order, start))
    return out


def select_columns(x, index, out=None, *, Py_ssize_t back=0):
    """x[:, index]: x (M, K), index (N,) of int64 -> (M, N). back: the other way, so many columns of
    zeros but for those of index, which are the columns of x."""
    cdef str who = "select_columns"
    cdef cr_select_columns_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    cdef array index_ = as_indices(index, who)
    cdef Py_ssize_t wrong
    g.M, g.N = cnp.PyArray_DIM(x_, 0), cnp.PyArray_SIZE(index_)
    g.K = back or cnp.PyArray_DIM(x_, 1)
    if cnp.PyArray_NDIM(index_) != 1 or (back and cnp.PyArray_DIM(x_, 1) != g.N):
        raise ValueError(f"{who}: expected index with one dimension, with back as many as columns "
                         f"of x, received shape {shape_of(index_)} for x of shape {shape_of(x_)}")
    g.index, g.back = <const int64_t *> data_ptr(index_), back != 0
    wrong = cr_first_outside(g.index, g.N, g.K)
    if wrong < g.N:
        raise IndexError(f"{who}: expected columns from 0 to {g.K - 1}, received {g.index[wrong]}")
    cdef Py_ssize_t columns = g.K if back else g.N
    cdef array y = (new_array(2, g.M, columns, dtype) if out is None
                    else as_output(out, dtype, 2, g.M, columns, who, "out"))
    g.y, g.x = data_ptr(y), data_ptr(x_)
    launch(CR_select_columns, dtype, &g, sizeof(g), 0.4 * g.M * g.N, g.M, b"WRr", (y, x_, index_))
    return y


def shuffle(order, seed, epoch):
    """Writes to order, an int64 array, the permutation of 0..n-1 that (seed, epoch) determines, and
    adds 1 to epoch. seed: a uint64 array of one element, epoch: an int64 array of one."""
    cdef cr_shuffle_args g
    for name, value in (("order", order), ("seed", seed), ("epoch", epoch)):
        if not isinstance(value, cnp.ndarray):
            raise TypeError(f"shuffle: expected {name} as a NumPy array, received "
                            f"{type(value).__name__}")
    cdef array order_ = order
    cdef array seed_ = seed
    cdef array epoch_ = epoch
    if cnp.PyArray_TYPE(order_) != cnp.NPY_INT64 or not cnp.PyArray_ISCARRAY(order_):
        raise TypeError("shuffle: expected order as a contiguous, writeable int64 array, received "
                        f"dtype {order_.dtype}")
    if (cnp.PyArray_TYPE(seed_) != cnp.NPY_UINT64 or cnp.PyArray_SIZE(seed_) != 1
            or not cnp.PyArray_ISCARRAY_RO(seed_)):
        raise TypeError("shuffle: expected seed as a uint64 array of one element, received dtype "
                        f"{seed_.dtype}, shape {shape_of(seed_)}")
    if (cnp.PyArray_TYPE(epoch_) != cnp.NPY_INT64 or cnp.PyArray_SIZE(epoch_) != 1
            or not cnp.PyArray_ISCARRAY(epoch_)):
        raise TypeError("shuffle: expected epoch as a writeable int64 array of one element, "
                        f"received dtype {epoch_.dtype}, shape {shape_of(epoch_)}")
    g.order, g.n = <int64_t *> data_ptr(order_), cnp.PyArray_SIZE(order_)
    g.seed, g.epoch = <const uint64_t *> data_ptr(seed_), <int64_t *> data_ptr(epoch_)
    launch(CR_shuffle, 0, &g, sizeof(g), 2.0 * g.n, 0, b"wrw", (order, seed, epoch))
