/* The operands of products in reduced precision, for instruction sets without products of bfloat16:
 * rounded, and still float32, so that the products of dense.c take them. */
#include "bfloat16.h"

/* Writes the parts of an operand one after the other along the sum. */
KERNEL(round_operand)
{
#if CR_F64 /* float64 is multiplied as it is */
    (void)arguments, (void)rank, (void)size;
#else
    const cr_round_operand_args *g = arguments;
    const ptrdiff_t lines = g->along ? g->rows : g->depth, n = g->along ? g->depth : g->rows;
    ptrdiff_t begin, end;
    share(lines, 1, rank, size, &begin, &end);
    for (ptrdiff_t line = begin; line < end; line++)
        for (int part = 0; part < g->parts; part++) {
            const ptrdiff_t at = g->along ? line * g->parts + part : part * lines + line;
            T *to = (T *)g->to + at * n;
            const T *from = (const T *)g->from + line * n;
            EACH_VECTOR (i, lanes, n)
                store_lanes(to + i, part_of(load_lanes(from + i, lanes), part, g->parts, g->second),
                            lanes);
        }
#endif
}
