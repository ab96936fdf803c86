/* Uniform numbers and angles from random bits, and the sine and the cosine of those angles. Files
 * that include this are compiled for the same bits on every machine (CR_SAME_BITS, setup.py). */
#ifndef COREREG_TURNS_H
#define COREREG_TURNS_H

#define CR_SAME_BITS
#include "philox.h"
#include "vmath.h"

#if CR_F64
/* Turns 52 random bits of each lane, from bit `low` on, into a number of [1, 2). */
INLINE V one_to_two(VQ bits, int low)
{
    return as_float((VI)((bits >> low & (((uint64_t)1 << 52) - 1)) | (uint64_t)1023 << 52));
}

/* Gives 1 - k/2^52, in (0, 1], of the upper 52 bits k of each lane. */
INLINE V uniform_of(VQ bits) { return 2 - one_to_two(bits, 12); }

/* Gives an angle of [-pi/4, pi/4) of all but the upper two bits of each lane. */
INLINE V eighth_turn_of(VQ bits) { return (one_to_two(bits, 10) - (T)1.5) * (T)1.5707963267948966; }
#else
/* Gives (k + 1/2)/2^31, in (0, 1], of the upper 31 bits k of each lane. */
INLINE V uniform_of(VW bits)
{
    return (__builtin_convertvector((VI)(bits >> 1), V) + (T)0.5) * 0x1p-31f;
}

/* Gives an angle of [-pi/4, pi/4) of all but the upper two bits of each lane. */
INLINE V eighth_turn_of(VW bits)
{
    const VI turn = (VI)(bits & 0x3fffffffu) - 0x20000000;
    return __builtin_convertvector(turn, V) * (T)(1.5707963267948966 * 0x1p-30);
}
#endif

/* Computes sin t, |t| <= pi/4. */
INLINE V sine_of(V t)
{
#if CR_F64
    static const T S[] = {1.58969099521155010221e-10, -2.50507602534068634195e-08,
                          2.75573137070700676789e-06, -1.98412698298579493134e-04,
                          8.33333333332248946124e-03, -1.66666666666666324348e-01};
#else
    static const T S[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
#endif
    const V z = t * t;
    return t + t * (z * POLYNOMIAL(z, S));
}

/* Computes cos t, |t| <= pi/4. */
INLINE V cosine_of(V t)
{
#if CR_F64
    static const T C[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,
                          -2.75573143513906633035e-07, 2.48015872894767294178e-05,
                          -1.38888888888741095749e-03, 4.16666666666666019037e-02};
#else
    static const T C[] = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
#endif
    const V z = t * t;
    return 1 - z * (T)0.5 + z * z * POLYNOMIAL(z, C);
}

#endif
