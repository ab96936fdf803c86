/* Rows of a table by their numbers, and the gradient of the table. */
#include "simd.h"

/* Copies the rows of a table that the numbers name. */
KERNEL(embedding_forward)
{
    const cr_embedding_forward_args *g = arguments;
    const size_t bytes = (size_t)g->N * sizeof(T);
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin * g->L; m < end * g->L; m++) {
        const int64_t k = g->index[m];
        if (k >= 0 && k < g->K) {
            memcpy((T *)g->y + m * g->N, (const T *)g->w + k * g->N, bytes);
        } else {
            memset((T *)g->y + m * g->N, 0, bytes);
            __atomic_store_n(g->out_of_range, 1, __ATOMIC_RELAXED); /* other ranks may, too */
        }
    }
}

/* Adds up each table row's gradients, in the order of the numbers. */
KERNEL(embedding_backward)
{
    const cr_embedding_backward_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->K, 1, rank, size, &begin, &end);
    memset((T *)g->dw + begin * g->N, 0, (size_t)((end - begin) * g->N) * sizeof(T));
    for (ptrdiff_t m = 0; m < g->M; m++) {
        const int64_t k = g->index[m];
        if (k < begin || k >= end)
            continue;
        T *dw = (T *)g->dw + k * g->N;
        const T *dy = (const T *)g->dy + m * g->N;
        EACH_VECTOR (i, lanes, g->N)
            store_lanes(dw + i, load_lanes(dw + i, lanes) + load_lanes(dy + i, lanes), lanes);
    }
}

/* Lists the different rows that the numbers name, by their first places. */
KERNEL(unique_rows)
{
    const cr_unique_rows_args *g = arguments;
    ptrdiff_t count = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t m = 0; m < g->M; m++) {
        const int64_t k = g->index[m];
        g->place[m] = -1;
        if (k < 0 || k >= g->K)
            continue;
        const int64_t known = g->where[k]; /* believed only if rows says the same */
        if (known >= 0 && known < count && g->rows[known] == k) {
            g->place[m] = known;
        } else {
            g->rows[count] = k;
            g->where[k] = g->place[m] = count++;
        }
    }
    for (; count < g->M; count++)
        g->rows[count] = -1;
}

/* Puts rows back into their table. */
KERNEL(scatter_rows)
{
    const cr_scatter_rows_args *g = arguments;
    const size_t bytes = (size_t)g->N * sizeof(T);
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t u = begin; u < end; u++)
        if (g->rows[u] >= 0 && g->rows[u] < g->K)
            memcpy((T *)g->w + g->rows[u] * g->N, (const T *)g->x + u * g->N, bytes);
}

/* Returns the place of x among ascending keys, or -1. */
INLINE ptrdiff_t find_key(const int64_t *keys, ptrdiff_t count, int64_t x)
{
    ptrdiff_t low = 0, n = count;
    while (n > 1) {
        const ptrdiff_t half = n / 2;
        low += keys[low + half] <= x ? half : 0;
        n -= half;
    }
    return n && keys[low] == x ? low : -1;
}

/* Finds the codes of numbers among ascending keys, by the remainder if they are not there. */
KERNEL(integer_lookup)
{
    const cr_integer_lookup_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->rows, rank, size, &begin, &end);
    for (ptrdiff_t i = begin * g->cols; i < end * g->cols; i++) {
        const int64_t x = g->x[i];
        const ptrdiff_t found = find_key(g->keys, g->count, x);
        if (found >= 0) {
            g->y[i] = g->codes[found];
        } else if (g->oov_count > 0) {
            const int64_t rest = x % g->oov_count;
            g->y[i] = g->oov + (rest < 0 ? rest + g->oov_count : rest);
        } else {
            g->y[i] = 0;
            __atomic_store_n(g->out_of_range, 1, __ATOMIC_RELAXED);
        }
    }
}

/* Counts the codes of each row. */
KERNEL(count_codes)
{
    const cr_count_codes_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    memset((T *)g->y + begin * g->K, 0, (size_t)((end - begin) * g->K) * sizeof(T));
    for (ptrdiff_t m = begin; m < end; m++) {
        T *y = (T *)g->y + m * g->K;
        for (ptrdiff_t l = 0; l < g->L; l++) {
            const int64_t k = g->codes[m * g->L + l];
            if (k >= 0 && k < g->K)
                y[k] = g->once ? 1 : y[k] + 1;
        }
    }
}
