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

/* Alpha dropout: y[n] = kept ? x[n]*scale + shift : dropped, the mask as above. Its gradient is
 * dropout_backward's, by bits and the same scale. y may alias x. */
typedef struct {
    void *y;
    uint8_t *bits;
    const void *x;
    ptrdiff_t n, cols;
    const int64_t *step;
    uint64_t seed, threshold;
    uint32_t stream;
    double scale, shift, dropped;
} cr_alpha_dropout_forward_args;

/* y[n] = mean + stddev*z, z from the standard normal distribution, by pairs of uniforms u and v:
 * sqrt(-2 log u) times the cosine and the sine of 2 pi v - pi/4, both rounded step by step: the
 * numbers are the same on every machine.
 * float: elements come in groups of 64 that share 16 counters, (16q + i, stream, step lo, step hi)
 * for group q: elements i and 16+i are the cosine and the sine of words 0 (u) and 1 (v) of counter
 * i, elements 32+i and 48+i those of its words 2 and 3. u = (word/2 + 1/2) / 2^31.
 * double: in groups of 32: elements i and 16+i, of words 0 and 1 (u) and 2 and 3 (v), the lower
 * word first; u = 1 - k/2^52 by the upper 52 bits k. Shares are groups. */
typedef struct {
    void *y;
    ptrdiff_t n;
    const int64_t *step;
    uint64_t seed;
    uint32_t stream;
    double mean, stddev;
} cr_normal_args;

#endif
