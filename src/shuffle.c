/* The order of the rows in an epoch: a random permutation that (seed, epoch) alone determines, so
 * that an interrupted run can go on with the epoch that it was in. */
#include "simd.h"

/* Moves the state of SplitMix64 on and gives 64 random bits (Steele, Lea, Flood: Fast splittable
 * pseudorandom number generators, 2014). */
INLINE uint64_t splitmix64(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Gives the state that the permutation of an epoch is drawn from. The seed is mixed before the
 * epoch is added, and their sum is mixed again: neighbouring seeds and epochs start far apart. */
INLINE uint64_t state_of(uint64_t seed, uint64_t epoch)
{
    uint64_t state = splitmix64(&seed) + epoch;
    return splitmix64(&state);
}

/* Makes the order of the next epoch, and counts the epochs on. */
KERNEL(shuffle)
{
    const cr_shuffle_args *g = arguments;
    int64_t *order = g->order;
    (void)size;
    if (rank)
        return;
    uint64_t state = state_of(*g->seed, (uint64_t)*g->epoch);
    for (ptrdiff_t i = 0; i < g->n; i++)
        order[i] = i;
    for (ptrdiff_t i = g->n - 1; i > 0; i--) {
        /* The high half of a product is uniform in 0..i, to within n / 2^64. */
        const unsigned __int128 product = (unsigned __int128)splitmix64(&state) * ((uint64_t)i + 1);
        const ptrdiff_t j = (ptrdiff_t)(product >> 64);
        const int64_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    *g->epoch += 1;
}
