/* What kernels share that work on the columns of a matrix: strips of a few vectors' width, and sums
 * down a strip. */
#ifndef COREREG_COLUMNS_H
#define COREREG_COLUMNS_H

#include "rounded.h"

#define WIDTH 4 /* vectors in a whole strip: as many sums hide the latency of an addition */
#define CHUNK 256 /* rows that are summed up by themselves, so that long sums stay exact */

/* Runs over the columns begin..end in strips: `body` is done with `at`, the first column, `width`,
 * a constant number of vectors, and `lanes`, how many lanes of the last vector exist. */
#define EACH_STRIP(begin, end, body)                                     \
    do {                                                                 \
        ptrdiff_t first_ = (begin);                                      \
        for (; first_ + WIDTH * VL <= (end); first_ += WIDTH * VL)       \
            body(g, first_, WIDTH, VL);                                  \
        EACH_VECTOR (i, lanes, (end) - first_)                           \
            body(g, first_ + i, 1, lanes);                               \
    } while (0)

/* Reads the strip's vectors of one row, or of a vector as long as a row; NULL counts as `other`. */
INLINE void load_strip(V v[WIDTH], const T *p, const int width, ptrdiff_t lanes, T other)
{
#pragma GCC unroll 4
    for (int w = 0; w < width; w++)
        v[w] = p ? load_lanes(p + w * VL, lanes) : splat(other);
}

/* Writes the strip's vectors of one row; NULL is not wanted. */
INLINE void store_strip(T *p, const V v[WIDTH], const int width, ptrdiff_t lanes)
{
#pragma GCC unroll 4
    for (int w = 0; p && w < width; w++)
        store_lanes(p + w * VL, v[w], lanes);
}

#endif
