/* Elements of any layout and dtype: what NumPy's functions do inside ops (strided.c, indexed.c,
 * sorting.c).
 * Included by kernels.h.
 *
 * Unlike all other kernels these leave denormals as they are, as NumPy does, take arrays of any
 * strides, and any dtype: their bodies are compiled once, not for each instruction set. */
#ifndef COREREG_CONTRACT_STRIDED_H
#define COREREG_CONTRACT_STRIDED_H

#include <stddef.h>
#include <stdint.h>

#define CR_MAX_AXES 8          /* of strided operands, those that lie together counted once */
#define CR_MAX_WALKED 4        /* operands that are walked together */
#define CR_MAX_INDEX_ARRAYS 8  /* of one look-up */

/* Operands of one shape that are walked together; strides in bytes, the innermost axis last. */
typedef struct {
    int axes, operands;
    ptrdiff_t shape[CR_MAX_AXES];
    char *data[CR_MAX_WALKED];
    ptrdiff_t stride[CR_MAX_WALKED][CR_MAX_AXES];
    ptrdiff_t grain; /* shares are cut from axis 0 at multiples of it; 0: one share */
} cr_strided;

/* The inner loop of a NumPy ufunc (PyUFuncGenericFunction). */
typedef void (*cr_inner_loop)(char **data, const ptrdiff_t *lengths, const ptrdiff_t *strides,
                              void *context);

/* numpy_loop: a ufunc's own inner loop over all operands, inputs first. Reductions and running sums
 * are loops whose output is an input too. skips_first: what was copied to an output already, the
 * first elements along the axes where the output has stride 0, is left out. core_*: the further
 * lengths and strides that the loop of a product takes. An output may alias an input of its
 * shape and strides. */
typedef struct {
    cr_strided at;
    cr_inner_loop loop;
    void *context;
    int skips_first, core_lengths, core_strides;
    ptrdiff_t core[9]; /* the lengths, then the strides */
} cr_numpy_loop_args;

/* Element types, in the order of enum cr_element. */
#define CR_ELEMENTS(X, more) \
    X(BOOL, uint8_t, more)   \
    X(I8, int8_t, more)      \
    X(U8, uint8_t, more)     \
    X(I16, int16_t, more)    \
    X(U16, uint16_t, more)   \
    X(I32, int32_t, more)    \
    X(U32, uint32_t, more)   \
    X(I64, int64_t, more)    \
    X(U64, uint64_t, more)   \
    X(F32, float, more)      \
    X(F64, double, more)

enum cr_element {
#define CR_ELEMENT(name, type, more) CR_E_##name,
    CR_ELEMENTS(CR_ELEMENT, )
#undef CR_ELEMENT
        CR_E_COUNT
};

/* strided_copy: operands (y, x): y = x, cast as C casts; to bool: x != 0. */
typedef struct {
    cr_strided at;
    int to, from;
} cr_strided_copy_args;

/* strided_select: operands (y, condition, a, b): y = condition ? a : b; a byte that is not 0 is
 * true; y, a and b of item_bytes each: 1, 2, 4 or 8. */
typedef struct {
    cr_strided at;
    int item_bytes;
} cr_strided_select_args;

/* arg_extreme: operands (y, x): y, int64, is the place of the largest (`least`: the smallest) of n
 * elements that lie `step` bytes apart from x on, the first of equal ones; NaN is beyond all. */
typedef struct {
    cr_strided at;
    int element, least;
    ptrdiff_t n, step;
} cr_arg_extreme_args;

/* arg_sort: operands (y, x, room): y, int64, are the places of n elements, which lie `step` bytes
 * apart from x on, in the order of their size, equal ones in that of their places, NaN last;
 * y_step: bytes from place to place; room: 2*n contiguous int64. */
typedef struct {
    cr_strided at;
    int element;
    ptrdiff_t n, step, y_step;
} cr_arg_sort_args;

/* indexed_copy: to[i] = from[i] for n elements of item_bytes, which lie at byte offsets; where
 * there is a `loop`, to[i] = loop(to[i], from[i]). In order, for an element may come twice. index:
 * arrays of places, int64, `length` that each counts among, negative ones from the end, and `step`,
 * bytes from place to place: they add to the offsets of `from`, or of `to` if into_output. map[i]
 * is where in the index arrays element i looks. What is out of range sets *out_of_range to 1, and
 * is place 0. One share. */
typedef struct {
    char *to;
    const char *from;
    const int64_t *to_offset, *from_offset, *map;
    ptrdiff_t n;
    int item_bytes, index_count, into_output;
    const int64_t *index[CR_MAX_INDEX_ARRAYS];
    ptrdiff_t length[CR_MAX_INDEX_ARRAYS], step[CR_MAX_INDEX_ARRAYS];
    int64_t *out_of_range;
    cr_inner_loop loop;
    void *context;
} cr_indexed_copy_args;

/* The bodies, which the tables of all instruction sets share. */
void cr_numpy_loop(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void cr_strided_copy(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void cr_strided_select(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void cr_arg_extreme(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void cr_indexed_copy(const void *arguments, ptrdiff_t rank, ptrdiff_t size);
void cr_arg_sort(const void *arguments, ptrdiff_t rank, ptrdiff_t size);

#endif
