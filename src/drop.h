/* Dropout of a range of elements, shared by the dropout kernels and the dense layer's. */
#ifndef COREREG_DROP_H
#define COREREG_DROP_H

#include "activate.h"
#include "philox.h"

INLINE dropper dropper_of(uint64_t seed, const int64_t *step, uint32_t stream, uint64_t threshold,
                          double scale)
{
    return (dropper){keys_of(seed), (uint64_t)*step, threshold, stream, (T)scale};
}

/* The lanes of v whose bit is set; zero elsewhere, whatever v holds there. */
INLINE V keep_lanes(uint64_t bits, V v)
{
#if defined(__AVX512F__) && CR_F64
    return _mm512_maskz_mov_pd((__mmask8)bits, v);
#elif defined(__AVX512F__)
    return _mm512_maskz_mov_ps((__mmask16)bits, v);
#else
    VI lane;
    for (int i = 0; i < VL; i++)
        lane[i] = (TI)1 << i;
    return keep((((VI){0} + (TI)(bits & ((1u << VL) - 1))) & lane) == lane, v);
#endif
}

/* y = x*scale where kept, for n <= 64 elements */
INLINE void apply_bits(T *y, const T *x, ptrdiff_t n, uint64_t bits, T scale)
{
    SPAN(PUT(y, keep_lanes(bits >> i, GET(x) * scale)););
}

/* Elements begin..end of y and x; y may alias x. With bits not NULL, begin is a multiple of 8. */
static inline void drop_range(T *y, uint8_t *bits, const T *x, ptrdiff_t begin, ptrdiff_t end,
                              const dropper *d)
{
    for (ptrdiff_t at = begin / GROUP * GROUP; at < end; at += GROUP) {
        uint64_t kept[4];
        keep_bits(kept, (uint64_t)(at / GROUP), d);
        const ptrdiff_t low = begin > at ? begin - at : 0;
        const ptrdiff_t high = end - at < GROUP ? end - at : GROUP;
        if (low == 0 && high == GROUP)
            for (int w = 0; w < 4; w++)
                apply_bits(y + at + 64 * w, x + at + 64 * w, 64, kept[w], d->scale);
        else
            for (ptrdiff_t e = low; e < high; e = (e / 64 + 1) * 64) {
                const ptrdiff_t stop = (e / 64 + 1) * 64 < high ? (e / 64 + 1) * 64 : high;
                apply_bits(y + at + e, x + at + e, stop - e, kept[e / 64] >> e % 64, d->scale);
            }
        if (bits)
            for (ptrdiff_t byte = low / 8; byte < (high + 7) / 8; byte++)
                bits[at / 8 + byte] = (uint8_t)(kept[byte / 8] >> (byte % 8 * 8));
    }
}

#endif
