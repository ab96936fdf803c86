/* Portable vectors for kernel bodies: GCC/Clang vector extensions, with intrinsics only where the
 * compilers do not find the one instruction that is wanted.
 *
 * A body is compiled with CR_ISA (a name suffix) and CR_F64 (0 or 1) defined, and sees
 *   T, TI       the element type and the integer of its size
 *   V, VI       vectors of VL such elements
 *   CR_NAME(x)  the symbol cr_x_<dtype>_<isa>
 */
#ifndef COREREG_SIMD_H
#define COREREG_SIMD_H

#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VB 64
#elif defined(__AVX2__)
#define VB 32
#else
#define VB 16
#endif

#if CR_F64
typedef double T;
typedef int64_t TI;
#define CR_DTYPE f64
#define VL (VB / 8)
#define MANTISSA 52
#define EXPONENT_BIAS 1023
#else
typedef float T;
typedef int32_t TI;
#define CR_DTYPE f32
#define VL (VB / 4)
#define MANTISSA 23
#define EXPONENT_BIAS 127
#endif

#define CR_PASTE3(a, b, c) cr_##a##_##b##_##c
#define CR_PASTE(a, b, c) CR_PASTE3(a, b, c)
#define CR_NAME(op) CR_PASTE(op, CR_DTYPE, CR_ISA)
#define KERNEL(op) void CR_NAME(op)(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
#define INLINE static inline __attribute__((always_inline, unused))

typedef T V __attribute__((vector_size(VB)));
typedef TI VI __attribute__((vector_size(VB)));
typedef T VU __attribute__((vector_size(VB), aligned(sizeof(T)), may_alias));

INLINE V load(const T *p) { return (V) * (const VU *)p; }
INLINE void store(T *p, V v) { *(VU *)p = (VU)v; }
INLINE V splat(T x) { return x - (V){0}; } /* x - 0 keeps -0, which x + 0 does not */

/* The first n of VL elements (0 <= n <= VL); those beyond read as zero and are not written. */
#if defined(__AVX512F__)
INLINE V load_n(const T *p, ptrdiff_t n)
{
#if CR_F64
    return _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#else
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#endif
}
INLINE void store_n(T *p, V v, ptrdiff_t n)
{
#if CR_F64
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), v);
#else
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#endif
}
#else
INLINE V load_n(const T *p, ptrdiff_t n)
{
    T t[VL] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        t[i] = p[i];
    return load(t);
}
INLINE void store_n(T *p, V v, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        p[i] = v[i];
}
#endif

/* Loops over n >= 0 elements, one vector at a time:
 *
 *     EACH_VECTOR (i, lanes, n) {
 *         const V v = load_lanes(x + i, lanes);
 *         store_lanes(y + i, v * v, lanes);
 *     }
 *
 * i is the index of the vector's first element. lanes says how many of its lanes hold elements: VL
 * in a whole vector, n % VL in the tail, which comes last and only if it is not empty.
 *
 * The outer loop has two rounds, one for the whole vectors and one for the tail, and is unrolled:
 * the body is compiled twice. In the first copy lanes is the constant VL, so that load_lanes and
 * store_lanes need neither mask nor branch; the second copy is no loop. `continue` ends the work on
 * one vector. Leave such a loop by `return`: `break` would go on with the tail. */
#define EACH_VECTOR(i, lanes, n) \
  _Pragma("GCC unroll 2") \
  for (ptrdiff_t tail_ = 0, i = 0; tail_ < 2; tail_++) \
    for (ptrdiff_t lanes = tail_ ? (n) - i : VL; tail_ ? i < (n) : i + VL <= (n); i += VL)

INLINE V load_lanes(const T *p, ptrdiff_t lanes) { return lanes == VL ? load(p) : load_n(p, lanes); }
INLINE void store_lanes(T *p, V v, ptrdiff_t lanes)
{
    if (lanes == VL)
        store(p, v);
    else
        store_n(p, v, lanes);
}

INLINE VI as_int(V v) { return (VI)v; }
INLINE V as_float(VI v) { return (V)v; }
/* mask is all ones or all zeros in each lane, as comparisons make it */
INLINE V blend(VI mask, V yes, V no)
{
    return as_float((mask & as_int(yes)) | (~mask & as_int(no)));
}
INLINE V keep(VI mask, V v) { return as_float(mask & as_int(v)); }

/* vmax(a, b) and vmin(a, b) give b when either is NaN: put the variable second to keep its NaN. */
#if defined(__AVX512F__) && CR_F64
INLINE V vmax(V a, V b) { return _mm512_max_pd(a, b); }
INLINE V vmin(V a, V b) { return _mm512_min_pd(a, b); }
INLINE V vsqrt(V a) { return _mm512_sqrt_pd(a); }
#elif defined(__AVX512F__)
INLINE V vmax(V a, V b) { return _mm512_max_ps(a, b); }
INLINE V vmin(V a, V b) { return _mm512_min_ps(a, b); }
INLINE V vsqrt(V a) { return _mm512_sqrt_ps(a); }
#elif defined(__AVX2__) && CR_F64
INLINE V vmax(V a, V b) { return _mm256_max_pd(a, b); }
INLINE V vmin(V a, V b) { return _mm256_min_pd(a, b); }
INLINE V vsqrt(V a) { return _mm256_sqrt_pd(a); }
#elif defined(__AVX2__)
INLINE V vmax(V a, V b) { return _mm256_max_ps(a, b); }
INLINE V vmin(V a, V b) { return _mm256_min_ps(a, b); }
INLINE V vsqrt(V a) { return _mm256_sqrt_ps(a); }
#elif defined(__SSE2__) && CR_F64
INLINE V vmax(V a, V b) { return _mm_max_pd(a, b); }
INLINE V vmin(V a, V b) { return _mm_min_pd(a, b); }
INLINE V vsqrt(V a) { return _mm_sqrt_pd(a); }
#elif defined(__SSE2__)
INLINE V vmax(V a, V b) { return _mm_max_ps(a, b); }
INLINE V vmin(V a, V b) { return _mm_min_ps(a, b); }
INLINE V vsqrt(V a) { return _mm_sqrt_ps(a); }
#else
INLINE V vmax(V a, V b) { return blend(a > b, a, b); }
INLINE V vmin(V a, V b) { return blend(a < b, a, b); }
INLINE V vsqrt(V a)
{
    for (int i = 0; i < VL; i++)
        a[i] = CR_F64 ? sqrt(a[i]) : sqrtf((float)a[i]);
    return a;
}
#endif

