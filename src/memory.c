/* Memory that begins at a cache line, for arrays that kernels read and write over and over. */
#define _GNU_SOURCE
#include "kernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { LINE = 64, HUGE_PAGE = 1 << 21, MANY = 1 << 22 };

/* New memory from a cache line on, in huge pages if it is large; NULL if there is none. */
void *cr_memory_new(void *context, size_t bytes)
{
    void *made = NULL;
    (void)context;
    if (posix_memalign(&made, bytes < MANY ? LINE : HUGE_PAGE, bytes ? bytes : 1))
        return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= MANY) /* as NumPy does */
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
    void *grown = realloc(old, bytes ? bytes : 1);
    if (!grown || (uintptr_t)grown % LINE == 0)
        return grown;
    void *made = cr_memory_new(context, bytes);
    if (made)
        memcpy(made, grown, bytes);
    free(grown);
    return made;
}

/* Gives memory back, of whatever size. */
void cr_memory_free(void *context, void *old, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(old);
}
