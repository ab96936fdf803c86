/* Rows mixed with other rows of their batch, by shares that are drawn from a beta distribution:
 * MixUp (Zhang, Cisse, Dauphin, Lopez-Paz 2018) and CutMix (Yun, Han, Oh, Chun, Choe, Yoo 2019). */
#include "turns.h"

#define BETAS 16                             /* numbers that one group of counters gives */
#define LEAST_LOG ((T)(CR_F64 ? -700 : -80)) /* below this log(w), w counts as 0 */

/* Gives numbers of Beta(a, a) by rate = -1/a, uniforms u, angles t, and two bits more. */
INLINE V beta_of(V u, V t, VI bits, T rate)
{
    const V log_w = vlog(u) * -rate;
    const V w = keep(log_w > LEAST_LOG, vexp(vmax(splat(LEAST_LOG), log_w)));
    const V c = blend(-(bits & 1), sine_of(t), cosine_of(t));
    const V p = -vexpm1(log_w) * (c * c);
    const V d = w * (T)0.5 / vmax(splat((T)1e-30), p + w + vsqrt(p * (p + w)));
    return blend(-(bits >> 1 & 1), 1 - d, d);
}

/* Writes the numbers of one group that lie before n. */
INLINE void beta_group(T *y, ptrdiff_t n, uint64_t group, T rate, uint32_t stream, uint64_t step,
                       const round_keys *keys)
{
#if CR_F64
    VQ lane = {0};
    for (int i = 0; i < QL; i++)
        lane[i] = (uint64_t)i;
    for (int s = 0; s < BETAS / QL; s++) {
        VQ c[4] = {lane + (group * BETAS + QL * (uint64_t)s), (VQ){0} + stream,
                   (VQ){0} + (step & 0xffffffffu), (VQ){0} + (step >> 32)};
        philox(c, keys);
        const VQ a = (c[0] & 0xffffffffu) | c[1] << 32, b = (c[2] & 0xffffffffu) | c[3] << 32;
        const V v = beta_of(uniform_of(a), eighth_turn_of(b), (VI)(b >> 62), rate);
#else
    VW words[4][STRIPS];
    group_words(words, group, keys, stream, step);
    for (int s = 0; s < STRIPS; s++) {
        const VW a = words[0][s], b = words[1][s];
        const V v = beta_of(uniform_of(a), eighth_turn_of(b), (VI)(b >> 30), rate);
#endif
        if (VL * (s + 1) <= n)
            store(y + VL * s, v);
        else if (VL * s < n)
            store_n(y + VL * s, v, n - VL * s);
    }
}

/* Gives a number of (0, 1) of a random word. */
INLINE double open_uniform(uint32_t word) { return (word + 0.5) * 0x1p-32; }

/* Fills an array with numbers of a symmetric beta distribution, by their places. */
KERNEL(symmetric_beta)
{
    const cr_symmetric_beta_args *g = arguments;
    const round_keys keys = keys_of(g->seed);
    const uint64_t step = (uint64_t)*g->step;
    const double u = open_uniform(philox_word(0, 0, g->stream + 1, step, &keys));
    const double a = g->low + (g->high - g->low) * u;
    const T rate = (T)(-1 / (a > 1e-30 ? a : 1e-30));
    ptrdiff_t begin, end;
    share(g->n, BETAS, rank, size, &begin, &end);
    for (ptrdiff_t at = begin; at < end; at += BETAS)
        beta_group((T *)g->y + at, end - at, (uint64_t)(at / BETAS), rate, g->stream, step, &keys);
}

/* Gives the row that a row is mixed with: itself, where the order names none. */
INLINE ptrdiff_t partner(const int64_t *order, ptrdiff_t r, ptrdiff_t rows)
{
    return order[r] >= 0 && order[r] < rows ? (ptrdiff_t)order[r] : r;
}

/* Mixes each row with another one, by its share. */
KERNEL(mix_rows)
{
    const cr_mix_rows_args *g = arguments;
    const T *x = g->x, *shares = g->share;
    ptrdiff_t begin, end;
    share_rows(g->rows, rank, size, &begin, &end);
    for (ptrdiff_t r = begin; r < end; r++) {
        const T s = shares[r];
        const T *own = x + r * g->cols, *other = x + partner(g->order, r, g->rows) * g->cols;
        const T *most = s >= (T)0.5 ? own : other, *rest = s >= (T)0.5 ? other : own;
        const V less = splat(s >= (T)0.5 ? 1 - s : s);
        T *y = (T *)g->y + r * g->cols;
        EACH_VECTOR (i, lanes, g->cols) {
            const V a = load_lanes(most + i, lanes);
            store_lanes(y + i, a + less * (load_lanes(rest + i, lanes) - a), lanes);
        }
    }
}

/* Gives the smallest whole number of 0..n that is not below z >= 0. */
INLINE ptrdiff_t place_from(double z, ptrdiff_t n)
{
    const ptrdiff_t whole = (ptrdiff_t)z, found = whole + (z > (double)whole);
    return found < n ? found : n;
}

/* Copies each image, and into it a box of another one. */
KERNEL(paste_boxes)
{
    const cr_paste_boxes_args *g = arguments;
    const round_keys keys = keys_of(g->seed);
    const uint64_t step = (uint64_t)*g->step;
    const T *shares = g->share;
    const ptrdiff_t line = g->width * g->inner, cols = g->outer * g->height * line;
    const double height = (double)g->height, width = (double)g->width;
    ptrdiff_t begin, end;
    share_rows(g->rows, rank, size, &begin, &end);
    for (ptrdiff_t r = begin; r < end; r++) {
        const double side = __builtin_sqrt(shares[r] < 1 ? 1 - (double)shares[r] : 0);
        const double u = open_uniform(philox_word((uint64_t)r, 0, g->stream, step, &keys));
        const double v = open_uniform(philox_word((uint64_t)r, 1, g->stream, step, &keys));
        const double left = u * (width - side * width), top = v * (height - side * height);
        const ptrdiff_t x0 = place_from(left, g->width);
        const ptrdiff_t x1 = place_from(left + side * width, g->width);
        const ptrdiff_t y0 = place_from(top, g->height);
        const ptrdiff_t y1 = place_from(top + side * height, g->height);
        const T *own = (const T *)g->x + r * cols;
        const T *other = (const T *)g->x + partner(g->order, r, g->rows) * cols;
        T *y = (T *)g->y + r * cols;
        memcpy(y, own, (size_t)cols * sizeof(T));
        for (ptrdiff_t plane = 0; plane < g->outer; plane++)
            for (ptrdiff_t h = y0; h < y1; h++) {
                const ptrdiff_t at = (plane * g->height + h) * line + x0 * g->inner;
                memcpy(y + at, other + at, (size_t)((x1 - x0) * g->inner) * sizeof(T));
            }
    }
}

/* Names the row of which the larger part comes. */
KERNEL(larger_rows)
{
    const cr_larger_rows_args *g = arguments;
    const T *shares = g->share;
    ptrdiff_t begin, end;
    share_rows(g->n, rank, size, &begin, &end);
    for (ptrdiff_t r = begin; r < end; r++)
        g->picked[r] = shares[r] >= (T)0.5 ? r : g->order[r];
}
