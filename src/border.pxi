# What every wrapper shares: the chosen instruction set, checks of arrays, and `launch`.

cdef extern from *:
    """
    #ifndef COREREG_FLAGS
    #define COREREG_FLAGS ""
    #endif
    """
    const char *COREREG_FLAGS

ctypedef cnp.ndarray array

cdef const cr_isa *isa = NULL


cdef choose_isa():
    """Chooses the instruction set whose kernels run; returns the names of all that could be."""
    global isa
    cdef const cr_isa *found[8]
    cdef int count = cr_isas(found, 8)
    names = [found[i].name.decode() for i in range(count)]
    wanted = os.environ.get("COREREG_ISA") or names[count - 1]
    if wanted not in names:
        raise ImportError(
            f"corereg: COREREG_ISA={wanted!r} is not available here; this build on this CPU has "
            f"{', '.join(names)}. Unset COREREG_ISA to use {names[count - 1]!r}.")
    isa = found[names.index(wanted)]
    return tuple(names)


available_isas = choose_isa()


def isa_name():
    """The instruction set in use: one of ``available_isas``."""
    return isa.name.decode()


def matrix_units():
    """By what products of bfloat16 are computed, as a text, and why not by something better."""
    name = isa_name()
    if name == "amx":
        return "AMX"
    why = ", for the system does not let this process use AMX" if cr_tiles_refused() else ""
    return ("AVX512-BF16" if name == "v4bf16" else "none: rounded, multiplied in float32") + why


def build_flags():
    """The compiler flags that matter, and what threads are: "POSIX threads", "Windows threads" or
    "none"."""
    return COREREG_FLAGS.decode(), cr_native_threads().decode()


def kernel_names():
    """The names of all kernels, in table order."""
    return [cr_kernel_name(i).decode() for i in range(CR_KERNEL_COUNT)]


# A kernel call of less work than this, in nanoseconds as its wrapper estimates it for one thread,
# stays on one thread: waking a second one costs some microseconds.
cdef double MIN_THREADED_KERNEL = 20000.0
KERNEL_WORTH_THREADS = MIN_THREADED_KERNEL  # for Python


cdef int launch(int kernel, int dtype, const void *args, size_t bytes, double nanoseconds,
                ptrdiff_t rows, const char *access, tuple operands) except -1:
    """Runs a kernel, and hands it to the recorder if one listens.

    nanoseconds: of work for one thread, a guess; 0 for kernels of one share. operands: the arrays
    and other objects that the argument struct points into; access: how, a letter each (see
    Program.add_ranges); rows: that shares are cut from, for access by rows, else 0."""
    cdef cr_kernel function = isa.kernels[dtype][kernel]
    cdef ptrdiff_t size = 1
    cdef _ThreadState state = thread_state()
    cdef Program listener = None if state.recorder == NULL else <Program> state.recorder
    cdef array skip = None if state.skip == NULL else <array> state.skip
    check_overlaps(kernel, access, operands)
    if listener is not None:
        listener.add(kernel, function, args, bytes, nanoseconds, rows, access, operands)
        if skip is not None:
            listener.skip_last(skip)
        if not listener.run:
            return 0
    if skip is not None and (<int64_t *> data_ptr(skip))[0]:
        return 0
    if nanoseconds < MIN_THREADED_KERNEL:
        cr_run(function, args, 1)
    else:
        size = min(<ptrdiff_t> get_num_threads(),
                   <ptrdiff_t> (2 * nanoseconds / MIN_THREADED_KERNEL))
        with nogil:
            cr_run(function, args, size)
    return 0


cdef int check_overlaps(int kernel, const char *access, tuple operands) except -1:
    """ValueError if a written array shares a part of its memory with another operand, or all of it
    in a product, which reads what it has written."""
    cdef Py_ssize_t i, k
    cdef memory_bounds a, b
    for i in range(len(operands)):
        if (access[i] != b"w" and access[i] != b"W") or not isinstance(operands[i], cnp.ndarray):
            continue
        a = bounds_of(<array> operands[i])
        for k in range(len(operands)):
            if k == i or not isinstance(operands[k], cnp.ndarray):
                continue
            b = bounds_of(<array> operands[k])
            if a.begin < b.end and b.begin < a.end and (
                    a.begin != b.begin or a.end != b.end or kernel <= CR_dense_backward_weights):
                who = cr_kernel_name(kernel).decode()
                raise ValueError(
                    f"{who}: expected an output on memory of its own, received one of shape "
                    f"{shape_of(operands[i])} that overlaps an input or output of shape "
                    f"{shape_of(operands[k])}; pass a copy")
    return 0


cdef int dtype_of(object value, str who, str what) except -1:
    """The code of a float dtype in the table of kernels: 0 for float32, 1 for float64."""
    cdef int kind
    if type(value) is TRACED:
        value = value.array
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{who}: expected {what} as a NumPy array, received "
                        f"{type(value).__name__}")
    kind = cnp.PyArray_TYPE(<array> value)
    if kind == cnp.NPY_FLOAT32:
        return 0
    if kind == cnp.NPY_FLOAT64:
        return 1
    raise TypeError(f"{who}: expected {what} of dtype float32 or float64, received {value.dtype}")


cdef inline str shape_of(object a):
    """The shape of an array, as errors show it."""
    return str(tuple(a.shape))


cdef inline int type_number(int dtype) noexcept:
    """NumPy's number for float32 (dtype 0) or float64 (1)."""
    return cnp.NPY_FLOAT64 if dtype else cnp.NPY_FLOAT32


