# What metrics count: confusion counts at many thresholds, and who is among the k largest.

SPACINGS = {"any": CR_ANY_THRESHOLDS, "even": CR_EVEN_THRESHOLDS,
            "widened": CR_WIDENED_THRESHOLDS}


def threshold_counts(positives, negatives, p, y, thresholds, weights=None, column_weights=None,
                     str spacing="any"):
    """positives[l, k] += the weights of the elements of label l with y != 0 that are above exactly
    k thresholds; negatives[l, k] with y == 0.

    positives, negatives: float64 (1, K + 1) for all columns together, or (N, K + 1); p, y (M, N);
    thresholds (K,), sorted; weights (M,) or (M, N); column_weights (N,); spacing: a key of
    SPACINGS, "even" for k / (K - 1), "widened" if the ends are beyond 0 and 1.
    """
    cdef str who = "threshold_counts"
    cdef cr_threshold_counts_args g
    if spacing not in SPACINGS:
        raise ValueError(f"{who}: expected a spacing of {sorted(SPACINGS)}, received {spacing!r}")
    cdef int dtype = dtype_of(p, who, "p")
    cdef array p_ = as_input(p, dtype, 2, who, "p")
    cdef array y_ = as_input(y, dtype, 2, who, "y")
    same_shape(y_, p_, who, "y")
    cdef array thresholds_ = as_input(thresholds, dtype, 1, who, "thresholds")
    g.M, g.N = cnp.PyArray_DIM(p_, 0), cnp.PyArray_DIM(p_, 1)
    g.K, g.spacing = cnp.PyArray_DIM(thresholds_, 0), SPACINGS[spacing]
    if g.spacing != CR_ANY_THRESHOLDS and g.K < 2:
        raise ValueError(f"{who}: expected thresholds of two or more, received {g.K}")
    cdef array weights_ = None
    g.weight_columns = 1
    if weights is not None:
        weights_ = as_input(weights, dtype, -1, who, "weights")
        if cnp.PyArray_NDIM(weights_) == 1 and cnp.PyArray_DIM(weights_, 0) == g.M:
            g.weight_columns = 1
        else:
            same_shape(weights_, p_, who, "weights")
            g.weight_columns = g.N
            if g.N == 1:
                g.weight_columns = 1
    cdef array columns = None
    if column_weights is not None:
        columns = as_input(column_weights, dtype, 1, who, "column_weights")
        if cnp.PyArray_DIM(columns, 0) != g.N:
            raise ValueError(f"{who}: expected column_weights of shape ({g.N},), received "
                             f"{shape_of(columns)}")
    g.labels = 1
    if isinstance(positives, cnp.ndarray) and cnp.PyArray_NDIM(<array> positives) == 2:
        g.labels = cnp.PyArray_DIM(<array> positives, 0)
    if g.labels != 1 and g.labels != g.N:
        raise ValueError(f"{who}: expected positives of shape (1, {g.K + 1}) or "
                         f"({g.N}, {g.K + 1}), received {shape_of(positives)}")
    cdef array positives_ = as_output(positives, 1, 2, g.labels, g.K + 1, who, "positives")
    cdef array negatives_ = as_output(negatives, 1, 2, g.labels, g.K + 1, who, "negatives")
    g.positives, g.negatives = <double *> data_ptr(positives_), <double *> data_ptr(negatives_)
    g.p, g.y, g.thresholds = data_ptr(p_), data_ptr(y_), data_ptr(thresholds_)
    g.weights, g.column_weights = data_ptr(weights_), data_ptr(columns)
    launch(CR_threshold_counts, dtype, &g, sizeof(g), 6.0 * g.M * g.N, 0, b"wwrrrrr",
           (positives_, negatives_, p_, y_, thresholds_, weights_, columns))


def filter_top_k(x, ptrdiff_t k, out=None):
    """x (M, N) where it is among the k largest of its row, the first of equals; elsewhere -1e10."""
    cdef str who = "filter_top_k"
    cdef cr_filter_top_k_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, 2, who, "x")
    g.M, g.N, g.k = cnp.PyArray_DIM(x_, 0), cnp.PyArray_DIM(x_, 1), k
    if not 0 < k <= g.N:
        raise ValueError(f"{who}: expected k from 1 to the {g.N} columns of x, received {k}")
    cdef array y = (new_array(2, g.M, g.N, dtype) if out is None
                    else as_output(out, dtype, 2, g.M, g.N, who, "out"))
    if y is x_:
        raise ValueError(f"{who}: expected out as another array than x")
    g.out, g.x = data_ptr(y), data_ptr(x_)
    launch(CR_filter_top_k, dtype, &g, sizeof(g), 1.0 * g.M * g.N * k, g.M, b"WR", (y, x_))
    return y


def top_k_accuracy(z, y, ptrdiff_t k):
    """Whether the label is among the k largest of each row (M,), equals included: z (M, N); y
    (M, N), whose largest is the label, or int64 labels (M,)."""
    cdef str who = "top_k_accuracy"
    cdef cr_top_k_accuracy_args g
    cdef int dtype = dtype_of(z, who, "z")
    cdef array z_ = as_input(z, dtype, 2, who, "z")
    cdef array y_ = None
    g.M, g.N, g.k = cnp.PyArray_DIM(z_, 0), cnp.PyArray_DIM(z_, 1), k
    if k < 1:
        raise ValueError(f"{who}: expected k of 1 or more, received {k}")
    g.labels = NULL
    if isinstance(y, cnp.ndarray) and cnp.PyArray_TYPE(<array> y) == cnp.NPY_INT64:
        g.labels = labels_ptr(y, g.M, g.N, who)
    else:
        y_ = as_input(y, dtype, 2, who, "y")
        same_shape(y_, z_, who, "y")
    cdef array hits = new_array(1, g.M, 0, dtype)
    g.hits, g.z, g.y = data_ptr(hits), data_ptr(z_), data_ptr(y_)
    launch(CR_top_k_accuracy, dtype, &g, sizeof(g), 1.0 * g.M * g.N, g.M, b"WRRR",
           (hits, z_, y_, y))
    return hits
