/* Products that are rounded: where two are added, a compiler fuses one of them with the sum, and
 * not the same one wherever the code is inlined. */
#ifndef COREREG_ROUNDED_H
#define COREREG_ROUNDED_H

#include "simd.h"

/* a as it is, rounded: the product that made it cannot be fused with what it is used for. */
INLINE V rounded(V a)
{
#if defined(__x86_64__)
    __asm__("" : "+v"(a));
#elif defined(__aarch64__)
    __asm__("" : "+w"(a));
#endif
    return a;
}

#endif
