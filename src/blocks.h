/* How kernels walk the blocks of a model's variables, and read their gradients. */
#ifndef COREREG_BLOCKS_H
#define COREREG_BLOCKS_H

#include "simd.h"

/* Where a rank is in its share of the blocks of all segments, see CR_BLOCK:
 *
 *     for (block_walk at = first_block(segments, blocks, rank, size); at.block < at.end;
 *          next_block(&at))
 */
typedef struct {
    const cr_segment *segment;
    ptrdiff_t s;          /* the segment's index */
    ptrdiff_t from, n;    /* the block's first element in the segment, and its length */
    ptrdiff_t block, end; /* the block's number among all, and that of the first one beyond the
                             share */
} block_walk;

/* Counts the blocks of a segment; an empty one has one. */
INLINE ptrdiff_t blocks_of(const cr_segment *segment)
{
    return segment->n ? (segment->n + CR_BLOCK - 1) / CR_BLOCK : 1;
}

/* Gives the length of the block that begins at `from`: the last one is shorter. */
INLINE ptrdiff_t block_length(const cr_segment *segment, ptrdiff_t from)
{
    return segment->n - from < CR_BLOCK ? segment->n - from : CR_BLOCK;
}

/* Begins a rank's walk: finds the first block of its share. */
INLINE block_walk first_block(const cr_segment *segments, ptrdiff_t blocks, ptrdiff_t rank,
                              ptrdiff_t size)
{
    block_walk at = {segments, 0, 0, 0, 0, 0};
    ptrdiff_t skipped;
    share(blocks, 1, rank, size, &at.block, &at.end);
    if (at.block >= at.end)
        return at;
    for (skipped = at.block; skipped >= blocks_of(at.segment); at.segment++, at.s++)
        skipped -= blocks_of(at.segment);
    at.from = skipped * CR_BLOCK;
    at.n = block_length(at.segment, at.from);
    return at;
}

/* Goes on to the next block, in the next segment behind the last one. */
INLINE void next_block(block_walk *at)
{
    at->block++;
    at->from += at->n;
    if (at->from == at->segment->n && at->block < at->end) {
        at->segment++;
        at->s++;
        at->from = 0;
    }
    at->n = block_length(at->segment, at->from);
}

/* The gradient of a block's weights: a missing one is a vector of zeros, read again and again. */
typedef struct {
    const T *first;
    ptrdiff_t mask; /* of the index: all ones, or 0 for the zeros */
} gradient_block;

/* Finds the gradient of the block where the walk is. */
INLINE gradient_block gradient_of(const block_walk *at, const void *const *gradients,
                                  const V *zeros)
{
    const T *whole = gradients[at->s];
    return whole ? (gradient_block){whole + at->from, -1} : (gradient_block){(const T *)zeros, 0};
}

/* Reads some elements of a block's gradient. */
INLINE V load_gradient(gradient_block gradient, ptrdiff_t i, ptrdiff_t lanes)
{
    return load_lanes(gradient.first + (i & gradient.mask), lanes);
}

#endif
