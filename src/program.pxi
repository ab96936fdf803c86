# The recorder: kernel calls kept as instructions, and their replay without Python.

cdef Program recorder = None  # listens to launches of its own thread


cdef class Program:
    """A recorded list of kernel calls.

    ``with program:`` records what this thread launches inside (the calls run as well), and
    ``program.replay(n)`` runs the list n times over, on the same memory, without the GIL. What
    must change from one run to the next is read from memory: counters advance by `count_up`.
    ``fault`` tells why a recording cannot be replayed, or is None.
    """
    cdef cr_instruction *list
    cdef Py_ssize_t count, room
    cdef unsigned long thread
    cdef readonly object fault
    cdef list held  # everything the instructions point into
    cdef readonly list names  # the kernel of each instruction

    def __cinit__(self):
        self.list = NULL
        self.count = self.room = 0
        self.held = []
        self.names = []
        self.fault = None

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            PyMem_Free(<void *> self.list[i].args)
        PyMem_Free(self.list)

    def __len__(self):
        return self.count

    def __enter__(self):
        global recorder
        if recorder is not None:
            raise RuntimeError("Program: another recording is under way")
        if self.count:
            raise RuntimeError("Program: this program is recorded already")
        self.thread = PyThread_get_thread_ident()
        recorder = self
        return self

    def __exit__(self, *error):
        global recorder
        recorder = None
        if error[0] is not None:
            self.fault = f"{error[0].__name__} while recording"

    cdef int add(self, int kernel_id, cr_kernel kernel, const void *args, size_t bytes, ptrdiff_t size,
                 tuple held) except -1:
        cdef void *kept
        cdef cr_instruction *grown
        if self.count == self.room:
            grown = <cr_instruction *> PyMem_Realloc(
                self.list, (2 * self.room + 16) * sizeof(cr_instruction))
            if grown == NULL:
                raise MemoryError("Program: no memory for another instruction")
            self.list = grown
            self.room = 2 * self.room + 16
        kept = PyMem_Malloc(bytes)
        if kept == NULL:
            raise MemoryError("Program: no memory for another instruction")
        memcpy(kept, args, bytes)
        self.list[self.count].kernel = kernel
        self.list[self.count].args = kept
        self.list[self.count].size = size
        self.count += 1
        self.held.append(held)
        self.names.append(cr_kernel_name(kernel_id).decode())
        return 0

    def replay(self, Py_ssize_t times):
        """Runs the whole list `times` times. RuntimeError if the recording has a fault."""
        if self.fault is not None:
            raise RuntimeError(f"Program.replay: this recording cannot be replayed: {self.fault}")
        if recorder is not None and recorder.thread == PyThread_get_thread_ident():
            raise RuntimeError("Program.replay: a recording is under way in this thread")
        with nogil:
            cr_replay(self.list, self.count, times)

    def profile(self, Py_ssize_t times):
        """Replays one instruction at a time, and returns a list of (kernel, shares, mean
        nanoseconds): where the time of `replay` goes, less what running them together saves."""
        cdef Py_ssize_t i, n
        cdef int64_t began
        if self.fault is not None:
            raise RuntimeError(f"Program.profile: this recording cannot be replayed: {self.fault}")
        spent = [0] * self.count
        for n in range(times):
            for i in range(self.count):
                began = perf_counter_ns()
                cr_replay(self.list + i, 1, 1)
                spent[i] += perf_counter_ns() - began
        return [(self.names[i], self.list[i].size, spent[i] / max(times, 1))
                for i in range(self.count)]


cdef spoil(str reason):
    """Marks the recording of this thread, if there is one, as not to be replayed."""
    if recorder is not None and recorder.thread == PyThread_get_thread_ident():
        recorder.fault = recorder.fault or reason


def cannot_record(str reason):
    """Says that what runs now cannot be replayed, if it is being recorded."""
    spoil(reason)


cdef int count_up(int64_t *counter, int64_t by, object holder) except -1:
    cdef cr_count_args g
    g.counter, g.by = counter, by
    launch(CR_count, 0, &g, sizeof(g), 0, (holder,))
    return 0


def count(counter, int64_t by=1):
    """counter[0] += by, for an int64 array."""
    cdef int64_t *p = counter_of(counter, "count", "counter")
    if not cnp.PyArray_ISWRITEABLE(<array> counter):
        raise TypeError("count: expected counter as a writeable array")
    count_up(p, by, counter)
