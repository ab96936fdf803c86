/* Normal random numbers from counters (see contract_dropout.h), by the transform of Box and Muller
 * (1958). Every operation here is rounded by itself (setup.py compiles this file without fused
 * multiplication and addition), so that the numbers are the same to the bit on every machine. */
#define CR_SAME_BITS
#include "turns.h"

#define NORMALS (CR_F64 ? 32 : 64) /* numbers that 16 counters give */

/* Gives sqrt(-2 log u) times the cosine and the sine of an angle, for u in (0, 1]. The angle is
 * t + quadrant*pi/2 with |t| <= pi/4, and quadrant from 0 to 3. */
INLINE void box_muller(V pair[2], V u, V t, VI quadrant)
{
    const V radius = vsqrt(vlog(u) * -2), sine = sine_of(t), cosine = cosine_of(t);
    const VI odd = -(quadrant & 1);
    const int to_sign = 8 * sizeof(T) - 2; /* moves the bit of 2 to that of the sign */
    pair[0] = as_float(as_int(radius * blend(odd, sine, cosine)) ^ ((quadrant + 1) & 2) << to_sign);
    pair[1] = as_float(as_int(radius * blend(odd, cosine, sine)) ^ (quadrant & 2) << to_sign);
}

/* Writes what of v lies before element n of y, from element `at` on. */
INLINE void store_before(T *y, ptrdiff_t n, ptrdiff_t at, V v)
{
    if (at + VL <= n)
        store(y + at, v);
    else if (at < n)
        store_n(y + at, v, n - at);
}

/* Writes mean + stddev*z to the elements of one group that lie before n. */
INLINE void normal_group(T *y, ptrdiff_t n, uint64_t group, const cr_normal_args *g,
                         const round_keys *keys)
{
    const T mean = (T)g->mean, stddev = (T)g->stddev;
    const uint64_t step = (uint64_t)*g->step;
    V pair[2];
#if CR_F64
    VQ lane = {0};
    for (int i = 0; i < QL; i++)
        lane[i] = (uint64_t)i;
    for (int s = 0; s < 16 / QL; s++) {
        VQ c[4] = {lane + (group * 16 + QL * (uint64_t)s), (VQ){0} + g->stream,
                   (VQ){0} + (step & 0xffffffffu), (VQ){0} + (step >> 32)};
        philox(c, keys);
        const VQ a = (c[0] & 0xffffffffu) | c[1] << 32, b = (c[2] & 0xffffffffu) | c[3] << 32;
        box_muller(pair, uniform_of(a), eighth_turn_of(b), (VI)(b >> 62));
        for (int half = 0; half < 2; half++)
            store_before(y, n, 16 * half + VL * s, mean + stddev * pair[half]);
    }
#else
    VW words[4][STRIPS];
    group_words(words, group, keys, g->stream, step);
    for (int w = 0; w < 4; w += 2)
        for (int s = 0; s < STRIPS; s++) {
            const VW a = words[w][s], b = words[w + 1][s];
            box_muller(pair, uniform_of(a), eighth_turn_of(b), (VI)(b >> 30));
            for (int half = 0; half < 2; half++)
                store_before(y, n, 16 * (w + half) + VL * s, mean + stddev * pair[half]);
        }
#endif
}

/* Fills an array with normal random numbers, by their places. */
KERNEL(normal)
{
    const cr_normal_args *g = arguments;
    const round_keys keys = keys_of(g->seed);
    ptrdiff_t begin, end;
    share(g->n, NORMALS, rank, size, &begin, &end);
    for (ptrdiff_t at = begin; at < end; at += NORMALS)
        normal_group((T *)g->y + at, end - at, (uint64_t)(at / NORMALS), g, &keys);
}
