# The graph of autograd: what a tensor and a node hold, how an op runs, and the way back.
#
# A node is an instance of an op's class (corereg.autograd.Op). It holds its input tensors and its
# output array, never its output tensor, so the graph has no cycles and dies with its last user.

cdef extern from *:
    """
    static _Thread_local int grad_off;            /* whether this thread records no graph */
    static _Thread_local PyObject *grad_needed;   /* a set, borrowed: see Op.needs_gradient */
    """
    int grad_off
    PyObject *grad_needed

cdef extern from "numpy/arrayobject.h":
    object PyArray_FromScalar(object scalar, PyObject *dtype)

cdef type TENSOR = None         # corereg.Tensor
cdef object CONVERTED, FITTED, FITTED_TENSOR
cdef object ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE


def bind_graph(*parts):
    """Tells what is written in Python: Tensor, and functions of corereg.autograd."""
    global TENSOR, CONVERTED, FITTED, FITTED_TENSOR
    TENSOR, CONVERTED, FITTED, FITTED_TENSOR = parts


def bind_operators(*ops):
    """Tells the ops behind + - * / @ and the sign."""
    global ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE
    ADD, SUBTRACT, MULTIPLY, DIVIDE, MATMUL, NEGATIVE = ops


cdef class GradMode:
    """`enabled`: whether ops of this thread are recorded in the graph."""

    @property
    def enabled(self):
        return not grad_off

    @enabled.setter
    def enabled(self, bint value):
        global grad_off
        grad_off = not value


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

    def needs_gradient(self, Py_ssize_t i):
        """Whether the gradient of input i is needed."""
        if self.inputs is None:
            return False
        cdef TensorCore t = self.inputs[i]
        return t.requires_grad and (grad_needed == NULL or key(t) in <set> grad_needed)


cdef class TensorCore:
    """What every tensor holds, and the operators."""
    cdef object __weakref__
    cdef cnp.ndarray array
    cdef public bint requires_grad
    cdef public Node node
    cdef public object _grad
    cdef public cnp.ndarray buffer
    cdef public dict hooks
    cdef _Version version

    @property
    def data(self):
        """The array; setting another one counts as a change in place."""
        return self.array

    @data.setter
    def data(self, cnp.ndarray value not None):
        if self.array is not None:
            self.changed()
        self.array = value

    @property
    def shape(self):
        return (<object> array_of(self)).shape

    @property
    def dtype(self):
        return (<object> array_of(self)).dtype

    @property
    def ndim(self):
        return cnp.PyArray_NDIM(array_of(self))

    @property
    def size(self):
        return cnp.PyArray_SIZE(array_of(self))

    @property
    def _version(self):
        """How often the values were changed in place."""
        return version_of(self)

    cpdef changed(self):
        """Counts a change of the values in place, so that `backward` can tell."""
        cdef _Version version = shared(self)
        version.count += 1

    def shares_version(self, TensorCore other):
        """Counts changes together with another tensor on the same memory."""
        self.version = shared(other)

    def __add__(self, other):
        return pair(ADD(), self, other)

    def __radd__(self, other):
        return pair(ADD(), other, self)

    def __sub__(self, other):
        return pair(SUBTRACT(), self, other)

    def __rsub__(self, other):
        return pair(SUBTRACT(), other, self)

    def __mul__(self, other):
        return pair(MULTIPLY(), self, other)

    def __rmul__(self, other):
        return pair(MULTIPLY(), other, self)

    def __truediv__(self, other):
        return pair(DIVIDE(), self, other)

    def __rtruediv__(self, other):
        return pair(DIVIDE(), other, self)

    def __matmul__(self, other):
        return pair(MATMUL(), self, other)

    def __rmatmul__(self, other):
        return pair(MATMUL(), other, self)

    def __neg__(self):
        return run(NEGATIVE(), (self,))


cdef inline object key(TensorCore t):
    """What gradients are collected for: the node that made t, or t itself."""
    return t if t.node is None else t.node


cdef inline long version_of(TensorCore t):
    return 0 if t.version is None else t.version.count


cdef _Version shared(TensorCore t):
    if t.version is None:
        t.version = _Version()
        if t.node is not None:
            t.node.version = t.version
    return t.version


cdef inline PyObject *owner(cnp.ndarray a):
    cdef PyObject *base = cnp.PyArray_BASE(a)
    return <PyObject *> a if base == NULL else base


cdef inline cnp.ndarray array_of(TensorCore t):
    if t is None or t.array is None:
        raise TypeError("apply: expected a Tensor with data")
    return t.array


