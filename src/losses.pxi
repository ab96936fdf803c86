# Losses with their gradients, and the share of right answers.

LOSSES = {"softmax_cross_entropy": CR_softmax_cross_entropy,
          "sparse_cross_entropy": CR_sparse_cross_entropy,
          "sigmoid_cross_entropy": CR_sigmoid_cross_entropy,
          "squared_error": CR_squared_error,
          "absolute_error": CR_absolute_error,
          "huber": CR_huber,
          "log_cosh": CR_log_cosh,
          "hinge": CR_hinge,
          "squared_hinge": CR_squared_hinge,
          "poisson": CR_poisson,
          "kl_divergence": CR_kl_divergence,
          "absolute_percentage_error": CR_absolute_percentage_error,
          "squared_logarithmic_error": CR_squared_logarithmic_error,
          "quantile": CR_quantile}
ACCURACIES = {"categorical": CR_categorical_accuracy, "sparse": CR_sparse_accuracy,
              "binary": CR_binary_accuracy}


cdef int64_t *labels_ptr(object y, ptrdiff_t rows, ptrdiff_t classes, str who) except? NULL:
    """The address of checked labels: int64, one a row, each in [0, classes)."""
    cdef const int64_t *p
    cdef ptrdiff_t bad
    if (not isinstance(y, cnp.ndarray) or cnp.PyArray_TYPE(<array> y) != cnp.NPY_INT64
            or not cnp.PyArray_ISCARRAY_RO(<array> y)):
        raise TypeError(f"{who}: expected labels as a contiguous int64 array, received "
                        f"{getattr(y, 'dtype', type(y).__name__)}")
    if cnp.PyArray_SIZE(<array> y) != rows:
        raise ValueError(f"{who}: expected {rows} labels, one a row, received shape {shape_of(y)}")
    p = <const int64_t *> data_ptr(y)
    bad = cr_first_outside(p, rows, classes)
    if bad < rows:
        raise ValueError(f"{who}: expected labels in [0, {classes}), received {p[bad]} in row "
                         f"{bad}")
    return <int64_t *> p


def loss_forward(str kind, z, y, weight=None, double smoothing=0.0, bint gradient=True,
                 out=None, option=None, levels=None):
    """Losses of each row (M,) and, if wanted, the gradient (M, N) of their mean.

    kind: a key of LOSSES; z (M, N); y (M, N) as z, or int64 labels (M,) for
    sparse_cross_entropy; weight (M,) or None; smoothing in [0, 1]; option: huber's delta (1), the
    epsilon of others (1e-7); levels (N,) for quantile. Returns (rows, dz or None).
    """
    cdef str who = kind
    cdef cr_loss_args g
    if kind not in LOSSES:
        raise ValueError(f"loss_forward: expected a kind of {sorted(LOSSES)}, received {kind!r}")
    cdef int kernel = LOSSES[kind]
    cdef int dtype = dtype_of(z, who, "z")
    cdef array z_ = as_input(z, dtype, 2, who, "z")
    cdef array y_ = None
    cdef array weight_ = None
    cdef array dz = None
    cdef array levels_ = None
    cdef const char *access = b"WWRRRRr"
    g.M = cnp.PyArray_DIM(z_, 0)
    g.N = cnp.PyArray_DIM(z_, 1)
    g.labels = NULL
    if kernel == CR_sparse_cross_entropy:
        g.labels = labels_ptr(y, g.M, g.N, who)
    else:
        y_ = as_input(y, dtype, 2, who, "y")
        same_shape(y_, z_, who, "y")
    if weight is not None:
        weight_ = as_input(weight, dtype, 1, who, "weight")
        if cnp.PyArray_DIM(weight_, 0) != g.M:
            raise ValueError(f"{who}: expected weight of shape ({g.M},), received "
                             f"{shape_of(weight_)}")
    if kernel == CR_quantile:
        levels_ = as_input(levels, dtype, 1, who, "levels")
        if cnp.PyArray_DIM(levels_, 0) != g.N:
            raise ValueError(f"{who}: expected levels of shape ({g.N},), received "
                             f"{shape_of(levels_)}")
    elif kernel == CR_hinge or kernel == CR_squared_hinge:
        access = b"WWRrrRr"  # every share looks at all targets
    if option is None:
        option = 1.0 if kernel == CR_huber else 1e-7
    if not 0 <= smoothing <= 1:
        raise ValueError(f"{who}: expected label smoothing in [0, 1], received {smoothing}")
    if gradient:
        dz = (new_array(2, g.M, g.N, dtype) if out is None
              else as_output(out, dtype, 2, g.M, g.N, who, "out"))
    cdef array loss = new_array(1, g.M, 0, dtype)
    g.loss, g.dz = data_ptr(loss), data_ptr(dz)
    g.z, g.y, g.weight = data_ptr(z_), data_ptr(y_), data_ptr(weight_)
    g.levels = data_ptr(levels_)
    g.smoothing, g.option = smoothing, option
    launch(kernel, dtype, &g, sizeof(g), 1.0 * g.M * g.N, g.M, access,
           (loss, dz, z_, y_, y, weight_, levels_))
    return loss, dz


def accuracy(str kind, z, y, double threshold=0.5):
    """The share of right answers in each row (M,): z (M, N); y (M, N), or int64 labels (M,)."""
    cdef str who = "accuracy"
    cdef cr_accuracy_args g
    if kind not in ACCURACIES:
        raise ValueError(f"{who}: expected a kind of {sorted(ACCURACIES)}, received {kind!r}")
    cdef int kernel = ACCURACIES[kind]
    cdef int dtype = dtype_of(z, who, "z")
    cdef array z_ = as_input(z, dtype, 2, who, "z")
    cdef array y_ = None
    g.M = cnp.PyArray_DIM(z_, 0)
    g.N = cnp.PyArray_DIM(z_, 1)
    g.labels = NULL
    if kernel == CR_sparse_accuracy:
        g.labels = labels_ptr(y, g.M, g.N, who)
    else:
        y_ = as_input(y, dtype, 2, who, "y")
        same_shape(y_, z_, who, "y")
    cdef array hits = new_array(1, g.M, 0, dtype)
    g.hits, g.z, g.y, g.threshold = data_ptr(hits), data_ptr(z_), data_ptr(y_), threshold
    launch(kernel, dtype, &g, sizeof(g), 1.0 * g.M * g.N, g.M, b"WRRR", (hits, z_, y_, y))
    return hits
