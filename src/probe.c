/* Probes of what this machine can do, for benches to compare the other kernels with. */
#include "simd_lanes.h"

/* Sums that do not wait for each other: two multiply-adds a cycle of four to five cycles each need
 * ten; with the factor, the addend and one spare, twelve fit 16 registers. */
#define CHAINS 12

/* Multiplies and adds in registers, for the peak of arithmetic. */
KERNEL(probe_arithmetic)
{
    const cr_probe_args *g = arguments;
    const V factor = splat((T)g->factor), addend = splat((T)g->addend);
    ptrdiff_t begin, end;
    share(g->n, CHAINS * VL, rank, size, &begin, &end);
    T *y = (T *)g->y + begin;
    ptrdiff_t n = end - begin;
    for (; n >= CHAINS * VL; n -= CHAINS * VL, y += CHAINS * VL) {
        V a[CHAINS];
        for (int i = 0; i < CHAINS; i++)
            a[i] = load(y + i * VL);
        for (ptrdiff_t round = 0; round < g->rounds; round++)
#pragma GCC unroll 12
            for (int i = 0; i < CHAINS; i++)
                a[i] = a[i] * factor + addend;
        for (int i = 0; i < CHAINS; i++)
            store(y + i * VL, a[i]);
    }
    for (; n > 0; n -= VL, y += VL) {
        V a = load_n(y, n < VL ? n : VL);
        for (ptrdiff_t round = 0; round < g->rounds; round++)
            a = a * factor + addend;
        store_n(y, a, n < VL ? n : VL);
    }
}

/* Computes x + factor z, for the peak of memory. */
KERNEL(probe_triad)
{
    const cr_probe_args *g = arguments;
    const V factor = splat((T)g->factor);
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    T *y = (T *)g->y;
    const T *x = g->x, *z = g->z;
    ptrdiff_t i = begin;
    for (; i + 4 * VL <= end; i += 4 * VL)
        for (int k = 0; k < 4 * VL; k += VL)
            store(y + i + k, load(x + i + k) + factor * load(z + i + k));
    for (; i < end; i += VL) {
        const ptrdiff_t lanes = end - i < VL ? end - i : VL;
        store_n(y + i, load_n(x + i, lanes) + factor * load_n(z + i, lanes), lanes);
    }
}

/* Sums blocks, for the peak of reading. */
KERNEL(probe_read)
{
    const cr_probe_args *g = arguments;
    ptrdiff_t begin, end;
    share((g->n + CR_BLOCK - 1) / CR_BLOCK, 1, rank, size, &begin, &end);
    for (ptrdiff_t block = begin; block < end; block++) {
        const T *x = (const T *)g->x + block * CR_BLOCK;
        const ptrdiff_t left = g->n - block * CR_BLOCK, n = left < CR_BLOCK ? left : CR_BLOCK;
        V a[8] = {{0}};
        ptrdiff_t i = 0;
        for (; i + 8 * VL <= n; i += 8 * VL)
#pragma GCC unroll 8
            for (int k = 0; k < 8; k++)
                a[k] += load(x + i + k * VL);
        for (; i < n; i += VL)
            a[0] += load_n(x + i, n - i < VL ? n - i : VL);
        ((T *)g->y)[block] =
            lane_sum(((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])));
    }
}
