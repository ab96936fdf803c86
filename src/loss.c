/* Losses with their gradients, and counts of right answers. All work on whole rows. */
#include "small_rows.h"

typedef struct {
    T *loss, *dz;
    const T *z, *y;
    T weight, scale; /* of this row: its weight, and weight / M */
} row;

INLINE row row_of(const cr_loss_args *g, ptrdiff_t m)
{
    const T weight = g->weight ? ((const T *)g->weight)[m] : 1;
    return (row){.loss = (T *)g->loss + m,
                 .dz = g->dz ? (T *)g->dz + m * g->N : NULL,
                 .z = (const T *)g->z + m * g->N,
                 .y = g->y ? (const T *)g->y + m * g->N : NULL,
                 .weight = weight,
                 .scale = weight / (T)g->M};
}

#define EACH_ROW(g)                            \
    ptrdiff_t begin, end;                      \
    share_rows((g)->M, rank, size, &begin, &end); \
    for (ptrdiff_t m = begin; m < end; m++)

/* VL rows of few classes at once. The targets are y(1-s) + s/N, or with y NULL the labels' own. */
static void narrow_cross_entropy(const cr_loss_args *g, ptrdiff_t m, ptrdiff_t rows)
{
    const ptrdiff_t n = g->N;
    const T rest = (T)(1 - g->smoothing), even = (T)(g->smoothing / (double)n);
    const V weight = g->weight ? load_n((const T *)g->weight + m, rows) : splat(1);
    const V scale = weight / (T)g->M;
    V z[MAX_SMALL_ROW], t[MAX_SMALL_ROW], total = {0}, sum = {0}, fit = {0};
    VI label = {0};
    load_columns(z, (const T *)g->z + m * n, n, rows);
    if (g->y)
        load_columns(t, (const T *)g->y + m * n, n, rows);
    else
        for (ptrdiff_t i = 0; i < rows; i++) /* the caller checks; here only memory is kept safe */
            label[i] = g->labels[m + i] < 0 || g->labels[m + i] >= n ? -1 : (TI)g->labels[m + i];
    const V max = columns_max(z, n);
    for (ptrdiff_t k = 0; k < n; k++) {
        const V d = z[k] - max;
        t[k] = g->y ? t[k] * rest + even : keep(label == (TI)k, splat(1));
        total += t[k];
        fit += g->y ? t[k] * d : keep(label == (TI)k, d); /* 0 times infinity is not 0 */
        z[k] = vexp(d);
        sum += z[k];
    }
    const V bad = keep(label < 0, splat((T)NAN));
    store_n((T *)g->loss + m, weight * (total * vlog(sum) - fit) + bad, rows);
    if (!g->dz)
        return;
    const V probability = total / sum * scale + bad;
    for (ptrdiff_t k = 0; k < n; k++)
        z[k] = z[k] * probability - t[k] * scale;
    store_columns((T *)g->dz + m * n, z, n, rows);
}

/* Does this rank's rows that way if they are short enough; else returns 0. */
static int narrow_loss(const cr_loss_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    if (g->N < 1 || g->N > MAX_SMALL_ROW)
        return 0;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m += VL)
        narrow_cross_entropy(g, m, end - m < VL ? end - m : VL);
    return 1;
}

/* -sum t log softmax(z) = sum(t) (max + log sum e^(z-max)) - sum t z,  dz = sum(t) softmax - t,
 * where t = y(1-s) + s/N. */
