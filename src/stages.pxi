# The stages of a step around the sweep of update.pxi.


def accumulate_gradients(Segments totals not None, Hyper hyper not None, double scale=1.0):
    """Adds the gradients of totals, divided by scale, to its weights; at the step that makes an
    update, divides these by hyper.accumulation. With an accumulation of 1 they are overwritten.
    To be launched before the step is counted."""
    cdef cr_accumulate_args g
    g.segments, g.count, g.blocks = totals.table, totals.count, totals.blocks
    g.gradients, g.hyper, g.scale = totals.gradients.places, &hyper.c, scale
    launch(CR_accumulate_gradients, totals.dtype, &g, sizeof(g), 0.2 * totals.elements(), 0,
           b"srr", (totals, hyper, totals.gradients))


def reset_gradients(Segments totals not None, Hyper hyper not None):
    """Sets the weights of totals to zero if the step that was counted last made an update."""
    cdef cr_accumulate_args g
    g.segments, g.count, g.blocks = totals.table, totals.count, totals.blocks
    g.gradients, g.hyper, g.scale = NULL, &hyper.c, 1.0
    launch(CR_reset_gradients, totals.dtype, &g, sizeof(g), 0.1 * totals.elements(), 0,
           b"sr", (totals, hyper))


def average_weights(Segments segments not None, Hyper hyper not None, double momentum,
                    int64_t overwrite_every=0):
    """Moves the averages, which are the only slots of segments, towards the weights, and overwrites
    these with them at every so many updates (0: never). To be launched when the step is counted."""
    cdef cr_average_args g
    for slots in segments.slots:
        if len(slots) != 1 or slots[0] is None:
            raise ValueError("average_weights: expected the average as the only slot of each "
                             f"weight, received {len(slots)} slots")
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    g.hyper, g.momentum, g.overwrite_every = &hyper.c, momentum, overwrite_every
    launch(CR_average_weights, segments.dtype, &g, sizeof(g), 0.2 * segments.elements(), 0,
           b"sr", (segments, hyper))


def constrain_norms(w, Py_ssize_t first, Py_ssize_t last, double least, double most,
                    double rate=1.0):
    """Brings the norms of w over the axes from first to last (both counted from 0, last among them)
    between least and most, in place; rate: how far."""
    cdef str who = "constrain_norms"
    cdef cr_constrain_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_output_like(w, w, dtype, who, "w")
    place_norms(&g, w_, first, last, who)
    g.least, g.most, g.rate, g.hyper = least, most, rate, NULL
    launch(CR_constrain_norms, dtype, &g, sizeof(g), 0.3 * cnp.PyArray_SIZE(w_), 0, b"w", (w_,))


cdef int place_norms(cr_constrain_args *g, array w, Py_ssize_t first, Py_ssize_t last,
                     str who) except -1:
    """Puts down where the weights of each norm are, over the axes from first to last."""
    if not 0 <= first <= last < w.ndim:
        raise ValueError(f"{who}: expected axes of an array of {w.ndim} axes, received {first} to "
                         f"{last}")
    g.w, g.outer, g.n, g.inner = data_ptr(w), 1, 1, 1
    for axis in range(w.ndim):
        if axis < first:
            g.outer *= w.shape[axis]
        elif axis > last:
            g.inner *= w.shape[axis]
        else:
            g.n *= w.shape[axis]
    return 0


def shrink_norms(w, Py_ssize_t first, Py_ssize_t last, double strength, Hyper hyper not None):
    """Makes the norms of w over the axes from first to last smaller by hyper's learning rate times
    strength, in place, those that are not larger 0; behind a step that made an update, and has been
    counted."""
    cdef str who = "shrink_norms"
    cdef cr_constrain_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_output_like(w, w, dtype, who, "w")
    place_norms(&g, w_, first, last, who)
    g.least, g.most, g.rate, g.hyper = 0.0, 0.0, strength, &hyper.c
    launch(CR_shrink_norms, dtype, &g, sizeof(g), 0.3 * cnp.PyArray_SIZE(w_), 0, b"wr", (w_, hyper))


