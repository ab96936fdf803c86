/* What the kernels of dense_forward share, of whole numbers and of rounded ones: which outputs are
 * whose, and how they are finished. */
#ifndef COREREG_DENSE_SHARE_H
#define COREREG_DENSE_SHARE_H

#include "simd.h"

/* Lanes of the instruction set whose kernels finish what packed.c computes. */
#ifndef CR_REST_LANES
#define CR_REST_LANES VL
#endif

/* Sets the rows m0..m1 and the columns n0..n1 of y that a rank computes. */
INLINE void share_outputs(const cr_dense_forward_args *g, ptrdiff_t rank, ptrdiff_t size,
                          ptrdiff_t *m0, ptrdiff_t *m1, ptrdiff_t *n0, ptrdiff_t *n1)
{
    *m0 = *n0 = 0;
    *m1 = g->M;
    *n1 = g->N;
    if (g->by_columns && g->N != 1)
        share(g->N, CR_REST_LANES, rank, size, n0, n1);
    else
        share_rows(g->M, rank, size, m0, m1);
}

/* Takes the outputs that a rank has computed through softmax or dropout: in dense.c. */
#define finish_share CR_PASTE(finish_share, CR_DTYPE, CR_REST)
void finish_share(const cr_dense_forward_args *g, ptrdiff_t rank, ptrdiff_t size);

#endif
