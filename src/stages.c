/* The stages of a step around the sweep of update.c: gradients accumulated over several steps, a
 * running average of the weights, constraints, and the learning rate of a schedule. */
#include "blocks.h"
#include "rule_frame.h"
#include "simd_lanes.h"

/* ---- gradients over several steps ----------------------------------------------------------- */

/* Adds scaled gradients to their totals, which the step that updates divides. */
KERNEL(accumulate_gradients)
{
    const cr_accumulate_args *g = arguments;
    const V zeros = {0};
    const T scale = (T)g->scale, steps = (T)g->hyper->accumulation;
    const int adds = g->hyper->accumulation > 1, divides = adds && makes_update(g->hyper);
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        T *total = (T *)at.segment->w + at.from;
        const gradient_block gradient = gradient_of(&at, g->gradients, &zeros);
        EACH_VECTOR (i, lanes, at.n) {
            V sum = load_gradient(gradient, i, lanes) / scale;
            if (adds)
                sum += load_lanes(total + i, lanes);
            store_lanes(total + i, divides ? sum / steps : sum, lanes);
        }
    }
}

/* Zeroes the totals behind a step that made an update. */
KERNEL(reset_gradients)
{
    const cr_accumulate_args *g = arguments;
    if (g->hyper->step % g->hyper->accumulation != 0)
        return;
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at))
        memset((T *)at.segment->w + at.from, 0, (size_t)at.n * sizeof(T));
}

/* ---- averages ------------------------------------------------------------------------------- */

/* Takes the running averages one update further, and overwrites the weights now and then. */
KERNEL(average_weights)
{
    const cr_average_args *g = arguments;
    const int64_t t = (g->hyper->step - 1) / g->hyper->accumulation;
    const T kept = (T)(t ? g->momentum : 0), added = (T)(t ? 1 - g->momentum : 1);
    const int overwrites = g->overwrite_every > 0 && (t + 1) % g->overwrite_every == 0;
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        T *w = (T *)at.segment->w + at.from, *average = (T *)at.segment->slot[0] + at.from;
        EACH_VECTOR (i, lanes, at.n) {
            const V mean = kept * load_lanes(average + i, lanes) + added * load_lanes(w + i, lanes);
            store_lanes(average + i, mean, lanes);
            if (overwrites)
                store_lanes(w + i, mean, lanes);
        }
    }
}

/* ---- constraints ---------------------------------------------------------------------------- */

typedef V (*norm_function)(const cr_constrain_args *g, V norm);

/* Gives what brings weights of these norms between two limits. */
INLINE V factor_of_limits(const cr_constrain_args *g, V norm)
{
    const V wanted = vmin(splat((T)g->most), vmax(splat((T)g->least), norm));
    const T rate = (T)g->rate;
    return (rate * wanted + (T)(1 - g->rate) * norm) / ((T)1e-7 + norm);
}

/* Gives what makes norms smaller by the learning rate times g->rate, and 0 if they are not larger.
 */
INLINE V factor_of_shrinking(const cr_constrain_args *g, V norm)
{
    const T threshold = (T)(g->hyper->learning_rate * g->rate);
    return vmax((V){0}, 1 - threshold / vmax(splat((T)1e-30), norm));
}

/* Multiplies weights by what their norms say. Zeros come out as 0, never as -0. */
INLINE void scale_by_norms(const cr_constrain_args *g, ptrdiff_t rank, ptrdiff_t size,
                           norm_function factor_of)
{
    const ptrdiff_t n = g->n, inner = g->inner, across = (inner + VL - 1) / VL;
    ptrdiff_t begin, end;
    share(g->outer * across, 1, rank, size, &begin, &end);
    for (ptrdiff_t item = begin; item < end; item++) {
        T *w = (T *)g->w + item / across * n * inner;
        V square = {0};
        if (inner == 1) { /* the weights of a norm lie beside each other */
            EACH_VECTOR (i, lanes, n) {
                const V v = load_lanes(w + i, lanes);
                square += v * v;
            }
            const V factor = factor_of(g, vsqrt(splat(lane_sum(square))));
            EACH_VECTOR (i, lanes, n)
                store_lanes(w + i, factor * load_lanes(w + i, lanes) + 0, lanes);
            continue;
        }
        const ptrdiff_t from = item % across * VL;
        const ptrdiff_t lanes = inner - from < VL ? inner - from : VL;
        for (ptrdiff_t i = 0; i < n; i++) {
            const V v = load_lanes(w + i * inner + from, lanes);
            square += v * v;
        }
        const V factor = factor_of(g, vsqrt(square));
        for (ptrdiff_t i = 0; i < n; i++) {
            T *row = w + i * inner + from;
            store_lanes(row, factor * load_lanes(row, lanes) + 0, lanes);
        }
    }
}

