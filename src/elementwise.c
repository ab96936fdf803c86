/* Maps over arrays of any shape, element by element: scale, add, exp, log and erf. */
#include "vmath.h"

/* One rank's part of a map: n elements from y and x on. */
typedef struct {
    T *y;
    const T *x;
    ptrdiff_t n;
} map;

/* Finds the part of the map that is this rank's. */
INLINE map map_of(const cr_map_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    share(g->n, VL, rank, size, &begin, &end);
    return (map){(T *)g->y + begin, (const T *)g->x + begin, end - begin};
}

/* Multiplies with one factor. */
KERNEL(scale)
{
    const map m = map_of(arguments, rank, size);
    const T factor = *(const T *)((const cr_map_args *)arguments)->factor;
    EACH_VECTOR (i, lanes, m.n)
        store_lanes(m.y + i, load_lanes(m.x + i, lanes) * factor, lanes);
}

/* Adds x to y. */
KERNEL(add)
{
    const map m = map_of(arguments, rank, size);
    EACH_VECTOR (i, lanes, m.n)
        store_lanes(m.y + i, load_lanes(m.y + i, lanes) + load_lanes(m.x + i, lanes), lanes);
}

/* Computes e^x. */
KERNEL(exp)
{
    const map m = map_of(arguments, rank, size);
    EACH_VECTOR (i, lanes, m.n)
        store_lanes(m.y + i, vexp(load_lanes(m.x + i, lanes)), lanes);
}

/* Computes the natural logarithm. */
KERNEL(log)
{
    const map m = map_of(arguments, rank, size);
    EACH_VECTOR (i, lanes, m.n)
        store_lanes(m.y + i, vlog(load_lanes(m.x + i, lanes)), lanes);
}

/* Computes the error function. */
KERNEL(erf)
{
    const map m = map_of(arguments, rank, size);
    EACH_VECTOR (i, lanes, m.n)
        store_lanes(m.y + i, verf(load_lanes(m.x + i, lanes)), lanes);
}
