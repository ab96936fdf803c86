# What is on or off for one thread: gradients, a recording, the call of a model under way.
#
# Everything here is entered and left by context managers whose __enter__ and __exit__ are compiled:
# no Python bytecode runs inside them, so no signal handler can raise between two halves of a
# change. Around them, this is what CPython does:
#
# - Handlers of signals run at certain bytecodes alone: RESUME, JUMP_BACKWARD, and after a CALL. Up
#   to 3.13, `with x:` compiles to BEFORE_WITH, which calls __enter__ and looks at no signals; the
#   range of bytecodes that __exit__ protects begins at the next one. (`dis.dis` shows both.)
# - At the end of the block come LOAD_CONST None (three times) and CALL, which looks at signals when
#   __exit__ has returned. An exception goes to PUSH_EXC_INFO and WITH_EXCEPT_START, which look at
#   none before they call __exit__.
# - From 3.14 on __enter__ is called by CALL, outside of the protected range: a handler that raises
#   there leaves the block without __exit__ (python/cpython#148874, mended in later releases). So
#   an object that dies while it is entered leaves by itself: its last reference was that of the
#   `with` statement. That is why locks hand out a new guard for each `with`.

from cpython.pythread cimport PyThread_get_thread_ident

cdef extern from *:
    """
    #if defined(__GLIBC__) /* its loader keeps room for variables that are found without a call */
    #define CR_THREAD_LOCAL static _Thread_local __attribute__((tls_model("initial-exec")))
    #else
    #define CR_THREAD_LOCAL static _Thread_local
    #endif
    CR_THREAD_LOCAL PyObject *this_thread_state; /* borrowed from thread_states, or NULL */
    """
    PyObject *this_thread_state

cdef dict thread_states = {}  # by the thread's identity, which may be used again when it has ended


cdef class _ThreadState:
    """The switches of one thread. Whoever has turned one holds on to this object, and so can turn
    it back from any thread (a generator may be closed in another one)."""
    cdef bint grad_off              # whether this thread records no graph
    cdef PyObject *grad_needed      # a set, borrowed: see Node.needs_gradient; NULL: all are needed
    cdef PyObject *recorder         # the Program that records this thread, borrowed; NULL: none
    cdef PyObject *call             # the innermost CallContext, borrowed; NULL: none
    cdef PyObject *skip             # the flag of `skipping`, borrowed; NULL: kernels run


cdef _ThreadState make_thread_state():
    global this_thread_state
    cdef _ThreadState state = _ThreadState()
    thread_states[PyThread_get_thread_ident()] = state
    this_thread_state = <PyObject *> state
    return state


cdef inline _ThreadState thread_state():
    """The state of the thread that runs."""
    return make_thread_state() if this_thread_state == NULL else <_ThreadState> this_thread_state


# ---- gradients -----------------------------------------------------------------------------------

@cython.binding(True)
cpdef bint is_grad_enabled():
    """True where ops build the graph (the default), False inside `no_grad`.

    >>> with corereg.no_grad():
    ...     corereg.is_grad_enabled()
    False
    """
    return not thread_state().grad_off


cdef class GradMode:
    """`enabled`: whether ops of this thread are recorded in the graph."""

    @property
    def enabled(self):
        return not thread_state().grad_off


@cython.no_gc_clear  # the garbage collector must not forget what __dealloc__ undoes
cdef class _GradSwitch:
    """A context manager and decorator that turns gradients on or off and puts them back as they
    were. One object may be entered again inside itself, and by several threads."""
    cdef bint off
    cdef list entered  # (thread's state, whether gradients were off before), the last entry last

    def __cinit__(self):
        self.off = False
        self.entered = []

    def __enter__(self):
        cdef _ThreadState state = thread_state()
        self.entered.append((state, state.grad_off))
        state.grad_off = self.off

    def __exit__(self, kind=None, error=None, traceback=None):
        self.leave(thread_state())

    def __dealloc__(self):
        while self.entered:
            self.leave(None)

    cdef int leave(self, _ThreadState of) except -1:
        """Undoes the last entry, that of this thread if there is one."""
        cdef Py_ssize_t i, last = len(self.entered) - 1
        cdef _ThreadState state
        for i in range(last, -1, -1):
            if self.entered[i][0] is of:
                last = i
                break
        state, was_off = self.entered.pop(last)
        state.grad_off = was_off
        return 0

    def __call__(self, function):
        """Decorates a function, which then runs inside a switch of its own."""
        kind = type(self)

        @cython.binding(True)
        @functools.wraps(function)
        def switched(*args, **kwargs):
            with kind():
                return function(*args, **kwargs)

        return switched


cdef class no_grad(_GradSwitch):
    """Ops inside build no graph: ``with no_grad(): ...`` or ``@no_grad()``.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> with corereg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __cinit__(self):
        self.off = True


cdef class enable_grad(_GradSwitch):
    """Ops inside build the graph again, within a `no_grad`.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> with corereg.no_grad(), corereg.enable_grad():
    ...     y = x * x
    >>> y.requires_grad
    True
    """


# ---- the call of a model -------------------------------------------------------------------------

@cython.no_gc_clear
cdef class CallContext:
    """What a call of a model tells the layers inside it: ``with CallContext(training):``.

    training: True, False or None (not said). losses: a list that takes the penalties of this call.
    parts: of the operands of products, see matmul_parts; -1: as in the context around this one.
    outer: the context around this one in the same thread while it is entered, or None.
    """
    cdef readonly object training
    cdef readonly list losses
    cdef readonly int parts
    cdef readonly CallContext outer
    cdef _ThreadState state  # of the thread that entered; None: not entered

    def __init__(self, training=None, int parts=-1):
        self.training = training
        self.losses = []
        self.parts = parts

    def __enter__(self):
        if self.state is not None:
            raise RuntimeError("CallContext: expected a context that is not entered yet; make a "
                               "new one for every call")
        cdef _ThreadState state = thread_state()
        self.outer = None if state.call == NULL else <CallContext> state.call
        if self.parts < 0 and self.outer is not None:
            self.parts = self.outer.parts
        self.state, state.call = state, <PyObject *> self
        return self

    def __exit__(self, kind=None, error=None, traceback=None):
        self.leave()

    def __dealloc__(self):
        self.leave()

    cdef void leave(self) noexcept:
        """Takes this context out of its thread's stack, from wherever it is in there."""
        cdef _ThreadState state = self.state
        cdef CallContext outer = self.outer
        cdef CallContext inner
        if state is None:
            return
        self.state = self.outer = None
        if state.call == <PyObject *> self:
            state.call = NULL if outer is None else <PyObject *> outer
            return
        inner = None if state.call == NULL else <CallContext> state.call
        while inner is not None and inner.outer is not self:
            inner = inner.outer
        if inner is not None:
            inner.outer = outer


cpdef CallContext current_call():
    """The innermost CallContext of this thread, or None."""
    cdef _ThreadState state = thread_state()
    return None if state.call == NULL else <CallContext> state.call


# ---- the precision of products -------------------------------------------------------------------

cdef int global_parts = 0


cpdef int matmul_parts():
    """In how many parts of bfloat16 the operands of this thread's products of float32 are: 0
    ("highest"), 1 ("medium") or 3 ("high", two of them in three products)."""
    cdef _ThreadState state = thread_state()
    if state.call != NULL and (<CallContext> state.call).parts >= 0:
        return (<CallContext> state.call).parts
    return global_parts


def set_matmul_parts(int parts):
    """Sets what `matmul_parts` gives where no model or layer says another; returns what it was."""
    global global_parts
    before, global_parts = global_parts, parts
    return before
