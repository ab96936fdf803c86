/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011).
 *
 * One round turns the counter (c0, c1, c2, c3) under the key (k0, k1) into
 *     (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0))
 * and the key is bumped by the Weyl constants between rounds. Each 64-bit lane below carries one
 * 32-bit word in its lower half; the upper half is whatever it is until the words are joined.
 */
#ifndef COREREG_PHILOX_H
#define COREREG_PHILOX_H

#include "simd.h"

#define GROUP 256 /* elements that share 16 counters: 16 counters x 4 words x 4 bytes */

typedef uint64_t VQ __attribute__((vector_size(VB)));
typedef uint32_t VW __attribute__((vector_size(VB)));
#define QL (VB / 8)
#define STRIPS (16 / (2 * QL)) /* vectors of 32-bit words that 16 counters fill */

INLINE VQ multiply_low_words(VQ a, uint32_t b)
{
#if defined(__AVX512F__)
    return (VQ)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#elif defined(__AVX2__)
    return (VQ)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__SSE2__)
    return (VQ)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return (a & 0xffffffffu) * b;
#endif
}

/* The upper words in the place of the lower ones. (A shuffle, where a shift would have to share
 * its port with the multiplications.) */
INLINE VQ high_words(VQ a)
{
#if defined(__AVX512F__)
    return (VQ)_mm512_shuffle_epi32((__m512i)a, 0xF5);
#elif defined(__AVX2__)
    return (VQ)_mm256_shuffle_epi32((__m256i)a, 0xF5);
#elif defined(__SSE2__)
    return (VQ)_mm_shuffle_epi32((__m128i)a, 0xF5);
#else
    return a >> 32;
#endif
}

/* Lower words of a and b in turn */
INLINE VW join_words(VQ a, VQ b)
{
#if defined(__AVX512F__)
    return (VW)_mm512_mask_shuffle_epi32((__m512i)a, 0xAAAA, (__m512i)b, 0xA0);
#else
    return (VW)((a & 0xffffffffu) | (b << 32));
#endif
}

/* The keys of the ten rounds, each word in a 64-bit lane's lower half */
typedef struct {
    uint64_t k[10][2];
} round_keys;

INLINE round_keys keys_of(uint64_t seed)
{
    round_keys keys;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        keys.k[round][0] = k0;
        keys.k[round][1] = k1;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return keys;
}

INLINE void philox(VQ c[4], const round_keys *keys)
{
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const VQ p0 = multiply_low_words(c[0], 0xD2511F53u);
        const VQ p1 = multiply_low_words(c[2], 0xCD9E8D57u);
        c[0] = high_words(p1) ^ c[1] ^ keys->k[round][0];
        c[1] = p1;
        c[2] = high_words(p0) ^ c[3] ^ keys->k[round][1];
        c[3] = p0;
    }
}

/* words[w][s]: word w of counters 2*QL*s .. 2*QL*(s+1)-1 of the group, in order */
INLINE void group_words(VW words[4][STRIPS], uint64_t group, const round_keys *keys,
                        uint32_t stream, uint64_t step)
{
    VQ lane = {0};
    for (int i = 0; i < QL; i++)
        lane[i] = 2 * (uint64_t)i;
    for (int s = 0; s < STRIPS; s++) {
        VQ even[4], odd[4];
        even[0] = lane + (group * 16 + 2 * QL * (uint64_t)s);
        even[1] = (VQ){0} + stream;
        even[2] = (VQ){0} + (step & 0xffffffffu);
        even[3] = (VQ){0} + (step >> 32);
        for (int w = 0; w < 4; w++)
            odd[w] = even[w];
        odd[0] += 1;
        philox(even, keys);
        philox(odd, keys);
        for (int w = 0; w < 4; w++)
            words[w][s] = join_words(even[w], odd[w]);
    }
}

/* What decides over the elements of one dropout: see kernels.h. threshold is in [0, 2^32]. */
typedef struct {
    round_keys keys;
    uint64_t step, threshold;
    uint32_t stream;
    T scale;
} dropper;

/* One bit a byte, low byte first, set where it is below `limit` <= 256 */
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

/* bits[w]: of the elements 64w .. 64w+63 of a group, those whose byte is below `limit` */
INLINE void group_bits(uint64_t bits[4], VW words[4][STRIPS], uint32_t limit)
{
    for (int w = 0; w < 4; w++) {
        bits[w] = 0;
        for (int s = 0; s < STRIPS; s++)
            bits[w] |= below_bits(words[w][s], limit) << (s * VB % 64);
    }
}

/* Draws the bytes of one level: where those before tied with the threshold's, they decide. */
INLINE void draw(uint64_t bits[4], uint64_t tie[4], uint64_t group, uint32_t level,
                 const dropper *d)
{
    VW words[4][STRIPS];
    uint64_t below[4], up_to[4];
    const uint32_t limit = (uint32_t)(d->threshold >> (24 - 8 * level)) & 0xff;
    group_words(words, group, &d->keys, d->stream | level << 30, d->step);
    group_bits(below, words, limit);
    group_bits(up_to, words, limit + 1);
    for (int w = 0; w < 4; w++) {
        bits[w] |= tie[w] & below[w];
        tie[w] &= up_to[w] & ~below[w];
    }
}

static __attribute__((noinline)) void draw_last(uint64_t bits[4], uint64_t tie[4], uint64_t group,
                                                const dropper *d)
{
    draw(bits, tie, group, 2, d);
    draw(bits, tie, group, 3, d);
}

/* The keep bits of one group, 64 elements each. At rates that 8 bits cannot express, most groups
 * have an element that needs the next 8, and hardly any one that needs more. */
INLINE void keep_bits(uint64_t bits[4], uint64_t group, const dropper *d)
{
    if (!(d->threshold & 0xffffff)) {
        VW words[4][STRIPS];
        group_words(words, group, &d->keys, d->stream, d->step);
        group_bits(bits, words, (uint32_t)(d->threshold >> 24));
        return;
    }
    uint64_t tie[4];
    for (int w = 0; w < 4; w++) {
        bits[w] = 0;
        tie[w] = ~(uint64_t)0;
    }
    draw(bits, tie, group, 0, d);
    draw(bits, tie, group, 1, d);
    if (__builtin_expect((tie[0] | tie[1] | tie[2] | tie[3]) != 0, 0))
        draw_last(bits, tie, group, d);
}

#endif
