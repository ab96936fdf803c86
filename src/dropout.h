/* The masks of dropout, made where they are used, and their application to a range of elements;
 * shared by the dropout kernels and the dense layer's. */
#ifndef COREREG_DROPOUT_H
#define COREREG_DROPOUT_H

#include "activate.h"
#include "philox.h"

#define GROUP 256 /* elements that share 16 counters: 16 counters x 4 words x 4 bytes */

/* What decides which elements one dropout keeps (contract_dropout.h): the random numbers' key, step
 * and stream, and the threshold, in [0, 2^32]; scale is for the elements that are kept. */
typedef struct {
    round_keys keys;
    uint64_t step, threshold;
    uint32_t stream;
    T scale;
} dropout_params;

/* Collects what decides over one dropout from the numbers of an argument struct. */
INLINE dropout_params dropout_params_of(uint64_t seed, const int64_t *step, uint32_t stream,
                                        uint64_t threshold, double scale)
{
    return (dropout_params){keys_of(seed), (uint64_t)*step, threshold, stream, (T)scale};
}

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

/* What alpha dropout adds to the elements kept, and puts in the place of the others. */
typedef struct {
    T shift, dropped;
} alpha_params;

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

/* Does the elements begin..end of y and x; y may alias x. If bits is not NULL, the mask is stored
 * there, and begin is a multiple of 8. alpha NULL: plain dropout. */
INLINE void masked_range(T *y, uint8_t *bits, const T *x, ptrdiff_t begin, ptrdiff_t end,
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

/* Does the elements begin..end of y and x by plain dropout; see masked_range. */
static inline void dropout_range(T *y, uint8_t *bits, const T *x, ptrdiff_t begin, ptrdiff_t end,
                                 const dropout_params *d)
{
    masked_range(y, bits, x, begin, end, d, NULL);
}

#endif
