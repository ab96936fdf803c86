/* Dropout: the mask is made where it is used, from counters (see contract_dropout.h). */
#include "dropout.h"
#include "activate.h"

#define GROUP 256 /* elements that share 16 counters: 16 counters x 4 words x 4 bytes */

/* Gives one bit for each byte, the low byte first, set where the byte is below `limit` <= 256. */
INLINE uint64_t below_bits(VW words, uint32_t limit)
{
    const uint64_t all = VB == 64 ? ~(uint64_t)0 : ((uint64_t)1 << (VB % 64)) - 1;
    if (limit > 0xff)
        return all;
#if defined(__AVX512BW__)
    return _mm512_cmplt_epu8_mask((__m512i)words, _mm512_set1_epi8((char)limit));
#elif defined(__AVX2__)
    const __m256i flip = _mm256_set1_epi8(-0x80), bound = _mm256_set1_epi8((char)(limit ^ 0x80));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpgt_epi8(bound, _mm256_xor_si256((__m256i)words, flip)));
#elif defined(__SSE2__)
    const __m128i flip = _mm_set1_epi8(-0x80), bound = _mm_set1_epi8((char)(limit ^ 0x80));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(bound, _mm_xor_si128((__m128i)words, flip)));
#else
    uint64_t bits = 0;
    for (int i = 0; i < VB; i++)
        bits |= (uint64_t)((words[i / 4] >> (i % 4 * 8) & 0xffu) < limit) << i;
    return bits & all;
#endif
}

/* Sets bits[w] for those of the elements 64w .. 64w+63 of a group whose byte is below `limit`. */
INLINE void group_bits(uint64_t bits[4], VW words[4][STRIPS], uint32_t limit)
{
    for (int w = 0; w < 4; w++) {
        bits[w] = 0;
        for (int s = 0; s < STRIPS; s++)
            bits[w] |= below_bits(words[w][s], limit) << (s * VB % 64);
    }
}

/* Says whether element e of a group is kept, whose first random byte equals the threshold's: by the
 * next bytes, from the one counter that has them. (For all elements of a group at once they would
 * take twice the time, and about one element in 256 needs them.) */
static __attribute__((noinline)) int keep_tie(uint64_t group, unsigned e, const dropout_params *d)
{
    for (uint32_t level = 1; level < 4; level++) {
        const uint32_t word = philox_word(group * 16 + e % 64 / 4, e / 64, d->stream | level << 30,
                                          d->step, &d->keys);
        const uint32_t byte = word >> (e % 4 * 8) & 0xff;
        const uint32_t limit = (uint32_t)(d->threshold >> (24 - 8 * level)) & 0xff;
        if (byte != limit)
            return byte < limit;
    }
    return 0;
}

/* Gives the keep bits of one group, 64 elements in each word: by 8 bits of each element's random
 * number, and where these equal the threshold's, and more are asked for, by the next ones. */
INLINE void keep_bits(uint64_t bits[4], uint64_t group, const dropout_params *d)
{
    VW words[4][STRIPS];
    const uint32_t limit = (uint32_t)(d->threshold >> 24);
    group_words(words, group, &d->keys, d->stream, d->step);
    group_bits(bits, words, limit);
    if (!(d->threshold & 0xffffff))
        return;
    uint64_t ties[4];
    group_bits(ties, words, limit + 1);
    for (unsigned w = 0; w < 4; w++)
        for (uint64_t left = ties[w] & ~bits[w]; left; left &= left - 1) {
            const unsigned i = (unsigned)__builtin_ctzll(left);
            bits[w] |= (uint64_t)keep_tie(group, 64 * w + i, d) << i;
        }
}

/* Gives the lanes of v whose bit is set, and zero elsewhere, whatever v holds there. */
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

/* Computes y = x*scale where kept, else 0, for n <= 64 elements. */
INLINE void apply_mask(T *y, const T *x, ptrdiff_t n, uint64_t bits, T scale)
{
    EACH_VECTOR (i, lanes, n)
        store_lanes(y + i, keep_lanes(bits >> i, load_lanes(x + i, lanes) * scale), lanes);
}

