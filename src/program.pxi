# The recorder: kernel calls kept as instructions, and their replay without Python.

cdef dict recorders = {}  # by thread: who listens to its launches


cdef inline Program listening():
    """The program that records this thread's launches, or None."""
    return recorders.get(PyThread_get_thread_ident()) if recorders else None


# A program of less work than this (in nanoseconds, estimated) is run by one thread, unless told
# otherwise.
cdef double PROGRAM_WORTH = 100000.0
PROGRAM_WORTH_THREADS = PROGRAM_WORTH  # for Python

ctypedef struct area:  # memory that an instruction reads or writes
    const char *begin
    const char *end
    bint writes, own_rows

ctypedef struct step:  # a recorded kernel call
    cr_kernel kernel
    void *args
    size_t bytes           # of args
    int id
    bint gone              # done by another one, see fusion.pxi
    double nanoseconds     # 0: one share, rank 0's
    ptrdiff_t rows         # that its shares are cut from, if they are rows
    Py_ssize_t first, areas


cdef class Program:
    """A recorded list of kernel calls.

    ``with program:`` records what this thread launches inside (the calls run as well), and
    ``program.replay(n)`` runs the list n times over, on the same memory, without the GIL. What
    must change from one run to the next is read from memory: counters advance by `count_up`.
    ``fault`` tells why a recording cannot be replayed, or is None; with strict=True what cannot
    be replayed raises RuntimeError at once. With run=False the calls are kept, but not run.
    """
    cdef step *steps            # as recorded
    cdef area *areas
    cdef cr_instruction *list   # as replayed; made by the first replay
    cdef Py_ssize_t count, room, area_count, area_room
    cdef Py_ssize_t live        # instructions of the list: those that are not gone
    cdef ptrdiff_t size
    cdef bint fused
    cdef unsigned long thread
    cdef readonly object fault, culprit  # why it cannot be replayed, and who is to blame
    cdef bint strict, run
    cdef CacheLines memory
    cdef list held             # what each instruction points into
    cdef readonly list dependencies  # what `track_dependency` named
    cdef list names            # of the kernels as replayed

    def __cinit__(self, bint strict=False, bint run=True):
        self.strict, self.run = strict, run
        self.memory = CacheLines()
        self.steps = NULL
        self.areas = NULL
        self.list = NULL
        self.count = self.live = self.room = self.area_count = self.area_room = 0
        self.fused = False
        self.held = []
        self.dependencies = []
        self.names = []
        self.fault = self.culprit = None

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            PyMem_Free(self.steps[i].args)
        PyMem_Free(self.steps)
        PyMem_Free(self.areas)
        PyMem_Free(self.list)

    def __len__(self):
        return self.count

    def __enter__(self):
        if listening() is not None:
            raise RuntimeError("Program: another recording is under way in this thread")
        if self.count:
            raise RuntimeError("Program: this program is recorded already")
        self.thread = PyThread_get_thread_ident()
        recorders[self.thread] = self
        self.memory.__enter__()
        return self

    def __exit__(self, *error):
        del recorders[self.thread]
        self.memory.__exit__()
        if error[0] is not None:
            self.fault = f"{error[0].__name__} while recording"

    cdef int add(self, int kernel_id, cr_kernel kernel, const void *args, size_t bytes,
                 double nanoseconds, ptrdiff_t rows, const char *access, tuple held) except -1:
        cdef void *kept
        cdef step *grown
        if self.count == self.room:
            grown = <step *> PyMem_Realloc(self.steps, (2 * self.room + 16) * sizeof(step))
            if grown == NULL:
                raise MemoryError("Program: no memory for another instruction")
            self.steps = grown
            self.room = 2 * self.room + 16
        kept = PyMem_Malloc(bytes)
        if kept == NULL:
            raise MemoryError("Program: no memory for another instruction")
        memcpy(kept, args, bytes)
        self.steps[self.count] = step(kernel, kept, bytes, kernel_id, False, nanoseconds, rows,
                                      self.area_count, 0)
        self.count += 1
        for i in range(len(held)):
            self.note(access[i], held[i])
        self.steps[self.count - 1].areas = self.area_count - self.steps[self.count - 1].first
        self.held.append(held)
        return 0

    cdef int room_for_area(self) except -1:
        cdef area *grown
        if self.area_count == self.area_room:
            grown = <area *> PyMem_Realloc(self.areas, (2 * self.area_room + 64) * sizeof(area))
            if grown == NULL:
                raise MemoryError("Program: no memory for another instruction")
            self.areas = grown
            self.area_room = 2 * self.area_room + 64
        return 0

    cdef int note(self, char mode, object what) except -1:
        """The memory of an array, or of what else a kernel points into. mode: r reads, w writes;
        R and W keep to the rank's own rows; s is an update of segments, g a look at them."""
        cdef area *a
        cdef Segments segments
        if what is None:
            return 0
        if isinstance(what, Segments):
            segments = what
            for i in range(segments.count):
                self.note(b"w" if mode == b"s" else b"r", segments.weights[i])
                for slot in segments.slots[i]:
                    self.note(b"w" if mode == b"s" else b"r", slot)
            return 0
        if isinstance(what, Gradients):
            (<Gradients> what).kept = True
            for gradient in (<Gradients> what).arrays:
                self.note(mode, gradient)
            return 0
        self.room_for_area()
        a = self.areas + self.area_count
        if isinstance(what, Hyper):
            a.begin = <const char *> &(<Hyper> what).c
            a.end = a.begin + sizeof(cr_hyper)
        else:
            a.begin = <const char *> data_ptr(<array> what)
            a.end = a.begin + cnp.PyArray_NBYTES(<array> what)
        a.writes = mode == b"w" or mode == b"W"
        a.own_rows = mode == b"W" or mode == b"R"
        self.area_count += 1
        return 0

    def joined(self, Program other not None):
        """A new program: the calls of this one, then those of the other."""
        cdef Program made = Program()
        made.take_over(self)
        made.take_over(other)
        return made

    cdef int take_over(self, Program other) except -1:
        """Adds the calls of another program, as they are there by now."""
        cdef Py_ssize_t i, j, first
        cdef step *s
        other.fuse()  # while nobody else refers to its arrays
        for i in range(other.count):
            s = other.steps + i
            if s.gone:
                continue
            first = self.area_count
            self.add(s.id, s.kernel, s.args, s.bytes, s.nanoseconds, s.rows, b"", ())
            for j in range(s.areas):
                self.room_for_area()
                self.areas[self.area_count] = other.areas[s.first + j]
                self.area_count += 1
            self.steps[self.count - 1].areas = self.area_count - first
            self.held[self.count - 1] = other.held[i]
        self.fault = self.fault or other.fault
        return 0

    cdef bint written(self, const char *begin, const char *end) noexcept:
        cdef Py_ssize_t i
        for i in range(self.area_count):
            if (self.areas[i].writes and self.areas[i].begin < end
                    and begin < self.areas[i].end):
                return True
        return False

    def writes(self, array a not None):
        """Whether a call writes to memory of this array."""
        cdef const char *begin = <const char *> data_ptr(a)
        return self.written(begin, begin + cnp.PyArray_NBYTES(a))

    def constants(self):
        """A list of (kernel, array): what the calls read and none of them writes."""
        found = []
        for name, held in zip(self.kernel_names, self.held):
            for what in held:
                if isinstance(what, cnp.ndarray) and not self.writes(what):
                    found.append((name, what))
        return found

    @property
    def kernel_names(self):
        """The kernels called, in order."""
        return [cr_kernel_name(self.steps[i].id).decode() for i in range(self.count)]

    cdef bint clash(self, Py_ssize_t i, Py_ssize_t j, bint across) noexcept:
        """Whether instruction j must wait for i; across: only if it must for another rank's part
        of it."""
        cdef step *p = self.steps + i
        cdef step *q = self.steps + j
        cdef area *a
        cdef area *b
        cdef Py_ssize_t m, n
        if across and p.nanoseconds == 0 and q.nanoseconds == 0:
            return False  # both are rank 0's
        for m in range(p.areas):
            a = self.areas + p.first + m
            for n in range(q.areas):
                b = self.areas + q.first + n
                if ((a.writes or b.writes) and a.begin < b.end and b.begin < a.end
                        and not (across and a.own_rows and b.own_rows and p.rows == q.rows)):
                    return True
        return False

    cdef int fuse(self) except -1:
        if not self.fused:
            fuse(self)
            self.fused = True
        return 0

    cdef int arrange(self, ptrdiff_t size) except -1:
        """Makes the instruction list for a team: phases of instructions that need not wait for
        another rank, each with a barrier before it. An instruction moves up to the first phase
        where all that it must wait for has been done."""
        cdef Py_ssize_t i, j, k, done = 0, live = 0, begun, last = 0
        cdef bint free
        cdef char *issued
        cdef Py_ssize_t *order
        PyMem_Free(self.list)
        self.list = <cr_instruction *> PyMem_Malloc(max(self.count, 1) * sizeof(cr_instruction))
        order = <Py_ssize_t *> PyMem_Malloc(max(self.count, 1) * sizeof(Py_ssize_t))
        issued = <char *> PyMem_Malloc(max(self.count, 1))
        if self.list == NULL or order == NULL or issued == NULL:
            PyMem_Free(order)
            PyMem_Free(issued)
            raise MemoryError("Program: no memory for the instructions")
        self.fuse()
        for i in range(self.count):
            issued[i] = self.steps[i].gone
            live += not issued[i]
        while done < live:
            begun = last = done
            for i in range(self.count):
                free = not issued[i]
                for j in range(i if free and size > 1 else 0):
                    if not issued[j] and self.clash(j, i, False):
                        free = False  # something before it is put off
                        break
                for k in range(begun, done if free and size > 1 else 0):
                    if self.clash(order[k], i, True):
                        free = False
                        break
                if free:
                    order[done] = i
                    issued[i] = 1
                    self.list[done] = cr_instruction(
                        self.steps[i].kernel, self.steps[i].args,
                        1 if self.steps[i].nanoseconds == 0 else size, done == begun)
                    done += 1
        if live:  # from the end of one run to the beginning of the next
            self.list[0].needs_barrier = False
            for i in range(last, live):
                for j in range(live):
                    if j and self.list[j].needs_barrier:
                        break
                    if self.clash(order[i], order[j], True):
                        self.list[0].needs_barrier = size > 1
        self.names = [cr_kernel_name(self.steps[order[i]].id).decode() for i in range(live)]
        self.live, self.size = live, size
        PyMem_Free(order)
        PyMem_Free(issued)
        return 0

    @property
    def work(self):
        """Nanoseconds that one run may take one thread, a guess."""
        cdef Py_ssize_t i
        cdef double work = 0
        for i in range(self.count):
            work += self.steps[i].nanoseconds
        return work

    cdef int ready(self, str who, ptrdiff_t threads) except -1:
        if self.fault is not None:
            raise RuntimeError(f"{who}: this recording cannot be replayed: {self.fault}")
        if listening() is not None:
            raise RuntimeError(f"{who}: a recording is under way in this thread")
        if threads < 0 or threads > get_num_threads():
            raise ValueError(f"{who}: expected threads from 0 to {get_num_threads()}, received "
                             f"{threads}")
        if self.list == NULL or 0 < threads != self.size or self.size > get_num_threads():
            self.arrange(threads or (get_num_threads() if self.work >= PROGRAM_WORTH else 1))
        return 0

    def replay(self, Py_ssize_t times, Py_ssize_t threads=0):
        """Runs the whole list `times` times, on `threads` threads (0: as the work asks for); their
        number does not change the results. RuntimeError if the recording has a fault."""
        replay([(self, 1)], times, threads)

    def profile(self, Py_ssize_t times):
        """Replays one instruction at a time, and returns a list of (kernel, shares, whether all
        ranks wait at a barrier before it, mean nanoseconds)."""
        cdef Py_ssize_t i, n
        cdef int64_t began
        self.ready("Program.profile", 0)
        spent = [0] * self.live
        for n in range(times):
            for i in range(self.live):
                began = perf_counter_ns()
                cr_run(self.list[i].kernel, self.list[i].args, self.list[i].size)
                spent[i] += perf_counter_ns() - began
        return [(self.names[i], self.list[i].size, bool(self.list[i].needs_barrier),
                 spent[i] / max(times, 1)) for i in range(self.live)]


