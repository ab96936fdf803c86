/* Dropout of a range of elements, for the dropout kernels and the dense layer's. */
#ifndef COREREG_DROPOUT_H
#define COREREG_DROPOUT_H

#include "philox.h"

/* What decides which elements one dropout keeps (contract_dropout.h): the random numbers' key, step
 * and stream, and the threshold, in [0, 2^32]; scale is for the elements that are kept. */
typedef struct {
    round_keys keys;
    uint64_t step, threshold;
    uint32_t stream;
    T scale;
} dropout_params;

/* Collects what decides over one dropout from the numbers of an argument struct. */
INLINE dropout_params dropout_params_of(uint64_t seed, const int64_t *step, uint32_t stream,
                                        uint64_t threshold, double scale)
{
    return (dropout_params){keys_of(seed), (uint64_t)*step, threshold, stream, (T)scale};
}

/* What alpha dropout adds to the elements kept, and puts in the place of the others. */
typedef struct {
    T shift, dropped;
} alpha_params;

/* Does the elements begin..end of y and x, by alpha dropout's formula if alpha is not NULL; y may
 * alias x. If bits is not NULL, the mask is stored there, and begin is a multiple of 8. It is in
 * dropout.c, for all kernels. */
#define dropout_range CR_NAME(dropout_range)
void dropout_range(T *y, uint8_t *bits, const T *x, ptrdiff_t begin, ptrdiff_t end,
                   const dropout_params *d, const alpha_params *alpha);

#endif
