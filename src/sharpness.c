/* The move of the weights between the two gradients of a sharpness-aware step (Foret et al. 2021;
 * adaptive: Kwon et al. 2021). */
#include "blocks.h"
#include "simd_lanes.h"

/* Gives what a weight's share of the move is scaled by. */
INLINE V scale_of(const cr_ascent_args *g, V w)
{
    return g->adaptive ? vabs(w) + (T)g->eta : splat((T)1);
}

/* Sums the squares of the scaled gradients, block by block. */
KERNEL(ascent_norms)
{
    const cr_ascent_args *g = arguments;
    const V zeros = {0};
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        const T *w = (const T *)at.segment->w + at.from;
        const gradient_block gradient = gradient_of(&at, g->gradients, &zeros);
        V sum = {0};
        EACH_VECTOR (i, lanes, at.n) {
            const V d = scale_of(g, load_lanes(w + i, lanes)) * load_gradient(gradient, i, lanes);
            sum += d * d;
        }
        g->sums[at.block] = (double)lane_sum(sum);
    }
}

/* Saves the weights and moves them up the gradient by the radius. Every rank adds up all sums, in
 * one order. */
KERNEL(ascend_weights)
{
    const cr_ascent_args *g = arguments;
    const V zeros = {0};
    double square = 0;
    for (ptrdiff_t block = 0; block < g->blocks; block++)
        square += g->sums[block];
    const T radius = (T)(g->rho / (sqrt(square) + 1e-12));
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at)) {
        T *w = (T *)at.segment->w + at.from, *saved = (T *)at.segment->slot[0] + at.from;
        const gradient_block gradient = gradient_of(&at, g->gradients, &zeros);
        EACH_VECTOR (i, lanes, at.n) {
            const V v = load_lanes(w + i, lanes), scale = scale_of(g, v);
            store_lanes(saved + i, v, lanes);
            store_lanes(w + i, v + radius * scale * scale * load_gradient(gradient, i, lanes),
                        lanes);
        }
    }
}

/* Puts the saved weights back. */
KERNEL(restore_weights)
{
    const cr_ascent_args *g = arguments;
    for (block_walk at = first_block(g->segments, g->blocks, rank, size); at.block < at.end;
         next_block(&at))
        memcpy((T *)at.segment->w + at.from, (const T *)at.segment->slot[0] + at.from,
               (size_t)at.n * sizeof(T));
}
