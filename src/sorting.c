/* The order of elements along an axis: a stable merge sort of their places. Compiled once, as
 * strided.c. */
#include "float_mode.h"
#include "walk.h"

#define SORTED_RUN 16 /* places that are sorted by insertion, before runs of them are merged */

/* Puts the places 0, 1, ..., n-1 into `place`, in the order of n elements of a type; `other` is
 * room for as many. NaN, which is no equal of itself, is behind all numbers. */
#define SORT_PLACES(name, type, _)                                                                 \
    static int before_##name(const char *x, ptrdiff_t step, int64_t i, int64_t j)                  \
    {                                                                                              \
        const type u = *(const type *)(x + i * step), v = *(const type *)(x + j * step);           \
        return u < v || (v != v && u == u);                                                        \
    }                                                                                              \
    static int64_t *sort_##name(const char *x, ptrdiff_t step, ptrdiff_t n, int64_t *place,        \
                                int64_t *other)                                                    \
    {                                                                                              \
        for (ptrdiff_t begin = 0; begin < n; begin += SORTED_RUN)                                  \
            for (ptrdiff_t i = begin; i < n && i < begin + SORTED_RUN; i++) {                      \
                ptrdiff_t k = i;                                                                   \
                for (; k > begin && before_##name(x, step, i, place[k - 1]); k--)                  \
                    place[k] = place[k - 1];                                                       \
                place[k] = i;                                                                      \
            }                                                                                      \
        for (ptrdiff_t run = SORTED_RUN; run < n; run *= 2) {                                      \
            for (ptrdiff_t begin = 0; begin < n; begin += 2 * run) {                               \
                const ptrdiff_t middle = n - begin > run ? begin + run : n;                        \
                const ptrdiff_t end = n - begin > 2 * run ? begin + 2 * run : n;                   \
                ptrdiff_t a = begin, b = middle;                                                   \
                for (ptrdiff_t k = begin; k < end; k++)                                            \
                    other[k] = a == middle || (b < end && before_##name(x, step, place[b],         \
                                                                        place[a]))                 \
                                   ? place[b++]                                                    \
                                   : place[a++];                                                   \
            }                                                                                      \
            int64_t *const sorted = other;                                                         \
            other = place, place = sorted;                                                         \
        }                                                                                          \
        return place;                                                                              \
    }
CR_ELEMENTS(SORT_PLACES, )

/* Finds the places of elements in their order; see cr_arg_sort_args. */
void cr_arg_sort(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_arg_sort_args *g = arguments;
    const int last = g->at.axes - 1;
    walk w;
    if (!begin_walk(&w, &g->at, rank, size))
        return;
    const float_mode found = keep_denormals();
    do
        for (ptrdiff_t k = 0; k < w.n; k++) {
            char *y = w.data[0] + k * g->at.stride[0][last];
            const char *x = w.data[1] + k * g->at.stride[1][last];
            int64_t *room = (int64_t *)(w.data[2] + k * g->at.stride[2][last]), *sorted = room;
            switch (g->element) {
#define CALL_SORT(name, type, _)                                                                   \
    case CR_E_##name:                                                                              \
        sorted = sort_##name(x, g->step, g->n, room, room + g->n);                                 \
        break;
                CR_ELEMENTS(CALL_SORT, )
            }
            for (ptrdiff_t i = 0; i < g->n; i++)
                *(int64_t *)(y + i * g->y_step) = sorted[i];
        }
    while (next_inner_loop(&w));
    restore_float_mode(found);
}
