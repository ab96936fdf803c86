# Elementwise sweeps: scale, add, exp, log and erf; and sums of gradients.


cdef array launch_map(int kernel, object x, object factor, object out, str who, double each):
    """Runs a kernel of cr_map_args; each: nanoseconds that an element may take one thread."""
    cdef cr_map_args g
    cdef int dtype = dtype_of(x, who, "x")
    cdef array x_ = as_input(x, dtype, -1, who, "x")
    cdef array y = output_like(out, x_, dtype, who)
    cdef array factor_ = None
    if factor is not None:
        factor_ = as_input(factor, dtype, 0, who, "factor")
    g.y, g.x, g.factor, g.n = data_ptr(y), data_ptr(x_), data_ptr(factor_), cnp.PyArray_SIZE(x_)
    launch(kernel, dtype, &g, sizeof(g), each * g.n, 0, b"wrr", (y, x_, factor_))
    return y


def scale(x, factor, out=None):
    """x times the 0-d array factor."""
    if factor is None:
        raise TypeError("scale: expected factor as a 0-d array, received None")
    return launch_map(CR_scale, x, factor, out, "scale", 0.1)


def add(y, x):
    """y += x, elementwise, equal shapes."""
    if y is None:
        raise TypeError("add: expected y as a NumPy array, received None")
    return launch_map(CR_add, x, None, y, "add", 0.1)


def exp(x, out=None):
    """e**x, elementwise; 0 where that is below the smallest normal number."""
    return launch_map(CR_exp, x, None, out, "exp", 0.4)


def log(x, out=None):
    """log(x), elementwise: NaN below 0, -inf at 0; denormals as they are."""
    return launch_map(CR_log, x, None, out, "log", 0.5)


def erf(x, out=None):
    """The error function, elementwise."""
    return launch_map(CR_erf, x, None, out, "erf", 0.8)


cdef bint kernels_can_add(a, b):
    """Whether kernels can add these: float arrays of one dtype and shape, contiguous."""
    cdef array x, y
    if isinstance(a, cnp.ndarray) and isinstance(b, cnp.ndarray):
        x, y = a, b
        return (cnp.PyArray_TYPE(x) == cnp.PyArray_TYPE(y)
                and cnp.PyArray_TYPE(x) in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
                and cnp.PyArray_SAMESHAPE(x, y)
                and cnp.PyArray_ISCARRAY_RO(x) and cnp.PyArray_ISCARRAY(y))
    return False


def sum_of(a, b):
    """a + b, as NumPy has it, and recorded if a program listens."""
    return a + b if tracing() is None else ADDED(a, b)


cpdef add_into(y, x):
    """y += x, by a kernel if it can: for few numbers that takes an eighth of NumPy's time."""
    if kernels_can_add(x, y):
        launch_map(CR_add, x, None, y, "add", 0.1)
    elif tracing() is None:
        y += x
    else:
        ADD_INTO(y, x)


def copy_into(y, x):
    """y[...] = x, recorded if a program listens."""
    if tracing() is None:
        y[...] = x
    else:
        COPY_INTO(y, x)
