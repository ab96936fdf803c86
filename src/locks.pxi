# Locks: who may read a model's weights, who may change them, who trains it.
#
# They are entered by `with` alone, through guards: small objects made for one `with` statement
# each. thread_state.pxi says why no interrupt can tear that. What a lock knows changes under the
# GIL, in code that runs no Python between two halves of a change. Waiting threads sleep a moment
# without the GIL, look at signals (whose handlers may raise, once the lock is put back as it was),
# and look again: a lock then never depends on a thread that a fork has left behind.

from cpython.exc cimport PyErr_CheckSignals

cdef extern from "team.h":
    void cr_sleep(long nanoseconds) nogil

cdef int SHORT_WAITS = 5000  # of a tenth of a millisecond each; later ones take a millisecond


cdef int wait_a_moment(int waits) except -1:
    """Sleeps without the GIL, then runs the handlers of signals that have come. waits: how often
    the caller has waited so far; returns one more, as far as that matters."""
    with nogil:
        cr_sleep(100000 if waits < SHORT_WAITS else 1000000)
    PyErr_CheckSignals()
    return waits + (waits < SHORT_WAITS)


cdef struct lock_reader:  # a thread that reads, and how often it has entered
    unsigned long thread
    int entered


cdef class ReadWriteLock:
    """A lock with many readers or one writer.

    ``with lock.reading:`` many threads may read at once; ``with lock.writing:`` for one thread that
    writes. Who writes may enter again, to write or to read; who reads may read again; who reads
    and then wants to write would wait for itself, which raises RuntimeError. A writer that comes
    back again and again lets in between the readers that had to wait, and another writer.
    """
    cdef readonly int waiting       # readers that wait for the writer
    cdef lock_reader *readers
    cdef int reader_count, reader_room
    cdef int turns                  # how many of those waiting go before the next writer
    cdef int depth                  # how often the writer has entered
    cdef bint wanted                # by the writer that waits for the readers to leave
    cdef unsigned long writer       # the thread, where depth or wanted
    cdef int writers_waiting        # for another writer to leave
    cdef bint yielding              # whether the last writer goes after one of those waiting
    cdef int forks                  # of this process when the lock was last looked at

    def __cinit__(self):
        self.forks = forks

    def __dealloc__(self):
        PyMem_Free(self.readers)

    @property
    def reading(self):
        """A context manager for a thread that reads."""
        return lock_guard(self, False)

    @property
    def writing(self):
        """A context manager for the thread that writes."""
        return lock_guard(self, True)

    cdef void forget_lost_threads(self) noexcept:
        """In a forked child, lets go what threads of the parent held: only one of them lives on."""
        cdef int i
        if self.forks == forks:
            return
        self.forks = forks
        self.turns = self.waiting = self.writers_waiting = 0
        self.yielding = False
        if self.writer != forking_thread:
            self.depth, self.wanted = 0, False
        for i in range(self.reader_count - 1, -1, -1):
            if self.readers[i].thread != forking_thread:
                self.reader_count -= 1
                self.readers[i] = self.readers[self.reader_count]

    cdef lock_reader *reader(self, unsigned long thread) noexcept:
        """The entry of a thread that reads, or NULL."""
        cdef int i
        for i in range(self.reader_count):
            if self.readers[i].thread == thread:
                return self.readers + i
        return NULL

    cdef int acquire_read(self, unsigned long thread) except -1:
        cdef lock_reader *known
        self.forget_lost_threads()
        known = self.reader(thread)
        if known == NULL:
            if (self.depth or self.wanted) and self.writer != thread:
                self.wait_to_read()
            known = self.add_reader(thread)
        known.entered += 1
        return 0

    cdef int wait_to_read(self) except -1:
        """Waits until nobody writes, nor wants to unless it is this reader's turn."""
        cdef int waits = 0
        self.waiting += 1
        try:
            while self.depth or (self.wanted and not self.turns):
                waits = wait_a_moment(waits)
                self.forget_lost_threads()
            self.turns -= self.turns > 0
        finally:
            self.waiting -= self.waiting > 0
            self.turns = min(self.turns, self.waiting)
        return 0

    cdef lock_reader *add_reader(self, unsigned long thread) except NULL:
        cdef lock_reader *grown
        cdef int room
        if self.reader_count == self.reader_room:
            room = 2 * self.reader_room + 4
            grown = <lock_reader *> PyMem_Realloc(self.readers, room * sizeof(lock_reader))
            if grown == NULL:
                raise MemoryError("ReadWriteLock: no memory for another reader")
            self.readers, self.reader_room = grown, room
        self.readers[self.reader_count] = lock_reader(thread, 0)
        self.reader_count += 1
        return self.readers + self.reader_count - 1

    cdef void release_read(self, unsigned long thread) noexcept:
        cdef lock_reader *known
        self.forget_lost_threads()
        known = self.reader(thread)
        if known != NULL:
            known.entered -= 1
            if known.entered <= 0:
                self.reader_count -= 1
                known[0] = self.readers[self.reader_count]

    cdef int acquire_write(self, unsigned long thread) except -1:
        cdef int waits = 0
        self.forget_lost_threads()
        if self.depth and self.writer == thread:
            self.depth += 1
            return 0
        if self.reader(thread) != NULL or (self.wanted and self.writer == thread):
            raise RuntimeError("ReadWriteLock: this thread reads, and would wait for itself to "
                               "write; write when its reading has ended")
        if self.wanted or self.depth or self.yields(thread, 0):
            self.wait_to_write(thread)
        self.writer, self.wanted, self.yielding = thread, True, False
        try:
            while self.turns or self.reader_count:
                waits = wait_a_moment(waits)
                self.forget_lost_threads()
            self.depth = 1
        finally:
            self.wanted = False
        return 0

    cdef bint yields(self, unsigned long thread, int others) noexcept:
        """Whether this thread wrote last, and more than `others` threads wait to write."""
        return self.yielding and self.writer == thread and self.writers_waiting > others

    cdef int wait_to_write(self, unsigned long thread) except -1:
        """Waits until nobody writes, and behind those who wait already if this thread wrote
        last."""
        cdef int waits = 0
        self.writers_waiting += 1
        try:
            while self.wanted or self.depth or self.yields(thread, 1):
                waits = wait_a_moment(waits)
                self.forget_lost_threads()
        finally:
            self.writers_waiting -= self.writers_waiting > 0
        return 0

    cdef void release_write(self) noexcept:
        self.forget_lost_threads()
        self.depth -= self.depth > 0
        if not self.depth:
            self.turns, self.yielding = self.waiting, self.writers_waiting > 0

    cdef bint held_by_other(self, unsigned long thread, bint writing) noexcept:
        """Whether another thread writes, or, if writing, reads."""
        cdef int i
        self.forget_lost_threads()
        if self.depth and self.writer != thread:
            return True
        for i in range(self.reader_count if writing else 0):
            if self.readers[i].thread != thread:
                return True
        return False

    cdef bint held_by(self, unsigned long thread) noexcept:
        """Whether this thread is in."""
        return (self.depth and self.writer == thread) or self.reader(thread) != NULL

    cdef ReadWriteLock enter(self, unsigned long thread, bint writes):
        """Waits until the thread may write, or read; returns the lock that it has to leave."""
        if writes:
            self.acquire_write(thread)
        else:
            self.acquire_read(thread)
        return self


