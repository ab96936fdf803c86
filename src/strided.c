/* NumPy's inner loops, copies with casts, and selections over arrays of any layout. Compiled once;
 * strided_table.c puts these into the tables of all instruction sets. */
#include <string.h>

#include "float_mode.h"
#include "walk.h"

/* Calls a ufunc's inner loop over all operands; see cr_numpy_loop_args. */
void cr_numpy_loop(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_numpy_loop_args *g = arguments;
    const cr_strided *at = &g->at;
    ptrdiff_t lengths[1 + 3], strides[CR_MAX_WALKED + 6];
    walk w;
    if (!begin_walk(&w, at, rank, size))
        return;
    for (int k = 0; k < at->operands; k++)
        strides[k] = at->stride[k][at->axes - 1];
    for (int k = 0; k < g->core_lengths; k++)
        lengths[1 + k] = g->core[k];
    for (int k = 0; k < g->core_strides; k++)
        strides[at->operands + k] = g->core[g->core_lengths + k];
    const float_mode found = keep_denormals();
    do {
        char *data[CR_MAX_WALKED];
        memcpy(data, w.data, sizeof data);
        lengths[0] = w.n;
        if (g->skips_first && w.away == 0) { /* the first visit of these outputs */
            if (strides[0])
                continue;
            lengths[0]--;
            data[1] += strides[1];
        }
        if (lengths[0])
            g->loop(data, lengths, strides, g->context);
    } while (next_inner_loop(&w));
    restore_float_mode(found);
}

/* The case of copy_items for elements as large as `type`. */
#define COPY_ITEMS(type, _)                                                                        \
    case sizeof(type):                                                                             \
        for (ptrdiff_t i = 0; i < n; i++)                                                          \
            *(type *)(y + i * dy) = *(const type *)(x + i * dx);                                   \
        break;

/* Copies n elements of `bytes` bytes each, with strides in bytes; y may be x. */
static void copy_items(char *y, ptrdiff_t dy, const char *x, ptrdiff_t dx, ptrdiff_t n, int bytes)
{
    if (dy == bytes && dx == bytes) {
        memmove(y, x, (size_t)(n * bytes));
        return;
    }
    switch (bytes) {
        COPY_ITEMS(uint8_t, )
        COPY_ITEMS(uint16_t, )
        COPY_ITEMS(uint32_t, )
        COPY_ITEMS(uint64_t, )
    }
}

static const int item_bytes[] = {
#define BYTES(name, type, _) sizeof(type),
    CR_ELEMENTS(BYTES, )};

/* The element types once more, for a list within the list. */
#define EACH_TARGET(X, more)                                                                       \
    X(BOOL, uint8_t, more)                                                                         \
    X(I8, int8_t, more)                                                                            \
    X(U8, uint8_t, more)                                                                           \
    X(I16, int16_t, more)                                                                          \
    X(U16, uint16_t, more)                                                                         \
    X(I32, int32_t, more)                                                                          \
    X(U32, uint32_t, more)                                                                         \
    X(I64, int64_t, more)                                                                          \
    X(U64, uint64_t, more)                                                                         \
    X(F32, float, more)                                                                            \
    X(F64, double, more)

/* Casts n elements of type F to bool, and to all other types. */
#define CAST_TO(name, type, F)                                                                     \
    case CR_E_##name:                                                                                \
        for (ptrdiff_t i = 0; i < n; i++) {                                                        \
            const F v = *(const F *)(x + i * dx);                                                  \
            *(type *)(y + i * dy) = CR_E_##name == CR_E_BOOL ? (type)(v != 0) : (type)v;               \
        }                                                                                          \
        break;

/* Defines cast_from_<type>: copies n elements of one type, cast to the type `to`. */
#define CAST_FROM(name, F, _)                                                                      \
    static void cast_from_##name(char *y, ptrdiff_t dy, const char *x, ptrdiff_t dx, ptrdiff_t n,  \
                                 int to)                                                           \
    {                                                                                              \
        switch (to) {                                                                              \
            EACH_TARGET(CAST_TO, F)                                                                \
        }                                                                                          \
    }
CR_ELEMENTS(CAST_FROM, )

/* Copies or casts x to y; see cr_strided_copy_args. */
void cr_strided_copy(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_strided_copy_args *g = arguments;
    const int last = g->at.axes - 1;
    walk w;
    if (!begin_walk(&w, &g->at, rank, size))
        return;
    const ptrdiff_t dy = g->at.stride[0][last], dx = g->at.stride[1][last];
    const float_mode found = keep_denormals();
    do {
        char *y = w.data[0];
        const char *x = w.data[1];
        if (g->to == g->from) {
            copy_items(y, dy, x, dx, w.n, item_bytes[g->to]);
            continue;
        }
        switch (g->from) {
#define CALL_CAST(name, type, _)                                                                   \
    case CR_E_##name:                                                                                \
        cast_from_##name(y, dy, x, dx, w.n, g->to);                                                \
        break;
            CR_ELEMENTS(CALL_CAST, )
        }
    } while (next_inner_loop(&w));
    restore_float_mode(found);
}

#define SELECT_ITEMS(type)                                                                         \
    case sizeof(type):                                                                             \
        for (ptrdiff_t i = 0; i < w.n; i++)                                                        \
            *(type *)(w.data[0] + i * d[0]) = *(const type *)(w.data[1][i * d[1]]                  \
                                                                  ? w.data[2] + i * d[2]           \
                                                                  : w.data[3] + i * d[3]);         \
        break;

/* y = condition ? a : b; see cr_strided_select_args. */
void cr_strided_select(const void *arguments, ptrdiff_t rank, ptrdiff_t size)
{
    const cr_strided_select_args *g = arguments;
    ptrdiff_t d[CR_MAX_WALKED];
    walk w;
    if (!begin_walk(&w, &g->at, rank, size))
        return;
    for (int k = 0; k < g->at.operands; k++)
        d[k] = g->at.stride[k][g->at.axes - 1];
    do {
        switch (g->item_bytes) {
            SELECT_ITEMS(uint8_t)
            SELECT_ITEMS(uint16_t)
            SELECT_ITEMS(uint32_t)
            SELECT_ITEMS(uint64_t)
        }
    } while (next_inner_loop(&w));
}
