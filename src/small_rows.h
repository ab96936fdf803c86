/* Rows of few elements (the classes of a loss), VL rows at a time: transposed, so that each row is
 * a lane, and sums and maxima over a row go down vectors instead of across one. */
#ifndef COREREG_NARROW_H
#define COREREG_NARROW_H

#include "activate.h"

#define MAX_SMALL_ROW 32 /* elements of a row, at most */

/* to[k], lane i: element k of row i, of `rows` <= VL rows of n elements; other lanes are 0 */
static void load_columns(V to[MAX_SMALL_ROW], const T *from, ptrdiff_t n, ptrdiff_t rows)
{
    for (ptrdiff_t k = 0; k < n; k += VL) {
        V r[VL];
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            r[i] = i < rows ? load_n(from + i * n + k, n - k < VL ? n - k : VL) : (V){0};
        transpose(r);
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            to[k + i] = r[i];
    }
}

/* The way back */
static void store_columns(T *to, const V from[MAX_SMALL_ROW], ptrdiff_t n, ptrdiff_t rows)
{
    for (ptrdiff_t k = 0; k < n; k += VL) {
        V r[VL];
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            r[i] = k + i < n ? from[k + i] : (V){0};
        transpose(r);
#pragma GCC unroll 16
        for (int i = 0; i < VL; i++)
            if (i < rows)
                store_n(to + i * n + k, r[i], n - k < VL ? n - k : VL);
    }
}

/* The maximum of each row; NaNs are passed over, as by row_max */
INLINE V columns_max(const V x[MAX_SMALL_ROW], ptrdiff_t n)
{
    V best = splat(-(T)INFINITY);
    for (ptrdiff_t k = 0; k < n; k++)
        best = vmax(x[k], best);
    return best;
}

/* The first index of each row's largest element, or of its first NaN; n > 0 */
INLINE VI columns_argmax(const V x[MAX_SMALL_ROW], ptrdiff_t n)
{
    V best = x[0];
    VI index = {0};
    for (ptrdiff_t k = 1; k < n; k++) {
        const VI better = (x[k] > best) | ((x[k] != x[k]) & (best == best));
        best = blend(better, x[k], best);
        index = (better & ((VI){0} + (TI)k)) | (~better & index);
    }
    return index;
}

/* softmax of `rows` rows of n elements; y may alias x */
static inline void softmax_rows(T *y, const T *x, ptrdiff_t rows, ptrdiff_t n)
{
    if (n > MAX_SMALL_ROW) {
        for (ptrdiff_t m = 0; m < rows; m++)
            softmax_row(y + m * n, x + m * n, n);
        return;
    }
    for (ptrdiff_t m = 0; m < rows; m += VL) {
        const ptrdiff_t some = rows - m < VL ? rows - m : VL;
        V e[MAX_SMALL_ROW], sum = {0};
        load_columns(e, x + m * n, n, some);
        const V max = columns_max(e, n);
        for (ptrdiff_t k = 0; k < n; k++) {
            e[k] = vexp(e[k] - max);
            sum += e[k];
        }
        const V scale = 1 / sum;
        for (ptrdiff_t k = 0; k < n; k++)
            e[k] *= scale;
        store_columns(y + m * n, e, n, some);
    }
}

#endif
