# Forward passes of a model, recorded once and run without Python on memory of their own.


cdef inline bint same_layout(array a, array b) noexcept:
    """Whether two contiguous arrays have the same shape and element type."""
    return cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and cnp.PyArray_SAMESHAPE(a, b)


cdef tuple as_arrays(object given, tuple like, bint written, str what):
    """A caller's tuple of arrays, checked to be contiguous and of the layouts of those in `like`;
    inputs that are not contiguous are copied."""
    cdef Py_ssize_t i
    cdef array a
    if type(given) is not tuple or len(<tuple> given) != len(like):
        raise TypeError(f"predict: expected {what} as a tuple of {len(like)} arrays, received "
                        f"{type(given).__name__}")
    cdef list found = list(<tuple> given)
    for i in range(len(found)):
        if not isinstance(found[i], cnp.ndarray):
            raise TypeError(f"predict: expected {what}[{i}] as a NumPy array, received "
                            f"{type(found[i]).__name__}")
        a = found[i]
        if written and not cnp.PyArray_ISCARRAY(a):
            raise TypeError(f"predict: expected {what}[{i}] contiguous and writeable")
        if not cnp.PyArray_ISCARRAY_RO(a):
            a = found[i] = np.ascontiguousarray(a)
        if cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(<array> like[i]):
            raise TypeError(f"predict: expected {what}[{i}] of dtype {like[i].dtype}, received "
                            f"{a.dtype}")
    return tuple(found)


