/* Uniform numbers of Philox4x64-10, for starting values. */
#ifndef COREREG_UNIFORM_H
#define COREREG_UNIFORM_H

#include <stddef.h>
#include <stdint.h>

void cr_uniform(uint64_t key, double low, double range, double *out, ptrdiff_t n);

#endif
