# Random changes of images: affine maps and displacements in one pass, and rectangles erased.

WARP_KINDS = {"translate": CR_TRANSLATE, "rotate": CR_ROTATE, "zoom": CR_ZOOM, "shear": CR_SHEAR,
              "flip": CR_FLIP, "bend": CR_BEND}
WARP_FILLS = ("reflect", "wrap", "constant", "nearest", "mirror")
MAX_WARP_STAGES = CR_WARP_STAGES
MAX_WARP_KNOTS = CR_WARP_KNOTS


cdef int image_sizes(array x, object image, str who, ptrdiff_t *sizes) except -1:
    """Sets M, H, W, C and the distances of pixels and of channels for images (height, width,
    channels, whether channels are first); ValueError if x does not hold such images."""
    cdef ptrdiff_t i, h = image[0], w = image[1], c = image[2]
    cdef bint first = image[3]
    if h < 1 or w < 1 or c < 1 or max(h, w, c) > 2**24 or h * w > 2**24 or h * w * c > 2**24:
        raise ValueError(f"{who}: expected images of 1 to 2**24 numbers, received {(h, w, c)}")
    sizes[0] = cnp.PyArray_DIM(x, 0) if cnp.PyArray_NDIM(x) else 0
    sizes[1], sizes[2], sizes[3] = h, w, c
    sizes[4] = 1 if first else c
    sizes[5] = h * w if first else 1
    if not cnp.PyArray_NDIM(x) or cnp.PyArray_SIZE(x) != sizes[0] * h * w * c:
        raise ValueError(f"{who}: expected x with rows of {h * w * c} numbers for images {h} x {w} "
                         f"x {c}, received shape {shape_of(x)}")
    return 0


cdef int set_fill(cr_warp_args *g, str fill, str who) except -1:
    """Sets what stands outside of an image."""
    cdef ptrdiff_t n
    cdef int axis
    if fill not in WARP_FILLS:
        raise ValueError(f"{who}: expected fill as one of {WARP_FILLS}, received {fill!r}")
    g.constant = fill == "constant"
    for axis in range(2):
        n = g.H if axis else g.W
        g.period[axis], g.mirror[axis] = 0, INFINITY
        if fill == "wrap":
            g.period[axis] = n
        elif fill == "reflect":
            g.period[axis], g.mirror[axis] = 2 * n, 2 * n - 1
        elif fill == "mirror":
            g.period[axis] = g.mirror[axis] = 2 * n - 2
    return 0


