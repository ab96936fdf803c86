/* Operands of products in reduced precision: numbers rounded to bfloat16, which are float32 without
 * the lower 16 bits (8 bits of fraction, the range of float32).
 *
 * "medium" multiplies one such part of each operand, "high" two of each, hi = bf16(x) and
 * lo = bf16(x - hi): x w is about hi hi + hi lo + lo hi. That is one product again whose sums are
 * three times as long:
 *
 *     part        0     1     2
 *     of a        hi    hi    lo
 *     of b        hi    lo    hi
 *
 * In part 1 of a and part 2 of b, and wherever lo stands, 0 is put in the place of what is not
 * finite: an infinity counts once, in part 0, and no product of it with a lo of 0 makes it NaN. */
#ifndef COREREG_BFLOAT16_H
#define COREREG_BFLOAT16_H

#include "simd.h"

#if !CR_F64
/* Rounds to the nearest bfloat16, to the even one of two; NaN stays NaN. */
INLINE V round_to_bfloat16(V x)
{
    const VI bits = as_int(x), upper = (VI){0} + ~0xffff;
    const VI rounded = (bits + (0x7fff + ((bits >> 16) & 1))) & upper;
    return blend(x != x, as_float((bits & upper) | 0x400000), as_float(rounded));
}

/* Takes v where x is finite, else 0. */
INLINE V where_finite(V x, V v) { return keep(x - x == 0, v); }

/* Gives a part of an operand, rounded; see above. parts: 1 or 3; second: whether the operand is
 * b. */
INLINE V part_of(V x, int part, int parts, int second)
{
    const V hi = round_to_bfloat16(x);
    if (parts == 1 || part == 0)
        return hi;
    return where_finite(hi, part == 2 - second ? round_to_bfloat16(x - hi) : hi);
}
#endif

#endif
