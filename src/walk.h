/* The walk through strided operands: all axes but the innermost, which loops run over themselves.
 */
#ifndef COREREG_WALK_H
#define COREREG_WALK_H

#include "kernels.h"
#include "shares.h"

/* One rank's walk. data: where the operands are now; n: the length of the innermost axis;
 * away: how many outer axes stand elsewhere than at their beginning, of those where `watched` has
 * stride 0. */
typedef struct {
    const cr_strided *at;
    ptrdiff_t place[CR_MAX_AXES];
    ptrdiff_t rows, n;
    char *data[CR_MAX_WALKED];
    int watched, away;
} walk;

/* Begins the walk of a rank; returns 0 if there is nothing for it to do. */
static inline int begin_walk(walk *w, const cr_strided *at, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin = 0, end = at->shape[0];
    if (at->grain)
        share(at->shape[0], at->grain, rank, size, &begin, &end);
    else if (rank)
        return 0;
    w->at = at;
    w->rows = end - begin;
    w->n = at->axes == 1 ? w->rows : at->shape[at->axes - 1];
    w->watched = w->away = 0;
    for (int axis = 0; axis < at->axes; axis++) {
        w->place[axis] = 0;
        if (at->shape[axis] == 0)
            return 0;
    }
    for (int k = 0; k < at->operands; k++)
        w->data[k] = at->data[k] + begin * at->stride[k][0];
    return w->rows > 0;
}

/* Goes to the next inner loop; returns 0 behind the last one. */
static inline int next_inner_loop(walk *w)
{
    const cr_strided *at = w->at;
    for (int axis = at->axes - 2; axis >= 0; axis--) {
        const ptrdiff_t length = axis ? at->shape[axis] : w->rows;
        const int reduced = at->stride[w->watched][axis] == 0;
        for (int k = 0; k < at->operands; k++)
            w->data[k] += at->stride[k][axis];
        w->away += reduced && w->place[axis] == 0;
        if (++w->place[axis] < length)
            return 1;
        for (int k = 0; k < at->operands; k++)
            w->data[k] -= length * at->stride[k][axis];
        w->away -= reduced;
        w->place[axis] = 0;
    }
    return 0;
}

#endif
