/* Steps along directions that a rule has left (rules.h), whose length follows from a whole
 * variable; the directions of Adafactor; and gradients of a loss that was scaled. */
#include "blocks.h"
#include "rule_frame.h"
#include "simd_lanes.h"

/* ---- along a direction ----------------------------------------------------------------------- */

/* Sums the squares of weights and of their directions, block by block. */
KERNEL(direction_norms)
{
    const cr_directions_args *g = arguments;
    if (!made_update(g->hyper))
        return;
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const T *w = (const T *)at.segment->w + at.from;
        const T *u = (const T *)at.segment->slot[g->update] + at.from;
        V of_weights = {0}, of_directions = {0};
        EACH_VECTOR (i, lanes, at.n) {
            const V v = load_lanes(w + i, lanes), d = load_lanes(u + i, lanes);
            of_weights = sum_of_squares(of_weights, v);
            of_directions = sum_of_squares(of_directions, d);
        }
        g->sums[at.block] = (double)lane_sum(of_weights);
        g->sums[g->blocks + at.block] = (double)lane_sum(of_directions);
    }
}

/* Gives the length of the step of a segment, whose blocks begin with `first`. */
INLINE double length_of(const cr_directions_args *g, ptrdiff_t s, ptrdiff_t first)
{
    const cr_segment *segment = g->segments + s;
    const double rate = g->hyper->learning_rate * segment->rate;
    double weights = 0, directions = 0;
    if (g->kind == CR_BY_FACTORS)
        return rate * g->factors[s];
    for (ptrdiff_t block = first; block < first + blocks_of(segment); block++) {
        weights += g->sums[block];
        directions += g->sums[g->blocks + block];
    }
    if (g->kind == CR_BY_TRUST)
        return weights > 0 && directions > 0 ? rate * sqrt(weights) / sqrt(directions) : rate;
    const adafactor_hyper *own = OWN(adafactor, g->hyper);
    const double n = segment->n ? (double)segment->n : 1;
    const double t = (double)(g->hyper->step / g->hyper->accumulation);
    const double longest = fmin(rate, 1 / sqrt(t));
    return fmax(own->epsilon_2, sqrt(weights / n)) * longest /
           fmax(1, sqrt(directions / n) / own->clip_threshold);
}

/* Moves the weights along their directions. Every rank adds up the sums of a segment in one order.
 */
KERNEL(follow_directions)
{
    const cr_directions_args *g = arguments;
    const cr_segment *last = NULL;
    T length = 0;
    if (!made_update(g->hyper))
        return;
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        T *w = (T *)at.segment->w + at.from;
        const T *u = (const T *)at.segment->slot[g->update] + at.from;
        if (at.segment != last)
            length = (T)length_of(g, at.s, at.block - at.from / CR_BLOCK);
        last = at.segment;
        EACH_VECTOR (i, lanes, at.n)
            store_lanes(w + i, load_lanes(w + i, lanes) - length * load_lanes(u + i, lanes), lanes);
    }
}

/* ---- Adafactor ------------------------------------------------------------------------------- */

/* Gives 1 - b: how much of a mean is new. */
INLINE double part_of_new(const cr_hyper *hyper)
{
    return pow((double)(hyper->step / hyper->accumulation), OWN(adafactor, hyper)->beta_2_decay);
}

/* Moves the means of the squares of rows. */
KERNEL(factor_rows)
{
    const cr_factored_args *g = arguments;
    ptrdiff_t begin, end;
    if (!made_update(g->hyper))
        return;
    share(g->outer * g->R, 1, rank, size, &begin, &end);
    const double added = part_of_new(g->hyper), epsilon = OWN(adafactor, g->hyper)->epsilon_1;
    T *rows = g->rows;
    for (ptrdiff_t row = begin; row < end; row++) {
        const T *gradient = (const T *)g->update + row * g->C;
        V sum = {0};
        EACH_VECTOR (i, lanes, g->C)
            sum = sum_of_squares(sum, load_lanes(gradient + i, lanes));
        const double mean = (double)lane_sum(sum) / (double)g->C + epsilon;
        rows[row] = (T)((1 - added) * (double)rows[row] + added * mean);
    }
}