/* 1/a for |a| in [2^-125, 2^125], and 0 from 2^126 on. Where the hardware estimates 1/a to 14 bits,
 * a Newton step or two (28 bits, 56 bits; the last one rounds once) are a third of a division. */
INLINE V inverse(V a)
{
#if defined(__AVX512F__) && CR_F64
    V y = _mm512_rcp14_pd(a);
    y += y * (1 - a * y);
    return y + y * (1 - a * y);
#elif defined(__AVX512F__)
    const V y = _mm512_rcp14_ps(a);
    return y + y * (1 - a * y);
#else
    return 1 / a;
#endif
}

/* a / (sqrt(b) + c) for b >= 0, c >= 0, by estimates as above where there are some. */
INLINE V over_root(V a, V b, V c)
{
#if defined(__AVX512F__) && !CR_F64
    const V estimate = _mm512_rsqrt14_ps(vmax(splat(1e-37f), b)); /* finite; NaN passes */
    const V root = b * estimate;
    return a * inverse(root * ((T)1.5 - (T)0.5 * (root * estimate)) + c);
#else
    return a / (vsqrt(b) + c);
#endif
}

INLINE V vabs(V a) { return as_float(as_int(a) & (TI)(CR_F64 ? INT64_MAX : INT32_MAX)); }
INLINE V vsign(V a) /* 0 for 0 and for NaN */
{
#if defined(__AVX512F__) && !CR_F64
    const __mmask16 nonzero = _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_OQ);
    const __m512i top = _mm512_set1_epi32(INT32_MIN), one = (__m512i)splat(1);
    return (V)_mm512_maskz_ternarylogic_epi32(nonzero, (__m512i)a, top, one, 0xEA); /* a&b | c */
#else
    const TI top = CR_F64 ? (TI)INT64_MIN : (TI)INT32_MIN;
    return keep((a < 0) | (a > 0), as_float((as_int(a) & top) | as_int(splat(1))));
#endif
}

/* __builtin_shufflevector came to GCC with 12; its older name takes the indices as a vector */
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (VI){__VA_ARGS__})
#endif
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

/* The first n lanes of v, `other` in the rest */
INLINE V first_n(V v, ptrdiff_t n, V other) { return blend((VI){LANES} < (TI)n, v, other); }

/* The first lane where mask is set, or VL */
INLINE int first_lane(VI mask)
{
#if defined(__AVX512F__) && CR_F64
    const unsigned bits = _mm512_movepi64_mask((__m512i)mask);
#elif defined(__AVX512F__)
    const unsigned bits = _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__) && CR_F64
    const unsigned bits = (unsigned)_mm256_movemask_pd((__m256d)mask);
#elif defined(__AVX2__)
    const unsigned bits = (unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(__SSE2__) && CR_F64
    const unsigned bits = (unsigned)_mm_movemask_pd((__m128d)mask);
#elif defined(__SSE2__)
    const unsigned bits = (unsigned)_mm_movemask_ps((__m128)mask);
#else
    unsigned bits = 0;
    for (int i = 0; i < VL; i++)
        bits |= (unsigned)(mask[i] != 0) << i;
#endif
    return __builtin_ctz(bits | 1u << VL);
}

/* Sums and maxima across lanes, by halving: always the same tree. */
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
INLINE T lane_max(V v) /* of lanes that are not NaN */
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

/* Interleaves the lower (upper) halves of a and b: log2(VL) rounds of it transpose VL vectors. */
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
/* r[i][j] and r[j][i] change places */
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

/* The rank-th of size shares of `units` units of `grain` elements, as an element range. */
INLINE void share(ptrdiff_t n, ptrdiff_t grain, ptrdiff_t rank, ptrdiff_t size, ptrdiff_t *begin,
                  ptrdiff_t *end)
{
    ptrdiff_t units = (n + grain - 1) / grain, each = units / size, extra = units % size;
    ptrdiff_t first = rank * each + (rank < extra ? rank : extra);
    *begin = first * grain;
    *end = (first + each + (rank < extra)) * grain;
    if (*begin > n)
        *begin = n;
    if (*end > n)
        *end = n;
}

/* Kernels that work on whole rows all cut them alike, so that in a replay a rank finds the rows
 * that it wrote itself and need not wait for the others. */
INLINE void share_rows(ptrdiff_t rows, ptrdiff_t rank, ptrdiff_t size, ptrdiff_t *begin,
                       ptrdiff_t *end)
{
    share(rows, 8, rank, size, begin, end);
}

#endif
