/* The kernels of one element type and instruction set, in the order of enum cr_kernel_id. */
#include "seldom.h"
#include "simd.h"

#define CR_NAME_OF(op) CR_PASTE(op, CR_DTYPE, CR_SET_OF(op))
#define CR_DECLARE(op) void CR_NAME_OF(op)(const void *, ptrdiff_t rank, ptrdiff_t size);
CR_KERNELS(CR_DECLARE)

extern const cr_kernel CR_NAME(table)[CR_KERNEL_COUNT];
#define CR_ENTRY(op) CR_NAME_OF(op),
const cr_kernel CR_NAME(table)[CR_KERNEL_COUNT] = {CR_KERNELS(CR_ENTRY)};
