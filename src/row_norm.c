/* Normalization of rows: by mean and variance, or by the root of the mean square. */
#include "columns.h"
#include "simd_lanes.h"

/* Sums x - mean (power 1) or its square (power 2) over a row of n. */
INLINE T sum_row(const T *x, ptrdiff_t n, T mean, const int power)
{
    V sum = {0};
    EACH_VECTOR (i, lanes, n) {
        const V v = load_lanes(x + i, lanes) - mean;
        sum += first_lanes(power == 1 ? v : v * v, lanes, (V){0});
    }
    return lane_sum(sum);
}

/* Normalizes each row by its own mean and variance. */
KERNEL(row_norm_forward)
{
    const cr_row_norm_forward_args *g = arguments;
    const T *gamma = g->gamma, *beta = g->beta, n = (T)g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *x = (const T *)g->x + m * g->N;
        T *y = (T *)g->y + m * g->N;
        const T mean = g->mean && g->N ? sum_row(x, g->N, 0, 1) / n : 0;
        const T variance = g->N ? sum_row(x, g->N, mean, 2) / n : 0;
        const T inv = 1 / vsqrt(splat(variance + (T)g->epsilon))[0];
        EACH_VECTOR (i, lanes, g->N) {
            V v = (load_lanes(x + i, lanes) - mean) * inv;
            if (gamma)
                v *= load_lanes(gamma + i, lanes);
            if (beta)
                v += load_lanes(beta + i, lanes);
            store_lanes(y + i, v, lanes);
        }
        if (g->mean)
            ((T *)g->mean)[m] = mean;
        ((T *)g->inv)[m] = inv;
    }
}

/* Takes a gradient back through the normalization of rows. */
KERNEL(row_norm_backward)
{
    const cr_row_norm_backward_args *g = arguments;
    const T *gamma = g->gamma, n = (T)g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const T *x = (const T *)g->x + m * g->N, *dy = (const T *)g->dy + m * g->N;
        T *dx = (T *)g->dx + m * g->N;
        const T mean = g->mean ? ((const T *)g->mean)[m] : 0, inv = ((const T *)g->inv)[m];
        V level = {0}, slope = {0};
        EACH_VECTOR (i, lanes, g->N) {
            V d = load_lanes(dy + i, lanes);
            if (gamma)
                d *= load_lanes(gamma + i, lanes);
            level += d;
            slope += first_lanes(d * ((load_lanes(x + i, lanes) - mean) * inv), lanes, (V){0});
        }
        const T mean_level = g->mean ? lane_sum(level) / n : 0, mean_slope = lane_sum(slope) / n;
        EACH_VECTOR (i, lanes, g->N) {
            V d = load_lanes(dy + i, lanes);
            if (gamma)
                d *= load_lanes(gamma + i, lanes);
            const V xhat = (load_lanes(x + i, lanes) - mean) * inv;
            store_lanes(dx + i, (d - mean_level - xhat * mean_slope) * inv, lanes);
        }
    }
}

/* The gradients of gamma and beta for one strip of columns. */
INLINE void weights_strip(const cr_row_norm_backward_weights_args *g, ptrdiff_t at, const int width,
                          ptrdiff_t lanes)
{
    V dbeta[WIDTH] = {{0}}, dgamma[WIDTH] = {{0}};
    for (ptrdiff_t first = 0; first < g->M; first += CHUNK) {
        const ptrdiff_t end = first + CHUNK < g->M ? first + CHUNK : g->M;
        V db[WIDTH] = {{0}}, dg[WIDTH] = {{0}};
        for (ptrdiff_t m = first; m < end; m++) {
            const T *x = (const T *)g->x + m * g->N + at, *dy = (const T *)g->dy + m * g->N + at;
            const T mean = g->mean ? ((const T *)g->mean)[m] : 0, inv = ((const T *)g->inv)[m];
#pragma GCC unroll 4
            for (int w = 0; w < width; w++) {
                const V d = load_lanes(dy + w * VL, lanes);
                db[w] += d;
                dg[w] += d * ((load_lanes(x + w * VL, lanes) - mean) * inv);
            }
        }
        for (int w = 0; w < width; w++) {
            dbeta[w] += db[w];
            dgamma[w] += dg[w];
        }
    }
    store_strip(g->dbeta ? (T *)g->dbeta + at : NULL, dbeta, width, lanes);
    store_strip(g->dgamma ? (T *)g->dgamma + at : NULL, dgamma, width, lanes);
}

/* Sums the gradients of gamma and beta over the rows. */
KERNEL(row_norm_backward_weights)
{
    const cr_row_norm_backward_weights_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->N, VL, rank, size, &begin, &end);
    EACH_STRIP(begin, end, weights_strip);
}
