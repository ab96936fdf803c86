# The lock of weights: one for all models that share some of them, and what a fork waits for.
#
# Models that have a layer in common must not train it in the middle of each other's reading. So
# each Parameter knows its lock, and `shared_lock` gives the parameters of a model one lock. Where
# they had several, one of these takes the place of the others: whoever comes after that enters it,
# and waits until the others, its forerunners, are left.

cdef unsigned long long fork_patience = 5000000000  # nanoseconds that a fork waits for steps

cdef PyObject *weights_locks = NULL  # the first of those that live, borrowed; each has the next
cdef int forks_under_way = 0
cdef unsigned long forker = 0        # the thread that forks, where forks_under_way


cdef class WeightsLock(ReadWriteLock):
    """A ReadWriteLock for weights, which `shared_lock` may put in the place of others. Nobody
    begins to write while the process is being forked. RuntimeError for who enters it in a child
    that was forked while another thread wrote, and did not end for five seconds."""
    cdef PyObject *previous    # lock that lives, borrowed, or NULL
    cdef PyObject *next        # likewise
    cdef WeightsLock heir      # that has taken this one's place, or None
    cdef list forerunners      # whose place this one has taken, while somebody may be in them
    cdef bint torn             # whether the weights in this child are those of half a step

    def __cinit__(self):
        global weights_locks
        self.forerunners = []
        self.next, self.previous = weights_locks, NULL
        if weights_locks != NULL:
            (<WeightsLock> weights_locks).previous = <PyObject *> self
        weights_locks = <PyObject *> self

    def __dealloc__(self):
        global weights_locks
        if self.previous != NULL:
            (<WeightsLock> self.previous).next = self.next
        else:
            weights_locks = self.next
        if self.next != NULL:
            (<WeightsLock> self.next).previous = self.previous

    @property
    def reads(self):
        """Whether this thread reads, but does not write, so that it must not wait to write."""
        cdef ReadWriteLock lock = self.root()
        cdef WeightsLock known
        cdef unsigned long thread = PyThread_get_thread_ident()
        for known in self.root().forerunners:
            if known.held_by(thread):
                lock = known
        return lock.reader(thread) != NULL and not (lock.depth and lock.writer == thread)

    cdef WeightsLock root(self):
        """The lock that is entered in place of this one: itself, unless it has an heir."""
        cdef WeightsLock lock = self
        while lock.heir is not None:
            lock = lock.heir
        return lock

    cdef int take_over(self, WeightsLock other) except -1:
        """Takes the place of another lock."""
        self.forerunners.append(other)
        self.forerunners.extend(other.forerunners)
        other.heir = self
        other.forerunners.clear()
        self.torn = self.torn or other.torn
        return 0

    cdef ReadWriteLock enter(self, unsigned long thread, bint writes):
        cdef WeightsLock lock, known
        if writes and forks_under_way:
            wait_for_forks(thread)
        while True:
            lock = self.root()
            for known in lock.forerunners:
                if known.held_by(thread):  # it must not wait for itself
                    return ReadWriteLock.enter(known, thread, writes)
            ReadWriteLock.enter(lock, thread, writes)
            try:
                if lock.torn:
                    raise RuntimeError(
                        "this process was forked while another thread was in a step of training, "
                        "so that the weights here are those of half a step; build the model anew "
                        "and load its weights from a file, or fork between two steps")
                lock.wait_for_forerunners(thread, writes)
            except BaseException:
                lock.release(thread, writes)
                raise
            if lock.heir is None:
                return lock
            lock.release(thread, writes)

    cdef void release(self, unsigned long thread, bint writes) noexcept:
        if writes:
            self.release_write()
        else:
            self.release_read(thread)

    cdef int wait_for_forerunners(self, unsigned long thread, bint writes) except -1:
        """Waits until no other thread is in a lock whose place this one has taken."""
        cdef int waits = 0
        cdef Py_ssize_t i
        cdef WeightsLock one
        cdef bint busy = len(self.forerunners) > 0
        while busy:
            busy = False
            for i in range(len(self.forerunners) - 1, -1, -1):
                one = self.forerunners[i]
                if one.held_by_other(thread, writes):
                    busy = True
                elif not one.depth and not one.reader_count:
                    del self.forerunners[i]
            if busy:
                waits = wait_a_moment(waits)
        return 0

    cdef void forget_lost_threads(self) noexcept:
        if self.forks != forks and self.depth and self.writer != forking_thread:
            self.torn = True
        ReadWriteLock.forget_lost_threads(self)


def shared_lock(list parameters not None, WeightsLock own=None):
    """The one lock of these parameters, which all of them have from now on. own: of a model that
    has them."""
    cdef WeightsLock fresh = WeightsLock()  # first: what follows must run no Python in between
    cdef WeightsLock found = None, one
    for p in parameters:
        one = p._weights_lock
        if one is not None:
            one = one.root()
            if found is None:
                found = one
            elif one is not found:
                found.take_over(one)
    if own is not None:
        own = own.root()
        if found is None:
            found = own
        elif own is not found:
            found.take_over(own)
    if found is None:
        found = fresh
    for p in parameters:
        if p._weights_lock is not found:
            p._weights_lock = found
    return found


# ---- forks ---------------------------------------------------------------------------------------

cdef bint written_by(unsigned long thread, bint others) noexcept:
    """Whether this thread, or with `others` another one, is writing any weights."""
    cdef PyObject *at = weights_locks
    cdef WeightsLock lock
    while at != NULL:
        lock = <WeightsLock> at
        if lock.depth and (lock.writer == thread) != others:
            return True
        at = lock.next
    return False


cdef int wait_for_forks(unsigned long thread) except -1:
    """Waits until nobody forks. Who forks, and who has begun to write, goes on."""
    cdef int waits = 0
    while forks_under_way and forker != thread and not written_by(thread, False):
        waits = wait_a_moment(waits)
    return 0


def set_fork_patience(double seconds):
    """How long a fork waits for steps of training that other threads are in; for tests."""
    global fork_patience
    fork_patience = <unsigned long long> (seconds * 1e9)


def _before_fork():
    """Lets no step of training begin, and waits for the end of those under way, for a while: so
    that a child has the weights of a finished step."""
    global forks_under_way, forker
    cdef unsigned long thread = PyThread_get_thread_ident()
    cdef unsigned long long began = perf_counter_ns()
    forks_under_way += 1
    forker = thread
    while written_by(thread, True) and perf_counter_ns() - began < fork_patience:
        with nogil:
            cr_sleep(100000)


def _after_fork_in_parent():
    global forks_under_way
    forks_under_way -= forks_under_way > 0


def _weights_after_fork():
    """In the child: what threads held that do not live on is let go."""
    global forks_under_way
    cdef PyObject *at = weights_locks
    cdef WeightsLock lock
    forks_under_way = 0
    while at != NULL:
        lock = <WeightsLock> at
        lock.forget_lost_threads()
        at = lock.next


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent,
                    after_in_child=_weights_after_fork)
