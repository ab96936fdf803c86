/* Losses that are a mean or a sum of one term for each output, with their gradients: Huber, log
 * cosh, the hinges, Poisson, Kullback and Leibler, relative and logarithmic errors, quantiles.
 * Shares are rows. contract_loss.h has the formulas. */
#include "loss_row.h"
#include "simd_lanes.h"
#include "vmath.h"

/* One output's loss, and its derivative with respect to z. */
typedef struct {
    V loss, slope;
} output_term;

/* Gives the terms of VL outputs; c is what the kind of loss needs beside z and y. */
typedef output_term (*term_function)(V z, V y, V c);

/* The option of a loss, in the kernel's dtype. */
INLINE T option_of(const cr_loss_args *g) { return (T)g->option; }

/* Does the rows begin..end of one output, with vectors along the rows. */
INLINE void column_losses(const cr_loss_args *g, ptrdiff_t begin, ptrdiff_t end, term_function term,
                          V c)
{
    T *loss = (T *)g->loss + begin, *dz = g->dz ? (T *)g->dz + begin : NULL;
    const T *z = (const T *)g->z + begin, *y = (const T *)g->y + begin;
    const T *weight = g->weight ? (const T *)g->weight + begin : NULL;
    EACH_VECTOR (m, lanes, end - begin) {
        const V w = weight ? load_lanes(weight + m, lanes) : splat(1);
        const output_term t = term(load_lanes(z + m, lanes), load_lanes(y + m, lanes), c);
        store_lanes(loss + m, w * t.loss, lanes);
        if (dz)
            store_lanes(dz + m, w / (T)g->M * t.slope, lanes);
    }
}

/* Does this rank's rows. c holds for all outputs unless there is one for each, in levels[N]. A
 * row's loss is the mean of its terms, or their sum if `sums`. */
INLINE void output_losses(const cr_loss_args *g, ptrdiff_t rank, ptrdiff_t size, term_function term,
                          T c, const T *levels, int sums)
{
    const ptrdiff_t n = g->N;
    const T terms = sums ? 1 : (T)n;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (n == 1) {
        column_losses(g, begin, end, term, splat(levels ? levels[0] : c));
        return;
    }
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        const T per_output = n ? r.scale / terms : 0;
        V sum = {0};
        EACH_VECTOR (i, lanes, n) {
            const V each = levels ? load_lanes(levels + i, lanes) : splat(c);
            const output_term t =
                term(load_lanes(r.z + i, lanes), load_lanes(r.y + i, lanes), each);
            sum += first_lanes(t.loss, lanes, (V){0});
            if (r.dz)
                store_lanes(r.dz + i, t.slope * per_output, lanes);
        }
        *r.loss = n ? r.weight * lane_sum(sum) / terms : 0;
    }
}

/* Huber's loss: squared up to the distance delta, and straight from there on. */
INLINE output_term huber_term(V z, V y, V delta)
{
    const V d = z - y, a = vabs(d), half = splat((T)0.5);
    return (output_term){blend(a <= delta, half * d * d, delta * a - half * delta * delta),
                         vmax(-delta, vmin(delta, d))};
}

/* Computes Huber's loss: squares near the target, absolute values far from it. */
KERNEL(huber) { output_losses(arguments, rank, size, huber_term, option_of(arguments), NULL, 0); }

/* log cosh d. With u = e^-|d| it is |d| - log 2 + log(1 + u^2), and, where that would be a
 * difference of like numbers, log(1 + (1-u)^2 / 2u). */
INLINE output_term log_cosh_term(V z, V y, V c)
{
    (void)c;
    const V d = z - y, a = vabs(d), u = vexp(-a), rest = 1 - u;
    const VI near = a < 1;
    const V more = blend(near, rest * rest / (2 * u), u * u);
    const V straight = blend(near, (V){0}, a - (T)0.69314718055994530942);
    return (output_term){vlog1p(more) + straight, vtanh(d)};
}

/* Computes the mean log cosh of the differences. */
KERNEL(log_cosh) { output_losses(arguments, rank, size, log_cosh_term, 0, NULL, 0); }

