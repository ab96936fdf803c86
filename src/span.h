/* The former loop over vectors, for update.c alone: all others use EACH_VECTOR (simd.h). */
#ifndef COREREG_SPAN_H
#define COREREG_SPAN_H

#define SPAN(body)                              \
    do {                                        \
        ptrdiff_t i = 0;                        \
        for (; i + VL <= n; i += VL) {          \
            const ptrdiff_t lanes = VL;         \
            body                                \
        }                                       \
        if (i < n) {                            \
            const ptrdiff_t lanes = n - i;      \
            body                                \
        }                                       \
    } while (0)
/* inside SPAN's body: the vector of array p at i, and its store */
#define GET(p) (lanes == VL ? load((p) + i) : load_n((p) + i, lanes))
#define PUT(p, v) (lanes == VL ? store((p) + i, v) : store_n((p) + i, v, lanes))

#endif