cdef object plain(value):
    """value, maybe a number or of a subclass, as a plain array."""
    if isinstance(value, cnp.generic):
        return PyArray_FromScalar(value, NULL)
    return cnp.PyArray_FROM_OF(value, cnp.NPY_ARRAY_ENSUREARRAY)


cpdef TensorCore new_tensor(cnp.ndarray data):
    """A Tensor on an array that needs no check."""
    cdef TensorCore t = TensorCore.__new__(TENSOR)
    t.array = data
    return t


cpdef TensorCore tensor(value, TensorCore like=None):
    """value as a Tensor: itself if it is one, else wrapped. Python numbers and lists take like's
    dtype if that is a float."""
    cdef double x
    cdef int kind
    if isinstance(value, TensorCore):
        return value
    if like is not None and (type(value) is float or type(value) is int):
        x, kind = value, cnp.PyArray_TYPE(array_of(like))
        if kind == cnp.NPY_FLOAT64 or kind == cnp.NPY_FLOAT32 and -3e38 < x < 3e38:
            return new_tensor(number(x, kind == cnp.NPY_FLOAT64))  # NumPy warns of greater ones
    return CONVERTED(value, like)


cpdef TensorCore pair(Node op, a, b):
    """Applies an op of two operands; a Python number takes the dtype of the other operand."""
    if not isinstance(a, TensorCore):
        b = tensor(b)
        a = tensor(a, b)
    elif not isinstance(b, TensorCore):
        b = tensor(b, a)
    return run(op, (a, b))


def apply(op, *inputs):
    """Runs op.forward on the arrays of the inputs, tensors, and unless gradients are off adds it
    to the graph. An instance of an op is for one call. TypeError for other things."""
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
    cdef TensorCore result, t
    cdef Py_ssize_t n = len(inputs)
    cdef PyObject *memory
    if n == 1:
        out = op.forward(array_of(inputs[0]))
    elif n == 2:
        out = op.forward(array_of(inputs[0]), array_of(inputs[1]))
    else:
        out = op.forward(*[array_of(t) for t in inputs])
    if recorders and not op.recordable:
        fail_listening_recording(f"{type(op).__name__} computes in Python")
    if not cnp.PyArray_CheckExact(out):
        out = plain(out)
    result = new_tensor(out)
    memory = owner(out)
    for t in inputs:
        if owner(t.array) == memory:
            result.version = shared(t)
            break
    if not grad_off:
        for t in inputs:
            if t.requires_grad:
                attach(op, inputs, result)
                break
    return result


cdef attach(Node op, tuple inputs, TensorCore result):
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


# ---- the way back -------------------------------------------------------------------------------

cdef class _Pending:
    """A node, or a leaf, whose gradient is being collected."""
    cdef Node node
    cdef Py_ssize_t uses            # users that have not had their say
    cdef object total               # None so far
    cdef bint owned                 # total may be added to in place


