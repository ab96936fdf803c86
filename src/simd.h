/* Portable SIMD vectors for the bodies of kernels: the vector extensions of GCC and Clang, with
 * intrinsics only where the compilers do not find the one instruction that is wanted. What moves
 * values between the lanes of a vector is in simd_lanes.h, functions such as exp are in vmath.h.
 *
 * A body is compiled with CR_ISA (a name suffix) and CR_F64 (0 or 1) defined, and sees
 *   T, TI       the element type and the integer type of its size
 *   V, VI       vectors of VL such elements
 *   CR_NAME(x)  the symbol cr_x_<dtype>_<isa>
 *   CR_REST     the instruction set whose code does what this one has no code for: mostly itself
 */
#ifndef COREREG_SIMD_H
#define COREREG_SIMD_H

#include "kernels.h"
#include "shares.h"

#include <math.h>
#include <string.h>

#if defined(CR_EMULATE_UNITS) /* for tests: nothing but what every compiler has */
#elif defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/* VB: the bytes of a vector register, unless tests want another length. */
#if defined(VB)
#elif defined(__AVX512F__)
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

#ifndef CR_REST
#define CR_REST CR_ISA
#endif

#define CR_PASTE3(a, b, c) cr_##a##_##b##_##c
#define CR_PASTE(a, b, c) CR_PASTE3(a, b, c)
#define CR_NAME(op) CR_PASTE(op, CR_DTYPE, CR_ISA)
#define KERNEL(op) void CR_NAME(op)(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
#define INLINE static inline __attribute__((always_inline, unused))

typedef T V __attribute__((vector_size(VB)));
typedef TI VI __attribute__((vector_size(VB)));
typedef T VU __attribute__((vector_size(VB), aligned(sizeof(T)), may_alias)); /* unaligned */

/* ---- loads and stores ---------------------------------------------------------------------- */

/* Reads VL elements, which need not be aligned. */
INLINE V load(const T *p) { return (V) * (const VU *)p; }

/* Writes VL elements, which need not be aligned. */
INLINE void store(T *p, V v) { *(VU *)p = (VU)v; }

/* Broadcasts x to all lanes. (x - 0 keeps -0, which x + 0 does not.) */
INLINE V splat(T x) { return x - (V){0}; }

/* load_n and store_n read and write the first n of VL elements, 0 <= n <= VL; the other lanes are
 * read as zero, and their memory is not touched. */
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
#elif defined(__AVX2__) && !defined(__SANITIZE_ADDRESS__) /* which sees no masked access */
/* Gives the mask of the first n lanes. */
INLINE __m256i first_mask(ptrdiff_t n)
{
#if CR_F64
    return (__m256i)((VI){0, 1, 2, 3} < (TI)n);
#else
    return (__m256i)((VI){0, 1, 2, 3, 4, 5, 6, 7} < (TI)n);
#endif
}
INLINE V load_n(const T *p, ptrdiff_t n)
{
#if CR_F64
    return _mm256_maskload_pd(p, first_mask(n));
#else
    return _mm256_maskload_ps(p, first_mask(n));
#endif
}
INLINE void store_n(T *p, V v, ptrdiff_t n)
{
#if CR_F64
    _mm256_maskstore_pd(p, first_mask(n), v);
#else
    _mm256_maskstore_ps(p, first_mask(n), v);
#endif
}
#else
#if defined(__OPTIMIZE_SIZE__)
#define ONCE static __attribute__((noinline, unused)) /* small code calls one copy */
#else
#define ONCE INLINE
#endif
ONCE V load_n(const T *p, ptrdiff_t n)
{
    T t[VL] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        t[i] = p[i];
    return load(t);
}
ONCE void store_n(T *p, V v, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        p[i] = v[i];
}
#endif

/* Loops over n elements, one vector at a time:
 *
 *     EACH_VECTOR (i, lanes, n) {
 *         const V v = load_lanes(x + i, lanes);
 *         store_lanes(y + i, v * v, lanes);
 *     }
 *
 * i is the index of the vector's first element. lanes says how many of its lanes hold elements: VL
 * in a whole vector, n % VL in the tail, which comes last, and only if it is not empty.
 *
 * The outer loop has two rounds, first the whole vectors, then the tail, and is unrolled: the body
 * is compiled twice. In the first copy lanes is the constant VL, so that load_lanes and store_lanes
 * need neither mask nor branch; the second copy runs at most once and is no loop. `continue` ends
 * the work on one vector. Leave by `return` only: `break` would end a round, not both. Code that
 * shall be small has one copy, which asks at every vector: all of it where it is compiled for size,
 * and elsewhere the loops of EACH_VECTOR_SMALL. */
#define EACH_VECTOR_SMALL(i, lanes, n)                                              \
    for (ptrdiff_t i = 0, lanes; lanes = (n) - i < VL ? (n) - i : VL, i < (n); i += VL)
#if defined(__OPTIMIZE_SIZE__)
#define EACH_VECTOR EACH_VECTOR_SMALL
#else
#define EACH_VECTOR(i, lanes, n)                                                    \
    _Pragma("GCC unroll 2") for (ptrdiff_t tail_ = 0, i = 0; tail_ < 2; tail_++)    \
        for (ptrdiff_t lanes = tail_ ? (n) - i : VL;                                \
             tail_ ? i < (n) : i + VL <= (n); i = tail_ ? (n) : i + VL)
#endif

/* Reads the vector at p, of which the first `lanes` elements exist; the others are zero. */
INLINE V load_lanes(const T *p, ptrdiff_t lanes)
{
    return lanes == VL ? load(p) : load_n(p, lanes);
}

/* Writes the first `lanes` elements of v to p. */
INLINE void store_lanes(T *p, V v, ptrdiff_t lanes)
{
    if (lanes == VL)
        store(p, v);
    else
        store_n(p, v, lanes);
}

/* ---- selection and arithmetic -------------------------------------------------------------- */

/* Both take the bits as they are. */
INLINE VI as_int(V v) { return (VI)v; }
INLINE V as_float(VI v) { return (V)v; }

/* Takes `yes` where the mask is set, else `no`. A mask is all ones or all zeros in each lane, as
 * comparisons make it. */
INLINE V blend(VI mask, V yes, V no)
{
    return as_float((mask & as_int(yes)) | (~mask & as_int(no)));
}

/* Takes v where the mask is set, else zero. */
INLINE V keep(VI mask, V v) { return as_float(mask & as_int(v)); }

/* vmax(a, b) and vmin(a, b) give b when either is NaN: put the variable second to keep its NaN.
 * vsqrt is the square root. */
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

/* Gives 1/a for |a| in [2^-125, 2^125], and 0 from 2^126 on. Where the hardware estimates 1/a to 14
 * bits, a Newton step or two (28 bits, 56 bits; the last one rounds once) take a third of the time
 * of a division; not where a file defines CR_SAME_BITS, for the same bits on every machine. */
INLINE V inverse(V a)
{
#if defined(CR_SAME_BITS)
    return 1 / a;
#elif defined(__AVX512F__) && CR_F64
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

/* Gives the absolute value of each lane. */
INLINE V vabs(V a) { return as_float(as_int(a) & (TI)(CR_F64 ? INT64_MAX : INT32_MAX)); }

/* Gives the sign of each lane, -1, 0 or 1; 0 for NaN as well. */
INLINE V vsign(V a)
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

#endif
