# What NumPy's functions do inside ops, as kernels: loops of ufuncs, copies, selections, look-ups.
# corereg/autograd/lowering.py finds the loops and the layouts; here are the pointers.

cdef dict ELEMENTS = {  # codes of enum cr_element by a dtype's kind and size
    ("b", 1): CR_E_BOOL, ("i", 1): CR_E_I8, ("u", 1): CR_E_U8,
    ("i", 2): CR_E_I16, ("u", 2): CR_E_U16, ("i", 4): CR_E_I32, ("u", 4): CR_E_U32,
    ("i", 8): CR_E_I64, ("u", 8): CR_E_U64, ("f", 4): CR_E_F32, ("f", 8): CR_E_F64,
}
# Less work than this, in nanoseconds, is one share: no thread has to wait for another one then.
cdef double MIN_SHARED_LOOP = 10000.0
cdef ptrdiff_t SHARE_GRAIN = 1024  # elements: a share of one axis has whole blocks of them


cdef int element_of(array a, str who) except -1:
    """The code of an array's dtype, or TypeError."""
    code = ELEMENTS.get((a.dtype.kind, a.dtype.itemsize))
    if code is None or not cnp.PyArray_ISNOTSWAPPED(a):
        raise TypeError(f"{who}: expected float32, float64, integers or bool, received {a.dtype}")
    return code


cdef ptrdiff_t fill_strided(cr_strided *at, tuple views, str who) except -1:
    """Describes operands of one shape; returns how many elements each has."""
    cdef int axis, k
    cdef ptrdiff_t count = 1
    cdef array a
    for view in views:
        if not isinstance(view, cnp.ndarray):
            raise TypeError(f"{who}: expected NumPy arrays, received {type(view).__name__}")
    if not views:
        raise ValueError(f"{who}: expected operands, received none")
    a = views[0]
    at.operands, at.axes, at.grain = len(views), cnp.PyArray_NDIM(a), 0
    if not 0 < at.operands <= CR_MAX_WALKED or at.axes > CR_MAX_AXES:
        raise ValueError(f"{who}: expected up to {CR_MAX_WALKED} operands of up to {CR_MAX_AXES} "
                         f"axes, received {at.operands} of {at.axes}")
    for k in range(at.operands):
        a = views[k]
        same_shape(a, <array> views[0], who, f"operand {k}")
        if not cnp.PyArray_ISALIGNED(a):
            raise ValueError(f"{who}: expected operand {k} aligned")
        at.data[k] = <char *> cnp.PyArray_DATA(a)
        for axis in range(at.axes):
            at.shape[axis] = cnp.PyArray_DIM(a, axis)
            at.stride[k][axis] = cnp.PyArray_STRIDE(a, axis)
    for axis in range(at.axes):
        count *= at.shape[axis]
    if at.axes == 0:
        at.axes, at.shape[0] = 1, 1
        for k in range(at.operands):
            at.stride[k][0] = 0
    return count


cdef double share_out(cr_strided *at, ptrdiff_t count, int written, double each):
    """Lets shares be cut where every element of the written operand is by itself; returns the work
    as `launch` wants it, 0 for one share."""
    cdef double nanoseconds = each * count
    if nanoseconds < MIN_SHARED_LOOP or at.shape[0] < 2 or at.stride[written][0] == 0:
        return 0
    at.grain = SHARE_GRAIN if at.axes == 1 else 1
    return nanoseconds


def numpy_loop(cnp.ufunc ufunc not None, int which, tuple views not None, str access not None,
               tuple memory not None, bint skips_first=False, tuple core=(), bint shared=True,
               bint recorded=True):
    """The which-th loop of a ufunc over views of one shape, inputs first.

    access: r or w for each array of `memory`, which the views look into. core: what the loop of a
    product takes besides: (lengths, strides). shared: whether threads may have shares of it.
    recorded=False: no program keeps the call.
    """
    cdef cr_numpy_loop_args g
    cdef ptrdiff_t count
    cdef double nanoseconds = 0
    memset(&g, 0, sizeof(g))
    if not 0 <= which < ufunc.ntypes or len(views) != ufunc.nargs or len(access) != len(memory):
        raise ValueError(f"numpy_loop: expected a loop of {ufunc.nargs} operands, received number "
                         f"{which} with {len(views)}")
    if ufunc.nout != 1:
        raise ValueError("numpy_loop: expected a ufunc of one output")
    count = fill_strided(&g.at, views, "numpy_loop")
    g.loop = <cr_inner_loop> <void *> ufunc.functions[which]
    g.context = ufunc.data[which] if ufunc.data != NULL else NULL
    g.skips_first = skips_first
    if core:
        lengths, strides = core
        if len(lengths) > 3 or len(strides) > 6:
            raise ValueError("numpy_loop: expected up to 3 core lengths and 6 strides")
        g.core_lengths, g.core_strides = len(lengths), len(strides)
        for i, number in enumerate((*lengths, *strides)):
            g.core[i] = number
    elif shared:
        nanoseconds = share_out(&g.at, count, g.at.operands - 1, 1.0)
    if not recorded:
        cr_run(isa.kernels[0][<int> CR_numpy_loop], &g, 1)
    elif count:
        launch(CR_numpy_loop, 0, &g, sizeof(g), nanoseconds, 0, access.encode(), memory)


