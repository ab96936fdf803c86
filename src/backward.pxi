# Backward: the walk through the graph from results to leaves, each node once, all its users first.

cdef class _PendingGradient:
    """A node, or a leaf, whose gradient is being collected."""
    cdef Node node                  # None: a leaf
    cdef Py_ssize_t uses            # that have not added their part yet
    cdef object total               # of the parts so far; None: there was none
    cdef bint owned                 # whether total may be added to in place


cdef class _BackwardPass:
    """One walk through the graph."""
    cdef dict pending               # a _PendingGradient by node or leaf
    cdef set wanted                 # keys of the targets; None: all leaves
    cdef set needed                 # wanted, and the nodes that lead there; None: all
    cdef bint retain_graph, create_graph

    cdef list count_uses(self, list roots):
        """Finds the nodes to go through and counts their uses; returns those without any."""
        cdef Node node, under
        cdef TensorCore t
        cdef _PendingGradient p
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

    cdef _PendingGradient enter(self, Node node, list stack):
        cdef _PendingGradient p = _PendingGradient()
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

    cdef add(self, TensorCore t, part, bint owned):
        """A part of the gradient of t; owned: nobody else holds the array."""
        cdef _PendingGradient p
        if t.node is None and self.wanted is None and t.hooks is None:
            accumulate(t, part, owned)
            return
        p = self.pending.get(key(t))
        if p is None:
            p = self.pending[t] = _PendingGradient()
        if p.total is None:
            p.total = copy_of(part) if part is t.buffer else part
            p.owned = owned
            return
        if self.create_graph:
            p.total = p.total + part
        elif p.owned:
            add_into(p.total, part)
        else:
            p.total = as_plain_array(sum_of(p.total, part))
        p.owned = True

    cdef step(self, _PendingGradient p, list ready):
        """Takes the gradient of a node back to its inputs, and puts nodes in `ready` that wait for
        no more."""
        cdef Node node = p.node
        cdef tuple inputs, parts = None
        cdef Py_ssize_t i
        cdef TensorCore t
        cdef bint owned = False
        if p.total is not None:  # else it has no gradient, but nodes under it wait for this use
            if node.hooks is not None:
                p.total, p.owned = self.run_hooks(node.hooks, p.total, node.out), False
            if node.retainer is not None and self.wanted is None:
                t = node.retainer()
                if t is not None:
                    accumulate(t, p.total, False)
        inputs = self.inputs_of(node)
        if self.wanted is not None and not any([key(t) in self.needed for t in inputs]):
            return  # a target with nothing under it
        if p.total is not None:
            owned = node.returns_new_arrays
            parts = self.run_backward_of(node, inputs, p.total)
        for i in range(len(inputs)):
            t = inputs[i]
            if not self.needs(key(t)):
                continue
            if parts is not None and t.requires_grad:
                part = parts[i]
                if part is not None:
                    if self.create_graph:
                        self.add(t, FITTED_TENSOR(node, part, t.array), owned)
                    elif (cnp.PyArray_CheckExact(part) and cnp.PyArray_SAMESHAPE(part, t.array)
                            and cnp.PyArray_DESCR(part) is cnp.PyArray_DESCR(t.array)):
                        self.add(t, part, owned)
                    else:
                        self.add(t, FITTED(node, part, t.array), True)
            if t.node is not None:
                p = self.pending[t.node]
                p.uses -= 1
                if not p.uses:
                    ready.append(p)
        if not self.retain_graph:
            node.inputs = node.out = None

    cdef tuple run_backward_of(self, Node node, tuple inputs, total):
        """The gradients that the op's backward or derivative returns, one an input, checked."""
        cdef TensorCore out
        if not node.linear:
            check_versions(node)
        if self.create_graph:
            out = new_tensor(node.out)
            out.node, out.requires_grad, out.version = node, True, node.version
            parts = node.derivative(total, out, *inputs)
        elif thread_state().recorder != NULL:
            parts = backward_recorded(node, inputs, total)
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

    cdef run_hooks(self, dict hooks, total, cnp.ndarray like):
        """A gradient after the hooks of its tensor, each of which may return another one."""
        fail_recording("a hook runs in Python")
        for hook in list(hooks.values()):
            returned = hook(total if self.create_graph else new_tensor(total))
            if returned is not None:
                returned = tensor(returned)
                if returned.shape != (<object> like).shape:
                    raise ValueError(f"hook: expected a gradient of shape {(<object> like).shape} "
                                     f"as the tensor's, received {returned.shape}")
                total = FITTED_TENSOR(None, returned, like)
                total = total if self.create_graph else (<TensorCore> total).array
        return total

    cdef finish(self, TensorCore leaf, _PendingGradient p):
        """Leaves whose gradient was collected: their hooks, and `.grad` unless they are targets."""
        if leaf.hooks is not None:
            p.total, p.owned = self.run_hooks(leaf.hooks, p.total, leaf.array), False
        if self.wanted is None:
            accumulate(leaf, p.total, p.owned)

    cdef result(self, TensorCore t):
        cdef _PendingGradient p = self.pending.get(key(t))
        if p is None or p.total is None:
            return None
        if self.create_graph:
            return p.total
        if not p.owned:
            p.total, p.owned = copy_of(p.total), True
        return new_tensor(p.total)


