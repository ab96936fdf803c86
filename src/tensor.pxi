# The graph of autograd: what a tensor and a node hold, and how an op runs. backward.pxi walks it.
#
# A node is an instance of an op's class (corereg.autograd.Op). It holds its input tensors and its
# output array, never its output tensor, so the graph has no cycles and dies with its last user.

cdef extern from "numpy/arrayobject.h":
    object PyArray_FromScalar(object scalar, PyObject *dtype)

cdef type TENSOR = None         # corereg.Tensor
cdef object CONVERTED, FITTED, FITTED_TENSOR
cdef object ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE
cdef object TRACED = None       # corereg.autograd.traced.TracedArray
cdef object ADDED, ADD_INTO, COPIED, COPY_INTO


def bind_graph(*parts):
    """Tells what is written in Python: Tensor, and functions of corereg.autograd."""
    global TENSOR, CONVERTED, FITTED, FITTED_TENSOR
    TENSOR, CONVERTED, FITTED, FITTED_TENSOR = parts


def bind_operators(*ops):
    """Tells the ops behind + - * / @ and the sign."""
    global ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE
    ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE = ops


def bind_tracing(*parts):
    """Tells TracedArray, and what records sums and copies of arrays: see lowering.py."""
    global TRACED, ADDED, ADD_INTO, COPIED, COPY_INTO
    TRACED, ADDED, ADD_INTO, COPIED, COPY_INTO = parts


cdef class _Version:
    """Counts the changes in place of an array; shared by the tensors on its memory."""
    cdef long count


cdef class Node:
    """What every op's instance holds once it is in a graph."""
    cdef public tuple inputs
    cdef public object out
    cdef public dict hooks          # of the output: see Tensor.register_hook
    cdef public object retainer     # a weak reference to the output if it retains its gradient
    cdef _Version version           # of the output; None: never shared nor changed
    cdef long made                  # its count when the op ran
    cdef tuple counts               # those of the inputs then; None: all 0

    @cython.binding(True)
    def needs_gradient(self, Py_ssize_t i):
        """Whether the gradient of input i is needed."""
        if self.inputs is None:
            return False
        cdef TensorCore t = self.inputs[i]
        cdef PyObject *needed = thread_state().grad_needed
        return t.requires_grad and (needed == NULL or key(t) in <set> needed)


cdef class TensorCore:
    """What every tensor holds, and the operators."""
    cdef object __weakref__
    cdef cnp.ndarray array
    cdef public bint requires_grad
    cdef public Node node
    cdef public object _grad
    cdef public cnp.ndarray buffer
    cdef public dict hooks
    cdef public object _keras_mask  # which steps count: a Tensor that a layer has left, or None
    cdef _Version version

    @property
    def data(self):
        """The array; setting another one counts as a change in place. While a function is recorded,
        code outside of corereg gets a TracedArray, which notices what is read.

        >>> Tensor([1.0, 2.0]).data
        array([1., 2.], dtype=float32)
        """
        if thread_state().recorder != NULL and not called_by_library():
            return array_in_op(self)
        return self.array

    @data.setter
    def data(self, value):
        if type(value) is TRACED:
            value = value.array
        if not isinstance(value, cnp.ndarray):
            raise TypeError(f"Tensor.data: expected a NumPy array, received {type(value).__name__}")
        if self.array is not None:
            fail_recording("the array of a tensor is exchanged; t.copy_(values) changes it")
            self.changed()
        self.array = value

    @property
    def shape(self):
        """The lengths of the axes, a tuple.

        >>> Tensor([[1, 2, 3]]).shape
        (1, 3)
        """
        return (<object> array_of(self)).shape

    @property
    def dtype(self):
        """The NumPy dtype of the elements.

        >>> Tensor([1.0]).dtype, Tensor([1]).dtype
        (dtype('float32'), dtype('int64'))
        """
        return (<object> array_of(self)).dtype

    @property
    def ndim(self):
        """The number of axes.

        >>> Tensor([[1, 2, 3]]).ndim
        2
        """
        return cnp.PyArray_NDIM(array_of(self))

    @property
    def size(self):
        return cnp.PyArray_SIZE(array_of(self))

    @property
    def _version(self):
        """How often the values were changed in place."""
        return version_of(self)

    @cython.binding(True)
    cpdef changed(self):
        """Counts a change of the values in place, so that `backward` can tell. Call it after a
        change of the array itself.

        >>> x = Tensor([1.0])
        >>> x.numpy()[0] = 2.0
        >>> x.changed()
        """
        cdef _Version version = shared_version(self)
        version.count += 1

    @cython.binding(True)
    def shares_version(self, TensorCore other not None):
        """Counts changes together with another tensor on the same memory.

        >>> x = Tensor([1.0, 2.0])
        >>> Tensor(x.data).shares_version(x)
        """
        self.version = shared_version(other)

    def __add__(self, other):
        return pair_or_leave(ADD(), self, other)

    def __radd__(self, other):
        return pair(ADD(), other, self)

    def __sub__(self, other):
        return pair_or_leave(SUBTRACT(), self, other)

    def __rsub__(self, other):
        return pair(SUBTRACT(), other, self)

    def __mul__(self, other):
        return pair_or_leave(MULTIPLY(), self, other)

    def __rmul__(self, other):
        return pair(MULTIPLY(), other, self)

    def __truediv__(self, other):
        return pair_or_leave(DIVIDE(), self, other)

    def __rtruediv__(self, other):
        return pair(DIVIDE(), other, self)

    def __matmul__(self, other):
        return pair_or_leave(MATMUL(), self, other)

    def __rmatmul__(self, other):
        return pair(MATMUL(), other, self)

    def __neg__(self):
        return run(NEGATIVE(), (self,))


