# Running a model without Python: what a recording depends on, who may read the weights, and
# forward passes on memory of their own.

from cpython.dict cimport PyDict_Next
from cpython.list cimport PyList_GET_ITEM
from cpython.ref cimport PyObject

cdef extern from "Python.h":
    object PyObject_GenericGetDict(object, void *)


cdef class Snapshot:
    """The attributes of objects as they are now, to find out later whether one was set anew.

    objects: with a __dict__; lists: whose entries count; parameters: whose data, requires_grad and
    regularizer count. Identity decides, so all that was found is kept alive.
    """
    cdef list objects, dicts, lists, entries, parameters, found

    def __init__(self, objects, lists=(), parameters=()):
        self.objects = list(objects)
        self.dicts = [list(part.__dict__.values()) for part in self.objects]
        self.lists = list(lists)
        self.entries = [list(one) for one in self.lists]
        self.parameters = list(parameters)
        self.found = []
        for p in self.parameters:
            self.found += (p.data, p.requires_grad, p.regularizer)

    cpdef bint unchanged(self) except -1:
        """Whether all is as it was."""
        cdef Py_ssize_t i, j, place
        cdef PyObject *key
        cdef PyObject *value
        cdef list was, entries
        cdef dict now
        cdef TensorCore p
        for i in range(len(self.lists)):
            was = self.entries[i]
            entries = self.lists[i]
            if len(entries) != len(was):
                return False
            for j in range(len(was)):
                if entries[j] is not was[j]:
                    return False
        for i in range(len(self.objects)):
            now = PyObject_GenericGetDict(self.objects[i], NULL)
            was = self.dicts[i]
            if len(now) != len(was):
                return False
            place = j = 0
            while PyDict_Next(now, &place, &key, &value):
                if value != PyList_GET_ITEM(was, j):
                    return False
                j += 1
        for i in range(len(self.parameters)):
            p = self.parameters[i]
            if (p.array is not self.found[3 * i] or p.requires_grad is not self.found[3 * i + 1]
                    or (<object> p).regularizer is not self.found[3 * i + 2]):
                return False
        return True


cdef class ReadWriteLock:
    """Keeps those who read a model's weights and the thread that changes them apart.

    ``with gate:`` is for the one that writes, who may enter again inside; many may read at once.
    A writer that comes back again and again lets in between those who had to wait. Nothing here is
    touched without the GIL.
    """
    cdef readonly int waiting
    cdef int readers, turns  # turns: of those waiting, how many go before the writer
    cdef int depth           # how often the writer has entered
    cdef int forks           # when last looked at
    cdef bint writing, wanted
    cdef unsigned long writer

    def __cinit__(self):
        self.forks = forked

    cdef void look(self) noexcept:
        """A forked child has none of its parent's other threads: nobody is inside."""
        if self.forks != forked:
            self.forks = forked
            self.readers = self.turns = self.waiting = self.depth = 0
            self.writing = self.wanted = False

    cdef int enter(self) except -1:
        self.look()
        if (self.writing or self.wanted) and self.writer != PyThread_get_thread_ident():
            self.waiting += 1
            try:
                while self.writing or (self.wanted and not self.turns):
                    sleep(0.0001)
                self.turns -= self.turns > 0
            finally:
                self.waiting -= 1
                self.turns = min(self.turns, self.waiting)
        self.readers += 1
        return 0

    cdef void leave(self) noexcept:
        self.look()
        self.readers -= self.readers > 0

    def acquire_read(self):
        """Waits while the weights are being written to."""
        self.enter()

    def release_read(self):
        self.leave()

    def __enter__(self):
        cdef unsigned long me = PyThread_get_thread_ident()
        self.look()
        if self.depth and self.writer == me:
            self.depth += 1
            return self
        while self.wanted or self.writing:
            sleep(0.0001)
        self.writer, self.wanted = me, True
        try:
            while self.turns or self.readers:
                sleep(0.0001)
            self.writing, self.depth = True, 1
        finally:
            self.wanted = False
        return self

    def __exit__(self, *error):
        self.look()
        self.depth -= self.depth > 0
        if not self.depth:
            self.writing = False
            self.turns = self.waiting