def replay(list sections not None, Py_ssize_t times, Py_ssize_t threads=0):
    """Runs a list of (program, how often) `times` times over; threads as for Program.replay, with
    0: as the program of the most work asks for."""
    cdef Py_ssize_t i, often
    cdef Py_ssize_t count = len(sections)
    cdef Program program
    cdef cr_section *table
    if not threads and count > 1:
        most = max(part.work for part, _ in sections)
        threads = get_num_threads() if most >= PROGRAM_WORTH else 1
    table = <cr_section *> PyMem_Malloc(max(count, 1) * sizeof(cr_section))
    if table == NULL:
        raise MemoryError("replay: no memory for a table of programs")
    try:
        for i in range(count):
            program, often = sections[i]
            program.ready("replay", threads)
            table[i] = cr_section(program.list, program.live, often)
        if count:
            with nogil:
                cr_replay(table, count, times, program.size)
    finally:
        PyMem_Free(table)


cdef fail_listening_recording(str reason, part=None):
    """Marks the recording of this thread, if there is one, as not to be replayed, and `part` as
    the one to blame; raises RuntimeError at once if the recording is strict."""
    cdef Program listener = listening()
    if listener is not None:
        if listener.fault is None:
            listener.fault, listener.culprit = reason, part
        if listener.strict:
            raise RuntimeError(f"cannot be recorded: {reason}")