KERNEL(softmax_cross_entropy)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    const T rest = (T)(1 - g->smoothing), even = n ? (T)(g->smoothing / (double)n) : 0;
    if (narrow_loss(g, rank, size))
        return;
    EACH_ROW(g)
    {
        const row r = row_of(g, m);
        const T *z = r.z, *y = r.y;
        T *dz = r.dz;
        const T max = row_max(z, n);
        V targets = {0}, fit = {0}, exps = {0};
        SPAN(V t = GET(y) * rest + even; V e = vexp(GET(z) - max);
             if (lanes < VL) {
                 t = first_n(t, lanes, (V){0});
                 e = first_n(e, lanes, (V){0});
             }
             targets += t; exps += e; fit += t * (GET(z) - max);
             if (dz) PUT(dz, e););
        const T total = lane_sum(targets), sum = lane_sum(exps);
        *r.loss = n ? r.weight * (total * vlog(splat(sum))[0] - lane_sum(fit)) : 0;
        if (dz) {
            const T probability = total / sum * r.scale;
            const T target = rest * r.scale, base = even * r.scale;
            SPAN(PUT(dz, GET(dz) * probability - (GET(y) * target + base)););
        }
    }
}

KERNEL(sparse_cross_entropy)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    if (narrow_loss(g, rank, size))
        return;
    EACH_ROW(g)
    {
        const row r = row_of(g, m);
        const T *z = r.z;
        T *dz = r.dz;
        const int64_t label = g->labels[m];
        if (label < 0 || label >= n) { /* the caller checks; here only memory is kept safe */
            *r.loss = (T)NAN;
            if (dz)
                SPAN(PUT(dz, splat((T)NAN)););
            continue;
        }
        const T max = row_max(z, n);
        V exps = {0};
        SPAN(V e = vexp(GET(z) - max);
             if (lanes < VL) e = first_n(e, lanes, (V){0});
             exps += e; if (dz) PUT(dz, e););
        const T sum = lane_sum(exps);
        *r.loss = r.weight * (vlog(splat(sum))[0] - (z[label] - max));
        if (dz) {
            const T probability = r.scale / sum;
            SPAN(PUT(dz, GET(dz) * probability););
            dz[label] -= r.scale;
        }
    }
}

/* mean of softplus(z) - t z = max(z,0) - t z + log(1 + e^-|z|);  dz = (sigmoid(z) - t) / N */
KERNEL(sigmoid_cross_entropy)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    const T rest = (T)(1 - g->smoothing), even = (T)(g->smoothing / 2);
    if (n == 1) { /* one column: vectors along the rows */
        ptrdiff_t begin, end;
        share_rows(g->M, rank, size, &begin, &end);
        T *loss = (T *)g->loss, *dz = (T *)g->dz;
        const T *z = g->z, *y = g->y, *weight = g->weight;
        const ptrdiff_t n = end;
        const T each = 1 / (T)g->M;
        for (ptrdiff_t i = begin; i < n; i += VL) {
            const ptrdiff_t lanes = n - i < VL ? n - i : VL;
            const V zv = GET(z), t = GET(y) * rest + even, e = vexp(-vabs(zv));
            const V w = weight ? GET(weight) : splat(1);
            const V nan = blend(zv != zv, zv, (V){0});
            PUT(loss, w * (vmax((V){0}, zv) - t * zv + vlog1p(e) + nan));
            if (dz)
                PUT(dz, w * each * (blend(zv < 0, e, splat(1)) / (1 + e) - t));
        }
        return;
    }
    EACH_ROW(g)
    {
        const row r = row_of(g, m);
        const T *z = r.z, *y = r.y;
        T *dz = r.dz;
        const T each = n ? r.scale / (T)n : 0;
        V sum = {0};
        SPAN(const V zv = GET(z); const V t = GET(y) * rest + even; const V e = vexp(-vabs(zv));
             V loss = vmax((V){0}, zv) - t * zv + vlog1p(e);
             if (lanes < VL) loss = first_n(loss, lanes, (V){0});
             sum += loss;
             if (dz) PUT(dz, (blend(zv < 0, e, splat(1)) / (1 + e) - t) * each););
        *r.loss = n ? r.weight * lane_sum(sum) / (T)n : 0;
    }
}