def strided_copy(tuple views not None, tuple memory not None):
    """y = x for views (y, x) of one shape, cast as C casts; memory: the arrays that they look
    into, y's first."""
    cdef cr_strided_copy_args g
    cdef ptrdiff_t count
    memset(&g, 0, sizeof(g))
    count = fill_strided(&g.at, views, "strided_copy")
    if g.at.operands != 2 or len(memory) != 2:
        raise ValueError("strided_copy: expected views (y, x)")
    g.to, g.from_ = element_of(views[0], "strided_copy"), element_of(views[1], "strided_copy")
    nanoseconds = share_out(&g.at, count, 0, 0.5)
    if count:
        launch(CR_strided_copy, 0, &g, sizeof(g), nanoseconds, 0, b"wr", memory)


def strided_select(tuple views not None, tuple memory not None):
    """y = condition ? a : b for views (y, condition, a, b) of one shape."""
    cdef cr_strided_select_args g
    cdef ptrdiff_t count
    memset(&g, 0, sizeof(g))
    count = fill_strided(&g.at, views, "strided_select")
    if g.at.operands != 4 or len(memory) != 4:
        raise ValueError("strided_select: expected views (y, condition, a, b)")
    y, condition, a, b = views
    if not (element_of(y, "strided_select") == element_of(a, "strided_select")
            == element_of(b, "strided_select")) or condition.dtype != bool:
        raise TypeError("strided_select: expected y, a and b of one dtype and a condition of bool")
    g.item_bytes = y.dtype.itemsize
    nanoseconds = share_out(&g.at, count, 0, 1.0)
    if count:
        launch(CR_strided_select, 0, &g, sizeof(g), nanoseconds, 0, b"wrrr", memory)


def arg_extreme(array y not None, array x not None, bint least):
    """y, int64, is the place of the largest (least: the smallest) element along the last axis."""
    cdef cr_arg_extreme_args g
    cdef ptrdiff_t count
    cdef int last = cnp.PyArray_NDIM(x) - 1
    memset(&g, 0, sizeof(g))
    if last < 0 or cnp.PyArray_DIM(x, last) < 1 or cnp.PyArray_TYPE(y) != cnp.NPY_INT64:
        raise ValueError("arg_extreme: expected an axis of elements and an int64 array for places")
    count = fill_strided(&g.at, (y, x[..., 0]), "arg_extreme")
    g.element, g.least = element_of(x, "arg_extreme"), least
    g.n, g.step = cnp.PyArray_DIM(x, last), cnp.PyArray_STRIDE(x, last)
    nanoseconds = share_out(&g.at, count, 0, <double> g.n)
    if count:
        launch(CR_arg_extreme, 0, &g, sizeof(g), nanoseconds, 0, b"wr", (y, x))


def arg_sort(array y not None, array x not None):
    """y, int64 of x's shape, are the places of the elements along the last axis in the order of
    their size: equal ones in that of their places, NaN last."""
    cdef cr_arg_sort_args g
    cdef ptrdiff_t count, n
    cdef int last = cnp.PyArray_NDIM(x) - 1
    memset(&g, 0, sizeof(g))
    if last < 0 or cnp.PyArray_DIM(x, last) < 1 or cnp.PyArray_TYPE(y) != cnp.NPY_INT64:
        raise ValueError("arg_sort: expected an axis of elements and an int64 array for places")
    same_shape(y, x, "arg_sort", "y")
    n = cnp.PyArray_DIM(x, last)
    room = np.empty((*(<object> x).shape[:last], 2 * n), np.int64)
    count = fill_strided(&g.at, (y[..., 0], x[..., 0], room[..., 0]), "arg_sort")
    g.element, g.n = element_of(x, "arg_sort"), n
    g.step, g.y_step = cnp.PyArray_STRIDE(x, last), cnp.PyArray_STRIDE(y, last)
    nanoseconds = share_out(&g.at, count, 0, 5.0 * n * (2 + log2(<double> n)))
    if count:
        launch(CR_arg_sort, 0, &g, sizeof(g), nanoseconds, 0, b"wrw", (y, x, room))