cdef inline object key(TensorCore t):
    """What gradients are collected for: the node that made t, or t itself."""
    return t if t.node is None else t.node


cdef inline long version_of(TensorCore t):
    """How often the values of t were changed in place."""
    return 0 if t.version is None else t.version.count


cdef _Version shared_version(TensorCore t):
    """The count of changes of t's memory, made if it has none yet."""
    if t.version is None:
        t.version = _Version()
        if t.node is not None:
            t.node.version = t.version
    return t.version


cdef inline PyObject *memory_owner(cnp.ndarray a):
    """The object that holds the memory of an array: the array itself, or what it is a view of."""
    cdef PyObject *base = cnp.PyArray_BASE(a)
    return <PyObject *> a if base == NULL else base


cdef bint called_by_library():
    """Whether the Python code that runs is corereg's own."""
    name = sys._getframe().f_globals.get("__name__")
    return isinstance(name, str) and (<str> name).startswith("corereg.")


cpdef array_in_op(value):
    """A tensor's array, and an array, as NumPy's functions take it: a TracedArray while this thread
    is recorded. Other things as they are."""
    if isinstance(value, TensorCore):
        value = (<TensorCore> value).array
    elif type(value) is not cnp.ndarray:
        return value
    return value if tracing() is None else TRACED(value)


cpdef plain_array(value):
    """The array behind a TracedArray; other things as they are."""
    return value.array if type(value) is TRACED else value


cdef cnp.ndarray left_op(Program program, object value):
    """What an op gave, as an array of its own: a constant of Python's is copied by the program, for
    what comes after may write into it."""
    if type(value) is TRACED:
        return value.array
    if not cnp.PyArray_CheckExact(value):
        value = as_plain_array(value)
    if tracing() is program and not program.writes(value):
        return COPIED(value, "K")
    return value


cdef inline cnp.ndarray array_of(TensorCore t):
    """The array of a tensor, or TypeError if it has none."""
    if t is None or t.array is None:
        raise TypeError("apply: expected a Tensor with data")
    return t.array


cdef object as_plain_array(value):
    """value, maybe a number or an array of a subclass, as a plain array."""
    if isinstance(value, cnp.generic):
        return PyArray_FromScalar(value, NULL)
    return cnp.PyArray_FROM_OF(value, cnp.NPY_ARRAY_ENSUREARRAY)


cpdef TensorCore new_tensor(cnp.ndarray data):
    """A Tensor on an array that needs no check."""
    cdef TensorCore t = TensorCore.__new__(TENSOR)
    t.array = data
    return t


@cython.binding(True)
cpdef TensorCore tensor(value, TensorCore like=None):
    """value as a Tensor: itself if it is one, else wrapped. Python numbers and lists take like's
    dtype if that is a float.

    >>> like = Tensor(np.ones(2))
    >>> corereg.autograd.tensor(3, like), corereg.autograd.tensor(like) is like
    (Tensor(3., dtype=float64), True)
    """
    cdef double x
    cdef int kind
    if isinstance(value, TensorCore):
        return value
    if like is not None and (type(value) is float or type(value) is int):
        x, kind = value, cnp.PyArray_TYPE(array_of(like))
        # NumPy warns of a number too great for float32, so those are left to it.
        if kind == cnp.NPY_FLOAT64 or kind == cnp.NPY_FLOAT32 and -3e38 < x < 3e38:
            return new_tensor(scalar_array(x, kind == cnp.NPY_FLOAT64))
    return CONVERTED(value, like)


cpdef TensorCore pair(Node op, a, b):
    """Applies an op to two operands; a Python number takes the dtype of the other operand."""
    if not isinstance(a, TensorCore):
        b = tensor(b)
        a = tensor(a, b)
    elif not isinstance(b, TensorCore):
        b = tensor(b, a)
    return run(op, (a, b))