cdef class ForwardWorkspace:
    """A recorded forward pass and its memory, for one call at a time: x -> out."""
    cdef readonly Program program
    cdef readonly array x, out
    cdef bint threaded

    def __init__(self, Program program not None, array x not None, array out not None):
        if not (cnp.PyArray_ISCARRAY(x) and cnp.PyArray_ISCARRAY_RO(out)):
            raise ValueError("ForwardWorkspace: expected x and out contiguous")
        self.program, self.x, self.out = program, x, out
        self.threaded = program.work >= PROGRAM_WORTH

    cdef int run(self, const char *source, char *target, int beside) except -1:
        """source: the rows, or NULL if they are in x; target: takes the results; beside: how many
        calls share the CPUs."""
        cdef Program program = self.program
        cdef void *x = data_ptr(self.x)
        cdef void *out = data_ptr(self.out)
        cdef size_t bytes_in = cnp.PyArray_NBYTES(self.x)
        cdef cr_section section
        cdef size_t bytes_out = cnp.PyArray_NBYTES(self.out)
        cdef int threads = max(1, get_num_threads() // beside) if self.threaded else 1
        program.ready("predict", threads)
        section = cr_section(program.list, program.live, 1)
        with nogil:
            if source != NULL:
                memcpy(x, source, bytes_in)
            cr_replay(&section, 1, 1, program.size)
            memcpy(target, out, bytes_out)
        return 0


cdef class Predictor:
    """The forward pass of one model, recorded once for each number of rows (`most` of them), and
    once more for each call that comes while others are under way."""
    cdef readonly Snapshot snapshot
    cdef ReadWriteLock gate
    cdef dict workspaces  # by rows: those idle
    cdef int most

    @property
    def threads(self):
        """How many threads a call may use now, a fair share beside others under way."""
        return max(1, get_num_threads() // (self.gate.readers + 1))

    def __init__(self, Snapshot snapshot not None, ReadWriteLock gate not None, int most=16):
        self.snapshot, self.gate, self.most = snapshot, gate, most
        self.workspaces = {}

    def __call__(self, x):
        """The predictions for all rows of x at once, or None where this takes more: another
        number of rows, dtype or layout, a model that has changed."""
        cdef array a, out
        cdef ForwardWorkspace workspace
        cdef list idle
        cdef int i
        if type(x) is not cnp.ndarray:
            return None
        a = x
        if cnp.PyArray_NDIM(a) < 2 or not cnp.PyArray_ISCARRAY_RO(a):
            return None
        idle = self.workspaces.get(cnp.PyArray_DIM(a, 0))
        if not idle:
            return None
        workspace = idle.pop()
        self.gate.enter()
        try:
            if (cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(workspace.x)
                    or cnp.PyArray_NDIM(a) != cnp.PyArray_NDIM(workspace.x)):
                return None
            for i in range(1, cnp.PyArray_NDIM(a)):
                if cnp.PyArray_DIM(a, i) != cnp.PyArray_DIM(workspace.x, i):
                    return None
            if not self.snapshot.unchanged():
                return None
            out = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(workspace.out), cnp.PyArray_DIMS(workspace.out),
                                    cnp.PyArray_TYPE(workspace.out), 0)
            workspace.run(<const char *> data_ptr(a), <char *> data_ptr(out), self.gate.readers)
            return out
        finally:
            self.gate.leave()
            idle.append(workspace)

    def take(self, Py_ssize_t rows):
        """An idle workspace for so many rows, or None."""
        idle = self.workspaces.get(rows)
        return idle.pop() if idle else None

    def give(self, ForwardWorkspace workspace not None):
        """Puts a workspace back, or a new one in; of those for the longest known numbers of rows only
        `most` are kept, and as many at once as there may be threads to use them."""
        cdef Py_ssize_t rows = cnp.PyArray_DIM(workspace.x, 0)
        idle = self.workspaces.setdefault(rows, [])
        if len(idle) < self.most:
            idle.append(workspace)
        while len(self.workspaces) > self.most:
            del self.workspaces[next(iter(self.workspaces))]

    def run(self, ForwardWorkspace workspace not None, x, out):
        """The rows of x through workspace into out, both contiguous; x None: they are in workspace.x."""
        cdef array target = as_output_like(out, workspace.out, dtype_of(workspace.out, "predict", "out"),
                                       "predict", "out")
        cdef array source = None
        if x is not None:
            source = as_input(x, dtype_of(workspace.x, "predict", "x"), -1, "predict", "x")
            same_shape(source, workspace.x, "predict", "x")
        self.gate.enter()
        try:
            workspace.run(<const char *> data_ptr(source) if source is not None else NULL,
                     <char *> data_ptr(target), self.gate.readers)
        finally:
            self.gate.leave()

    def run_many(self, list workspaces not None, x, out):
        """The rows of x through workspaces of one size into out, a whole number of times, a thread for
        each workspace; both contiguous."""
        cdef ForwardWorkspace workspace = workspaces[0]
        cdef Py_ssize_t i, size = len(workspaces)
        cdef int dtype = dtype_of(workspace.x, "predict", "x")
        cdef array source = as_input(x, dtype, cnp.PyArray_NDIM(workspace.x), "predict", "x")
        cdef array target = as_input(out, dtype, cnp.PyArray_NDIM(workspace.out), "predict", "out")
        cdef Py_ssize_t pieces = cnp.PyArray_DIM(source, 0) // cnp.PyArray_DIM(workspace.x, 0)
        cdef const char *begin = <const char *> data_ptr(source)
        cdef char *goal = <char *> data_ptr(target)
        cdef cr_forward_workspace *table
        if (target is not out or not cnp.PyArray_ISCARRAY(target)
                or cnp.PyArray_NBYTES(source) != pieces * cnp.PyArray_NBYTES(workspace.x)
                or cnp.PyArray_NBYTES(target) != pieces * cnp.PyArray_NBYTES(workspace.out)):
            raise ValueError(f"predict: expected x and out of whole batches, received shapes "
                             f"{shape_of(source)} and {shape_of(target)}")
        table = <cr_forward_workspace *> PyMem_Malloc(max(size, 1) * sizeof(cr_forward_workspace))
        if table == NULL:
            raise MemoryError("predict: no memory for a table of workspaces")
        self.gate.enter()
        try:
            for i in range(size):
                workspace = workspaces[i]
                workspace.program.ready("predict", 1)
                table[i] = cr_forward_workspace(workspace.program.list, workspace.program.live, data_ptr(workspace.x),
                                   data_ptr(workspace.out), cnp.PyArray_NBYTES(workspace.x),
                                   cnp.PyArray_NBYTES(workspace.out))
            with nogil:
                cr_run_forward(table, size, begin, goal, pieces)
        finally:
            self.gate.leave()
            PyMem_Free(table)