/* Computes y = x*scale + shift where kept, else `dropped`, for n <= 64 elements. */
INLINE void apply_alpha_mask(T *y, const T *x, ptrdiff_t n, uint64_t bits, T scale,
                             const alpha_params *alpha)
{
    EACH_VECTOR (i, lanes, n) {
        const V kept = keep_lanes(bits >> i, load_lanes(x + i, lanes) * scale + alpha->shift);
        const V other = keep_lanes(~bits >> i, splat(alpha->dropped));
        store_lanes(y + i, as_float(as_int(kept) | as_int(other)), lanes);
    }
}

/* Applies the mask to n <= 64 elements, by alpha dropout's formula if alpha is not NULL. */
INLINE void apply_either_mask(T *y, const T *x, ptrdiff_t n, uint64_t bits, T scale,
                              const alpha_params *alpha)
{
    if (alpha)
        apply_alpha_mask(y, x, n, bits, scale, alpha);
    else
        apply_mask(y, x, n, bits, scale);
}

/* Does the elements begin..end of y and x, group by group. */
void dropout_range(T *y, uint8_t *bits, const T *x, ptrdiff_t begin, ptrdiff_t end,
                   const dropout_params *d, const alpha_params *alpha)
{
    for (ptrdiff_t at = begin / GROUP * GROUP; at < end; at += GROUP) {
        uint64_t kept[4];
        keep_bits(kept, (uint64_t)(at / GROUP), d);
        const ptrdiff_t low = begin > at ? begin - at : 0;
        const ptrdiff_t high = end - at < GROUP ? end - at : GROUP;
        if (low == 0 && high == GROUP)
            for (int w = 0; w < 4; w++)
                apply_either_mask(y + at + 64 * w, x + at + 64 * w, 64, kept[w], d->scale, alpha);
        else
            for (ptrdiff_t e = low; e < high; e = (e / 64 + 1) * 64) {
                const ptrdiff_t stop = (e / 64 + 1) * 64 < high ? (e / 64 + 1) * 64 : high;
                apply_either_mask(y + at + e, x + at + e, stop - e, kept[e / 64] >> e % 64,
                                  d->scale, alpha);
            }
        if (bits)
            for (ptrdiff_t byte = low / 8; byte < (high + 7) / 8; byte++)
                bits[at / 8 + byte] = (uint8_t)(kept[byte / 8] >> (byte % 8 * 8));
    }
}

/* Sets this rank's rows as a range of elements; it begins at a multiple of 8. */
INLINE void share_elements(ptrdiff_t n, ptrdiff_t cols, ptrdiff_t rank, ptrdiff_t size,
                           ptrdiff_t *begin, ptrdiff_t *end)
{
    share_rows(cols ? n / cols : 0, rank, size, begin, end);
    *begin *= cols;
    *end *= cols;
}

/* Drops elements at random, scales the others, and stores the mask as bits. */
KERNEL(dropout_forward)
{
    const cr_dropout_forward_args *g = arguments;
    const dropout_params d = dropout_params_of(g->seed, g->step, g->stream, g->threshold, g->scale);
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    dropout_range(g->y, g->bits, g->x, begin, end, &d, NULL);
}

/* Puts one value in the place of elements at random, and scales and shifts the others. */
KERNEL(alpha_dropout_forward)
{
    const cr_alpha_dropout_forward_args *g = arguments;
    const dropout_params d = dropout_params_of(g->seed, g->step, g->stream, g->threshold, g->scale);
    const alpha_params alpha = {(T)g->shift, (T)g->dropped};
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    dropout_range(g->y, g->bits, g->x, begin, end, &d, &alpha);
}

/* Drops and scales a gradient by the mask's bits. */
KERNEL(dropout_backward)
{
    const cr_dropout_backward_args *g = arguments;
    const T scale = (T)g->scale;
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    if (!g->bits) {
        activation_backward_span((T *)g->dx + begin, (const T *)g->dy + begin,
                                 (const T *)g->y + begin, end - begin, CR_RELU, scale);
        return;
    }
    for (ptrdiff_t at = begin; at < end; at += 64) {
        const ptrdiff_t n = end - at < 64 ? end - at : 64;
        uint64_t bits = 0;
        for (ptrdiff_t byte = 0; byte < (n + 7) / 8; byte++)
            bits |= (uint64_t)g->bits[at / 8 + byte] << (8 * byte);
        apply_mask((T *)g->dx + at, (const T *)g->dy + at, n, bits, scale);
    }
}