cdef class ForwardWorkspace:
    """A recorded forward pass and its memory, for one call at a time: inputs -> outputs, tuples of
    contiguous arrays of numbers, which the program reads and writes."""
    cdef readonly Program program
    cdef readonly tuple inputs, outputs
    cdef cr_buffer *buffers     # of the inputs, then of the outputs
    cdef void **places          # of the caller's inputs and outputs during a call, in that order
    cdef bint threaded

    def __init__(self, Program program not None, tuple inputs not None, tuple outputs not None):
        cdef Py_ssize_t i
        cdef array a
        cdef tuple arrays = inputs + outputs
        if self.buffers != NULL:
            raise RuntimeError("ForwardWorkspace: expected one call of __init__")
        if not inputs or not outputs:
            raise ValueError("ForwardWorkspace: expected an input and an output at least, received "
                             f"{len(inputs)} and {len(outputs)}")
        for one in arrays:
            if not isinstance(one, cnp.ndarray) or not (
                    cnp.PyArray_ISNUMBER(<array> one) or cnp.PyArray_ISBOOL(<array> one)):
                raise TypeError("ForwardWorkspace: expected NumPy arrays of numbers, received "
                                f"{getattr(one, 'dtype', type(one).__name__)}")
        if not (all([cnp.PyArray_ISCARRAY(<array> one) for one in inputs])
                and all([cnp.PyArray_ISCARRAY_RO(<array> one) for one in outputs])):
            raise ValueError("ForwardWorkspace: expected inputs and outputs contiguous, and inputs "
                             "writeable")
        self.program, self.inputs, self.outputs = program, inputs, outputs
        self.threaded = program.work >= MIN_THREADED_PROGRAM
        self.buffers = <cr_buffer *> PyMem_Malloc(len(arrays) * sizeof(cr_buffer))
        self.places = <void **> PyMem_Malloc(len(arrays) * sizeof(void *))
        if self.buffers == NULL or self.places == NULL:
            raise MemoryError("ForwardWorkspace: no memory for the table of arrays")
        for i in range(len(arrays)):
            a = arrays[i]
            self.buffers[i] = cr_buffer(data_ptr(a), cnp.PyArray_NBYTES(a))

    def __dealloc__(self):
        PyMem_Free(self.buffers)
        PyMem_Free(self.places)

    @property
    def signature(self):
        """The shape and dtype of each input, as `ForwardPool.take` wants them."""
        return tuple([(a.shape, a.dtype) for a in self.inputs])

    cdef inline void place(self, Py_ssize_t i, array a) noexcept:
        """Says where the i-th of the caller's arrays is: inputs first, then outputs."""
        self.places[i] = data_ptr(a)

    cdef int check_alike(self, ForwardWorkspace other) except -1:
        """Raises ValueError unless another workspace has as many arrays, of the same layouts."""
        cdef Py_ssize_t i
        cdef tuple mine = self.inputs + self.outputs, others = other.inputs + other.outputs
        cdef bint alike = len(self.inputs) == len(other.inputs) and len(mine) == len(others)
        for i in range(len(mine) if alike else 0):
            alike = alike and same_layout(<array> mine[i], <array> others[i])
        if not alike:
            raise ValueError("predict: expected workspaces of one signature")
        return 0

    cdef bint place_given_outputs(self, object out) noexcept:
        """Whether out, an array or a tuple of arrays, can take the results as it is: then they go
        there."""
        cdef Py_ssize_t i
        if type(out) is cnp.ndarray and len(self.outputs) == 1:
            return self.place_given_output(0, out)
        if type(out) is not tuple or len(<tuple> out) != len(self.outputs):
            return False
        for i in range(len(self.outputs)):
            if not self.place_given_output(i, (<tuple> out)[i]):
                return False
        return True

    cdef bint place_given_output(self, Py_ssize_t i, object out) noexcept:
        if not (type(out) is cnp.ndarray and cnp.PyArray_ISCARRAY(<array> out)
                and same_layout(<array> out, <array> self.outputs[i])):
            return False
        self.place(len(self.inputs) + i, out)
        return True

    cdef object place_new_outputs(self):
        """New arrays for the results, an array if it is one, else a tuple."""
        cdef Py_ssize_t i
        cdef array a, made
        cdef list found
        if len(self.outputs) == 1:
            a = self.outputs[0]
            made = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a),
                                     0)
            self.place(len(self.inputs), made)
            return made
        found = []
        for i in range(len(self.outputs)):
            a = self.outputs[i]
            made = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a),
                                     0)
            self.place(len(self.inputs) + i, made)
            found.append(made)
        return tuple(found)

    cdef int run(self, bint copy_inputs, int calls) except -1:
        """Runs the pass between the places that were told. copy_inputs: else they are in `inputs`
        already; calls: how many share the CPUs, this one included."""
        cdef Program program = self.program
        cdef Py_ssize_t i, n = len(self.inputs), end = n + len(self.outputs)
        cdef cr_section section
        cdef int threads = max(1, get_num_threads() // calls) if self.threaded else 1
        program.prepare("predict", threads)
        section = cr_section(program.instructions, program.instruction_count, 1)
        with nogil:
            if copy_inputs:
                for i in range(n):
                    memcpy(self.buffers[i].data, self.places[i], self.buffers[i].bytes)
            cr_replay(&section, 1, 1, program.team)
            for i in range(n, end):
                memcpy(self.places[i], self.buffers[i].data, self.buffers[i].bytes)
        raise_out_of_range(program.out_of_range)
        return 0


cdef class _IdleWorkspaces:
    """The workspaces of one signature that no call uses."""
    cdef tuple signature
    cdef tuple inputs           # arrays of that signature
    cdef list workspaces

    cdef bint takes(self, object x) noexcept:
        """Whether x, an array or a tuple of arrays, can be the inputs as it is."""
        cdef Py_ssize_t i
        if type(x) is cnp.ndarray:
            return (len(self.inputs) == 1 and cnp.PyArray_ISCARRAY_RO(<array> x)
                    and same_layout(<array> x, <array> self.inputs[0]))
        if type(x) is not tuple or len(<tuple> x) != len(self.inputs):
            return False
        for i in range(len(self.inputs)):
            one = (<tuple> x)[i]
            if not (type(one) is cnp.ndarray and cnp.PyArray_ISCARRAY_RO(<array> one)
                    and same_layout(<array> one, <array> self.inputs[i])):
                return False
        return True


cdef class ForwardPool:
    """The forward pass of one model, recorded once for each signature of inputs (their shapes and
    dtypes), and once more for each call that comes while others are under way.

    snapshot: what the recordings depend on; lock: of the weights, read during calls; most: how
    many signatures are kept, and how many idle workspaces of each.
    """
    cdef readonly Snapshot snapshot
    cdef ReadWriteLock lock
    cdef list idle  # an _IdleWorkspaces for each signature, the longest known first
    cdef int most

    def __init__(self, Snapshot snapshot not None, ReadWriteLock lock not None, int most=16):
        self.snapshot, self.lock, self.most = snapshot, lock, most
        self.idle = []

    @property
    def threads(self):
        """How many threads a call may use now: a fair share beside others under way."""
        return max(1, get_num_threads() // (self.lock.reader_count + 1))

    def __call__(self, x):
        """The predictions for x, an array or a tuple of arrays: a new array, or a tuple of them if
        there are several outputs. None where this takes more: inputs of a signature that is not
        recorded, not contiguous or not NumPy's own arrays, or a model that has changed."""
        return self.answer(x, None)

    def into(self, x, out not None):
        """Writes the predictions into out, an array or a tuple of arrays, and returns it. None, and
        nothing written, where this takes more: see `__call__`, and arrays in out that are not of
        the outputs' layouts, contiguous and NumPy's own."""
        return self.answer(x, out)

    cdef object answer(self, object x, object out):
        cdef Py_ssize_t i
        cdef unsigned long thread
        cdef ReadWriteLock lock
        cdef _IdleWorkspaces idle
        cdef ForwardWorkspace workspace
        for i in range(len(self.idle)):
            idle = self.idle[i]
            if idle.takes(x):
                break
        else:
            return None
        if not idle.workspaces:
            return None
        workspace = idle.workspaces.pop()
        try:
            thread = PyThread_get_thread_ident()
            lock = self.lock.enter(thread, False)
            try:
                if not self.snapshot.unchanged():
                    return None
                if type(x) is tuple:
                    for i in range(len(<tuple> x)):
                        workspace.place(i, (<tuple> x)[i])
                else:
                    workspace.place(0, x)
                if out is None:
                    out = workspace.place_new_outputs()
                elif not workspace.place_given_outputs(out):
                    return None
                workspace.run(True, lock.reader_count)
                return out
            finally:
                lock.release_read(thread)
        finally:
            idle.workspaces.append(workspace)

    cdef _IdleWorkspaces find(self, tuple signature):
        cdef _IdleWorkspaces idle
        for idle in self.idle:
            if idle.signature == signature:
                return idle
        return None

    def take(self, tuple signature not None):
        """An idle workspace for inputs of these (shape, dtype), or None."""
        cdef _IdleWorkspaces idle = self.find(signature)
        return idle.workspaces.pop() if idle is not None and idle.workspaces else None

    def give(self, ForwardWorkspace workspace not None):
        """Puts a workspace back, or a new one in. Of those of the longest known signatures only
        `most` are kept, and as many at once as there may be threads to use them."""
        cdef tuple signature = workspace.signature
        cdef _IdleWorkspaces idle = self.find(signature)
        if idle is None:
            idle = _IdleWorkspaces()
            idle.signature, idle.inputs, idle.workspaces = signature, workspace.inputs, []
            self.idle.append(idle)
        if len(idle.workspaces) < self.most:
            idle.workspaces.append(workspace)
        del self.idle[:max(0, len(self.idle) - self.most)]

    def run(self, ForwardWorkspace workspace not None, inputs, outputs):
        """Takes inputs through a workspace into outputs: tuples of arrays of its layouts, outputs
        contiguous. inputs None: the values are in workspace.inputs already."""
        cdef Py_ssize_t i, n = len(workspace.inputs)
        cdef unsigned long thread = PyThread_get_thread_ident()
        cdef tuple targets = as_arrays(outputs, workspace.outputs, True, "outputs")
        cdef tuple sources = ()
        if inputs is not None:
            sources = as_arrays(inputs, workspace.inputs, False, "inputs")
        for i in range(len(sources)):
            same_shape(sources[i], workspace.inputs[i], "predict", f"inputs[{i}]")
            workspace.place(i, sources[i])
        for i in range(len(targets)):
            same_shape(targets[i], workspace.outputs[i], "predict", f"outputs[{i}]")
            workspace.place(n + i, targets[i])
        cdef ReadWriteLock lock = self.lock.enter(thread, False)
        try:
            workspace.run(inputs is not None, lock.reader_count)
        finally:
            lock.release_read(thread)

    def run_many(self, list workspaces not None, inputs, outputs, double seconds=INFINITY):
        """Takes inputs that hold several batches, one after the other along the first axis, into
        outputs that do: through workspaces of one signature, on a thread for each. Begins no batch
        after so many seconds, except the first; returns how many are done."""
        if not workspaces:
            raise ValueError("predict: expected a workspace at least, received none")
        cdef ForwardWorkspace first = workspaces[0], workspace
        cdef Py_ssize_t i, size = len(workspaces), n = len(first.inputs)
        cdef unsigned long thread = PyThread_get_thread_ident()
        cdef tuple sources = as_arrays(inputs, first.inputs, False, "inputs")
        cdef tuple targets = as_arrays(outputs, first.outputs, True, "outputs")
        cdef Py_ssize_t done, pieces = batches_in(sources, first.inputs, -1, "inputs")
        cdef Py_ssize_t setup
        cdef ReadWriteLock lock
        cdef cr_section section
        cdef cr_forward_workspace *table
        batches_in(targets, first.outputs, pieces, "outputs")
        for i in range(n):
            first.place(i, sources[i])
        for i in range(len(targets)):
            first.place(n + i, targets[i])
        table = <cr_forward_workspace *> PyMem_Malloc(size * sizeof(cr_forward_workspace))
        if table == NULL:
            raise MemoryError("predict: no memory for a table of workspaces")
        try:
            lock = self.lock.enter(thread, False)
            try:
                for i in range(size):
                    workspace = workspaces[i]
                    first.check_alike(workspace)
                    workspace.program.prepare("predict", 1)
                    setup = workspace.program.setup  # the weights stay as they are meanwhile
                    table[i] = cr_forward_workspace(
                        workspace.program.instructions + setup,
                        workspace.program.instruction_count - setup,
                        workspace.buffers, workspace.buffers + n, n, len(targets))
                    section = cr_section(workspace.program.instructions, setup, 1)
                    with nogil:
                        cr_replay(&section, 1, 1, 1)
                with nogil:
                    done = cr_run_forward(table, size, <const char **> first.places,
                                          <char **> (first.places + n), pieces, seconds)
                for workspace in workspaces:
                    raise_out_of_range(workspace.program.out_of_range)
            finally:
                lock.release_read(thread)
        finally:
            PyMem_Free(table)
        return done


cdef Py_ssize_t batches_in(tuple arrays, tuple like, Py_ssize_t expected, str what) except -1:
    """How many batches like `like` lie one after the other in arrays; expected: so many, or -1."""
    cdef Py_ssize_t i, k, batches = expected
    cdef array a, b
    for i in range(len(arrays)):
        a, b = arrays[i], like[i]
        fits = (cnp.PyArray_NDIM(a) == cnp.PyArray_NDIM(b) > 0 and cnp.PyArray_DIM(b, 0) > 0
                and cnp.PyArray_DIM(a, 0) % cnp.PyArray_DIM(b, 0) == 0)
        for k in range(1, cnp.PyArray_NDIM(b) if fits else 0):
            fits = fits and cnp.PyArray_DIM(a, k) == cnp.PyArray_DIM(b, k)
        if fits and batches < 0:
            batches = cnp.PyArray_DIM(a, 0) // cnp.PyArray_DIM(b, 0)
        if not fits or cnp.PyArray_DIM(a, 0) != batches * cnp.PyArray_DIM(b, 0):
            raise ValueError(f"predict: expected {what}[{i}] of whole batches of shape "
                             f"{shape_of(b)}, received shape {shape_of(a)}")
    return batches
