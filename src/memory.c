/* Memory that begins at a cache line, for arrays that kernels read and write over and over. */
#define _GNU_SOURCE
#include "kernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(_WIN32) /* whose memory that is aligned has functions of its own */
#include <malloc.h>
#define ALIGNED_NEW(bytes, boundary) _aligned_malloc(bytes, boundary)
#define ALIGNED_RESIZE(old, bytes) _aligned_realloc(old, bytes, LINE)
#define ALIGNED_FREE(old) _aligned_free(old)
#else
/* New memory from a boundary on, or NULL. */
static void *aligned_new(size_t bytes, size_t boundary)
{
    void *made = NULL;
    return posix_memalign(&made, boundary, bytes) ? NULL : made;
}
#define ALIGNED_NEW(bytes, boundary) aligned_new(bytes, boundary)
#define ALIGNED_RESIZE(old, bytes) realloc(old, bytes)
#define ALIGNED_FREE(old) free(old)
#endif

enum { LINE = 64, HUGE_PAGE = 1 << 21, MANY = 1 << 22 };

/* New memory from a cache line on, in huge pages if it is large; NULL if there is none. */
void *cr_memory_new(void *context, size_t bytes)
{
    void *made = ALIGNED_NEW(bytes ? bytes : 1, bytes < MANY ? LINE : HUGE_PAGE);
    (void)context;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (made && bytes >= MANY) /* as NumPy does */
        (void)madvise(made, bytes, MADV_HUGEPAGE);
#endif
    return made;
}

/* New memory for `count` items of `each` bytes, all zero; NULL if there is none. */
void *cr_memory_zeros(void *context, size_t count, size_t each)
{
    if (each && count > SIZE_MAX / each)
        return NULL;
    void *made = cr_memory_new(context, count * each);
    return made ? memset(made, 0, count * each) : NULL;
}

/* The same bytes in memory of another size, from a cache line on; `old` is freed. */
void *cr_memory_resize(void *context, void *old, size_t bytes)
{
    void *grown = ALIGNED_RESIZE(old, bytes ? bytes : 1);
    if (!grown || (uintptr_t)grown % LINE == 0)
        return grown;
    void *made = cr_memory_new(context, bytes);
    if (made)
        memcpy(made, grown, bytes);
    ALIGNED_FREE(grown);
    return made;
}

/* Gives memory back, of whatever size. */
void cr_memory_free(void *context, void *old, size_t bytes)
{
    (void)context;
    (void)bytes;
    ALIGNED_FREE(old);
}
