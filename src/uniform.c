/* Starting values of weights. Philox4x64-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers:
 * as easy as 1, 2, 3, 2011), its counter from 1 on and its words in order, gives the numbers that
 * NumPy's Generator does; they stay the same whatever NumPy's next version draws. */
#include "uniform.h"

/* Turns the words of a counter into four random ones. */
static void random_words(uint64_t c[4], uint64_t key)
{
    uint64_t k0 = key, k1 = 0;
    for (int round = 0; round < 10; round++) {
        const unsigned __int128 p0 = (unsigned __int128)c[0] * 0xD2E7470EE14C6C93u;
        const unsigned __int128 p1 = (unsigned __int128)c[2] * 0xCA5A826395121157u;
        c[0] = (uint64_t)(p1 >> 64) ^ c[1] ^ k0;
        c[1] = (uint64_t)p1;
        c[2] = (uint64_t)(p0 >> 64) ^ c[3] ^ k1;
        c[3] = (uint64_t)p0;
        k0 += 0x9E3779B97F4A7C15u;
        k1 += 0xBB67AE8584CAA73Bu;
    }
}

/* Fills out with low + range * u, u uniform in [0, 1) in steps of 2^-53. */
void cr_uniform(uint64_t key, double low, double range, double *out, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i += 4) {
        uint64_t words[4] = {(uint64_t)i / 4 + 1, 0, 0, 0};
        random_words(words, key);
        for (ptrdiff_t w = 0; w < 4 && i + w < n; w++) {
            const double scaled = range * ((double)(words[w] >> 11) * 0x1p-53);
            out[i + w] = low + scaled;
        }
    }
}
