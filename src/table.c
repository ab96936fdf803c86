/* The kernels of one element type and instruction set, in the order of enum cr_kernel_id. */
#include "simd.h"

#define CR_DECLARE(op) KERNEL(op);
CR_KERNELS(CR_DECLARE)

extern const cr_kernel CR_NAME(table)[CR_KERNEL_COUNT];
#define CR_ENTRY(op) CR_NAME(op),
const cr_kernel CR_NAME(table)[CR_KERNEL_COUNT] = {CR_KERNELS(CR_ENTRY)};
