/* Checks of the caller's data before anything is computed: numbers finite and in a range, labels
 * valid. */
#include "kernels.h"

#include <float.h>
#include <string.h>

/* Defines between_<T>: whether low <= x[i] <= high for all n, which NaN fails. TI is the integer of
 * T's size. Vectors are of 16 bytes, which every machine has: reading memory is what takes time. */
#define DEFINE_BETWEEN(T, TI)                                                         \
    static int between_##T(const T *x, ptrdiff_t n, T low, T high)                    \
    {                                                                                 \
        typedef T vector __attribute__((vector_size(16)));                            \
        typedef TI mask __attribute__((vector_size(16)));                             \
        const ptrdiff_t lanes = 16 / (ptrdiff_t)sizeof(T);                            \
        mask good = {0};                                                              \
        int all = 1;                                                                  \
        ptrdiff_t i = 0;                                                              \
        good = ~good;                                                                 \
        for (vector a, b; i + 2 * lanes <= n; i += 2 * lanes) {                       \
            memcpy(&a, x + i, 16);                                                    \
            memcpy(&b, x + i + lanes, 16);                                            \
            good &= (a >= low) & (a <= high) & (b >= low) & (b <= high);              \
        }                                                                             \
        for (ptrdiff_t lane = 0; lane < lanes; lane++)                                \
            all &= good[lane] != 0;                                                   \
        for (; i < n; i++)                                                            \
            all &= x[i] >= low && x[i] <= high;                                       \
        return all;                                                                   \
    }
DEFINE_BETWEEN(float, int32_t)
DEFINE_BETWEEN(double, int64_t)

/* Whether all n numbers are finite and in [low, high]. */
int cr_all_between(const void *x, ptrdiff_t n, int f64, double low, double high)
{
    if (f64)
        return between_double(x, n, low > -DBL_MAX ? low : -DBL_MAX,
                              high < DBL_MAX ? high : DBL_MAX);
    return between_float(x, n, (float)(low > -FLT_MAX ? low : -FLT_MAX),
                         (float)(high < FLT_MAX ? high : FLT_MAX));
}

/* The place of the first label that is not in [0, limit), or n. */
ptrdiff_t cr_first_outside(const int64_t *labels, ptrdiff_t n, int64_t limit)
{
    ptrdiff_t i = 0;
    while (i < n && labels[i] >= 0 && labels[i] < limit)
        i++;
    return i;
}