def shrink_groups(w, labels, strengths, norms, Hyper hyper not None):
    """As `shrink_norms`, for the norms over the weights with the same label. labels: int64, of w's
    shape, from 0 on; strengths: of each label, float64; norms: scratch like that."""
    cdef str who = "shrink_groups"
    cdef cr_shrink_groups_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_output_like(w, w, dtype, who, "w")
    cdef array places = np.asarray(labels)
    if (cnp.PyArray_TYPE(places) != cnp.NPY_INT64 or not cnp.PyArray_ISCARRAY_RO(places)
            or cnp.PyArray_SIZE(places) != cnp.PyArray_SIZE(w_)):
        raise ValueError(f"{who}: expected labels as a contiguous int64 array of "
                         f"{cnp.PyArray_SIZE(w_)} elements")
    g.groups = len(strengths)
    if cnp.PyArray_SIZE(places) and not 0 <= labels.min() <= labels.max() < g.groups:
        raise ValueError(f"{who}: expected labels from 0 to {g.groups - 1}, received "
                         f"{labels.min()} to {labels.max()}")
    g.w, g.n, g.hyper = data_ptr(w_), cnp.PyArray_SIZE(w_), &hyper.c
    g.labels = <int64_t *> data_ptr(places)
    g.strengths = doubles(strengths, g.groups, who, "strengths")
    g.norms = doubles(norms, g.groups, who, "norms")
    launch(CR_shrink_groups, dtype, &g, sizeof(g), 1.0 * g.n, 0, b"wrrwr",
           (w_, places, strengths, norms, hyper))


def mask_values(x, keep, out=None):
    """x where keep, a contiguous array of bool, is True, else 0. out may be x."""
    cdef str who = "mask_values"
    cdef cr_mask_values_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = output_like(out, x_, dtype, who)
    if (not isinstance(keep, cnp.ndarray) or cnp.PyArray_TYPE(<array> keep) != cnp.NPY_BOOL
            or not cnp.PyArray_ISCARRAY_RO(<array> keep)):
        raise TypeError(f"{who}: expected keep as a contiguous NumPy array of bool")
    same_shape(keep, x_, who, "keep")
    g.y, g.x, g.keep, g.n = data_ptr(y), data_ptr(x_), <uint8_t *> data_ptr(keep), x_.size
    launch(CR_mask_values, dtype, &g, sizeof(g), 0.1 * g.n, 0, b"wrr", (y, x_, keep))
    return y


def constrain_signs(w):
    """max(w, 0), in place."""
    cdef str who = "constrain_signs"
    cdef cr_constrain_args g
    cdef int dtype = dtype_of(w, who, "w")
    cdef array w_ = as_output_like(w, w, dtype, who, "w")
    memset(&g, 0, sizeof(g))
    g.w, g.n = data_ptr(w_), cnp.PyArray_SIZE(w_)
    launch(CR_constrain_signs, dtype, &g, sizeof(g), 0.1 * g.n, 0, b"w", (w_,))


SCHEDULES = {
    "exponential_decay": CR_EXPONENTIAL_DECAY,
    "inverse_time_decay": CR_INVERSE_TIME_DECAY,
    "polynomial_decay": CR_POLYNOMIAL_DECAY,
    "cosine_decay": CR_COSINE_DECAY,
    "cosine_restarts": CR_COSINE_RESTARTS,
    "piecewise_constant": CR_PIECEWISE_CONSTANT,
    "rate_table": CR_RATE_TABLE,
}
"""The kinds of schedules of contract_update.h by name."""


cdef int schedule_kind(str name, object numbers, str who) except -1:
    cdef Py_ssize_t n = 5
    cdef bint right = False
    if name not in SCHEDULES:
        raise ValueError(f"{who}: expected a kind of {sorted(SCHEDULES)}, received {name!r}")
    if isinstance(numbers, cnp.ndarray):
        n = cnp.PyArray_SIZE(<array> numbers)
        right = (cnp.PyArray_TYPE(<array> numbers) == cnp.NPY_FLOAT64
                 and cnp.PyArray_ISCARRAY(<array> numbers))
    if name == "piecewise_constant":
        right = right and n % 2 == 1
    elif name == "rate_table":
        right = right and n > 1
    else:
        right = right and n == (4 if name in ("exponential_decay", "inverse_time_decay") else 5)
    if not right:
        raise ValueError(f"{who}: expected the numbers of {name!r} as a contiguous float64 array")
    return SCHEDULES[name]


def scheduled_rate(Hyper hyper not None, str kind, numbers):
    """Sets hyper's learning rate to what a schedule says for its step. kind: of SCHEDULES; numbers:
    float64, in the order of cr_schedule_kind."""
    cdef cr_scheduled_rate_args g
    g.kind = schedule_kind(kind, numbers, "scheduled_rate")
    g.hyper, g.numbers, g.count = &hyper.c, <double *> data_ptr(numbers), numbers.size
    launch(CR_scheduled_rate, 0, &g, sizeof(g), 0, 0, b"wr", (hyper, numbers))


def rate_at(str kind, numbers, int64_t step):
    """What `scheduled_rate` gives after so many steps. It is not recorded."""
    cdef int found = schedule_kind(kind, numbers, "rate_at")
    return cr_rate_at(found, <double *> data_ptr(numbers), numbers.size, step)
