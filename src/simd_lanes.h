/* Operations across the lanes of a vector: shuffles, sums, maxima, searches and transposition. */
#ifndef COREREG_SIMD_LANES_H
#define COREREG_SIMD_LANES_H

#include "simd.h"

/* SHUFFLE(a, b, i, j, ...) picks lanes of a (0 to VL-1) and b (from VL on) by constant indices.
 * GCC has __builtin_shufflevector from version 12 on; before, indices were a vector. */
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (VI){__VA_ARGS__})
#endif

/* LANES numbers the lanes; ROTATEn, as indices of SHUFFLE, moves each lane n places down. */
#if VL == 2
#define LANES 0, 1
#define ROTATE1 1, 0
#elif VL == 4
#define LANES 0, 1, 2, 3
#define ROTATE1 1, 2, 3, 0
#define ROTATE2 2, 3, 0, 1
#elif VL == 8
#define LANES 0, 1, 2, 3, 4, 5, 6, 7
#define ROTATE1 1, 2, 3, 4, 5, 6, 7, 0
#define ROTATE2 2, 3, 4, 5, 6, 7, 0, 1
#define ROTATE4 4, 5, 6, 7, 0, 1, 2, 3
#else
#define LANES 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define ROTATE1 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0
#define ROTATE2 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1
#define ROTATE4 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3
#define ROTATE8 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7
#endif

/* Takes the first `lanes` lanes of v and, in the tail's lanes that hold no element, `other`. */
INLINE V first_lanes(V v, ptrdiff_t lanes, V other)
{
    return lanes == VL ? v : blend((VI){LANES} < (TI)lanes, v, other);
}

/* Gives the lanes where the mask is set, as bits. */
INLINE unsigned lane_bits(VI mask)
{
#if defined(__AVX512F__) && CR_F64
    return _mm512_movepi64_mask((__m512i)mask);
#elif defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__) && CR_F64
    return (unsigned)_mm256_movemask_pd((__m256d)mask);
#elif defined(__AVX2__)
    return (unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(__SSE2__) && CR_F64
    return (unsigned)_mm_movemask_pd((__m128d)mask);
#elif defined(__SSE2__)
    return (unsigned)_mm_movemask_ps((__m128)mask);
#else
    unsigned bits = 0;
    for (int i = 0; i < VL; i++)
        bits |= (unsigned)(mask[i] != 0) << i;
    return bits;
#endif
}

/* Gives the first lane where the mask is set, or VL if there is none. */
INLINE int first_lane(VI mask) { return __builtin_ctz(lane_bits(mask) | 1u << VL); }

/* Sums all lanes by halving the vector: always the same tree, hence always the same bits. */
INLINE T lane_sum(V v)
{
#if VL >= 16
    v += SHUFFLE(v, v, ROTATE8);
#endif
#if VL >= 8
    v += SHUFFLE(v, v, ROTATE4);
#endif
#if VL >= 4
    v += SHUFFLE(v, v, ROTATE2);
#endif
    v += SHUFFLE(v, v, ROTATE1);
    return v[0];
}

/* Gives the largest of the lanes that are not NaN. */
INLINE T lane_max(V v)
{
#if VL >= 16
    v = vmax(v, SHUFFLE(v, v, ROTATE8));
#endif
#if VL >= 8
    v = vmax(v, SHUFFLE(v, v, ROTATE4));
#endif
#if VL >= 4
    v = vmax(v, SHUFFLE(v, v, ROTATE2));
#endif
    v = vmax(v, SHUFFLE(v, v, ROTATE1));
    return v[0];
}

/* LOW and HIGH, as indices of SHUFFLE, interleave the lower and the upper halves of two vectors. */
#if VL == 2
#define LOW 0, 2
#define HIGH 1, 3
#elif VL == 4
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#elif VL == 8
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif
/* Transposes a square of VL vectors, r[i][j] <-> r[j][i], in log2(VL) rounds of interleaving the
 * upper half of the rows with the lower half. */
INLINE void transpose(V r[VL])
{
    V t[VL];
#pragma GCC unroll 4
    for (int round = 1; round < VL; round *= 2) {
#pragma GCC unroll 16
        for (int i = 0; i < VL / 2; i++) {
            t[2 * i] = SHUFFLE(r[i], r[i + VL / 2], LOW);
            t[2 * i + 1] = SHUFFLE(r[i], r[i + VL / 2], HIGH);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            r[i] = t[i];
    }
}

#endif