/* Brings the norms of weights between two limits. */
KERNEL(constrain_norms) { scale_by_norms(arguments, rank, size, factor_of_limits); }

/* ---- groups of weights ------------------------------------------------------------------------
 */

/* Makes the norms of weights smaller behind a step that made an update. */
KERNEL(shrink_norms)
{
    const cr_constrain_args *g = arguments;
    if (made_update(g->hyper))
        scale_by_norms(g, rank, size, factor_of_shrinking);
}

/* Makes the norms of labelled groups of weights smaller. */
KERNEL(shrink_groups)
{
    const cr_shrink_groups_args *g = arguments;
    T *w = g->w;
    (void)size;
    if (rank || !made_update(g->hyper))
        return;
    memset(g->norms, 0, (size_t)g->groups * sizeof(double));
    for (ptrdiff_t i = 0; i < g->n; i++)
        g->norms[g->labels[i]] += (double)w[i] * (double)w[i];
    for (ptrdiff_t k = 0; k < g->groups; k++) {
        const double norm = sqrt(g->norms[k]);
        const double threshold = g->hyper->learning_rate * g->strengths[k];
        g->norms[k] = norm <= threshold ? 0 : 1 - threshold / norm; /* of NaN: NaN */
    }
    for (ptrdiff_t i = 0; i < g->n; i++)
        w[i] = (T)(g->norms[g->labels[i]] * (double)w[i] + 0);
}

/* ---- masks ----------------------------------------------------------------------------------- */

/* Gives the mask of a vector from its first `lanes` bytes at p, of which those that are 0 drop.
 * GCC widens bytes one by one where it is not told the instruction. */
INLINE VI load_mask(const uint8_t *p, ptrdiff_t lanes)
{
#if defined(__AVX512F__) && !CR_F64
    uint8_t bytes[16] = {0};
    memcpy(bytes, p, (size_t)lanes);
    return (VI)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes)) != 0;
#elif defined(__AVX512F__)
    int64_t bytes = 0;
    memcpy(&bytes, p, (size_t)lanes);
    return (VI)_mm512_cvtepu8_epi64(_mm_cvtsi64_si128(bytes)) != 0;
#elif defined(__AVX2__) && CR_F64
    int32_t bytes = 0;
    memcpy(&bytes, p, (size_t)lanes);
    return (VI)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(bytes)) != 0;
#elif defined(__AVX2__)
    int64_t bytes = 0;
    memcpy(&bytes, p, (size_t)lanes);
    return (VI)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes)) != 0;
#else
    VI mask = {0};
    for (ptrdiff_t i = 0; i < lanes; i++)
        mask[i] = -(TI)(p[i] != 0);
    return mask;
#endif
}

/* Copies what a mask keeps, and writes zeros for the rest. */
KERNEL(mask_values)
{
    const cr_mask_values_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    T *y = (T *)g->y + begin;
    const T *x = (const T *)g->x + begin;
    const uint8_t *mask = g->keep + begin;
    EACH_VECTOR (i, lanes, end - begin)
        store_lanes(y + i, keep(load_mask(mask + i, lanes), load_lanes(x + i, lanes)), lanes);
}

/* ---- signs ------------------------------------------------------------------------------------
 */

/* Zeroes negative weights. */
KERNEL(constrain_signs)
{
    const cr_constrain_args *g = arguments;
    T *w = g->w;
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    EACH_VECTOR (i, lanes, end - begin) {
        const V v = load_lanes(w + begin + i, lanes);
        store_lanes(w + begin + i, vmax((V){0}, v), lanes);
    }
}

/* ---- the learning rate ---------------------------------------------------------------------- */

/* Sets the learning rate that a schedule has at this step. */
KERNEL(scheduled_rate)
{
    const cr_scheduled_rate_args *g = arguments;
    (void)size;
    if (!rank)
        g->hyper->learning_rate = cr_rate_at(g->kind, g->numbers, g->count, g->hyper->step);
}
