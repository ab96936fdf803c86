# Steps along directions, and gradients of a scaled loss (directions.c).

LENGTHS = {"trust": CR_BY_TRUST, "size": CR_BY_SIZE, "factors": CR_BY_FACTORS}
"""How long steps are, see cr_length."""


def follow_directions(Segments segments not None, Hyper hyper not None, str kind, factors=None):
    """Moves the weights along the directions that hyper's rule has left in its slot `update`, as
    far as `kind` says, a name in LENGTHS. factors: with "factors", of each weight, float64. To be
    launched when the step is counted; a step that made no update moves nothing."""
    cdef str who = "follow_directions"
    cdef cr_directions_args g
    if kind not in LENGTHS:
        raise ValueError(f"{who}: expected a kind of {sorted(LENGTHS)}, received {kind!r}")
    if hyper.rule is None or "update" not in hyper.rule.slots:
        raise ValueError(f"{who}: expected the Hyper of a rule with the slot 'update', received "
                         f"{hyper.rule}")
    check_slots(hyper.rule, segments)
    g.segments, g.count, g.blocks = segments.table, segments.count, segments.blocks
    g.hyper, g.sums, g.factors = &hyper.c, NULL, NULL
    g.update, g.kind = hyper.rule.slots.index("update"), LENGTHS[kind]
    if g.kind == CR_BY_FACTORS:
        sums = factors
        g.factors = doubles(factors, segments.count, who, "factors")
    else:
        if segments.sums is None:
            segments.sums = np.zeros(2 * segments.blocks)
        sums = segments.sums
        g.sums = doubles(sums, 2 * segments.blocks, who, "sums")
        launch(CR_direction_norms, segments.dtype, &g, sizeof(g), 0.2 * segments.elements(), 0,
               b"gwr", (segments, sums, hyper))
    launch(CR_follow_directions, segments.dtype, &g, sizeof(g), 0.2 * segments.elements(), 0,
           b"srr", (segments, sums, hyper))


def factored_direction(Hyper hyper not None, update, velocity, rows=None, columns=None):
    """Makes of the gradient in `update` the direction of Adafactor's step, and moves velocity, and
    rows (..., R) and columns (..., C) of w (..., R, C) where they are given: means of its square.
    To be launched when the step is counted; one that made no update changes nothing."""
    cdef str who = "factored_direction"
    cdef cr_factored_args g
    cdef int dtype = dtype_of(update, who, "update")
    cdef array u = as_output_like(update, update, dtype, who, "update")
    cdef array v = as_output_like(velocity, u, dtype, who, "velocity")
    if hyper.rule is None or hyper.rule.name != "adafactor":
        raise ValueError(f"{who}: expected the Hyper of adafactor, received {hyper.rule}")
    memset(&g, 0, sizeof(g))
    g.update, g.velocity, g.hyper = data_ptr(u), data_ptr(v), &hyper.c
    g.outer, g.R, g.C = 1, 1, cnp.PyArray_SIZE(u)
    cdef double work = 0.5 * g.C
    if g.C == 0:
        return
    if rows is not None:
        shape = tuple((<object> u).shape)
        last = max(len(shape) - 1, 1)
        for what, given, wanted in (("rows", rows, shape[:last]),
                                    ("columns", columns, shape[:last - 1] + shape[last:])):
            if (len(shape) < 2 or not isinstance(given, cnp.ndarray)
                    or given.shape != wanted or dtype_of(given, who, what) != dtype
                    or not cnp.PyArray_ISCARRAY(<array> given)):
                raise ValueError(f"{who}: expected {what} as a contiguous array of shape {wanted} "
                                 f"of the dtype of update, received {given!r}")
        g.rows, g.columns = data_ptr(rows), data_ptr(columns)
        g.R, g.C = shape[last - 1], shape[last]
        g.outer = cnp.PyArray_SIZE(u) // (g.R * g.C)
        launch(CR_factor_rows, dtype, &g, sizeof(g), 0.4 * work, 0, b"wrr", (rows, u, hyper))
        launch(CR_factor_columns, dtype, &g, sizeof(g), 0.4 * work, 0, b"wrr", (columns, u, hyper))
    launch(CR_factored_direction, dtype, &g, sizeof(g), work, 0, b"wwrrr",
           (u, v, rows, columns, hyper))


def unscale_gradients(Segments unscaled not None, scale, counter, skip, sums,
                      int64_t growth_steps):
    """Puts the gradients of `unscaled`, divided by scale[0], into its weights, and adapts the
    scale: half of it if one of them is not finite, double after growth_steps steps without. skip
    and counter: int64, whether the former was so, and the steps since the last change. scale:
    float32; sums (blocks,) is scratch."""
    cdef str who = "unscale_gradients"
    cdef cr_loss_scale_args g
    if (not isinstance(scale, cnp.ndarray) or cnp.PyArray_TYPE(<array> scale) != cnp.NPY_FLOAT32
            or not cnp.PyArray_ISCARRAY(<array> scale) or cnp.PyArray_SIZE(<array> scale) != 1):
        raise ValueError(f"{who}: expected scale as a writeable float32 array of one element")
    g.segments, g.count, g.blocks = unscaled.table, unscaled.count, unscaled.blocks
    g.gradients = unscaled.gradients.places
    g.sums = doubles(sums, unscaled.blocks, who, "sums")
    g.scale, g.growth_steps = <float *> data_ptr(scale), growth_steps
    g.counter = counter_ptr(counter, who, "counter")
    g.skip = counter_ptr(skip, who, "skip")
    launch(CR_unscale_gradients, unscaled.dtype, &g, sizeof(g), 0.2 * unscaled.elements(), 0,
           b"srwr", (unscaled, unscaled.gradients, sums, scale))
    launch(CR_adapt_loss_scale, unscaled.dtype, &g, sizeof(g), 0, 0, b"wwwr",
           (scale, counter, skip, sums))
