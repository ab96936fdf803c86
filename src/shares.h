/* How the work of a kernel is divided among the ranks of a team. */
#ifndef COREREG_SHARES_H
#define COREREG_SHARES_H

#include <stddef.h>

/* Sets the half-open range [begin, end) of n elements that is the rank-th of `size` shares. Shares
 * begin at multiples of `grain` and differ by one grain at most; the last may be cut off at n. */
static inline __attribute__((always_inline)) void share(ptrdiff_t n, ptrdiff_t grain,
                                                        ptrdiff_t rank, ptrdiff_t size,
                                                        ptrdiff_t *begin, ptrdiff_t *end)
{
    const ptrdiff_t grains = (n + grain - 1) / grain, each = grains / size, extra = grains % size;
    const ptrdiff_t first = rank * each + (rank < extra ? rank : extra);
    *begin = first * grain;
    *end = (first + each + (rank < extra)) * grain;
    if (*begin > n)
        *begin = n;
    if (*end > n)
        *end = n;
}

/* Sets the range of rows that is the rank-th of `size` shares. Kernels that work on whole rows all
 * use this one cut, so that in a replay a rank finds the rows that it wrote itself and need not
 * wait for the others at a barrier. */
static inline __attribute__((always_inline)) void
share_rows(ptrdiff_t rows, ptrdiff_t rank, ptrdiff_t size, ptrdiff_t *begin, ptrdiff_t *end)
{
    share(rows, 8, rank, size, begin, end);
}

#endif
