/* Random changes of images in one pass (see contract_warp.h). Where a pixel comes from is computed
 * in double for a whole image, and then in T for each pixel. Every operation is rounded by itself
 * (setup.py compiles this file without fused multiplication and addition), so that images are the
 * same to the bit on every machine. */
#define CR_SAME_BITS
#include "philox.h"
#include "vmath.h"

#define FAR ((T)(CR_F64 ? 0x1p50 : 0x1p21)) /* places beyond are as good as at it */

/* x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5] */
typedef struct {
    double m[6];
} affine;

/* Where the pixels of one image come from. */
typedef struct {
    T m[6];
    int bent;
    T knots[2][CR_WARP_KNOTS * CR_WARP_KNOTS];
} image_map;

/* Gives f after g. */
INLINE affine after(affine f, affine g)
{
    affine h;
    for (int i = 0; i < 6; i += 3)
        for (int j = 0; j < 3; j++)
            h.m[i + j] = f.m[i] * g.m[j] + f.m[i + 1] * g.m[3 + j] + (j == 2 ? f.m[i + 2] : 0);
    return h;
}

/* Gives the affine map about the centre of an image. */
INLINE affine about_centre(double xx, double xy, double yx, double yy, const cr_warp_args *g)
{
    const double cx = 0.5 * (double)(g->W - 1), cy = 0.5 * (double)(g->H - 1);
    return (affine){{xx, xy, cx - cx * xx - cy * xy, yx, yy, cy - cx * yx - cy * yy}};
}

/* Computes cosine and sine of an angle in turns. */
static void circle(double turns, double *cosine, double *sine)
{
    static const double S[] = {1.58969099521155010221e-10, -2.50507602534068634195e-08,
                               2.75573137070700676789e-06, -1.98412698298579493134e-04,
                               8.33333333332248946124e-03, -1.66666666666666324348e-01};
    static const double C[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,
                               -2.75573143513906633035e-07, 2.48015872894767294178e-05,
                               -1.38888888888741095749e-03, 4.16666666666666019037e-02};
    const double quarters = floor(4 * turns + 0.5);
    const double t = (turns - 0.25 * quarters) * 6.283185307179586, z = t * t;
    double p = S[0], q = C[0];
    for (int i = 1; i < 6; i++) {
        p = p * z + S[i];
        q = q * z + C[i];
    }
    const double s = t + t * (z * p), c = 1 - z * 0.5 + z * z * q;
    const int quadrant = (int)(quarters - 4 * floor(quarters * 0.25));
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
}

/* Draws the four words of a row's counter as numbers of 0 .. 1. */
INLINE void draw_row(double u[4], ptrdiff_t row, uint32_t stream, const int64_t *step,
                     const round_keys *keys)
{
    uint32_t c[4] = {(uint32_t)row, stream, (uint32_t)*step, (uint32_t)((uint64_t)*step >> 32)};
    philox_words(c, keys);
    for (int w = 0; w < 4; w++)
        u[w] = c[w] * 0x1p-32;
}

/* Adds up the four bytes of a word, less the mean of such sums. */
INLINE T four_bytes(uint32_t word)
{
    const uint32_t pairs = (word & 0xff00ff) + (word >> 8 & 0xff00ff);
    return (T)((int)((pairs & 0xffff) + (pairs >> 16)) - 510);
}

/* Draws the knots of an image's displacement grid, times `scale` and turned as m turns. */
INLINE void draw_knots(image_map *map, const affine *m, double scale, ptrdiff_t row,
                       const cr_warp_args *g, const cr_warp_stage *s, const round_keys *keys)
{
    const ptrdiff_t n = g->K * g->L, groups = (n + 31) / 32;
    T turn[2][2];
    for (int c = 0; c < 2; c++)
        for (int d = 0; d < 2; d++) /* over the deviation of four bytes */
            turn[c][d] = (T)(m->m[3 * c + d] * scale / 147.80054127099806);
    for (ptrdiff_t group = 0; group < groups; group++) {
        union {
            VW vectors[4][STRIPS];
            uint32_t words[4][16];
        } u;
        group_words(u.vectors, (uint64_t)(row * groups + group), keys, 1, (uint64_t)*s->step);
        for (ptrdiff_t i = 0; i < 32 && 32 * group + i < n; i++) {
            const T x = four_bytes(u.words[i / 16 * 2][i % 16]);
            const T y = four_bytes(u.words[i / 16 * 2 + 1][i % 16]);
            for (int c = 0; c < 2; c++)
                map->knots[c][32 * group + i] = turn[c][0] * x + turn[c][1] * y;
        }
    }
}

