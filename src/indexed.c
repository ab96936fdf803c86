/* Elements by their places: look-ups, changes at places, and the places of extremes. Compiled once,
 * as strided.c. */
#include <string.h>

#include "float_mode.h"
#include "walk.h"

/* Returns the bytes that element i's places add to its offset; notes what is out of range. */
static inline ptrdiff_t looked_up(const cr_indexed_copy_args *g, ptrdiff_t i)
{
    const ptrdiff_t at = g->map ? g->map[i] : i;
    ptrdiff_t bytes = 0;
    for (int k = 0; k < g->index_count; k++) {
        int64_t place = g->index[k][at];
        if (place < 0)
            place += g->length[k];
        if (place < 0 || place >= g->length[k]) {
            *g->out_of_range = 1;
            place = 0;
        }
        bytes += place * g->step[k];
    }
    return bytes;
}

/* Copies or adds elements by their places; see cr_indexed_copy_args. */
void cr_indexed_copy(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_indexed_copy_args *g = arguments;
    static const ptrdiff_t one = 1, no_strides[3] = {0, 0, 0};
    (void)size;
    if (rank)
        return;
    const float_mode found = keep_denormals();
    for (ptrdiff_t i = 0; i < g->n; i++) {
        const ptrdiff_t more = looked_up(g, i);
        char *to = g->to + g->to_offset[i] + (g->into_output ? more : 0);
        const char *from = g->from + g->from_offset[i] + (g->into_output ? 0 : more);
        if (g->loop) {
            char *data[] = {to, (char *)from, to};
            g->loop(data, &one, no_strides, g->context);
            continue;
        }
        switch (g->item_bytes) {
        case 1: memcpy(to, from, 1); break;
        case 2: memcpy(to, from, 2); break;
        case 4: memcpy(to, from, 4); break;
        case 8: memcpy(to, from, 8); break;
        }
    }
    restore_float_mode(found);
}

/* Finds the first extreme of n elements of a type; NaN, which is no equal of itself, ends it. */
#define FIND_EXTREME(name, type, _)                                                                \
    case CR_E_##name: {                                                                              \
        type best = *(const type *)x;                                                              \
        for (ptrdiff_t i = 1; i < g->n && best == best; i++) {                                     \
            const type v = *(const type *)(x + i * g->step);                                       \
            if ((g->least ? v < best : v > best) || v != v)                                        \
                best = v, place = i;                                                               \
        }                                                                                          \
        break;                                                                                     \
    }

/* Finds the places of extremes; see cr_arg_extreme_args. */
void cr_arg_extreme(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_arg_extreme_args *g = arguments;
    const int last = g->at.axes - 1;
    walk w;
    if (!begin_walk(&w, &g->at, rank, size) || g->n == 0)
        return;
    const float_mode found = keep_denormals();
    do
        for (ptrdiff_t k = 0; k < w.n; k++) {
            const char *x = w.data[1] + k * g->at.stride[1][last];
            int64_t place = 0;
            switch (g->element) {
                CR_ELEMENTS(FIND_EXTREME, )
            }
            *(int64_t *)(w.data[0] + k * g->at.stride[0][last]) = place;
        }
    while (next_inner_loop(&w));
    restore_float_mode(found);
}
