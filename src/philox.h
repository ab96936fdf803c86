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

#define GROUP 128 /* elements that share 16 counters: 16 counters x 4 words x 2 halves */

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

#define HALVES (VB / 2) /* 16-bit halves of words in a vector, low half first */

/* One bit a half, set where it is below `limit` <= 2^16 */
INLINE uint32_t below_bits(VW words, uint32_t limit)
{
    if (limit > 0xffffu)
        return HALVES == 32 ? 0xffffffffu : (1u << (HALVES % 32)) - 1;
#if defined(__AVX512BW__)
    return _mm512_cmplt_epu16_mask((__m512i)words, _mm512_set1_epi16((short)limit));
#elif defined(__AVX2__)
    const __m256i flip = _mm256_set1_epi16(-0x8000), bound = _mm256_set1_epi16((short)limit);
    const __m256i below =
        _mm256_cmpgt_epi16(_mm256_xor_si256(bound, flip), _mm256_xor_si256((__m256i)words, flip));
    const __m256i bytes = _mm256_packs_epi16(below, _mm256_setzero_si256());
    return (uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(bytes, 0xD8)) & 0xffffu;
#elif defined(__SSE2__)
    const __m128i flip = _mm_set1_epi16(-0x8000), bound = _mm_set1_epi16((short)limit);
    const __m128i below =
        _mm_cmplt_epi16(_mm_xor_si128((__m128i)words, flip), _mm_xor_si128(bound, flip));
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(below, _mm_setzero_si128())) & 0xffu;
#else
    uint32_t bits = 0;
    for (int i = 0; i < HALVES; i++)
        bits |= (uint32_t)((words[i / 2] >> (i % 2 * 16) & 0xffffu) < limit) << i;
    return bits;
#endif
}

/* bits[w]: of the elements 32w .. 32w+31 of a group, those whose half is below `limit` */
INLINE void half_bits(uint32_t bits[4], VW words[4][STRIPS], uint32_t limit)
{
    for (int w = 0; w < 4; w++) {
        bits[w] = 0;
        for (int s = 0; s < STRIPS; s++)
            bits[w] |= below_bits(words[w][s], limit) << (s * HALVES % 32);
    }
}

/* The lower halves decide where the upper ones tie with the threshold's: seldom, so out of line */
static __attribute__((noinline)) void break_ties(uint32_t bits[4], const uint32_t tie[4],
                                                 uint64_t group, const round_keys *keys,
                                                 uint32_t stream, uint64_t step, uint32_t lower)
{
    VW words[4][STRIPS];
    uint32_t refined[4];
    group_words(words, group, keys, stream | 0x80000000u, step);
    half_bits(refined, words, lower);
    for (int w = 0; w < 4; w++)
        bits[w] |= tie[w] & refined[w];
}

/* The keep bits of one group, 32 elements each; threshold in [0, 2^32], see kernels.h. */
INLINE void keep_bits(uint32_t bits[4], uint64_t group, const round_keys *keys, uint32_t stream,
                      uint64_t step, uint64_t threshold)
{
    VW words[4][STRIPS];
    const uint32_t upper = (uint32_t)(threshold >> 16), lower = (uint32_t)(threshold & 0xffffu);
    group_words(words, group, keys, stream, step);
    half_bits(bits, words, upper);
    if (lower) {
        uint32_t tie[4];
        half_bits(tie, words, upper + 1);
        for (int w = 0; w < 4; w++)
            tie[w] &= ~bits[w];
        if (__builtin_expect((tie[0] | tie[1] | tie[2] | tie[3]) != 0, 0))
            break_ties(bits, tie, group, keys, stream, step, lower);
    }
}

#endif
