/* The order of rows in an epoch. */
#include "kernels.h"

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u; /* SplitMix64 (Steele, Lea, Flood 2014) */
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void cr_shuffle(int64_t *order, ptrdiff_t n, uint64_t *state)
{
    for (ptrdiff_t i = n - 1; i > 0; i--) {
        /* the high half of a product: even to n / 2^64 */
        const unsigned __int128 product = (unsigned __int128)next(state) * ((uint64_t)i + 1);
        const ptrdiff_t j = (ptrdiff_t)(product >> 64);
        const int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
