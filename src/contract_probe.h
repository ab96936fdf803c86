/* Probes of the machine's limits, for benches: the argument struct of probe.c. */
#ifndef COREREG_CONTRACT_PROBE_H
#define COREREG_CONTRACT_PROBE_H

#include <stddef.h>

/* arithmetic: `rounds` times y[n] = y[n]*factor + addend, in registers
 * triad:      y[n] = x[n] + factor*z[n]; y may alias x
 * read:       y[block] = sum of x over a block of CR_BLOCK                                      */
typedef struct {
    void *y;
    const void *x, *z;
    ptrdiff_t n, rounds;
    double factor, addend;
} cr_probe_args;

#endif