cdef inline object pair_or_leave(Node op, TensorCore a, b):
    """As `pair`; NotImplemented for operands that do not compute as arrays, such as symbolic
    tensors, which know what to do with a tensor."""
    cdef bint plain = isinstance(b, TensorCore) or type(b) is float or type(b) is int
    if not plain and getattr(type(b), "__array_ufunc__", True) is None:
        return NotImplemented
    return pair(op, a, b)


@cython.binding(True)
def apply(op, *inputs):
    """Runs op.forward on the arrays of the inputs, tensors, and unless gradients are off adds it
    to the graph. An instance of an op is for one call. TypeError for other things.

    >>> class Twice(corereg.autograd.Op):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, grad, out, x):
    ...         return (2 * grad,)
    >>> corereg.autograd.apply(Twice(), Tensor([1.0, 2.0]))
    Tensor([2., 4.])
    """
    if not isinstance(op, Node):
        refuse_op(op)
    for t in inputs:
        if not isinstance(t, TensorCore):
            raise TypeError(f"apply: expected Tensors as inputs of {type(op).__name__}, received "
                            f"{type(t).__name__}; convert with corereg.autograd.tensor(x)")
    return run(op, inputs)


cdef refuse_op(op):
    """TypeError for what is no instance of an op."""
    if not isinstance(op, type):
        raise TypeError("apply: expected an instance of an op, a subclass of corereg.autograd.Op, "
                        f"received {type(op).__name__}")
    name = op.__name__
    remedy = f"call apply({name}(), x)" if issubclass(op, Node) else "write a corereg.autograd.Op"
    raise TypeError(f"apply: expected an instance of an op, received the class {name}; {remedy}")


cdef TensorCore run(Node op, tuple inputs):
    """Runs op.forward, and adds op to the graph if an input requires a gradient. All inputs are
    tensors: the callers have looked, so that nothing here looks again."""
    cdef TensorCore result, t
    cdef Py_ssize_t n = len(inputs)
    cdef PyObject *memory
    cdef int kind
    cdef _ThreadState state = thread_state()
    if state.recorder != NULL:
        out = run_recorded(op, inputs)
    elif n == 1:
        out = op.forward(array_of(<TensorCore> inputs[0]))
    elif n == 2:
        out = op.forward(array_of(<TensorCore> inputs[0]), array_of(<TensorCore> inputs[1]))
    else:
        out = op.forward(*[array_of(<TensorCore> one) for one in inputs])
    if not cnp.PyArray_CheckExact(out):
        out = as_plain_array(out)
    kind = cnp.PyArray_TYPE(out)
    if cnp.PyTypeNum_ISCOMPLEX(kind) or kind == cnp.NPY_OBJECT:
        raise TypeError(f"{type(op).__name__}: expected real numbers, received an argument that "
                        f"makes the result {out.dtype}")
    result = new_tensor(out)
    memory = memory_owner(out)
    for one in inputs:
        t = <TensorCore> one
        if memory_owner(t.array) == memory:
            result.version = shared_version(t)
            break
    if not state.grad_off:
        for one in inputs:
            if (<TensorCore> one).requires_grad:
                attach(op, inputs, result)
                break
    return result


cdef object run_recorded(Node op, tuple inputs):
    """Runs op.forward while a program listens: on arrays if it launches kernels itself, else on
    TracedArrays, which record what NumPy does."""
    cdef TensorCore t
    cdef Program program
    cdef list arrays = [array_of(t) for t in inputs]
    for t in inputs:
        if t.node is None and t.requires_grad:
            track_dependency(t)
    program = program_for(op)
    if program is None:
        return op.forward(*arrays)
    outer, program.op = program.op, type(op).__name__
    try:
        return left_op(program, op.forward(*[TRACED(a) for a in arrays]))
    finally:
        program.op = outer


cdef Program program_for(Node op):
    """The program that records what NumPy does in this op, or None: the op launches kernels itself,
    or is not recorded."""
    if op.recordable:
        return None
    if op._recordable_is_stated:
        fail_recording(f"{type(op).__name__} says recordable = False")
    return tracing()


cdef attach(Node op, tuple inputs, TensorCore result):
    """Makes op the node that result comes from."""
    cdef TensorCore t
    cdef long counts = 0
    if op.inputs is not None:
        raise RuntimeError(f"apply: this instance of {type(op).__name__} is in a graph already; "
                           "make a new one for every call")
    op.inputs, op.out, op.version = inputs, result.array, result.version
    op.made = version_of(result)
    for t in inputs:
        counts |= version_of(t)
    if counts:
        op.counts = tuple([version_of(t) for t in inputs])
    result.node = op
    result.requires_grad = True
