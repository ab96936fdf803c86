# The recorder: a thread's kernel calls, kept with what memory each reads and writes.

# A program of less work than this, in nanoseconds as its wrappers estimate it for one thread, is
# run by one thread unless told otherwise.
cdef double MIN_THREADED_PROGRAM = 100000.0
PROGRAM_WORTH_THREADS = MIN_THREADED_PROGRAM  # for Python

ctypedef struct memory_range:   # that a call reads or writes
    const char *begin
    const char *end
    bint writes
    bint own_rows               # each share keeps to its own rows of it

ctypedef struct recorded_call:  # of a kernel
    cr_kernel kernel
    void *args                  # an own copy of the argument struct
    size_t args_bytes
    int id                      # of enum cr_kernel_id
    bint absorbed               # another call does its work, see fusion.pxi
    double nanoseconds          # of work for one thread, a guess; 0: one share, rank 0's
    ptrdiff_t rows              # that its shares are cut from; 0: they are not rows
    Py_ssize_t first_range, range_count
    const int64_t *skip         # the call is left out where this is not 0; NULL: never


ctypedef struct memory_bounds:   # of an array of any layout
    const char *begin
    const char *end


cdef memory_bounds bounds_of(array a) noexcept:
    """From where to where the elements of an array lie."""
    cdef memory_bounds found
    cdef int axis
    cdef ptrdiff_t reach
    found.begin = found.end = <const char *> data_ptr(a)
    if cnp.PyArray_SIZE(a) == 0:
        return found
    for axis in range(cnp.PyArray_NDIM(a)):
        reach = (cnp.PyArray_DIM(a, axis) - 1) * cnp.PyArray_STRIDE(a, axis)
        if reach > 0:
            found.end += reach
        else:
            found.begin += reach
    found.end += cnp.PyArray_ITEMSIZE(a)
    return found


cdef inline Program listening():
    """The program that records this thread's kernel calls, or None."""
    cdef _ThreadState state = thread_state()
    return None if state.recorder == NULL else <Program> state.recorder


