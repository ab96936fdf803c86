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

typedef uint64_t VQ __attribute__((vector_size(VB))); /* 64-bit lanes, QL of them */
typedef uint32_t VW __attribute__((vector_size(VB))); /* 32-bit words */
#define QL (VB / 8)

/* Multiplies the lower word of each lane by b, to 64 bits. */
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

/* Moves the upper word of each lane to the place of the lower one. (By a shuffle, for a shift would
 * have to share its port with the multiplications.) */
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

/* Interleaves the lower words: a0, b0, a1, b1, ... */
INLINE VW join_words(VQ a, VQ b)
{
#if defined(__AVX512F__)
    return (VW)_mm512_mask_shuffle_epi32((__m512i)a, 0xAAAA, (__m512i)b, 0xA0);
#else
    return (VW)((a & 0xffffffffu) | (b << 32));
#endif
}

/* The keys of the ten rounds, each word in the lower half of 64 bits. */
typedef struct {
    uint64_t k[10][2];
} round_keys;

/* Works out the keys of all rounds from the seed, which is the key of the first. */
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

/* Turns QL counters, word w of each in c[w], into as many random values. */
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

/* Turns a single counter into four random words. */
static inline void philox_words(uint32_t c[4], const round_keys *keys)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)c[0] * 0xD2511F53u, p1 = (uint64_t)c[2] * 0xCD9E8D57u;
        c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ (uint32_t)keys->k[round][0];
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ (uint32_t)keys->k[round][1];
        c[3] = (uint32_t)p0;
    }
}

/* Draws word `w` of the random values of a single counter. */
static inline uint32_t philox_word(uint64_t counter, unsigned w, uint32_t stream, uint64_t step,
                                   const round_keys *keys)
{
    uint32_t c[4] = {(uint32_t)counter, stream, (uint32_t)step, (uint32_t)(step >> 32)};
    philox_words(c, keys);
    return c[w];
}

#define STRIPS (16 / (2 * QL)) /* vectors of 32-bit words that 16 counters fill */

/* Draws the random words of a group's 16 counters: words[w][s] holds word w of the counters
 * 2*QL*s .. 2*QL*(s+1)-1, in order. */
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

#endif
