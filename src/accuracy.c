/* Accuracies: the share of right answers in each row. Shares are rows. */
#include "small_rows.h"

/* Gives the first index of the largest element of a row, or of its first NaN. */
static inline ptrdiff_t argmax(const T *x, ptrdiff_t n)
{
    const V best = splat(row_max(x, n));
    ptrdiff_t equal = n;
    EACH_VECTOR (i, lanes, n) {
        const V v = load_lanes(x + i, lanes);
        const int nan = first_lane(v != v);
        if (nan < lanes)
            return i + nan;
        if (equal == n) {
            const int lane = first_lane(v == best);
            if (lane < lanes)
                equal = i + lane;
        }
    }
    return equal;
}

/* Compares, for this rank's rows, the largest output with the largest target or with the label. */
static void class_accuracy(const cr_accuracy_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    const T *z = g->z, *y = g->y;
    T *hits = g->hits;
    const ptrdiff_t n = g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (n < 1 || n > MAX_SMALL_ROW) {
        for (ptrdiff_t m = begin; m < end; m++)
            hits[m] = argmax(z + m * n, n) == (y ? argmax(y + m * n, n) : g->labels[m]);
        return;
    }
    for (ptrdiff_t m = begin; m < end; m += VL) { /* VL rows at once, a row in each lane */
        const ptrdiff_t rows = end - m < VL ? end - m : VL;
        V columns[MAX_SMALL_ROW];
        VI answer;
        load_columns(columns, z + m * n, n, rows);
        const VI guess = columns_argmax(columns, n);
        if (y) {
            load_columns(columns, y + m * n, n, rows);
            answer = columns_argmax(columns, n);
        } else {
            answer = load_labels(g->labels + m, n, rows);
        }
        store_n(hits + m, keep(guess == answer, splat(1)), rows);
    }
}

/* Stores for each row whether its largest output is where the largest target is. */
KERNEL(categorical_accuracy) { class_accuracy(arguments, rank, size); }

/* Stores for each row whether its largest output is at its label. */
KERNEL(sparse_accuracy) { class_accuracy(arguments, rank, size); }

/* Stores for each row the share of outputs on their target's side of the threshold. */
KERNEL(binary_accuracy)
{
    const cr_accuracy_args *g = arguments;
    const T threshold = (T)g->threshold;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *z = (const T *)g->z + m * g->N, *y = (const T *)g->y + m * g->N;
        ptrdiff_t hits = 0;
        for (ptrdiff_t i = 0; i < g->N; i++)
            hits += (T)(z[i] > threshold) == y[i];
        ((T *)g->hits)[m] = g->N ? (T)hits / (T)g->N : 0;
    }
}
