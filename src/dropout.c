/* Dropout: the mask is made where it is used, from counters (see kernels.h). */
#include "activate.h"
#include "philox.h"

/* The lanes of v whose bit is set; zero elsewhere, whatever v holds there. */
INLINE V keep_lanes(uint32_t bits, V v)
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

/* y = x*scale where kept, for n <= 32 elements */
INLINE void apply_bits(T *y, const T *x, ptrdiff_t n, uint32_t bits, T scale)
{
    SPAN(PUT(y, keep_lanes(bits >> i, GET(x) * scale)););
}

/* This rank's rows, as a range of elements: it begins at a multiple of 8. */
INLINE void share_elements(ptrdiff_t n, ptrdiff_t cols, ptrdiff_t rank, ptrdiff_t size,
                           ptrdiff_t *begin, ptrdiff_t *end)
{
    share_rows(cols ? n / cols : 0, rank, size, begin, end);
    *begin *= cols;
    *end *= cols;
}

KERNEL(dropout_forward)
{
    const cr_dropout_forward_args *g = arguments;
    const uint64_t step = (uint64_t)*g->step;
    const round_keys keys = keys_of(g->seed);
    const T scale = (T)g->scale;
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    for (ptrdiff_t at = begin / GROUP * GROUP; at < end; at += GROUP) {
        uint32_t bits[4];
        keep_bits(bits, (uint64_t)(at / GROUP), &keys, g->stream, step, g->threshold);
        const ptrdiff_t low = begin > at ? begin - at : 0;
        const ptrdiff_t high = end - at < GROUP ? end - at : GROUP;
        T *y = (T *)g->y + at;
        const T *x = (const T *)g->x + at;
        if (low == 0 && high == GROUP)
            for (int w = 0; w < 4; w++)
                apply_bits(y + 32 * w, x + 32 * w, 32, bits[w], scale);
        else
            for (ptrdiff_t e = low; e < high; e = (e / 32 + 1) * 32) {
                const ptrdiff_t stop = (e / 32 + 1) * 32 < high ? (e / 32 + 1) * 32 : high;
                apply_bits(y + e, x + e, stop - e, bits[e / 32] >> e % 32, scale);
            }
        if (g->bits)
            for (ptrdiff_t byte = low / 8; byte < (high + 7) / 8; byte++)
                g->bits[at / 8 + byte] = (uint8_t)(bits[byte / 4] >> (byte % 4 * 8));
    }
}

KERNEL(dropout_backward)
{
    const cr_dropout_backward_args *g = arguments;
    const T scale = (T)g->scale;
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    if (!g->bits) {
        const ptrdiff_t n = end - begin;
        T *dx = (T *)g->dx + begin;
        const T *dy = (const T *)g->dy + begin, *y = (const T *)g->y + begin;
        SPAN(PUT(dx, keep(GET(y) > 0, GET(dy) * scale)););
        return;
    }
    for (ptrdiff_t at = begin; at < end; at += 32) {
        const ptrdiff_t n = end - at < 32 ? end - at : 32;
        uint32_t bits = 0;
        for (ptrdiff_t byte = 0; byte < (n + 7) / 8; byte++)
            bits |= (uint32_t)g->bits[at / 8 + byte] << (8 * byte);
        apply_bits((T *)g->dx + at, (const T *)g->dy + at, n, bits, scale);
    }
}
