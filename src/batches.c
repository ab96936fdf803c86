/* A look at the data, and the order of rows in an epoch. */
#include "kernels.h"

#include <float.h>
#include <string.h>

/* 16 bytes at a time, which every machine can do: memory is what takes time. NaN fails. */
#define ALL_BETWEEN(T, TI)                                                            \
    static int between_##T(const T *x, ptrdiff_t n, T low, T high)                    \
    {                                                                                 \
        typedef T workspaces __attribute__((vector_size(16)));                             \
        typedef TI masks __attribute__((vector_size(16)));                            \
        const ptrdiff_t many = 16 / (ptrdiff_t)sizeof(T);                             \
        masks good = {0};                                                             \
        int all = 1;                                                                  \
        ptrdiff_t i = 0;                                                              \
        good = ~good;                                                                 \
        for (workspaces a, b; i + 2 * many <= n; i += 2 * many) {                          \
            memcpy(&a, x + i, 16);                                                    \
            memcpy(&b, x + i + many, 16);                                             \
            good &= (a >= low) & (a <= high) & (b >= low) & (b <= high);              \
        }                                                                             \
        for (ptrdiff_t j = 0; j < many; j++)                                          \
            all &= good[j] != 0;                                                      \
        for (; i < n; i++)                                                            \
            all &= x[i] >= low && x[i] <= high;                                       \
        return all;                                                                   \
    }
ALL_BETWEEN(float, int32_t)
ALL_BETWEEN(double, int64_t)

int cr_all_between(const void *x, ptrdiff_t n, int f64, double low, double high)
{
    if (f64)
        return between_double(x, n, low > -DBL_MAX ? low : -DBL_MAX,
                              high < DBL_MAX ? high : DBL_MAX);
    return between_float(x, n, (float)(low > -FLT_MAX ? low : -FLT_MAX),
                         (float)(high < FLT_MAX ? high : FLT_MAX));
}

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state += 0x9E3779B97F4A7C15u; /* SplitMix64 (Steele, Lea, Flood 2014) */
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void cr_shuffle(const cr_shuffle_args *g)
{
    uint64_t state = *g->state;
    int64_t *order = g->order;
    for (ptrdiff_t i = g->n - 1; i > 0; i--) {
        /* the high half of a product: even to n / 2^64 */
        const unsigned __int128 product = (unsigned __int128)next(&state) * ((uint64_t)i + 1);
        const ptrdiff_t j = (ptrdiff_t)(product >> 64);
        const int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    *g->state = state;
}
