# Where arrays begin: NumPy's own memory is aligned to 16 bytes, and a vector that straddles two
# cache lines costs two loads (4 to 15 % of a training step).

from cpython.pycapsule cimport PyCapsule_New

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void *ctx
        void *(*malloc)(void *, size_t) noexcept nogil
        void *(*calloc)(void *, size_t, size_t) noexcept nogil
        void *(*realloc)(void *, void *, size_t) noexcept nogil
        void (*free)(void *, void *, size_t) noexcept nogil
    ctypedef struct PyDataMem_Handler:
        char name[127]
        unsigned char version
        PyDataMemAllocator allocator
    object PyDataMem_SetHandler(object handler)

cdef PyDataMem_Handler handler
memcpy(handler.name, b"corereg", 8)
handler.version = 1
handler.allocator = PyDataMemAllocator(
    NULL, cr_memory_new, cr_memory_zeros, cr_memory_resize, cr_memory_free)
cdef object HANDLER = PyCapsule_New(&handler, "mem_handler", NULL)


@cython.no_gc_clear
cdef class CacheLines:
    """``with CacheLines():`` arrays that this thread makes begin at a cache line (NEP 49)."""
    cdef object before  # the handler outside; None: not entered

    def __enter__(self):
        if self.before is not None:
            raise RuntimeError("CacheLines: expected an object that is not entered yet")
        self.before = PyDataMem_SetHandler(HANDLER)
        return self

    def __exit__(self, kind=None, error=None, traceback=None):
        if self.before is not None:
            before, self.before = self.before, None
            PyDataMem_SetHandler(before)

    def __dealloc__(self):
        if self.before is not None:
            PyDataMem_SetHandler(self.before)