cdef inline array new_array(int ndim, Py_ssize_t d0, Py_ssize_t d1, int dtype):
    """A new array of up to two dimensions, its values not set."""
    cdef cnp.npy_intp dims[2]
    dims[0] = d0
    dims[1] = d1
    return cnp.PyArray_EMPTY(ndim, dims, type_number(dtype), 0)


cdef array scalar_array(double x, int dtype):
    """x as a 0-d array."""
    cdef array a = new_array(0, 0, 0, dtype)
    if dtype:
        (<double *> cnp.PyArray_DATA(a))[0] = x
    else:
        (<float *> cnp.PyArray_DATA(a))[0] = <float> x
    return a


cdef inline array empty_like(array a, int dtype):
    """A new array of the shape of `a`, its values not set."""
    return cnp.PyArray_EMPTY(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), type_number(dtype), 0)


cdef array as_input(object value, int dtype, int ndim, str who, str what):
    """An input: an array of this dtype and rank (ndim < 0: any), copied if it is not contiguous,
    aligned and in native byte order."""
    if type(value) is TRACED:
        value = value.array
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{who}: expected {what} as a NumPy array, received "
                        f"{type(value).__name__}")
    cdef array a = value
    if cnp.PyArray_TYPE(a) != type_number(dtype):
        raise TypeError(f"{who}: expected {what} of dtype {'float64' if dtype else 'float32'} "
                        f"as the other arrays, received {a.dtype}")
    if ndim >= 0 and cnp.PyArray_NDIM(a) != ndim:
        raise ValueError(f"{who}: expected {what} with {ndim} dimensions, received shape "
                         f"{shape_of(a)}")
    if not cnp.PyArray_ISCARRAY_RO(a):
        if cnp.PyArray_ISBEHAVED_RO(a) and tracing() is not None:
            return COPIED(a)
        a = cnp.PyArray_FROMANY(a, type_number(dtype), 0, 0,
                                cnp.NPY_ARRAY_CARRAY_RO | cnp.NPY_ARRAY_NOTSWAPPED)
        fail_recording(f"{who} had to copy {what}, which is not contiguous")
    return a


cdef array as_output(object value, int dtype, int ndim, Py_ssize_t d0, Py_ssize_t d1, str who,
                     str what):
    """An output: an array of exactly this dtype and shape, contiguous and writeable."""
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{who}: expected {what} as a NumPy array, received "
                        f"{type(value).__name__}")
    cdef array a = value
    if cnp.PyArray_TYPE(a) != type_number(dtype) or not cnp.PyArray_ISCARRAY(a):
        raise TypeError(f"{who}: expected {what} as a contiguous writeable array of dtype "
                        f"{'float64' if dtype else 'float32'}, received {a.dtype}, "
                        f"contiguous={bool(a.flags.c_contiguous)}, "
                        f"writeable={bool(a.flags.writeable)}")
    if (cnp.PyArray_NDIM(a) != ndim or (ndim > 0 and cnp.PyArray_DIM(a, 0) != d0)
            or (ndim > 1 and cnp.PyArray_DIM(a, 1) != d1)):
        raise ValueError(f"{who}: expected {what} of shape {(d0, d1)[:ndim]}, received "
                         f"{shape_of(a)}")
    return a


cdef array as_output_like(object value, array a, int dtype, str who, str what):
    """An output of the shape of `a`."""
    cdef array out
    if value is a:
        out = a
        if not cnp.PyArray_ISCARRAY(out):
            raise TypeError(f"{who}: expected {what} contiguous and writeable")
        return out
    out = as_input(value, dtype, -1, who, what)
    if out is not value or not cnp.PyArray_ISCARRAY(out):
        raise TypeError(f"{who}: expected {what} contiguous and writeable")
    same_shape(out, a, who, what)
    return out


cdef inline array output_like(object out, array a, int dtype, str who):
    """The caller's `out`, checked, or a new array of the shape of `a` if there is none."""
    if out is None:
        return empty_like(a, dtype)
    return as_output_like(out, a, dtype, who, "out")


cdef int same_shape(array a, array b, str who, str what) except -1:
    """Raises ValueError unless `a` has the shape of `b`."""
    cdef int i, n = cnp.PyArray_NDIM(a)
    if n != cnp.PyArray_NDIM(b):
        raise ValueError(f"{who}: expected {what} of shape {shape_of(b)}, received {shape_of(a)}")
    for i in range(n):
        if cnp.PyArray_DIM(a, i) != cnp.PyArray_DIM(b, i):
            raise ValueError(f"{who}: expected {what} of shape {shape_of(b)}, received "
                             f"{shape_of(a)}")
    return 0


cdef int64_t *counter_ptr(object value, str who, str what) except NULL:
    """The address of the first element of an int64 array: a counter that kernels read."""
    if (not isinstance(value, cnp.ndarray) or cnp.PyArray_TYPE(<array> value) != cnp.NPY_INT64
            or not cnp.PyArray_ISBEHAVED_RO(<array> value)
            or cnp.PyArray_SIZE(<array> value) < 1):
        raise TypeError(f"{who}: expected {what} as an int64 array that holds the counter")
    return <int64_t *> cnp.PyArray_DATA(<array> value)


cdef inline void *data_ptr(array a) noexcept:
    """Where the values of an array begin; NULL for None."""
    return NULL if a is None else cnp.PyArray_DATA(a)