@cython.no_gc_clear  # what is in here is in lists, which the garbage collector may clear
cdef class Program:
    """A recorded list of kernel calls.

    ``with program:`` records what this thread calls inside (the calls run as well), and
    ``program.replay(n)`` runs the list n times over, on the same memory, without the GIL. What
    must change from one run to the next is read from memory: counters advance by `increment`.
    ``fault`` tells why a recording cannot be replayed, or is None; with strict=True what cannot
    be replayed raises RuntimeError at once. With run=False the calls are kept, but not run.
    """
    cdef recorded_call *calls
    cdef Py_ssize_t call_count, call_room
    cdef memory_range *ranges           # of all calls, one after the other
    cdef Py_ssize_t range_count, range_room
    cdef cr_instruction *instructions   # as replayed, see schedule.pxi; NULL: not made yet
    cdef Py_ssize_t instruction_count
    cdef ptrdiff_t team                 # threads that the instructions are arranged for
    cdef bint fused                     # whether neighbours have been merged, see fusion.pxi
    cdef Py_ssize_t setup               # calls at its beginning that read weights alone
    cdef bint strict, run
    cdef readonly object fault          # why it cannot be replayed, or None
    cdef readonly object culprit        # the part to blame for that, or None
    cdef readonly list dependencies     # what `track_dependency` named
    cdef readonly list unproven         # parts of which nobody says whether they may be recorded
    cdef list operands                  # of each call, the objects that it points into
    cdef list instruction_names         # of the kernels as replayed
    cdef list out_of_range              # flags that look-ups put up, see indexed_copy
    cdef list kept                      # other objects that calls point into
    cdef list witnesses                 # (array, its bytes when it was read), of what Python made
    cdef public str op                  # the op whose NumPy functions are recorded now
    cdef _ThreadState recording          # of the thread that is recorded now, or None
    cdef CacheLines memory

    def __cinit__(self, bint strict=False, bint run=True):
        self.strict, self.run = strict, run
        self.memory = CacheLines()
        self.operands, self.dependencies, self.instruction_names = [], [], []
        self.unproven = []
        self.out_of_range, self.witnesses, self.kept = [], [], []

    def __dealloc__(self):
        cdef Py_ssize_t i
        self.stop()
        for i in range(self.call_count):
            PyMem_Free(self.calls[i].args)
        PyMem_Free(self.calls)
        PyMem_Free(self.ranges)
        PyMem_Free(self.instructions)

    def __len__(self):
        return self.call_count

    def __enter__(self):
        cdef _ThreadState state = thread_state()
        if state.recorder != NULL:
            raise RuntimeError("Program: another recording is under way in this thread")
        if self.call_count or self.recording is not None:
            raise RuntimeError("Program: this program is recorded already")
        self.memory.__enter__()
        self.recording, state.recorder = state, <PyObject *> self
        return self

    def __exit__(self, kind=None, error=None, traceback=None):
        self.stop()
        self.memory.__exit__()
        if kind is not None:
            self.fault = f"{kind.__name__} while recording"

    cdef void stop(self) noexcept:
        """Ends the recording, if one is under way."""
        if self.recording is not None:
            self.recording.recorder = NULL
            self.recording = None

    cdef int add(self, int kernel_id, cr_kernel kernel, const void *args, size_t bytes,
                 double nanoseconds, ptrdiff_t rows, const char *access, tuple operands) except -1:
        """Keeps a call; see `launch` for the arguments."""
        cdef Py_ssize_t i
        cdef void *kept
        cdef recorded_call *grown
        if self.call_count == self.call_room:
            grown = <recorded_call *> PyMem_Realloc(
                self.calls, (2 * self.call_room + 16) * sizeof(recorded_call))
            if grown == NULL:
                raise MemoryError("Program: no memory for another call")
            self.calls = grown
            self.call_room = 2 * self.call_room + 16
        kept = PyMem_Malloc(bytes)
        if kept == NULL:
            raise MemoryError("Program: no memory for another call")
        memcpy(kept, args, bytes)
        self.calls[self.call_count] = recorded_call(
            kernel, kept, bytes, kernel_id, False, nanoseconds, rows, self.range_count, 0, NULL)
        self.call_count += 1
        for i in range(len(operands)):
            self.add_ranges(access[i], operands[i])
        self.calls[self.call_count - 1].range_count = (
            self.range_count - self.calls[self.call_count - 1].first_range)
        self.operands.append(operands)
        return 0

    cdef int skip_last(self, array skip) except -1:
        """Lets the call that was added last be left out where skip[0] is not 0."""
        cdef recorded_call *call = self.calls + self.call_count - 1
        self.add_ranges(b"r", skip)
        call.range_count += 1
        call.skip = <const int64_t *> data_ptr(skip)
        self.operands[self.call_count - 1] += (skip,)
        return 0

    cdef memory_range *new_range(self) except NULL:
        """The place of another range, behind the last one."""
        cdef memory_range *grown
        if self.range_count == self.range_room:
            grown = <memory_range *> PyMem_Realloc(
                self.ranges, (2 * self.range_room + 64) * sizeof(memory_range))
            if grown == NULL:
                raise MemoryError("Program: no memory for another call")
            self.ranges = grown
            self.range_room = 2 * self.range_room + 64
        self.range_count += 1
        return self.ranges + self.range_count - 1

    cdef int add_ranges(self, char mode, object operand) except -1:
        """The memory of an array, or of what else a kernel points into. mode: r reads, w writes;
        R and W keep to the share's own rows; s is an update of segments, g a look at them."""
        cdef memory_range *range_
        cdef Segments segments
        cdef memory_bounds bounds
        if operand is None:
            return 0
        if isinstance(operand, Segments):
            segments = operand
            for i in range(segments.count):
                self.add_ranges(b"w" if mode == b"s" else b"r", segments.weights[i])
                for slot in segments.slots[i]:
                    self.add_ranges(b"w" if mode == b"s" else b"r", slot)
            return 0
        if isinstance(operand, Gradients):
            (<Gradients> operand).kept = True
            for gradient in (<Gradients> operand).arrays:
                self.add_ranges(mode, gradient)
            return 0
        range_ = self.new_range()
        if isinstance(operand, Hyper):
            range_.begin = <const char *> &(<Hyper> operand).c
            range_.end = range_.begin + sizeof(cr_hyper)
        else:
            bounds = bounds_of(<array> operand)
            range_.begin, range_.end = bounds.begin, bounds.end
        range_.writes = mode == b"w" or mode == b"W"
        range_.own_rows = mode == b"W" or mode == b"R"
        return 0

    def joined(self, Program other not None):
        """A new program: the calls of this one, then those of the other."""
        cdef Program made = Program()
        made.append_calls(self)
        made.append_calls(other)
        return made

    cdef int append_calls(self, Program other) except -1:
        """Adds the calls of another program, neighbours merged."""
        cdef Py_ssize_t i
        fuse(other)  # while nobody else refers to its arrays
        for i in range(other.call_count):
            if not other.calls[i].absorbed:
                self.append_call(other, i)
        return self.take_rest(other)

    cdef int append_call(self, Program other, Py_ssize_t i) except -1:
        """Adds the i-th call of another program."""
        cdef Py_ssize_t k, first = self.range_count
        cdef recorded_call *call = other.calls + i
        self.add(call.id, call.kernel, call.args, call.args_bytes, call.nanoseconds, call.rows,
                 b"", ())
        for k in range(call.range_count):
            self.new_range()[0] = other.ranges[call.first_range + k]
        self.calls[self.call_count - 1].range_count = self.range_count - first
        self.calls[self.call_count - 1].skip = call.skip
        self.operands[self.call_count - 1] = other.operands[i]
        return 0

    cdef int take_rest(self, Program other) except -1:
        """Takes over, beside its calls, what else is known of another program."""
        self.fault = self.fault or other.fault
        self.out_of_range += other.out_of_range
        self.kept += other.kept
        return 0

    def products(self):
        """A list of (number of the call, M, w) for the products x w of M rows for which
        `with_sparse_products` may use sparse kernels."""
        cdef Py_ssize_t i
        cdef cr_dense_forward_args *d
        found = []
        fuse(self)
        for i in range(self.call_count):
            d = <cr_dense_forward_args *> self.calls[i].args
            if (self.calls[i].id == CR_dense_forward and not self.calls[i].absorbed
                    and fits_sparse(d)):
                found.append((i, d.M, self.operands[i][2]))
        return found

    def with_sparse_products(self, numbers not None):
        """A program that does the same, with sparse kernels for the products of these numbers. It
        begins with `setup` calls that read weights alone."""
        cdef Py_ssize_t i
        cdef Program made = Program()
        cdef dict products = {i: SparseProduct(self, i) for i in numbers}
        for product in products.values():
            (<SparseProduct> product).add_packing(made)
        made.setup = len(products)
        for i in range(self.call_count):
            if i in products:
                (<SparseProduct> products[i]).add_product(made)
            elif not self.calls[i].absorbed:
                made.append_call(self, i)
        made.take_rest(self)
        return made

    def with_rounded_weights(self, tuple inputs not None):
        """A program that does the same; it begins with those calls that round what no call writes
        and shares no memory with `inputs`: weights, which stay as they are for many forward passes.
        They count as `setup`. This program, if there are none."""
        cdef Py_ssize_t i
        cdef Program made
        cdef list first = [], rest = []
        fuse(self)
        for i in range(self.call_count):
            if self.calls[i].absorbed:
                continue
            rounded_ = self.operands[i][1] if self.calls[i].id == CR_round_operand else None
            constant = rounded_ is not None and not self.writes(rounded_) and not any(
                np.may_share_memory(rounded_, one) for one in inputs)
            (first if i < self.setup or constant else rest).append(i)
        if len(first) == self.setup:
            return self
        made = Program()
        for i in first + rest:
            made.append_call(self, i)
        made.setup = len(first)
        made.take_rest(self)
        return made

    def time_products(self, numbers not None, Py_ssize_t times):
        """How long one thread takes for each of these products, and then by sparse kernels: a list
        of pairs of nanoseconds, each the least of some runs by turns. Outputs are written."""
        cdef Py_ssize_t i, k, n
        cdef int64_t began
        cdef Program made
        cdef SparseProduct product
        found = []
        for i in numbers:
            made, product = Program(), SparseProduct(self, i)
            made.append_call(self, i)
            product.add_packing(made)
            product.add_product(made)
            least = [INFINITY, INFINITY]
            for n in range(times):
                for k in range(2):
                    began = perf_counter_ns()
                    with nogil:
                        if k:
                            cr_run(made.calls[1].kernel, made.calls[1].args, 1)
                        cr_run(made.calls[2 * k].kernel, made.calls[2 * k].args, 1)
                    least[k] = min(least[k], perf_counter_ns() - began)
            found.append(tuple(least))
        return found

    def writes(self, array a not None):
        """Whether a call writes to memory of this array."""
        cdef Py_ssize_t i
        cdef memory_bounds bounds = bounds_of(a)
        for i in range(self.range_count):
            if (self.ranges[i].writes and self.ranges[i].begin < bounds.end
                    and bounds.begin < self.ranges[i].end):
                return True
        return False

    def states(self):
        """A list of (kernel, array): what is read before a call writes it, and is written: it has
        to last from one run to the next."""
        cdef Py_ssize_t i, k, first
        cdef memory_bounds bounds
        cdef memory_range *r
        cdef bint begun
        found = []
        for i in range(self.call_count):
            first = self.calls[i].first_range
            for operand in self.operands[i]:
                if not isinstance(operand, cnp.ndarray) or not self.writes(operand):
                    continue
                bounds = bounds_of(<array> operand)
                begun = reads = False
                for k in range(first + self.calls[i].range_count):
                    r = self.ranges + k
                    if r.begin < bounds.end and bounds.begin < r.end:
                        begun = begun or r.writes and k < first
                        reads = reads or not r.writes and k >= first
                if reads and not begun:
                    found.append((cr_kernel_name(self.calls[i].id).decode(), operand))
        return found

    def witness(self, array a not None):
        """Remembers what Python made of an array that was read; see `altered`."""
        self.witnesses.append((a, a.tobytes()))

    def altered(self):
        """The arrays of Python that were read and have changed since, in the recording."""
        return [a for a, before in self.witnesses if a.tobytes() != before]

    def constants(self):
        """A list of (kernel, array): what the calls read and none of them writes."""
        found = []
        for name, operands in zip(self.kernel_names, self.operands):
            for operand in operands:
                if isinstance(operand, cnp.ndarray) and not self.writes(operand):
                    found.append((name, operand))
        return found

    @property
    def kernel_names(self):
        """The kernels called, in order."""
        return [cr_kernel_name(self.calls[i].id).decode() for i in range(self.call_count)]

    @property
    def work(self):
        """Nanoseconds that one run may take one thread, a guess."""
        return self.estimate()

    cdef double estimate(self) noexcept:
        cdef Py_ssize_t i
        cdef double nanoseconds = 0
        for i in range(self.call_count):
            nanoseconds += self.calls[i].nanoseconds
        return nanoseconds

    cdef int prepare(self, str who, ptrdiff_t threads) except -1:
        """Checks that the program can be replayed, and arranges its instructions for so many
        threads (0: as the work asks for) if they are not yet."""
        if self.fault is not None:
            raise RuntimeError(f"{who}: this recording cannot be replayed: {self.fault}")
        if thread_state().recorder != NULL:
            raise RuntimeError(f"{who}: a recording is under way in this thread")
        if threads < 0 or threads > get_num_threads():
            raise ValueError(f"{who}: expected threads from 0 to {get_num_threads()}, received "
                             f"{threads}")
        if self.instructions == NULL or 0 < threads != self.team or self.team > get_num_threads():
            arrange(self, threads or team_for(self.estimate()))
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
        cdef cr_instruction *one
        self.prepare("Program.profile", 0)
        spent = [0] * self.instruction_count
        for n in range(times):
            for i in range(self.instruction_count):
                one = self.instructions + i
                began = perf_counter_ns()
                cr_run(one.kernel, one.args, one.size)
                spent[i] += perf_counter_ns() - began
        return [(self.instruction_names[i], self.instructions[i].size,
                 bool(self.instructions[i].needs_barrier), spent[i] / max(times, 1))
                for i in range(self.instruction_count)]


