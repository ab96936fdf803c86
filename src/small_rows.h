/* Rows of few elements (the classes of a loss), VL rows at a time: transposed, so that each row is
 * a lane, and sums and maxima over a row go down vectors instead of across one. */
#ifndef COREREG_SMALL_ROWS_H
#define COREREG_SMALL_ROWS_H

#include "softmax.h"

/* The longest row that is done so: from about 32 elements on, vectors along the row are as fast,
 * and two arrays of so many vectors are all that should lie on the stack. */
#define MAX_SMALL_ROW 32

/* Reads `rows` <= VL rows of n elements: lane i of to[k] is element k of row i. The lanes of rows
 * that do not exist are 0. */
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

/* Writes `rows` <= VL rows of n elements: lane i of from[k] becomes element k of row i. */
static __attribute__((unused)) void store_columns(T *to, const V from[MAX_SMALL_ROW], ptrdiff_t n,
                                                  ptrdiff_t rows)
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

/* Gives the maximum of each row; NaNs are passed over, as by row_max. */
INLINE V columns_max(const V x[MAX_SMALL_ROW], ptrdiff_t n)
{
    V best = splat(-(T)INFINITY);
    for (ptrdiff_t k = 0; k < n; k++)
        best = vmax(x[k], best);
    return best;
}

/* Gives the first index of each row's largest element, or of its first NaN; n > 0. */
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

/* Reads the labels of `rows` <= VL rows of n classes into lanes. The caller has checked them; a
 * label outside of [0, n) becomes -1 here, so that no wrong one reaches foreign memory. */
INLINE VI load_labels(const int64_t *labels, ptrdiff_t n, ptrdiff_t rows)
{
    VI label = {0};
    for (ptrdiff_t i = 0; i < rows; i++)
        label[i] = labels[i] < 0 || labels[i] >= n ? -1 : (TI)labels[i];
    return label;
}

#endif