@cython.freelist(8)
@cython.no_gc_clear
cdef class LockGuard:
    """``with guard:`` holds a ReadWriteLock; made by its `reading` and `writing`."""
    cdef ReadWriteLock lock
    cdef bint writes
    cdef int entered
    cdef unsigned long thread  # that has entered

    def __enter__(self):
        cdef unsigned long thread = PyThread_get_thread_ident()
        if self.entered and thread != self.thread:
            raise RuntimeError("LockGuard: expected a guard that no other thread has entered; make "
                               "one for every `with`")
        if not self.entered:
            self.lock = self.lock.enter(thread, self.writes)
        elif self.writes:
            self.lock.acquire_write(thread)
        else:
            self.lock.acquire_read(thread)
        self.thread = thread
        self.entered += 1

    def __exit__(self, kind=None, error=None, traceback=None):
        self.leave()

    def __dealloc__(self):
        while self.entered:
            self.leave()

    cdef void leave(self) noexcept:
        if not self.entered:
            return
        self.entered -= 1
        if self.writes:
            self.lock.release_write()
        else:
            self.lock.release_read(self.thread)


cdef LockGuard lock_guard(ReadWriteLock lock, bint writes):
    cdef LockGuard guard = LockGuard.__new__(LockGuard)
    guard.lock, guard.writes = lock, writes
    return guard