cpdef Program tracing():
    """The program that keeps what NumPy does in this thread's ops, or None: none is recorded, or it
    is faulty already."""
    cdef Program listener = listening()
    return None if listener is None or listener.fault is not None else listener


cpdef fail_recording(str reason, part=None):
    """Says that what runs now cannot be replayed: marks the recording of this thread, if there is
    one, and raises RuntimeError if it is strict. part: who is to blame."""
    cdef Program listener = listening()
    if listener is not None:
        if listener.fault is None:
            listener.fault, listener.culprit = reason, part
        if listener.strict:
            raise RuntimeError(f"cannot be recorded: {reason}")


cdef class recording_paused:
    """What this thread calls inside is not recorded: ``with recording_paused(): ...``"""
    cdef Program paused     # None: nothing is recorded, or not entered
    cdef _ThreadState state

    def __enter__(self):
        self.state, self.paused = thread_state(), listening()
        self.state.recorder = NULL

    def __exit__(self, kind=None, error=None, traceback=None):
        self.resume()

    def __dealloc__(self):
        self.resume()

    cdef void resume(self) noexcept:
        if self.paused is not None and self.paused.recording is self.state:
            self.state.recorder = <PyObject *> self.paused
        self.paused = None


@cython.no_gc_clear
cdef class skipping:
    """``with skipping(flag): ...``: kernels that this thread calls inside are left out where
    flag[0], int64, is not 0; replays of what is recorded look anew each time."""
    cdef array flag
    cdef _ThreadState state  # where it has been entered, or None

    def __init__(self, flag not None):
        counter_ptr(flag, "skipping", "flag")
        self.flag = flag

    def __enter__(self):
        cdef _ThreadState state = thread_state()
        if state.skip != NULL:
            raise RuntimeError("skipping: entered already in this thread")
        self.state, state.skip = state, <PyObject *> self.flag

    def __exit__(self, kind=None, error=None, traceback=None):
        self.leave()

    def __dealloc__(self):
        self.leave()

    cdef void leave(self) noexcept:
        if self.state is not None:
            self.state.skip = NULL
            self.state = None


def is_skipped():
    """Whether kernels that this thread calls now are left out: for steps in Python."""
    cdef _ThreadState state = thread_state()
    return state.skip != NULL and counter_ptr(<array> state.skip, "is_skipped", "flag")[0] != 0


cpdef track_dependency(part):
    """Tells whoever records this thread that the attributes of `part` decide what runs now."""
    cdef Program listener = listening()
    if listener is not None:
        for known in listener.dependencies:
            if part is known:
                return
        listener.dependencies.append(part)


def track_part(part):
    """As track_dependency, for a layer, a loss or another part whose code runs now. If its class
    does not say whether it may be recorded, it is put to the proof: the recording is made twice and
    compared (see corereg.runtime.capture). If that proves nothing, the recording fails. (Strict
    recordings are compared always.)"""
    cdef Program listener = listening()
    if listener is not None:
        track_dependency(part)
        if not listener.strict and not declares_recordable(part):
            if needs_proof(part):
                listener.unproven.append(part)
            else:
                who = getattr(part, "who", None) or getattr(part, "__name__", None)
                fail_recording(f"{who or type(part).__name__} is not known to be recordable", part)
