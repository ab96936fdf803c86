/* Mean, spread and entropy of samples of a random forward pass, kept up sample by sample (see
 * contract_samples.h). */
#include "simd_lanes.h"
#include "vmath.h"

/* Gives x log x, and 0 for 0. */
INLINE V x_log_x(V x) { return keep(x != (V){0}, x * vlog(x)); }

/* Gives -x log x, and of a label also -(1-x) log(1-x), for the first lanes; 0 in the others. (They
 * are taken for 1 on the way, whose logarithm is faster than that of 0.) */
INLINE V entropy_terms(const T *x, ptrdiff_t lanes, const int labels)
{
    const V p = load_lanes(x, lanes), one = splat(1);
    V h = x_log_x(first_lanes(p, lanes, one));
    if (labels)
        h += x_log_x(first_lanes(1 - p, lanes, one));
    return -h;
}

/* Takes the entropies of the rows begin..end of one sample into their means. */
INLINE void mean_entropies(T *entropy, const T *x, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t N, T t,
                           const int labels)
{
    if (N == 1) {
        EACH_VECTOR (i, lanes, end - begin) {
            const V old = load_lanes(entropy + begin + i, lanes);
            const V h = entropy_terms(x + begin + i, lanes, labels);
            store_lanes(entropy + begin + i, old + (h - old) / t, lanes);
        }
        return;
    }
    for (ptrdiff_t m = begin; m < end; m++) {
        V sum = {0};
        EACH_VECTOR (i, lanes, N)
            sum += entropy_terms(x + m * N + i, lanes, labels);
        entropy[m] += (lane_sum(sum) - entropy[m]) / t;
    }
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
        if (g->kind == CR_CATEGORICAL_ENTROPY)
            mean_entropies(entropy, x, begin, end, N, t, 0);
        else if (g->kind == CR_BERNOULLI_ENTROPY)
            mean_entropies(entropy, x, begin, end, N, t, 1);
    }
}