/* Moves the means of the squares of columns. */
KERNEL(factor_columns)
{
    const cr_factored_args *g = arguments;
    const ptrdiff_t across = (g->C + VL - 1) / VL;
    ptrdiff_t begin, end;
    if (!made_update(g->hyper))
        return;
    share(g->outer * across, 1, rank, size, &begin, &end);
    const double added = part_of_new(g->hyper);
    const T kept = (T)(1 - added), share_of_sum = (T)(added / (double)g->R);
    const T floor = (T)(added * OWN(adafactor, g->hyper)->epsilon_1);
    for (ptrdiff_t item = begin; item < end; item++) {
        const ptrdiff_t outer = item / across, from = item % across * VL;
        const ptrdiff_t lanes = g->C - from < VL ? g->C - from : VL;
        const T *gradient = (const T *)g->update + outer * g->R * g->C + from;
        T *columns = (T *)g->columns + outer * g->C + from;
        V sum = {0};
        for (ptrdiff_t i = 0; i < g->R; i++)
            sum = sum_of_squares(sum, load_lanes(gradient + i * g->C, lanes));
        store_lanes(columns, kept * load_lanes(columns, lanes) + share_of_sum * sum + floor, lanes);
    }
}

/* Gives the mean of an array's n numbers. */
INLINE double mean_of(const T *values, ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (double)values[i];
    return sum / (double)n;
}

/* Makes directions of gradients. */
KERNEL(factored_direction)
{
    const cr_factored_args *g = arguments;
    ptrdiff_t begin, end, known = -1;
    double mean = 1;
    if (!made_update(g->hyper))
        return;
    share(g->outer * g->R, 1, rank, size, &begin, &end);
    const double added = part_of_new(g->hyper);
    const T kept = (T)(1 - added), part = (T)added;
    const T epsilon = (T)OWN(adafactor, g->hyper)->epsilon_1;
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t outer = row / g->R;
        T *update = (T *)g->update + row * g->C, *velocity = (T *)g->velocity + row * g->C;
        const T *rows = g->rows, *columns = g->columns;
        if (rows && outer != known)
            mean = mean_of(rows + outer * g->R, g->R);
        known = outer;
        const T scale = rows ? (T)((double)rows[row] / mean) : 0;
        EACH_VECTOR (i, lanes, g->C) {
            const V d = load_lanes(update + i, lanes);
            V v;
            if (rows)
                v = scale * load_lanes(columns + outer * g->C + i, lanes);
            else
                v = kept * load_lanes(velocity + i, lanes) + part * (d * d + epsilon);
            store_lanes(velocity + i, v, lanes);
            store_lanes(update + i, d / vsqrt(v), lanes);
        }
    }
}

/* ---- gradients of a scaled loss -------------------------------------------------------------- */

/* Divides gradients by the scale, and counts by blocks those that are not finite. */
KERNEL(unscale_gradients)
{
    const cr_loss_scale_args *g = arguments;
    const V zeros = {0};
    const T scale = (T)g->scale[0];
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        T *y = (T *)at.segment->w + at.from;
        const gradient_block gradient = gradient_of(&at, g->gradients, &zeros);
        double lost = 0;
        EACH_VECTOR (i, lanes, at.n) {
            const V d = load_gradient(gradient, i, lanes), nothing = d - d; /* NaN: not finite */
            lost += lane_sum(nothing) == 0 ? 0 : 1;
            store_lanes(y + i, d / scale, lanes);
        }
        g->sums[at.block] = lost;
    }
}

/* Makes the scale smaller where gradients were lost, and larger when none was for long. */
KERNEL(adapt_loss_scale)
{
    const cr_loss_scale_args *g = arguments;
    double lost = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t block = 0; block < g->blocks; block++)
        lost += g->sums[block];
    g->skip[0] = lost > 0;
    if (lost > 0)
        g->scale[0] /= 2;
    else if (g->counter[0] + 1 == g->growth_steps)
        g->scale[0] = fminf(g->scale[0] * 2, 0x1p127f);
    else {
        g->counter[0]++;
        return;
    }
    g->counter[0] = 0;
}
