# Sums and counters that live in memory: means of rows, sums of an epoch, counts of steps.


def row_mean(rows, weight=None, out=None):
    """sum(rows * weight) / M as a 0-d array; 0 for no rows."""
    cdef str who = "row_mean"
    cdef cr_row_mean_args g
    cdef int dtype = dtype_of(rows, who, "rows")
    cdef array rows_ = as_input(rows, dtype, 1, who, "rows")
    cdef array weight_ = None
    if weight is not None:
        weight_ = as_input(weight, dtype, 1, who, "weight")
        same_shape(weight_, rows_, who, "weight")
    cdef array mean = (new_array(0, 0, 0, dtype) if out is None
                       else as_output(out, dtype, 0, 0, 0, who, "out"))
    g.out, g.rows, g.weight = data_ptr(mean), data_ptr(rows_), data_ptr(weight_)
    g.M = cnp.PyArray_DIM(rows_, 0)
    launch(CR_row_mean, dtype, &g, sizeof(g), 0, 0, b"wrr", (mean, rows_, weight_))
    return mean


def accumulate_weighted_sum(total, values, double factor=1.0, weights=None):
    """total[0] += factor * sum(values * weights): total a float64 array, values float32 or
    float64, weights as values or None."""
    cdef str who = "accumulate_weighted_sum"
    cdef cr_accumulate_weighted_sum_args g
    if not isinstance(values, cnp.ndarray):
        raise TypeError(f"{who}: expected values as a NumPy array, received "
                        f"{type(values).__name__}")
    cdef int dtype = dtype_of(values, who, "values")
    cdef array values_ = as_input(values, dtype, -1, who, "values")
    cdef array weights_ = None
    if weights is not None:
        weights_ = as_input(weights, dtype, -1, who, "weights")
        same_shape(weights_, values_, who, "weights")
    if not isinstance(total, cnp.ndarray) or cnp.PyArray_SIZE(<array> total) < 1:
        raise ValueError(f"{who}: expected total as a float64 array with an element to add to")
    g.total = doubles(total, cnp.PyArray_SIZE(<array> total), who, "total")
    g.values, g.weights, g.n = data_ptr(values_), data_ptr(weights_), cnp.PyArray_SIZE(values_)
    g.factor = factor
    launch(CR_accumulate_weighted_sum, dtype, &g, sizeof(g), 0, 0, b"wrr",
           (total, values_, weights_))


cdef int launch_increment(int64_t *counter, int64_t by, object holder) except -1:
    """Adds to a counter by a kernel; holder: the object that the counter lies in."""
    cdef cr_increment_args g
    g.counter, g.by = counter, by
    launch(CR_increment, 0, &g, sizeof(g), 0, 0, b"w", (holder,))
    return 0


def increment(counter, int64_t by=1):
    """counter[0] += by, for an int64 array."""
    cdef int64_t *p = counter_ptr(counter, "increment", "counter")
    if not cnp.PyArray_ISWRITEABLE(<array> counter):
        raise TypeError("increment: expected counter as a writeable array")
    launch_increment(p, by, counter)


def store_and_reset(total, log=None, place=None):
    """log[place] = total; total = 0: arrays of one element of 8 bytes, and log of such elements.
    place: an int64 array that holds a counter; without log, total is set to 0 alone."""
    cdef cr_store_and_reset_args g
    for what in (total,) if log is None else (total, log):
        if (not isinstance(what, cnp.ndarray) or not cnp.PyArray_ISCARRAY(<array> what)
                or cnp.PyArray_ITEMSIZE(<array> what) != 8 or not cnp.PyArray_SIZE(<array> what)):
            raise TypeError("store_and_reset: expected total and log as contiguous, writeable "
                            "arrays of elements of 8 bytes")
    g.total, g.log, g.place, g.room = data_ptr(total), data_ptr(log), NULL, 0
    if log is not None:
        g.place = counter_ptr(place, "store_and_reset", "place")
        g.room = cnp.PyArray_SIZE(<array> log)
    launch(CR_store_and_reset, 0, &g, sizeof(g), 0, 0, b"wwr", (total, log, place))