def fail_recording(str reason, part=None):
    """Says that what runs now cannot be replayed, if it is being recorded; part: who is to
    blame."""
    if recorders:
        fail_listening_recording(reason, part)


def track_dependency(part):
    """Tells whoever records this thread that the attributes of `part` decide what runs now."""
    cdef Program listener
    if recorders:
        listener = listening()
        if listener is not None and not any(part is known for known in listener.dependencies):
            listener.dependencies.append(part)


def track_part(part):
    """As track_dependency, for a layer, a loss or another part whose code runs now: unless its
    class says that it may be recorded, the recording fails. (Strict recordings run twice and are
    compared, so that they need nobody's word.)"""
    cdef Program listener
    if recorders:
        listener = listening()
        if listener is not None:
            track_dependency(part)
            if not listener.strict and not declares_recordable(part):
                who = getattr(part, "who", None) or getattr(part, "__name__", None)
                fail_listening_recording(
                    f"{who or type(part).__name__} is not known to be recordable", part)


cdef bint alike(a, b):
    """Whether kernels can add these: float arrays of one dtype and shape. If not and somebody
    records, that is spoilt."""
    cdef array x, y
    if isinstance(a, cnp.ndarray) and isinstance(b, cnp.ndarray):
        x, y = a, b
        if (cnp.PyArray_TYPE(x) == cnp.PyArray_TYPE(y)
                and cnp.PyArray_TYPE(x) in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
                and cnp.PyArray_SAMESHAPE(x, y)
                and cnp.PyArray_ISCARRAY_RO(x) and cnp.PyArray_ISCARRAY_RO(y)):
            return True
    fail_listening_recording("arrays of different dtypes, shapes or layouts are added in Python")
    return False


cdef inline array one_like(array a):
    return number(1, cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT64)


def sum_of(a, b):
    """a + b, as NumPy has it; where somebody records, by kernels if they can."""
    if not recorders or listening() is None or not alike(a, b):
        return a + b
    out = scale(a, one_like(a))
    add_into(out, b)
    return out


cpdef add_into(y, x):
    """y += x, by a kernel if it can: for few numbers that takes an eighth of NumPy's time."""
    if alike(y, x):
        mapped(CR_add, x, None, y, "add", 0.1)
    else:
        y += x


def copy_into(y, x):
    """y[...] = x; where somebody records, by kernels if they can."""
    if recorders and listening() is not None and alike(y, x):
        scale(x, one_like(x), y)
    else:
        y[...] = x