cdef class _Pass:
    cdef dict pending               # by node or leaf
    cdef set wanted                 # keys of the targets; None: all leaves
    cdef set needed                 # wanted, and the nodes that lead there
    cdef bint retain_graph, create_graph

    cdef list count_uses(self, list roots):
        """Finds the nodes to go through; returns those that nothing waits for."""
        cdef Node node, under
        cdef TensorCore t
        cdef _Pending p
        cdef list stack = []
        for t, _ in roots:
            node = t.node
            if node is not None and node not in self.pending and self.needs(node):
                self.enter(node, stack)
        while stack:
            node = stack.pop()
            for t in self.inputs_of(node):
                under = t.node
                if under is not None and self.needs(under):
                    p = self.pending.get(under)
                    if p is None:
                        p = self.enter(under, stack)
                    p.uses += 1
        return [p for p in self.pending.values() if not p.uses]

    cdef _Pending enter(self, Node node, list stack):
        cdef _Pending p = _Pending()
        p.node = node
        self.pending[node] = p
        stack.append(node)
        return p

    cdef tuple inputs_of(self, Node node):
        if node.inputs is not None:
            return node.inputs
        if self.wanted is not None and node in self.wanted:
            return ()  # as good as a leaf
        raise RuntimeError(
            f"backward: the graph behind {type(node).__name__} was freed by an earlier backward; "
            "compute the value again, or pass retain_graph=True to the first call")

    cdef bint needs(self, k):
        return self.needed is None or k in self.needed

    cdef add(self, TensorCore t, part, bint fresh):
        """A part of the gradient of t; fresh: nobody else holds the array."""
        cdef _Pending p
        if t.node is None and self.wanted is None and t.hooks is None:
            accumulate(t, part, fresh)
            return
        p = self.pending.get(key(t))
        if p is None:
            p = self.pending[t] = _Pending()
        if p.total is None:
            p.total = part.copy() if part is t.buffer else part
            p.owned = fresh
            return
        if self.create_graph:
            fail_listening_recording("a graph of the gradient is made")
            p.total = p.total + part
        elif p.owned:
            add_into(p.total, part)
        else:
            p.total = plain(sum_of(p.total, part))
        p.owned = True

    cdef step(self, _Pending p, list ready):
        """Takes the gradient of a node on to its inputs."""
        cdef Node node = p.node
        cdef tuple inputs, parts = None
        cdef Py_ssize_t i
        cdef TensorCore t
        cdef bint fresh = False
        if p.total is not None:  # else those under it still wait for its word
            if node.hooks is not None:
                p.total, p.owned = self.hooked(node.hooks, p.total, node.out), False
            if node.retainer is not None and self.wanted is None:
                t = node.retainer()
                if t is not None:
                    accumulate(t, p.total, False)
        inputs = self.inputs_of(node)
        if self.wanted is not None and not any([key(t) in self.needed for t in inputs]):
            return  # a target with nothing under it
        if p.total is not None:
            fresh = node.returns_new_arrays
            parts = self.parts(node, inputs, p.total)
        for i in range(len(inputs)):
            t = inputs[i]
            if not self.needs(key(t)):
                continue
            if parts is not None and t.requires_grad:
                part = parts[i]
                if part is not None:
                    if self.create_graph:
                        self.add(t, FITTED_TENSOR(node, part, t.array), fresh)
                    elif (cnp.PyArray_CheckExact(part) and cnp.PyArray_SAMESHAPE(part, t.array)
                            and cnp.PyArray_DESCR(part) is cnp.PyArray_DESCR(t.array)):
                        self.add(t, part, fresh)
                    else:
                        self.add(t, FITTED(node, part, t.array), True)
            if t.node is not None:
                p = self.pending[t.node]
                p.uses -= 1
                if not p.uses:
                    ready.append(p)
        if not self.retain_graph:
            node.inputs = node.out = None

    cdef tuple parts(self, Node node, tuple inputs, total):
        """What the op's backward or derivative says, checked."""
        cdef TensorCore out
        if not node.linear:
            check_versions(node)
        if self.create_graph:
            out = new_tensor(node.out)
            out.node, out.requires_grad, out.version = node, True, node.version
            parts = node.derivative(total, out, *inputs)
        elif len(inputs) == 1:
            parts = node.backward(total, node.out, (<TensorCore> inputs[0]).array)
        elif len(inputs) == 2:
            parts = node.backward(total, node.out, (<TensorCore> inputs[0]).array,
                                  (<TensorCore> inputs[1]).array)
        else:
            parts = node.backward(total, node.out, *[(<TensorCore> t).array for t in inputs])
        if type(parts) is not tuple or len(<tuple> parts) != len(inputs):
            size = f" of {len(parts)}" if isinstance(parts, (tuple, list)) else ""
            raise TypeError(
                f"{type(node).__name__}.backward: expected a tuple of {len(inputs)} gradients, "
                f"one an input, received {type(parts).__name__}{size}")
        return parts

    cdef hooked(self, dict hooks, total, cnp.ndarray like):
        """A gradient after the hooks of its tensor."""
        fail_listening_recording("a hook runs in Python")
        for hook in list(hooks.values()):
            said = hook(total if self.create_graph else new_tensor(total))
            if said is not None:
                said = tensor(said)
                if said.shape != (<object> like).shape:
                    raise ValueError(f"hook: expected a gradient of shape {(<object> like).shape} "
                                     f"as the tensor's, received {said.shape}")
                total = FITTED_TENSOR(None, said, like)
                total = total if self.create_graph else (<TensorCore> total).array
        return total

    cdef finish(self, TensorCore leaf, _Pending p):
        """Leaves whose gradient was collected: their hooks, and `.grad` unless they are targets."""
        if leaf.hooks is not None:
            p.total, p.owned = self.hooked(leaf.hooks, p.total, leaf.array), False
        if self.wanted is None:
            accumulate(leaf, p.total, p.owned)

    cdef result(self, TensorCore t):
        cdef _Pending p = self.pending.get(key(t))
        if p is None or p.total is None:
            return None
        if self.create_graph:
            return p.total
        if not p.owned:
            p.total, p.owned = p.total.copy(), True
        return new_tensor(p.total)


