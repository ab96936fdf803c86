/* Mean, spread and entropy of samples of a random forward pass, kept up sample by sample (see
 * contract_samples.h). */
#include "simd_lanes.h"
#include "vmath.h"

/* Gives x log x, and 0 for 0. */
INLINE V x_log_x(V x) { return keep(x != (V){0}, x * vlog(x)); }

/* Gives the entropy of a row of n probabilities, of one class or of n labels. */
INLINE T row_entropy(const T *x, ptrdiff_t n, const int labels)
{
    V sum = {0};
    EACH_VECTOR (i, lanes, n) {
        const V p = load_lanes(x + i, lanes);
        V h = x_log_x(p);
        if (labels)
            h += x_log_x(1 - p);
        sum += first_lanes(h, lanes, (V){0});
    }
    return -lane_sum(sum);
}

/* Takes samples into the running mean, the squared deviations and the mean entropy of each row. */
KERNEL(sample_moments)
{
    const cr_sample_moments_args *g = arguments;
    const ptrdiff_t N = g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t s = 0; s < g->S; s++) {
        const T t = (T)(*g->count + s + 1);
        const T *x = (const T *)g->x + s * g->M * N;
        T *mean = g->mean, *squares = g->squares, *entropy = g->entropy;
        EACH_VECTOR (i, lanes, (end - begin) * N) {
            const ptrdiff_t at = begin * N + i;
            const V v = load_lanes(x + at, lanes), old = load_lanes(mean + at, lanes);
            const V now = old + (v - old) / t, sum = load_lanes(squares + at, lanes);
            store_lanes(mean + at, now, lanes);
            store_lanes(squares + at, sum + (v - old) * (v - now), lanes);
        }
        if (g->kind == CR_NO_ENTROPY)
            continue;
        for (ptrdiff_t m = begin; m < end; m++) {
            const T h = g->kind == CR_BERNOULLI_ENTROPY ? row_entropy(x + m * N, N, 1)
                                                        : row_entropy(x + m * N, N, 0);
            entropy[m] += (h - entropy[m]) / t;
        }
    }
}
