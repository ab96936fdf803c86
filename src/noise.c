/* Normal random numbers from counters (see contract_dropout.h), by the transform of Box and Muller
 * (1958). Every operation here is rounded by itself (setup.py compiles this file without fused
 * multiplication and addition), so that the numbers are the same to the bit on every machine. */
#define CR_SAME_BITS
#include "philox.h"
#include "vmath.h"

#define NORMALS (CR_F64 ? 32 : 64) /* numbers that 16 counters give */

/* Gives sqrt(-2 log u) times the cosine and the sine of an angle, for u in (0, 1]. The angle is
 * t + quadrant*pi/2 with |t| <= pi/4, and quadrant from 0 to 3. */
INLINE void box_muller(V pair[2], V u, V t, VI quadrant)
{
#if CR_F64
    static const T S[] = {1.58969099521155010221e-10, -2.50507602534068634195e-08,
                          2.75573137070700676789e-06, -1.98412698298579493134e-04,
                          8.33333333332248946124e-03, -1.66666666666666324348e-01};
    static const T C[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,
                          -2.75573143513906633035e-07, 2.48015872894767294178e-05,
                          -1.38888888888741095749e-03, 4.16666666666666019037e-02};
#else
    static const T S[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
    static const T C[] = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
#endif
    const V radius = vsqrt(vlog(u) * -2), z = t * t;
    const V sine = t + t * (z * POLYNOMIAL(z, S));
    const V cosine = 1 - z * (T)0.5 + z * z * POLYNOMIAL(z, C);
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

#if CR_F64
/* Turns 52 random bits of each lane, from bit `low` on, into a number of [1, 2). */
INLINE V one_to_two(VQ bits, int low)
{
    return as_float((VI)((bits >> low & (((uint64_t)1 << 52) - 1)) | (uint64_t)1023 << 52));
}
#endif

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
        const V t = (one_to_two(b, 10) - (T)1.5) * (T)1.5707963267948966;
        box_muller(pair, 2 - one_to_two(a, 12), t, (VI)(b >> 62));
        for (int half = 0; half < 2; half++)
            store_before(y, n, 16 * half + VL * s, mean + stddev * pair[half]);
    }
#else
    VW words[4][STRIPS];
    group_words(words, group, keys, g->stream, step);
    for (int w = 0; w < 4; w += 2)
        for (int s = 0; s < STRIPS; s++) {
            const V u = __builtin_convertvector((VI)(words[w][s] >> 1), V) + (T)0.5;
            const VI turn = (VI)(words[w + 1][s] & 0x3fffffffu) - 0x20000000;
            const V t = __builtin_convertvector(turn, V) * (T)(1.5707963267948966 * 0x1p-30);
            box_muller(pair, u * 0x1p-31f, t, (VI)(words[w + 1][s] >> 30));
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