def run_backward(list roots, list targets=None, bint retain_graph=False, bint create_graph=False):
    """Walks the graph from the roots towards the leaves, each node once, all its users first.

    roots: pairs of a tensor and its gradient, an array, or a Tensor if create_graph. targets:
    None adds the gradients of all leaves to their `.grad` and returns []; otherwise only those of
    these tensors are computed, and returned as Tensors, None where there is none.

    Infinity and NaN are values like others here: nothing warns. If an op raises, the graph is
    lost, and leaves may hold a part of the gradient.
    """
    global grad_off, grad_needed
    cdef _Pass work = _Pass()
    cdef _Pending p
    cdef TensorCore t
    cdef int off = grad_off
    cdef PyObject *outer = grad_needed
    work.pending, work.retain_graph, work.create_graph = {}, retain_graph, create_graph
    if targets is not None:
        work.wanted = {key(t) for t in targets}
        work.needed = leading_to(roots, work.wanted)
    ready = work.count_uses(roots)
    grad_off = not create_graph
    grad_needed = NULL if work.needed is None else <PyObject *> work.needed
    try:
        with np.errstate(all="ignore"):
            for t, grad in roots:
                if work.needs(key(t)):
                    work.add(t, grad, False)
            while ready:
                p = ready.pop()
                work.step(p, ready)
                if work.wanted is None or p.node not in work.wanted:
                    p.total = None
            for k, p in work.pending.items():
                if p.node is None:
                    work.finish(k, p)
    finally:
        grad_off, grad_needed = off, outer
    return [work.result(t) for t in targets or ()]


cdef set leading_to(list roots, set targets):
    """The targets and the nodes under the roots through which gradients reach them."""
    cdef TensorCore t
    cdef Node node
    cdef set found = set(targets), seen = set()
    cdef list stack = [(t.node, False) for t, _ in roots if t.node is not None]
    while stack:
        node, passed = stack.pop()
        if passed:
            for t in node.inputs:
                if key(t) in found:
                    found.add(node)
                    break
        elif node not in seen:
            seen.add(node)
            if node.inputs is None:  # freed: an error if gradients have to go through it
                found.add(node)
                continue
            stack.append((node, True))
            for t in node.inputs:
                if t.node is not None and t.node not in seen:
                    stack.append((t.node, False))
    return found


cdef inline bint own(cnp.ndarray held):
    """Whether a leaf's gradient may be added to in place: nobody else can see its memory."""
    return ((<PyObject *> held).ob_refcnt == 2 and cnp.PyArray_BASE(held) == NULL
            and cnp.PyArray_ISCARRAY(held))


cdef accumulate(TensorCore leaf, grad, bint fresh):
    """Adds to a tensor's `.grad`; an array is copied unless it is nobody else's."""
    held, buffer = leaf._grad, leaf.buffer
    if recorders:
        track_dependency(leaf)
        if buffer is None or held is not None and held is not buffer:
            fail_listening_recording("a gradient is copied or added to in Python")
    if isinstance(grad, TensorCore):  # a part of a graph
        leaf._grad = grad if held is None else grad + held
    elif held is not None:
        if isinstance(held, TensorCore):
            leaf._grad = plain((<TensorCore> held).array + grad)
        elif held is buffer or own(held):
            add_into(held, grad)
        else:
            leaf._grad = plain(held + grad)
    elif buffer is None:
        leaf._grad = grad if fresh else grad.copy()
    else:
        if grad is not buffer:
            copy_into(buffer, grad)
        leaf._grad = buffer


cdef check_versions(Node node):
    """RuntimeError if a value that the op's backward looks at is no longer what it was."""
    cdef Py_ssize_t i
    cdef long before
    if node.version is not None and node.version.count != node.made:
        refuse(node, "its output", node.made, node.version.count)
    for i in range(len(node.inputs)):
        before = 0 if node.counts is None else node.counts[i]
        if version_of(<TensorCore> node.inputs[i]) != before:
            refuse(node, f"input {i}", before, version_of(node.inputs[i]))


cdef refuse(Node node, str what, long before, long now):
    raise RuntimeError(
        f"backward: {type(node).__name__} needs {what} as it was when it ran (version {before}), "
        f"but it has been changed in place since (version {now}); change a copy, or change it "
        "after backward")