def warp(x, image, stages, fill="reflect", double value=0.0, bint nearest=False, limits=None,
         down=None, across=None, out=None):
    """Images changed at random, each by all stages in their order, and looked at once.

    image: (height, width, channels, whether channels are first) of x's rows; stages: up to
    MAX_WARP_STAGES of (kind of WARP_KINDS, seed, step, ranges, flags), seed and step as for
    dropout_forward, ranges: up to three pairs (low, high); fill: one of WARP_FILLS, `value` for
    "constant"; limits: that the result is clipped to; down (height, knots) and across
    (knots, width): the weights of the knots of a bend's grid.
    """
    cdef str who = "warp"
    cdef cr_warp_args g
    cdef ptrdiff_t sizes[6]
    cdef int i, k, bends = 0, dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array down_ = None
    cdef array across_ = None
    cdef array y = output_like(out, x_, dtype, who)
    if y is x_ or bounds_of(y).begin == bounds_of(x_).begin and cnp.PyArray_SIZE(y):
        raise ValueError(f"{who}: expected out on memory of its own, received that of x")
    image_sizes(x_, image, who, sizes)
    g.M, g.H, g.W, g.C, g.pixel, g.plane = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4],
                                            sizes[5])
    set_fill(&g, fill, who)
    if not 1 <= len(stages) <= CR_WARP_STAGES:
        raise ValueError(f"{who}: expected 1 to {CR_WARP_STAGES} stages, received {len(stages)}")
    for i, (kind, seed, step, ranges, flags) in enumerate(stages):
        if not 0 <= kind < CR_WARP_KINDS or len(ranges) > 3:
            raise ValueError(f"{who}: expected stages of a kind in [0, {CR_WARP_KINDS}) with up to "
                             f"3 ranges, received {kind} with {len(ranges)}")
        g.stages[i].kind, g.stages[i].flags = kind, flags
        g.stages[i].seed, g.stages[i].step = checked_seed(seed, who), counter_ptr(step, who, "step")
        for k in range(3):
            g.stages[i].low[k], g.stages[i].high[k] = ranges[k] if k < len(ranges) else (0, 1)
        bends += kind == CR_BEND
    g.K = g.L = 0
    if bends:
        down_ = as_input(down, dtype, 2, who, "down")
        across_ = as_input(across, dtype, 2, who, "across")
        g.K, g.L = cnp.PyArray_DIM(down_, 1), cnp.PyArray_DIM(across_, 0)
        if (bends > 1 or cnp.PyArray_DIM(down_, 0) != g.H or cnp.PyArray_DIM(across_, 1) != g.W
                or g.K > CR_WARP_KNOTS or g.L > CR_WARP_KNOTS):
            raise ValueError(f"{who}: expected one bend with down ({g.H}, K) and across (L, {g.W}),"
                             f" K and L up to {CR_WARP_KNOTS}, received {bends} with "
                             f"{shape_of(down_)} and {shape_of(across_)}")
    g.y, g.x, g.down, g.across = data_ptr(y), data_ptr(x_), data_ptr(down_), data_ptr(across_)
    g.count, g.nearest, g.value = len(stages), nearest, value
    g.least, g.most = (-INFINITY, INFINITY) if limits is None else limits
    launch(CR_warp, dtype, &g, sizeof(g), g.M * g.H * g.W * (3.0 + 2.0 * g.C), g.M,
           b"WRrrrrrrrrrr",  # as many as there can be
           (y, x_, down_, across_, *[stage[2] for stage in stages]))
    return y


def erase(x, image, fill, seed, step, factor, scale, limits=None, out=None):
    """Images with a rectangle of `fill` in some of them.

    image, seed, step, limits as for warp; fill: an array of x's shape, or a number for each
    channel, (channels,); factor: (low, high) of the probability; scale: (low, high) of the squared
    share of either axis. out may be x.
    """
    cdef str who = "erase"
    cdef cr_erase_args g
    cdef ptrdiff_t sizes[6]
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array fill_ = as_input(fill, dtype, -1, who, "fill")
    cdef array y = output_like(out, x_, dtype, who)
    image_sizes(x_, image, who, sizes)
    g.M, g.H, g.W, g.C, g.pixel, g.plane = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4],
                                            sizes[5])
    g.by_channel = cnp.PyArray_NDIM(fill_) == 1
    if g.by_channel and cnp.PyArray_DIM(fill_, 0) != g.C:
        raise ValueError(f"{who}: expected fill of shape {(g.C,)} or {shape_of(x_)}, received "
                         f"{shape_of(fill_)}")
    if not g.by_channel:
        same_shape(fill_, x_, who, "fill")
    if not 0 <= scale[0] <= scale[1] <= 1:
        raise ValueError(f"{who}: expected a scale (low, high) in [0, 1], received {scale}")
    g.factor[0], g.factor[1] = factor
    g.scale[0], g.scale[1] = scale
    g.seed, g.step = checked_seed(seed, who), counter_ptr(step, who, "step")
    g.least, g.most = (-INFINITY, INFINITY) if limits is None else limits
    g.y, g.x, g.fill = data_ptr(y), data_ptr(x_), data_ptr(fill_)
    launch(CR_erase, dtype, &g, sizeof(g), 0.2 * cnp.PyArray_SIZE(x_), g.M,
           b"WRrr" if g.by_channel else b"WRRr", (y, x_, fill_, step))
    return y
