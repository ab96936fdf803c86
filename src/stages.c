/* The stages of a step around the sweep of update.c: gradients accumulated over several steps, a
 * running average of the weights, constraints, and the learning rate of a schedule. */
#include "blocks.h"
#include "rule_steps.h"
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

/* Gives what weights of these norms are multiplied with. */
INLINE V norm_factor(const cr_constrain_args *g, V norm)
{
    const V wanted = vmin(splat((T)g->most), vmax(splat((T)g->least), norm));
    const T rate = (T)g->rate;
    return (rate * wanted + (T)(1 - g->rate) * norm) / ((T)1e-7 + norm);
}

/* Brings the norms of weights between two limits. */
KERNEL(constrain_norms)
{
    const cr_constrain_args *g = arguments;
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
            const V factor = norm_factor(g, vsqrt(splat(lane_sum(square))));
            EACH_VECTOR (i, lanes, n)
                store_lanes(w + i, factor * load_lanes(w + i, lanes), lanes);
            continue;
        }
        const ptrdiff_t from = item % across * VL;
        const ptrdiff_t lanes = inner - from < VL ? inner - from : VL;
        for (ptrdiff_t i = 0; i < n; i++) {
            const V v = load_lanes(w + i * inner + from, lanes);
            square += v * v;
        }
        const V factor = norm_factor(g, vsqrt(square));
        for (ptrdiff_t i = 0; i < n; i++) {
            T *row = w + i * inner + from;
            store_lanes(row, factor * load_lanes(row, lanes), lanes);
        }
    }
}

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