/* Draws where the pixels of an image come from, through all stages. */
static void draw_map(image_map *map, ptrdiff_t row, const cr_warp_args *g)
{
    affine whole = {{1, 0, 0, 0, 1, 0}};
    map->bent = 0;
    for (const cr_warp_stage *s = g->stages; s < g->stages + g->count; s++) {
        const round_keys keys = keys_of(s->seed);
        affine one = {{1, 0, 0, 0, 1, 0}};
        double v[4], cosine, sine;
        draw_row(v, row, 0, s->step, &keys);
        for (int i = 0; i < 3; i++)
            v[i] = s->low[i] + (s->high[i] - s->low[i]) * v[i];
        if (s->kind == CR_TRANSLATE) {
            one.m[2] = -v[1] * (double)g->W;
            one.m[5] = -v[0] * (double)g->H;
        } else if (s->kind == CR_ROTATE) {
            circle(v[0], &cosine, &sine);
            one = about_centre(cosine, -sine, sine, cosine, g);
        } else if (s->kind == CR_ZOOM) {
            one = about_centre(1 + v[s->flags ? 0 : 1], 0, 0, 1 + v[0], g);
        } else if (s->kind == CR_SHEAR) {
            one.m[1] = v[2] > 0.5 ? -v[1] : v[1];
            one.m[3] = v[2] > 0.5 ? -v[0] : v[0];
        } else if (s->kind == CR_FLIP && v[0] < 0.5) {
            one = about_centre(s->flags & 1 ? -1 : 1, 0, 0, s->flags & 2 ? -1 : 1, g);
        } else if (s->kind == CR_BEND && v[2] < v[0]) {
            const double longer = (double)(g->H > g->W ? g->H : g->W);
            draw_knots(map, &whole, v[1] * longer * 0.02820947917738782, row, g, s, &keys);
            map->bent = 1;
        }
        whole = after(whole, one);
    }
    for (int i = 0; i < 6; i++)
        map->m[i] = (T)whole.m[i];
}

/* Rounds down, for |x| <= FAR. */
INLINE V vfloor(V x)
{
    const V near = (x + ROUNDER) - ROUNDER;
    return near - keep(near > x, splat(1));
}

/* Gives the pixel of n that stands for pixel i, by what fills the outside along an axis. */
INLINE V inside(V i, ptrdiff_t n, double period, double mirror)
{
    const T P = (T)period, per = (T)(period > 0 ? 1 / period : 0);
    i = i - P * vfloor((i + (T)0.5) * per);
    return vmin(splat((T)(n - 1)), vmax(splat(0), vmin(splat((T)mirror) - i, i)));
}

/* Reads x at the places of a vector. */
INLINE V gather(const T *x, VI index)
{
    V v;
    for (int i = 0; i < VL; i++)
        v[i] = x[index[i]];
    return v;
}

/* The four pixels around a vector of places, and the weights of the second ones. */
typedef struct {
    VI index[2][2], exists[2][2]; /* [upper or lower][left or right] */
    V right, lower;
} corners;

/* Finds the pixels around the places (x, y). */
INLINE void find_corners(corners *c, V x, V y, const cr_warp_args *g)
{
    V at[2] = {x, y}, low[2], share[2];
    VI outside = {0};
    const ptrdiff_t n[2] = {g->W, g->H};
    const T pixel = (T)g->pixel, line = (T)(g->W * g->pixel);
#pragma GCC unroll 2
    for (int axis = 0; axis < 2; axis++) {
        const V p = vmin(splat(FAR), vmax(at[axis], splat(-FAR))); /* NaN becomes -FAR */
        low[axis] = vfloor(p);
        share[axis] = p - low[axis];
        if (g->nearest) {
            const VI up = (share[axis] > (T)0.5) | ((share[axis] >= (T)0.5) & (p > 0));
            low[axis] += keep(up, splat(1));
            share[axis] = splat(0);
        }
        outside |= (low[axis] < 0) | (low[axis] > (T)(n[axis] - 2));
    }
    c->right = share[0];
    c->lower = share[1];
    if (first_lane(outside) == VL) {
        const VI first = __builtin_convertvector(low[1] * line + low[0] * pixel, VI);
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++)
#pragma GCC unroll 2
            for (int j = 0; j < 2; j++) {
                c->index[i][j] = first + (TI)(i * g->W * g->pixel + j * g->pixel);
                c->exists[i][j] = ~(VI){0};
            }
        return;
    }
    V stands[2][2];
    VI exists[2][2];
#pragma GCC unroll 2
    for (int axis = 0; axis < 2; axis++)
#pragma GCC unroll 2
        for (int second = 0; second < 2; second++) {
            const V i = low[axis] + (T)second;
            stands[axis][second] = inside(i, n[axis], g->period[axis], g->mirror[axis]);
            exists[axis][second] = g->constant ? (VI)(stands[axis][second] == i) : ~(VI){0};
        }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            const V index = stands[1][i] * line + stands[0][j] * pixel;
            c->index[i][j] = __builtin_convertvector(index, VI);
            c->exists[i][j] = exists[1][i] & exists[0][j];
        }
}

