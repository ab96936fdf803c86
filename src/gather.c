/* Rows of the caller's data, in any of NumPy's number types, into a batch of T or of labels. */
#include "simd.h"

/* Casts n elements: to[c] = (D)from[c], S the type of the source and D that of the destination. */
#define CAST_ELEMENTS(D, S, to, from, n)   \
    for (ptrdiff_t c = 0; c < (n); c++)    \
        ((D *)(to))[c] = (D)((const S *)(from))[c]

/* Casts n elements of the type that `source`, an enum cr_source, names to the type D. */
#define CAST_ROW(D, to, from, n, source)                                \
    switch (source) {                                                   \
    case CR_FROM_F32: CAST_ELEMENTS(D, float, to, from, n); break;      \
    case CR_FROM_F64: CAST_ELEMENTS(D, double, to, from, n); break;     \
    case CR_FROM_U8: CAST_ELEMENTS(D, uint8_t, to, from, n); break;     \
    case CR_FROM_I8: CAST_ELEMENTS(D, int8_t, to, from, n); break;      \
    case CR_FROM_U16: CAST_ELEMENTS(D, uint16_t, to, from, n); break;   \
    case CR_FROM_I16: CAST_ELEMENTS(D, int16_t, to, from, n); break;    \
    case CR_FROM_U32: CAST_ELEMENTS(D, uint32_t, to, from, n); break;   \
    case CR_FROM_I32: CAST_ELEMENTS(D, int32_t, to, from, n); break;    \
    case CR_FROM_U64: CAST_ELEMENTS(D, uint64_t, to, from, n); break;   \
    default: CAST_ELEMENTS(D, int64_t, to, from, n); break;             \
    }

/* Copies chosen columns of rows, or puts them back between zeros. */
KERNEL(select_columns)
{
    const cr_select_columns_args *g = arguments;
    const ptrdiff_t from = g->back ? g->N : g->K, to = g->back ? g->K : g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *x = (const T *)g->x + m * from;
        T *y = (T *)g->y + m * to;
        if (g->back)
            memset(y, 0, (size_t)to * sizeof(T));
        for (ptrdiff_t n = 0; n < g->N; n++)
            y[g->back ? g->index[n] : n] = x[g->back ? n : g->index[n]];
    }
}

/* Copies the next rows of the data in an epoch's order, cast to the batch's type. */
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
            CAST_ROW(int64_t, labels, source, g->cols, g->source)
        } else {
            CAST_ROW(T, y, source, g->cols, g->source)
        }
    }
}
