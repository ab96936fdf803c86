/* Batch normalization, forward in training and inference, and backward: strips of columns, each
 * read two or three times while it is in the cache. */
#include "columns.h"

/* Computes y = (x - mean)*scale + beta, and its relu if wanted, down one strip. */
INLINE void normalize_strip(T *y, const T *x, ptrdiff_t M, ptrdiff_t N, const V mean[WIDTH],
                            const V scale[WIDTH], const V beta[WIDTH], int relu, const int width,
                            ptrdiff_t lanes)
{
    const V least = splat(relu ? 0 : -(T)INFINITY);
    for (ptrdiff_t m = 0; m < M; m++, x += N, y += N)
#pragma GCC unroll 4
        for (int w = 0; w < width; w++) {
            const V v = load_lanes(x + w * VL, lanes);
            store_lanes(y + w * VL, vmax(least, (v - mean[w]) * scale[w] + beta[w]), lanes);
        }
}

/* Sets sum[w] to the sums down one strip of x - mean (power 1) or its square (power 2). */
INLINE void sum_strip(V sum[WIDTH], const T *x, ptrdiff_t M, ptrdiff_t N, const V mean[WIDTH],
                      const int power, const int width, ptrdiff_t lanes)
{
    for (int w = 0; w < width; w++)
        sum[w] = (V){0};
    for (ptrdiff_t first = 0; first < M; first += CHUNK) {
        const ptrdiff_t end = first + CHUNK < M ? first + CHUNK : M;
        V part[WIDTH] = {{0}};
        for (ptrdiff_t m = first; m < end; m++)
#pragma GCC unroll 4
            for (int w = 0; w < width; w++) {
                const V v = load_lanes(x + m * N + w * VL, lanes);
                part[w] += power == 1 ? v : (v - mean[w]) * (v - mean[w]);
            }
        for (int w = 0; w < width; w++)
            sum[w] += part[w];
    }
}

/* Takes a moving average one batch further: old*momentum + new*(1-momentum). The second product is
 * rounded by itself: else the compiler chooses one, and not the same in strips of each width, which
 * depend on the number of threads. */
INLINE void move_strip(T *average, const V v[WIDTH], double momentum, const int width,
                       ptrdiff_t lanes)
{
    const T keep_ = (T)momentum, take = (T)(1 - momentum); /* rounded once */
    V old[WIDTH];
    load_strip(old, average, width, lanes, 0);
    for (int w = 0; w < width; w++)
        old[w] = old[w] * keep_ + rounded(v[w] * take);
    store_strip(average, old, width, lanes);
}

/* The forward pass of one strip, in training. */
INLINE void forward_strip(const cr_batch_norm_forward_args *g, ptrdiff_t at, const int width,
                          ptrdiff_t lanes)
{
    const T *x = (const T *)g->x + at;
    const T rows = (T)(g->M ? g->M : 1);
    V mean[WIDTH], var[WIDTH], inv[WIDTH], scale[WIDTH], beta[WIDTH];
    load_strip(scale, g->gamma ? (const T *)g->gamma + at : NULL, width, lanes, 1);
    load_strip(beta, g->beta ? (const T *)g->beta + at : NULL, width, lanes, 0);
    sum_strip(mean, x, g->M, g->N, mean, 1, width, lanes);
    for (int w = 0; w < width; w++)
        mean[w] /= rows;
    sum_strip(var, x, g->M, g->N, mean, 2, width, lanes);
    for (int w = 0; w < width; w++) {
        var[w] /= rows;
        inv[w] = 1 / vsqrt(var[w] + (T)g->epsilon);
        scale[w] *= inv[w];
    }
    normalize_strip((T *)g->y + at, x, g->M, g->N, mean, scale, beta, g->relu, width, lanes);
    store_strip((T *)g->mean + at, mean, width, lanes);
    store_strip((T *)g->inv + at, inv, width, lanes);
    if (g->moving_mean && g->M) {
        move_strip((T *)g->moving_mean + at, mean, g->momentum, width, lanes);
        move_strip((T *)g->moving_variance + at, var, g->momentum, width, lanes);
    }
}

