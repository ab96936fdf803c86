/* What metrics count: confusion counts at many thresholds, and who is among the k largest. */
#include "simd.h"

/* Gives how many of n sorted thresholds are below x; none for NaN. */
INLINE ptrdiff_t search_below(const T *thresholds, ptrdiff_t n, T x)
{
    ptrdiff_t low = 0;
    while (n > 0) {
        const ptrdiff_t half = n / 2;
        const int above = thresholds[low + half] < x;
        low = above ? low + half + 1 : low;
        n = above ? n - half - 1 : half;
    }
    return low;
}

/* Gives the same for the thresholds k/(n-1), k = 0..n-1, by their spacing. */
INLINE ptrdiff_t spaced_below(ptrdiff_t n, T x, int widened)
{
    if (x != x)
        return 1;
    const T steps = (T)(n - 1), clipped = x < 0 ? 0 : x > 1 ? 1 : x, at = clipped * steps;
    ptrdiff_t below = (ptrdiff_t)at;
    below += (T)below < at;
    return widened && below < 1 ? 1 : below;
}

/* Adds the weight of each element to the place of how many thresholds it is above. */
KERNEL(threshold_counts)
{
    const cr_threshold_counts_args *g = arguments;
    const T *p = g->p, *y = g->y, *weights = g->weights, *columns = g->column_weights;
    const ptrdiff_t room = g->K + 1;
    ptrdiff_t first = 0, last = g->N; /* the columns of this rank */
    if (g->labels == 1) {
        if (rank)
            return;
    } else {
        share(g->N, 1, rank, size, &first, &last);
    }
    for (ptrdiff_t m = 0; m < g->M; m++) {
        for (ptrdiff_t n = first; n < last; n++) {
            const ptrdiff_t i = m * g->N + n, label = g->labels == 1 ? 0 : n;
            const ptrdiff_t below =
                g->spacing == CR_ANY_THRESHOLDS
                    ? search_below(g->thresholds, g->K, p[i])
                    : spaced_below(g->K, p[i], g->spacing == CR_WIDENED_THRESHOLDS);
            double weight = 1;
            if (weights)
                weight = (double)weights[g->weight_columns == 1 ? m : i];
            if (columns)
                weight *= (double)columns[n];
            (y[i] != 0 ? g->positives : g->negatives)[label * room + below] += weight;
        }
    }
}

/* Keeps the k largest elements of each row, and puts -1e10 in the place of others. */
KERNEL(filter_top_k)
{
    const cr_filter_top_k_args *g = arguments;
    const T none = (T)-1e10;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *x = (const T *)g->x + m * g->N;
        T *out = (T *)g->out + m * g->N;
        T bound = INFINITY; /* the element chosen last, and its place */
        ptrdiff_t place = -1;
        for (ptrdiff_t n = 0; n < g->N; n++)
            out[n] = none;
        for (ptrdiff_t k = 0; k < g->k; k++) {
            ptrdiff_t best = -1;
            for (ptrdiff_t n = 0; n < g->N; n++) {
                const int left = x[n] < bound || (x[n] == bound && n > place);
                if (left && (best < 0 || x[n] > x[best]))
                    best = n;
            }
            if (best < 0)
                break;
            bound = x[best], place = best;
            out[best] = bound;
        }
    }
}

/* Stores for each row whether the element at its label is among the k largest. */
KERNEL(top_k_accuracy)
{
    const cr_top_k_accuracy_args *g = arguments;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *z = (const T *)g->z + m * g->N, *y = (const T *)g->y + m * g->N;
        ptrdiff_t label = 0, above = 0;
        if (g->labels)
            label = g->labels[m];
        else
            for (ptrdiff_t n = 1; n < g->N; n++)
                label = y[n] > y[label] || (y[n] != y[n] && y[label] == y[label]) ? n : label;
        if (label < 0 || label >= g->N) {
            ((T *)g->hits)[m] = 0;
            continue;
        }
        const T at = z[label] != z[label] ? (T)-INFINITY : z[label];
        for (ptrdiff_t n = 0; n < g->N; n++)
            above += z[n] > at;
        ((T *)g->hits)[m] = above < g->k;
    }
}
