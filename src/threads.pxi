# How many threads a large kernel may use, and what is left of them after a fork.

cdef extern from *:
    """
    CR_THREAD_LOCAL int own_thread_limit; /* of the thread that runs; 0: none; thread_state.pxi */
    """
    int own_thread_limit

cdef int thread_limit = 0   # set by the user; 0: no limit of our own
cdef int quota = 0          # CPUs that the container grants; 0: not looked up yet
cdef int forks = 0          # up to this process: OpenMP's threads do not live on in a child
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


cpdef int get_num_threads():
    """Threads that large kernels use: the least of the limit set here (or by
    COREREG_NUM_THREADS), OpenMP's (OMP_NUM_THREADS, threadpoolctl), the CPUs that this process
    may run on, the container's quota, and the limit of the thread that asks
    (`predict(num_threads=...)`). 1 in a forked child.

    >>> corereg.set_num_threads(1)
    >>> corereg.get_num_threads()
    1
    """
    global quota
    if forks or own_thread_limit == 1:
        return 1
    if not quota:
        quota = container_quota()
    cdef int most = min(cr_available_threads(), quota)
    if 0 < own_thread_limit < most:
        most = own_thread_limit
    return thread_limit if 0 < thread_limit < most else most


def is_forked_child():
    """Whether this process was forked by another one that had imported corereg."""
    return forks > 0


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