def run_backward(list roots, list targets=None, bint retain_graph=False, bint create_graph=False):
    """Walks the graph from the roots towards the leaves, each node once, all its users first.

    roots: pairs of a tensor and its gradient, an array, or a Tensor if create_graph. targets:
    None adds the gradients of all leaves to their `.grad` and returns []; otherwise only those of
    these tensors are computed, and returned as Tensors, None where there is none.

    Infinity and NaN are values like others here: nothing warns. If an op raises, the graph is
    lost, and leaves may hold a part of the gradient.
    """
    cdef _BackwardPass work = _BackwardPass()
    cdef _PendingGradient p
    cdef TensorCore t
    cdef _ThreadState state = thread_state()
    cdef bint off = state.grad_off
    cdef PyObject *outer = state.grad_needed
    work.pending, work.retain_graph, work.create_graph = {}, retain_graph, create_graph
    if targets is not None:
        work.wanted = {key(t) for t in targets}
        work.needed = leading_to(roots, work.wanted)
    ready = work.count_uses(roots)
    state.grad_off = not create_graph
    state.grad_needed = NULL if work.needed is None else <PyObject *> work.needed
    try:
        with ignore_float_errors():
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
        state.grad_off, state.grad_needed = off, outer
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


cdef object backward_recorded(Node node, tuple inputs, total):
    """node.backward while a program listens, as `run_recorded` runs forward."""
    cdef TensorCore t
    cdef Program program = program_for(node)
    cdef list arrays = [t.array for t in inputs]
    if program is None:
        return node.backward(total, node.out, *arrays)
    outer, program.op = program.op, type(node).__name__
    try:
        parts = node.backward(TRACED(total), TRACED(node.out), *[TRACED(a) for a in arrays])
        if type(parts) is not tuple:
            return parts
        return tuple([None if part is None else left_op(program, part) for part in parts])
    finally:
        program.op = outer


cdef inline object copy_of(object a):
    """A copy of an array, by the program that is recorded, if one is."""
    return a.copy() if tracing() is None else COPIED(a)


cdef inline bint is_unshared(cnp.ndarray held):
    """Whether a leaf's gradient may be added to in place: nobody else can see its memory."""
    return (Py_REFCNT(held) == 2 and cnp.PyArray_BASE(held) == NULL
            and cnp.PyArray_ISCARRAY(held))


cdef accumulate(TensorCore leaf, grad, bint owned):
    """Adds to a tensor's `.grad`; owned: nobody else holds the array, which is not copied then."""
    cdef Program listener = listening()
    held, buffer = leaf._grad, leaf.buffer
    if listener is not None:
        track_dependency(leaf)
        if (held is not None and held is not buffer
                and not (isinstance(held, cnp.ndarray) and listener.writes(held))):
            fail_recording("a gradient from outside is added to")
    if isinstance(grad, TensorCore):  # a part of a graph
        leaf._grad = grad if held is None else grad + held
    elif held is not None:
        if isinstance(held, TensorCore):
            leaf._grad = as_plain_array((<TensorCore> held).array + grad)
        elif held is buffer or is_unshared(held):
            add_into(held, grad)
        else:
            leaf._grad = as_plain_array(sum_of(held, grad))
    elif buffer is None:
        leaf._grad = grad if owned else copy_of(grad)
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
