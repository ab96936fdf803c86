/* Rows of the caller's data, in any of NumPy's number types, into a batch of T or of labels. */
#include "simd.h"

#define COPY_AS(S, D)                                                                    \
    do {                                                                                 \
        const S *from = (const S *)source;                                               \
        D *to = (D *)target;                                                             \
        for (ptrdiff_t c = 0; c < g->cols; c++)                                          \
            to[c] = (D)from[c];                                                          \
    } while (0)

#define COPY_FROM(D)                               \
    switch (g->source) {                           \
    case CR_FROM_F32: COPY_AS(float, D); break;    \
    case CR_FROM_F64: COPY_AS(double, D); break;   \
    case CR_FROM_U8: COPY_AS(uint8_t, D); break;   \
    case CR_FROM_I8: COPY_AS(int8_t, D); break;    \
    case CR_FROM_U16: COPY_AS(uint16_t, D); break; \
    case CR_FROM_I16: COPY_AS(int16_t, D); break;  \
    case CR_FROM_U32: COPY_AS(uint32_t, D); break; \
    case CR_FROM_I32: COPY_AS(int32_t, D); break;  \
    case CR_FROM_U64: COPY_AS(uint64_t, D); break; \
    default: COPY_AS(int64_t, D); break;           \
    }

KERNEL(gather_rows)
{
    const cr_gather_rows_args *g = arguments;
    const int same = g->y && g->source == (CR_F64 ? CR_FROM_F64 : CR_FROM_F32);
    ptrdiff_t begin, end;
    share_rows(g->rows, rank, size, &begin, &end);
    for (ptrdiff_t r = begin; r < end; r++) {
        int64_t at = (g->start ? *g->start : 0) + r;
        if (g->order)
            at = at >= 0 && at < g->places ? g->order[at] : -1;
        const char *source = (const char *)g->src + (at < 0 ? 0 : at) * g->stride;
        T *y = g->y ? (T *)g->y + r * g->cols : NULL;
        int64_t *labels = g->labels ? g->labels + r * g->cols : NULL;
        if (at < 0 || at >= g->src_rows) {
            if (y)
                memset(y, 0, (size_t)g->cols * sizeof(T));
            else
                memset(labels, 0, (size_t)g->cols * sizeof(int64_t));
        } else if (same) {
            memcpy(y, source, (size_t)g->cols * sizeof(T));
        } else if (labels) {
            int64_t *target = labels;
            COPY_FROM(int64_t)
        } else {
            T *target = y;
            COPY_FROM(T)
        }
    }
}

KERNEL(increment)
{
    const cr_increment_args *g = arguments;
    (void)size;
    if (!rank)
        *g->counter += g->by;
}

KERNEL(store_and_reset)
{
    const cr_store_and_reset_args *g = arguments;
    (void)size;
    if (rank)
        return;
    if (g->log && *g->place >= 0 && *g->place < g->room)
        memcpy((char *)g->log + *g->place * 8, g->total, 8);
    memset(g->total, 0, 8);
}

KERNEL(shuffle)
{
    (void)size;
    if (!rank)
        cr_shuffle(arguments);
}