/* The forward pass of one strip by a mean and a variance that are given. */
INLINE void inference_strip(const cr_batch_norm_inference_args *g, ptrdiff_t at, const int width,
                            ptrdiff_t lanes)
{
    V mean[WIDTH], inv[WIDTH], scale[WIDTH], beta[WIDTH];
    load_strip(scale, g->gamma ? (const T *)g->gamma + at : NULL, width, lanes, 1);
    load_strip(beta, g->beta ? (const T *)g->beta + at : NULL, width, lanes, 0);
    load_strip(mean, (const T *)g->mean + at, width, lanes, 0);
    load_strip(inv, (const T *)g->variance + at, width, lanes, 1);
    for (int w = 0; w < width; w++) {
        inv[w] = 1 / vsqrt(inv[w] + (T)g->epsilon);
        scale[w] *= inv[w];
    }
    normalize_strip((T *)g->y + at, (const T *)g->x + at, g->M, g->N, mean, scale, beta, g->relu,
                    width, lanes);
    store_strip(g->inv ? (T *)g->inv + at : NULL, inv, width, lanes);
}

/* Sets the sums of dy and of dy*(x - mean) down one strip. */
INLINE void gradient_sums(V dbeta[WIDTH], V dgamma[WIDTH], const T *dy, const T *x, ptrdiff_t M,
                          ptrdiff_t N, const V mean[WIDTH], const int width, ptrdiff_t lanes)
{
    for (int w = 0; w < width; w++)
        dbeta[w] = dgamma[w] = (V){0};
    for (ptrdiff_t first = 0; first < M; first += CHUNK) {
        const ptrdiff_t end = first + CHUNK < M ? first + CHUNK : M;
        V db[WIDTH] = {{0}}, dg[WIDTH] = {{0}};
        for (ptrdiff_t m = first; m < end; m++)
#pragma GCC unroll 4
            for (int w = 0; w < width; w++) {
                const V d = load_lanes(dy + m * N + w * VL, lanes);
                db[w] += d;
                dg[w] += d * (load_lanes(x + m * N + w * VL, lanes) - mean[w]);
            }
        for (int w = 0; w < width; w++) {
            dbeta[w] += db[w];
            dgamma[w] += dg[w];
        }
    }
}

/* The backward pass of one strip. */
INLINE void backward_strip(const cr_batch_norm_backward_args *g, ptrdiff_t at, const int width,
                           ptrdiff_t lanes)
{
    const T *x = (const T *)g->x + at, *dy = (const T *)g->dy + at;
    const T rows = (T)(g->M ? g->M : 1);
    V mean[WIDTH], inv[WIDTH], scale[WIDTH], dbeta[WIDTH], dgamma[WIDTH];
    load_strip(scale, g->gamma ? (const T *)g->gamma + at : NULL, width, lanes, 1);
    load_strip(mean, (const T *)g->mean + at, width, lanes, 0);
    load_strip(inv, (const T *)g->inv + at, width, lanes, 0);
    gradient_sums(dbeta, dgamma, dy, x, g->M, g->N, mean, width, lanes);
    for (int w = 0; w < width; w++)
        dgamma[w] *= inv[w];
    store_strip(g->dbeta ? (T *)g->dbeta + at : NULL, dbeta, width, lanes);
    store_strip(g->dgamma ? (T *)g->dgamma + at : NULL, dgamma, width, lanes);
    if (!g->dx)
        return;
    for (int w = 0; w < width; w++) { /* what is taken off dy: level + slope*(x - mean) */
        scale[w] *= inv[w];
        dbeta[w] /= rows;
        dgamma[w] *= inv[w] / rows;
        if (g->given)
            dbeta[w] = dgamma[w] = (V){0};
    }
    T *dx = (T *)g->dx + at;
    for (ptrdiff_t m = 0; m < g->M; m++, x += g->N, dy += g->N, dx += g->N)
#pragma GCC unroll 4
        for (int w = 0; w < width; w++) {
            V d = load_lanes(dy + w * VL, lanes);
            if (!g->given) /* else x may be infinite, and 0 times it NaN */
                d -= dbeta[w] + dgamma[w] * (load_lanes(x + w * VL, lanes) - mean[w]);
            store_lanes(dx + w * VL, d * scale[w], lanes);
        }
}

/* Normalizes each column by the batch's mean and variance. */
KERNEL(batch_norm_forward)
{
    const cr_batch_norm_forward_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->N, VL, rank, size, &begin, &end);
    EACH_STRIP(begin, end, forward_strip);
}

/* Normalizes each column by a mean and a variance that are given. */
KERNEL(batch_norm_inference)
{
    const cr_batch_norm_inference_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->N, VL, rank, size, &begin, &end);
    EACH_STRIP(begin, end, inference_strip);
}

/* Takes a gradient back through the normalization of columns, with those of gamma and beta. */
KERNEL(batch_norm_backward)
{
    const cr_batch_norm_backward_args *g = arguments;
    ptrdiff_t begin, end;
    share(g->N, VL, rank, size, &begin, &end);
    EACH_STRIP(begin, end, backward_strip);
}