cdef class ExclusiveLock:
    """A lock that nobody waits for: ``with lock.holding(who):`` raises RuntimeError, who and the
    refusal, if it is held, by whatever thread."""
    cdef str refusal
    cdef bint is_held
    cdef unsigned long thread  # that holds it, if it is held
    cdef int forks             # of this process when the lock was last looked at

    def __init__(self, str refusal not None):
        self.refusal, self.forks = refusal, forks

    def holding(self, str who not None):
        """A context manager; who: begins the message if the lock is held."""
        return exclusive_guard(self, None, who, None)

    @property
    def owner(self):
        """The thread that holds it, as `threading.get_ident` names it, or None."""
        return self.thread if self.held() else None

    cdef bint held(self) noexcept:
        if self.forks != forks:  # a thread of the parent does not live on
            self.forks = forks
            self.is_held = self.is_held and self.thread == forking_thread
        return self.is_held

    cdef int acquire(self, str who) except -1:
        if self.held():
            raise RuntimeError(f"{who}: {self.refusal}")
        self.is_held, self.thread = True, PyThread_get_thread_ident()
        return 0

    cdef void release(self) noexcept:
        self.is_held = False


cdef class TrainingLock:
    """Who trains a model: one call at a time, and nobody tests the model meanwhile but that call
    itself, for both count with the same metrics."""
    cdef ExclusiveLock trainer
    cdef ReadWriteLock metrics

    def __cinit__(self):
        self.trainer = ExclusiveLock("this model is being trained by another call; train one model "
                                     "from one thread at a time")
        self.metrics = ReadWriteLock()

    def training(self, str who not None, on_exit=None):
        """A context manager for the call that trains; RuntimeError if there is one already, who
        begins its message. It waits for tests under way. on_exit: called at the end, while the
        lock is still held, which is let go whatever on_exit does."""
        return exclusive_guard(self.trainer, self.metrics, who, on_exit)

    @property
    def testing(self):
        """A context manager for a call that tests, which waits for other tests; the thread that
        holds it, or trains, may enter again."""
        return lock_guard(self.metrics, True)

    @property
    def trainer_thread(self):
        """The thread that trains, as `threading.get_ident` names it, or None."""
        return self.trainer.owner

    @property
    def trains_elsewhere(self):
        """Whether another thread than this one trains."""
        return self.trainer.held() and self.trainer.thread != PyThread_get_thread_ident()

    def check_idle(self, str who not None):
        """Raises RuntimeError while the model is being trained."""
        if self.trainer.held():
            raise RuntimeError(f"{who}: the model is being trained; wait until that has ended")

    def check_not_elsewhere(self, str who not None):
        """Raises RuntimeError while another thread trains the model: only callbacks may test it
        meanwhile."""
        if self.trains_elsewhere:
            raise RuntimeError(f"{who}: this model is being trained by another thread; wait until "
                               "that has ended, or evaluate from a callback")


@cython.no_gc_clear
cdef class ExclusiveGuard:
    """``with guard:`` holds an ExclusiveLock, and the writer's side of another lock if there is
    one; made by `ExclusiveLock.holding` and `TrainingLock.training`."""
    cdef ExclusiveLock lock
    cdef ReadWriteLock metrics
    cdef str who
    cdef object on_exit
    cdef bint entered

    def __enter__(self):
        if self.entered:
            raise RuntimeError(f"{self.who}: expected a guard that is not entered yet; make one "
                               "for every `with`")
        self.lock.acquire(self.who)
        if self.metrics is not None:
            try:
                self.metrics.acquire_write(PyThread_get_thread_ident())
            except BaseException:
                self.lock.release()
                raise
        self.entered = True

    def __exit__(self, kind=None, error=None, traceback=None):
        try:
            if self.on_exit is not None and self.entered:
                self.on_exit()
        finally:
            self.leave()

    def __dealloc__(self):
        self.leave()

    cdef void leave(self) noexcept:
        if self.entered:
            self.entered = False
            if self.metrics is not None:
                self.metrics.release_write()
            self.lock.release()


cdef ExclusiveGuard exclusive_guard(ExclusiveLock lock, ReadWriteLock metrics, str who, on_exit):
    cdef ExclusiveGuard guard = ExclusiveGuard.__new__(ExclusiveGuard)
    guard.lock, guard.metrics, guard.who, guard.on_exit = lock, metrics, who, on_exit
    return guard