def indexed_copy(array to not None, array from_ not None, array to_offset not None,
                 array from_offset not None, array places=None, tuple index=(), tuple lengths=(),
                 tuple steps=(), bint into_output=False, cnp.ufunc ufunc=None, int which=0):
    """to = from, element by element at byte offsets from where their memory begins.

    to_offset, from_offset: int64 arrays of one length, made by who calls, within the memory.
    index: int64 arrays of one length, places among `lengths`, `steps` bytes apart, which add to
    from_offset (into_output: to to_offset); places: where element i looks in them, None: at i.
    ufunc: its which-th loop makes to = loop(to, from) instead. IndexError for places out of
    range, when they are found: a replay tells at its end.
    """
    cdef cr_indexed_copy_args g
    cdef array a, flag
    cdef Program listener = listening()
    cdef Py_ssize_t k, at
    cdef ptrdiff_t longest = 0
    memset(&g, 0, sizeof(g))
    for offsets in (to_offset, from_offset, *index, *(() if places is None else (places,))):
        if not isinstance(offsets, cnp.ndarray):
            raise TypeError(f"indexed_copy: expected places as NumPy arrays, received "
                            f"{type(offsets).__name__}")
        a = offsets
        if cnp.PyArray_TYPE(a) != cnp.NPY_INT64 or not cnp.PyArray_ISCARRAY_RO(a):
            raise TypeError("indexed_copy: expected offsets and places as contiguous int64 arrays")
    if (len(index) > CR_MAX_INDEX_ARRAYS or not len(index) == len(lengths) == len(steps)
            or cnp.PyArray_SIZE(to_offset) != cnp.PyArray_SIZE(from_offset)):
        raise ValueError(f"indexed_copy: expected up to {CR_MAX_INDEX_ARRAYS} index arrays, with "
                         "lengths and steps, and as many offsets of either kind")
    g.n = cnp.PyArray_SIZE(to_offset)
    longest = g.n
    if places is not None:
        if cnp.PyArray_SIZE(places) != g.n:
            raise ValueError("indexed_copy: expected a place for every element")
        longest = int(places.max()) + 1 if g.n else 0
    for k in range(len(index)):
        if cnp.PyArray_SIZE(<array> index[k]) < longest:
            raise ValueError("indexed_copy: expected index arrays as long as the places")
        g.index[k] = <const int64_t *> data_ptr(<array> index[k])
        g.length[k], g.step[k] = lengths[k], steps[k]
    if cnp.PyArray_TYPE(to) != cnp.PyArray_TYPE(from_) or not cnp.PyArray_ISWRITEABLE(to):
        raise TypeError("indexed_copy: expected a writeable array of the other's dtype")
    element_of(to, "indexed_copy")
    g.to, g.from_ = <char *> data_ptr(to), <const char *> data_ptr(from_)
    g.to_offset = <const int64_t *> data_ptr(to_offset)
    g.from_offset = <const int64_t *> data_ptr(from_offset)
    g.map = <const int64_t *> data_ptr(places)
    g.item_bytes, g.index_count, g.into_output = to.dtype.itemsize, len(index), into_output
    if ufunc is not None:
        if not 0 <= which < ufunc.ntypes or ufunc.nargs != 3:
            raise ValueError("indexed_copy: expected a loop of two inputs")
        g.loop = <cr_inner_loop> <void *> ufunc.functions[which]
        g.context = ufunc.data[which] if ufunc.data != NULL else NULL
    flag = np.zeros(1, np.int64)
    g.out_of_range = <int64_t *> data_ptr(flag)
    if g.n:
        launch(CR_indexed_copy, 0, &g, sizeof(g), 0, 0, b"wrrrrr" + b"r" * len(index),
               (to, from_, to if into_output else None, to_offset, from_offset, places, *index))
        if listener is not None:
            listener.out_of_range.append(flag)
        raise_out_of_range([flag])


cdef int raise_out_of_range(list flags) except -1:
    """IndexError if one of these flags is up; takes all down."""
    cdef array flag
    cdef bint found = False
    for flag in flags:
        found = found or (<int64_t *> data_ptr(flag))[0] != 0
        (<int64_t *> data_ptr(flag))[0] = 0
    if found:
        raise IndexError("an index is out of range for the axis that it counts along; what was "
                         "computed with it is not to be used")
    return 0
