# How many threads a large kernel may use, and how often the process was forked up to here.

cdef extern from *:
    """
    CR_THREAD_LOCAL int own_thread_limit; /* of the thread that runs; 0: none; thread_state.pxi */
    """
    int own_thread_limit

cdef int thread_limit = 0   # set by the user; 0: no limit of our own
cdef int most_threads = 0   # of this process, whatever the limits; 0: not looked up yet
cdef int forks = 0          # up to this process
cdef unsigned long forking_thread = 0  # the only thread of the parent that lives on in this child


def _after_fork():
    global forks, forking_thread
    forks += 1
    forking_thread = PyThread_get_thread_ident()


os.register_at_fork(after_in_child=_after_fork)


cdef int container_quota():
    """The container's CPU quota (cgroup v2, then v1), rounded up; a large number if none."""
    for path, split in (("/sys/fs/cgroup/cpu.max", True),
                        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", False)):
        try:
            with open(path) as file:
                text = file.read().split()
            if split:
                granted, period = text
            else:
                granted = text[0]
                with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
                    period = file.read()
            if granted not in ("max", "-1"):
                return max(1, -(-int(granted) // int(period)))
        except (OSError, ValueError, IndexError):
            continue
    return 1 << 20


cdef int usable_cpus():
    """The CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


cdef int threads_of_openmp():
    """OMP_NUM_THREADS, or the first number if it is a list; 0 if there is none."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return min(int(first), 1 << 20) if first.isascii() and first.isdigit() else 0


cdef int cpus = usable_cpus()
cdef int wanted_threads = threads_of_openmp() or cpus


cdef int look_up_most_threads():
    """Sets how many threads there may be at most, and tells the team how many CPUs there are."""
    global most_threads
    cdef int quota = container_quota()
    cr_set_cpus(min(cpus, quota))
    most_threads = 1 if cr_native_threads() == b"none" else min(wanted_threads, quota)
    return most_threads


@cython.binding(True)
cpdef int get_num_threads():
    """Threads that large kernels use: the least of the limit set here (or by COREREG_NUM_THREADS),
    OMP_NUM_THREADS or, without it, the CPUs that this process may run on, the container's quota,
    and the limit of the thread that asks (`predict(num_threads=...)`).

    >>> corereg.set_num_threads(1)
    >>> corereg.get_num_threads()
    1
    """
    if own_thread_limit == 1:
        return 1
    cdef int most = most_threads or look_up_most_threads()
    if 0 < own_thread_limit < most:
        most = own_thread_limit
    return thread_limit if 0 < thread_limit < most else most


@cython.binding(True)
def set_num_threads(n):
    """Use at most n threads (0: no limit of our own). Results are the same to the bit for every
    number. ValueError for what is no integer >= 0.

    >>> corereg.set_num_threads(1)
    >>> corereg.get_num_threads()
    1
    """
    global thread_limit
    thread_limit = checked_limit("set_num_threads", n)


@cython.no_gc_clear
cdef class limited_threads:
    """``with limited_threads(1):`` what this thread runs inside uses at most so many threads (0: no
    limit of its own); the limit of others stays as it is. For one training a core."""
    cdef int limit, before
    cdef bint entered

    def __init__(self, n):
        self.limit = checked_limit("limited_threads", n)

    def __enter__(self):
        global own_thread_limit
        if self.entered:
            raise RuntimeError("limited_threads: expected an object that is not entered yet")
        self.before, own_thread_limit, self.entered = own_thread_limit, self.limit, True

    def __exit__(self, kind=None, error=None, traceback=None):
        self.leave()

    def __dealloc__(self):
        self.leave()

    cdef void leave(self) noexcept:
        global own_thread_limit
        if self.entered:
            own_thread_limit, self.entered = self.before, False


cdef int checked_limit(str who, n) except -1:
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 0 <= n < 1 << 20:
        raise ValueError(f"{who}: expected an integer >= 0 (0: no limit), received {n!r}")
    return n


if "COREREG_NUM_THREADS" in os.environ:
    try:
        set_num_threads(int(os.environ["COREREG_NUM_THREADS"]))
    except ValueError:
        raise ImportError(
            "corereg: expected COREREG_NUM_THREADS as an integer >= 0, received "
            f"{os.environ['COREREG_NUM_THREADS']!r}") from None
