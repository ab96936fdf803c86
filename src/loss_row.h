/* One row of a loss: where its operands are, and its weight. */
#ifndef COREREG_LOSS_ROW_H
#define COREREG_LOSS_ROW_H

#include "simd.h"

typedef struct {
    T *loss, *dz;    /* the one loss of the row; its gradient, or NULL if not wanted */
    const T *z, *y;  /* outputs of the network and targets, or NULL if there are labels */
    T weight, scale; /* the row's weight, and weight / M, which scales the gradient */
} loss_row;

/* Finds row m of a loss. */
INLINE loss_row loss_row_of(const cr_loss_args *g, ptrdiff_t m)
{
    const T weight = g->weight ? ((const T *)g->weight)[m] : 1;
    return (loss_row){.loss = (T *)g->loss + m,
                      .dz = g->dz ? (T *)g->dz + m * g->N : NULL,
                      .z = (const T *)g->z + m * g->N,
                      .y = g->y ? (const T *)g->y + m * g->N : NULL,
                      .weight = weight,
                      .scale = weight / (T)g->M};
}

#endif