/* Interpolates one channel between the pixels around. */
INLINE V interpolate(const T *x, const corners *c, const cr_warp_args *g)
{
    V rows[2];
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        V p[2];
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            p[j] = blend(c->exists[i][j], gather(x, c->index[i][j]), splat((T)g->value));
        }
        rows[i] = p[0] * (1 - c->right) + p[1] * c->right;
    }
    const V v = rows[0] * (1 - c->lower) + rows[1] * c->lower;
    return vmin(splat((T)g->most), vmax(splat((T)g->least), v)); /* NaN stays */
}

/* Writes `lanes` elements that lie `pixel` apart. */
INLINE void store_apart(T *y, V v, ptrdiff_t lanes, ptrdiff_t pixel)
{
    if (pixel == 1)
        store_lanes(y, v, lanes);
    else
        for (ptrdiff_t i = 0; i < lanes; i++)
            y[i * pixel] = v[i];
}

/* Does one image, in strips of VL columns. */
static void warp_image(T *y, const T *x, const image_map *map, const cr_warp_args *g)
{
    const T *down = g->down, *across = g->across, *m = map->m;
    for (ptrdiff_t left = 0; left < g->W; left += VL) {
        const ptrdiff_t lanes = g->W - left < VL ? g->W - left : VL;
        /* lanes behind the last column do as it does */
        const V column =
            vmin(splat((T)(g->W - 1)), __builtin_convertvector((VI){LANES}, V) + (T)left);
        V bends[2][CR_WARP_KNOTS];
        memset(bends, 0, sizeof bends);
        for (ptrdiff_t l = 0; map->bent && l < g->L; l++) {
            const V weight = load_lanes(across + l * g->W + left, lanes);
            for (ptrdiff_t k = 0; k < g->K; k++)
                for (int c = 0; c < 2; c++)
                    bends[c][k] += weight * map->knots[c][k * g->L + l];
        }
        for (ptrdiff_t row = 0; row < g->H; row++) {
            V at[2];
            for (int c = 0; c < 2; c++) {
                at[c] = column * m[3 * c] + (m[3 * c + 1] * (T)row + m[3 * c + 2]);
                if (map->bent)
                    for (ptrdiff_t k = 0; k < g->K; k++)
                        if (down[row * g->K + k] != 0)
                            at[c] += bends[c][k] * down[row * g->K + k];
            }
            corners around;
            find_corners(&around, at[0], at[1], g);
            for (ptrdiff_t c = 0; c < g->C; c++)
                store_apart(y + (row * g->W + left) * g->pixel + c * g->plane,
                            interpolate(x + c * g->plane, &around, g), lanes, g->pixel);
        }
    }
}

/* Changes each image as its stages say. */
KERNEL(warp)
{
    const cr_warp_args *g = arguments;
    const ptrdiff_t n = g->H * g->W * g->C;
    ptrdiff_t begin, end;
    image_map map;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t row = begin; row < end; row++) {
        draw_map(&map, row, g);
        warp_image((T *)g->y + row * n, (const T *)g->x + row * n, &map, g);
    }
}

/* Draws which of n pixels along an axis are erased: from begin to below end. */
INLINE void draw_span(double share, double place, ptrdiff_t n, ptrdiff_t *begin, ptrdiff_t *end)
{
    const double length = sqrt(share) * (double)n, start = place * ((double)n - length);
    *begin = (ptrdiff_t)ceil(start);
    *end = (ptrdiff_t)ceil(start + length);
    *end = *end < n ? *end : n;
}

/* Copies the images, and fills rectangles in some. */
KERNEL(erase)
{
    const cr_erase_args *g = arguments;
    const round_keys keys = keys_of(g->seed);
    const ptrdiff_t n = g->H * g->W * g->C;
    const T least = (T)g->least, most = (T)g->most, *fill = g->fill;
    ptrdiff_t begin, end, left, right, top, bottom;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->y != g->x)
        memcpy((T *)g->y + begin * n, (const T *)g->x + begin * n,
               (size_t)((end - begin) * n) * sizeof(T));
    for (ptrdiff_t image = begin; image < end; image++) {
        double u[4], chance[4];
        draw_row(u, image, 0, g->step, &keys);
        draw_row(chance, image, 1, g->step, &keys);
        if (chance[1] >= g->factor[0] + (g->factor[1] - g->factor[0]) * chance[0])
            continue;
        for (int i = 0; i < 2; i++)
            u[i] = g->scale[0] + (g->scale[1] - g->scale[0]) * u[i];
        draw_span(u[0], u[2], g->W, &left, &right);
        draw_span(u[1], u[3], g->H, &top, &bottom);
        for (ptrdiff_t row = top; row < bottom; row++)
            for (ptrdiff_t c = 0; c < g->C; c++)
                for (ptrdiff_t column = left; column < right; column++) {
                    const ptrdiff_t at =
                        image * n + (row * g->W + column) * g->pixel + c * g->plane;
                    const T v = fill[g->by_channel ? c : at];
                    ((T *)g->y)[at] = v < least ? least : v > most ? most : v;
                }
    }
}
