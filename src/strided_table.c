/* The kernels of strided.c, indexed.c and sorting.c under the names of each table. */
#include "simd.h"

/* Each passes its work on. */
KERNEL(numpy_loop) { cr_numpy_loop(arguments, rank, size); }
KERNEL(strided_copy) { cr_strided_copy(arguments, rank, size); }
KERNEL(strided_select) { cr_strided_select(arguments, rank, size); }
KERNEL(arg_extreme) { cr_arg_extreme(arguments, rank, size); }
KERNEL(arg_sort) { cr_arg_sort(arguments, rank, size); }
KERNEL(indexed_copy) { cr_indexed_copy(arguments, rank, size); }