KERNEL(squared_error)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    EACH_ROW(g)
    {
        const row r = row_of(g, m);
        const T *z = r.z, *y = r.y;
        T *dz = r.dz;
        const T each = n ? 2 * r.scale / (T)n : 0;
        V sum = {0};
        SPAN(const V d = GET(z) - GET(y); sum += d * d; if (dz) PUT(dz, d * each););
        *r.loss = n ? r.weight * lane_sum(sum) / (T)n : 0;
    }
}

KERNEL(absolute_error)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    EACH_ROW(g)
    {
        const row r = row_of(g, m);
        const T *z = r.z, *y = r.y;
        T *dz = r.dz;
        const T each = n ? r.scale / (T)n : 0;
        V sum = {0};
        SPAN(const V d = GET(z) - GET(y); sum += vabs(d); if (dz) PUT(dz, vsign(d) * each););
        *r.loss = n ? r.weight * lane_sum(sum) / (T)n : 0;
    }
}

/* The first index of the largest element, or of the first NaN */
static inline ptrdiff_t argmax(const T *x, ptrdiff_t n)
{
    const V best = splat(row_max(x, n));
    ptrdiff_t equal = n;
    SPAN(const V v = GET(x); const int nan = first_lane(v != v);
         if (nan < lanes) return i + nan;
         if (equal == n) {
             const int lane = first_lane(v == best);
             if (lane < lanes)
                 equal = i + lane;
         });
    return equal;
}

/* hits for the rows of this rank: argmax z == argmax y, or == label with y NULL */
static void accuracy(const cr_accuracy_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    const T *z = g->z, *y = g->y;
    T *hits = g->hits;
    const ptrdiff_t n = g->N;
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (n < 1 || n > MAX_SMALL_ROW) {
        for (ptrdiff_t m = begin; m < end; m++)
            hits[m] = argmax(z + m * n, n) == (y ? argmax(y + m * n, n) : g->labels[m]);
        return;
    }
    for (ptrdiff_t m = begin; m < end; m += VL) {
        const ptrdiff_t rows = end - m < VL ? end - m : VL;
        V columns[MAX_SMALL_ROW];
        VI right = {0};
        load_columns(columns, z + m * n, n, rows);
        const VI guess = columns_argmax(columns, n);
        if (y) {
            load_columns(columns, y + m * n, n, rows);
            right = columns_argmax(columns, n);
        } else
            for (ptrdiff_t i = 0; i < rows; i++)
                right[i] =
                    g->labels[m + i] < 0 || g->labels[m + i] >= n ? -1 : (TI)g->labels[m + i];
        store_n(hits + m, keep(guess == right, splat(1)), rows);
    }
}

KERNEL(categorical_accuracy) { accuracy(arguments, rank, size); }
KERNEL(sparse_accuracy) { accuracy(arguments, rank, size); }

KERNEL(binary_accuracy)
{
    const cr_accuracy_args *g = arguments;
    const T threshold = (T)g->threshold;
    EACH_ROW(g)
    {
        const T *z = (const T *)g->z + m * g->N, *y = (const T *)g->y + m * g->N;
        ptrdiff_t right = 0;
        for (ptrdiff_t i = 0; i < g->N; i++)
            right += (T)(z[i] > threshold) == y[i];
        ((T *)g->hits)[m] = g->N ? (T)right / (T)g->N : 0;
    }
}

KERNEL(row_mean)
{
    const cr_row_mean_args *g = arguments;
    const T *rows = g->rows, *weight = g->weight;
    double sum = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t m = 0; m < g->M; m++)
        sum += weight ? (double)rows[m] * (double)weight[m] : (double)rows[m];
    *(T *)g->out = (T)(g->M ? sum / (double)g->M : 0);
}

KERNEL(accumulate_weighted_sum)
{
    const cr_accumulate_weighted_sum_args *g = arguments;
    const T *values = g->values, *weights = g->weights;
    double sum = 0;
    (void)size;
    if (rank)
        return;
    for (ptrdiff_t i = 0; i < g->n; i++)
        sum += weights ? (double)values[i] * (double)weights[i] : (double)values[i];
    *g->total += g->factor * sum;
}