/* Whether all targets are 0 or 1, so that 0 stands for -1. Each share looks at all of them. */
static int has_binary_targets(const cr_loss_args *g)
{
    const T *y = g->y;
    EACH_VECTOR (i, lanes, g->M * g->N) {
        const V v = load_lanes(y + i, lanes);
        if (first_lane((v != 0) & (v != 1)) < VL)
            return 0;
    }
    return 1;
}

/* The hinge max(0, 1 - yz), for y of -1 and 1, or of 0 and 1 if binary is 1. Its slope at the kink
 * is the middle of those beside it. */
INLINE output_term hinge_term(V z, V y, V binary)
{
    const V target = y + binary * (y - 1), margin = 1 - target * z;
    const V side = keep(margin > 0, splat(1)) + keep(margin == 0, splat((T)0.5));
    return (output_term){vmax((V){0}, margin), -target * side};
}

/* The square of the hinge. */
INLINE output_term squared_hinge_term(V z, V y, V binary)
{
    const V target = y + binary * (y - 1), margin = vmax((V){0}, 1 - target * z);
    return (output_term){margin * margin, -2 * target * margin};
}

/* Computes the mean of max(0, 1 - y z). */
KERNEL(hinge)
{
    output_losses(arguments, rank, size, hinge_term, (T)has_binary_targets(arguments), NULL, 0);
}

/* Computes the mean of max(0, 1 - y z)^2. */
KERNEL(squared_hinge)
{
    const T binary = (T)has_binary_targets(arguments);
    output_losses(arguments, rank, size, squared_hinge_term, binary, NULL, 0);
}

/* Poisson's loss, z - y log(z + epsilon). */
INLINE output_term poisson_term(V z, V y, V epsilon)
{
    const V rate = z + epsilon;
    return (output_term){z - y * vlog(rate), 1 - y / rate};
}

/* Computes the mean of z - y log z. */
KERNEL(poisson)
{
    output_losses(arguments, rank, size, poisson_term, option_of(arguments), NULL, 0);
}

/* y log(y/z), both clipped to [epsilon, 1]. */
INLINE output_term kl_divergence_term(V z, V y, V epsilon)
{
    const V p = vmin(splat(1), vmax(epsilon, z)), t = vmin(splat(1), vmax(epsilon, y));
    return (output_term){t * vlog(t / p), keep((z >= epsilon) & (z <= 1), -t / z)};
}

/* Computes the sum of y log(y / z). */
KERNEL(kl_divergence)
{
    output_losses(arguments, rank, size, kl_divergence_term, option_of(arguments), NULL, 1);
}

/* 100 |z-y| / max(|y|, epsilon). */
INLINE output_term percentage_term(V z, V y, V epsilon)
{
    const V d = z - y, whole = vmax(epsilon, vabs(y));
    return (output_term){100 * vabs(d / whole), 100 * vsign(d) / whole};
}

/* Computes the mean of 100 |z - y| / |y|. */
KERNEL(absolute_percentage_error)
{
    output_losses(arguments, rank, size, percentage_term, option_of(arguments), NULL, 0);
}

/* The squared difference of log(1 + z) and log(1 + y), both at least epsilon. */
INLINE output_term logarithmic_term(V z, V y, V epsilon)
{
    const V rate = vmax(epsilon, z) + 1;
    const V d = vlog(rate) - vlog(vmax(epsilon, y) + 1);
    return (output_term){d * d, keep(z >= epsilon, 2 * d / rate)};
}

/* Computes the mean squared difference of log(1 + z) and log(1 + y). */
KERNEL(squared_logarithmic_error)
{
    output_losses(arguments, rank, size, logarithmic_term, option_of(arguments), NULL, 0);
}

/* The loss of a quantile: an error d = y - z costs level d above and (level - 1) d below. */
INLINE output_term quantile_term(V z, V y, V level)
{
    const V d = y - z;
    const V slope = blend(d > 0, -level, keep(d < 0, 1 - level));
    return (output_term){vmax((level - 1) * d, level * d), slope};
}

/* Computes the mean pinball loss of each output's level. */
KERNEL(quantile)
{
    const cr_loss_args *g = arguments;
    output_losses(g, rank, size, quantile_term, 0, g->levels, 0);
}
