/* Dropout: which elements it keeps, and the argument structs of dropout.c.
 * Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_DROPOUT_H
#define COREREG_CONTRACT_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

/* Elements come in groups of 256 that share 16 Philox4x32-10 counters. Element e of group q reads
 * the counter (16q + e%64/4, stream, step lo, step hi) under the key (seed lo, seed hi): byte e%4,
 * the lowest first, of its word e/64. Those 8 bits are the top of a 32-bit uniform u; the next ones
 * come the same way from stream + 2^30, stream + 2*2^30, stream + 3*2^30 and are drawn only where
 * those before do not decide. Kept where u < threshold = (1-rate)*2^32. stream < 2^30.
 *
 * forward:  y[n] = kept ? x[n]*scale : 0, and bit n%8 of bits[n/8] says kept (bits may be NULL).
 * backward: dx[n] = kept ? dy[n]*scale : 0, from bits, or, with bits NULL, kept where y[n] > 0:
 * after a relu, y > 0 says active and kept at once.
 * y may alias x, dx may alias dy. n is rows of `cols` elements each; shares are rows. */
typedef struct {
    void *y;
    uint8_t *bits;
    const void *x;
    ptrdiff_t n, cols;
    const int64_t *step;
    uint64_t seed, threshold;
    uint32_t stream;
    double scale;
} cr_dropout_forward_args;

typedef struct {
    void *dx;
    const void *dy;
    const uint8_t *bits;
    const void *y;
    ptrdiff_t n, cols;
    double scale;
} cr_dropout_backward_args;

#endif
