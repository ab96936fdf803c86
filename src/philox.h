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
        c[0] = (p1 >> 32) ^ c[1] ^ keys->k[round][0];
        c[1] = p1;
        c[2] = (p0 >> 32) ^ c[3] ^ keys->k[round][1];
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
            words[w][s] = (VW)((even[w] & 0xffffffffu) | (odd[w] << 32));
    }
}

/* One bit a lane, set where a < b (unsigned) */
INLINE uint32_t below_bits(VW a, VW b)
{
#if defined(__AVX512F__)
    return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (uint32_t)_mm256_movemask_ps((__m256)(a < b));
#elif defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps((__m128)(a < b));
#else
    uint32_t bits = 0;
    for (int i = 0; i < VB / 4; i++)
        bits |= (uint32_t)(a[i] < b[i]) << i;
    return bits;
#endif
}

/* bits[h]: of the elements 64h .. 64h+63 of a group, those whose half word is below `limit` */
INLINE void half_bits(uint64_t bits[2], VW words[4][STRIPS], uint32_t limit)
{
    const VW bound = (VW){0} + limit;
    bits[0] = bits[1] = 0;
    for (int w = 0; w < 4; w++)
        for (int s = 0; s < STRIPS; s++) {
            const int at = 16 * w + s * (VB / 4);
            bits[0] |= (uint64_t)below_bits(words[w][s] & 0xffffu, bound) << at;
            bits[1] |= (uint64_t)below_bits(words[w][s] >> 16, bound) << at;
        }
}

/* The keep bits of one group; threshold in [0, 2^32], see kernels.h. */
INLINE void keep_bits(uint64_t bits[2], uint64_t group, const round_keys *keys, uint32_t stream,
                      uint64_t step, uint64_t threshold)
{
    VW words[4][STRIPS];
    const uint32_t upper = (uint32_t)(threshold >> 16), lower = (uint32_t)(threshold & 0xffffu);
    group_words(words, group, keys, stream, step);
    half_bits(bits, words, upper);
    if (lower) { /* the upper half may tie with the threshold's: then the lower halves decide */
        uint64_t upto[2];
        half_bits(upto, words, upper + 1);
        const uint64_t tie[2] = {upto[0] & ~bits[0], upto[1] & ~bits[1]};
        if (__builtin_expect((tie[0] | tie[1]) != 0, 0)) {
            uint64_t refined[2];
            group_words(words, group, keys, stream | 0x80000000u, step);
            half_bits(refined, words, lower);
            bits[0] |= tie[0] & refined[0];
            bits[1] |= tie[1] & refined[1];
        }
    }
}

#endif
