/* Cross entropies with their gradients: of softmax with targets or with labels, and of sigmoid.
 * Shares are rows. */
#include "loss_row.h"
#include "small_rows.h"

/* Softmax cross entropy is
 *
 *     -sum t log softmax(z) = sum(t) log sum e^d - sum t d,     d = z - max z
 *     dz = sum(t) softmax(z) - t
 *
 * with the smoothed targets t = y (1 - smoothing) + smoothing / N, or one-hot rows of labels. */

/* Does so for up to VL rows of few classes at once, from row m on, a row in each lane. */
static void small_rows_cross_entropy(const cr_loss_args *g, ptrdiff_t m, ptrdiff_t rows)
{
    const ptrdiff_t n = g->N;
    const T target_mass = (T)(1 - g->smoothing), uniform_mass = (T)(g->smoothing / (double)n);
    const V weight = g->weight ? load_n((const T *)g->weight + m, rows) : splat(1);
    const V scale = weight / (T)g->M;
    V z[MAX_SMALL_ROW], t[MAX_SMALL_ROW], total = {0}, sum = {0}, dot = {0};
    VI label = {0};
    load_columns(z, (const T *)g->z + m * n, n, rows);
    if (g->y)
        load_columns(t, (const T *)g->y + m * n, n, rows);
    else
        label = load_labels(g->labels + m, n, rows);
    const V max = columns_max(z, n);
    for (ptrdiff_t k = 0; k < n; k++) {
        const V d = z[k] - max;
        t[k] = g->y ? t[k] * target_mass + uniform_mass : keep(label == (TI)k, splat(1));
        total += t[k];
        dot += g->y ? t[k] * d : keep(label == (TI)k, d); /* 0 times infinity is not 0 */
        z[k] = vexp(d);
        sum += z[k];
    }
    const V bad = keep(label < 0, splat((T)NAN));
    store_n((T *)g->loss + m, weight * (total * vlog(sum) - dot) + bad, rows);
    if (!g->dz)
        return;
    const V probability = total / sum * scale + bad;
    for (ptrdiff_t k = 0; k < n; k++)
        z[k] = z[k] * probability - t[k] * scale;
    store_columns((T *)g->dz + m * n, z, n, rows);
}

/* Does this rank's rows VL at a time and returns 1 if they are short enough, else returns 0. */
static int small_rows_loss(const cr_loss_args *g, ptrdiff_t rank, ptrdiff_t size)
{
    ptrdiff_t begin, end;
    if (g->N < 1 || g->N > MAX_SMALL_ROW)
        return 0;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m += VL)
        small_rows_cross_entropy(g, m, end - m < VL ? end - m : VL);
    return 1;
}

/* Does one row of n elements with targets. e^d is kept in dz until their sum is known. */
INLINE void softmax_cross_entropy_row(const loss_row *r, ptrdiff_t n, T target_mass, T uniform_mass)
{
    const T *z = r->z, *y = r->y;
    T *dz = r->dz;
    const T max = row_max(z, n);
    V targets = {0}, dots = {0}, exps = {0};
    EACH_VECTOR (i, lanes, n) {
        const V target = load_lanes(y + i, lanes) * target_mass + uniform_mass;
        const V t = first_lanes(target, lanes, (V){0});
        const V e = first_lanes(vexp(load_lanes(z + i, lanes) - max), lanes, (V){0});
        targets += t;
        exps += e;
        dots += t * (load_lanes(z + i, lanes) - max);
        if (dz)
            store_lanes(dz + i, e, lanes);
    }
    const T total = lane_sum(targets), sum = lane_sum(exps);
    *r->loss = n ? r->weight * (total * vlog(splat(sum))[0] - lane_sum(dots)) : 0;
    if (!dz)
        return;
    const T probability = total / sum * r->scale;
    const T scaled_target = target_mass * r->scale, scaled_uniform = uniform_mass * r->scale;
    EACH_VECTOR (i, lanes, n) {
        const V t = load_lanes(y + i, lanes) * scaled_target + scaled_uniform;
        store_lanes(dz + i, load_lanes(dz + i, lanes) * probability - t, lanes);
    }
}

/* Stores each row's cross-entropy of softmax, and the gradient of their mean. */
KERNEL(softmax_cross_entropy)
{
    const cr_loss_args *g = arguments;
    const ptrdiff_t n = g->N;
    const T target_mass = (T)(1 - g->smoothing);
    const T uniform_mass = n ? (T)(g->smoothing / (double)n) : 0;
    ptrdiff_t begin, end;
    if (small_rows_loss(g, rank, size))
        return;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        softmax_cross_entropy_row(&r, n, target_mass, uniform_mass);
    }
}

/* Does one row of n elements with a label: only the label's class has a target, 1. */
INLINE void sparse_cross_entropy_row(const loss_row *r, ptrdiff_t n, int64_t label)
{
    const T *z = r->z;
    T *dz = r->dz;
    if (label < 0 || label >= n) { /* The caller has checked; here only memory is kept safe. */
        *r->loss = (T)NAN;
        if (dz)
            EACH_VECTOR (i, lanes, n)
                store_lanes(dz + i, splat((T)NAN), lanes);
        return;
    }
    const T max = row_max(z, n);
    V exps = {0};
    EACH_VECTOR (i, lanes, n) {
        const V e = first_lanes(vexp(load_lanes(z + i, lanes) - max), lanes, (V){0});
        exps += e;
        if (dz)
            store_lanes(dz + i, e, lanes);
    }
    const T sum = lane_sum(exps);
    *r->loss = r->weight * (vlog(splat(sum))[0] - (z[label] - max));
    if (!dz)
        return;
    const T probability = r->scale / sum;
    EACH_VECTOR (i, lanes, n)
        store_lanes(dz + i, load_lanes(dz + i, lanes) * probability, lanes);
    dz[label] -= r->scale;
}

/* Does the same for targets that are labels. */
KERNEL(sparse_cross_entropy)
{
    const cr_loss_args *g = arguments;
    ptrdiff_t begin, end;
    if (small_rows_loss(g, rank, size))
        return;
    share_rows(g->M, rank, size, &begin, &end);
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        sparse_cross_entropy_row(&r, g->N, g->labels[m]);
    }
}

/* Sigmoid cross entropy of one output is
 *
 *     softplus(z) - t z = max(z, 0) - t z + log(1 + e^-|z|),     dz = sigmoid(z) - t
 *
 * with the smoothed target t = y (1 - smoothing) + smoothing / 2; a row's loss is the mean. */

/* Does the rows begin..end of one output, with vectors along the rows. */
static void sigmoid_cross_entropy_column(const cr_loss_args *g, ptrdiff_t begin, ptrdiff_t end)
{
    const T target_mass = (T)(1 - g->smoothing), uniform_mass = (T)(g->smoothing / 2);
    T *loss = (T *)g->loss, *dz = (T *)g->dz;
    const T *z = g->z, *y = g->y, *weight = g->weight;
    const T per_row = 1 / (T)g->M;
    for (ptrdiff_t m = begin; m < end; m += VL) {
        const ptrdiff_t lanes = end - m < VL ? end - m : VL;
        const V zv = load_lanes(z + m, lanes), e = vexp(-vabs(zv));
        const V t = load_lanes(y + m, lanes) * target_mass + uniform_mass;
        const V w = weight ? load_lanes(weight + m, lanes) : splat(1);
        const V nan = blend(zv != zv, zv, (V){0});
        store_lanes(loss + m, w * (vmax((V){0}, zv) - t * zv + vlog1p(e) + nan), lanes);
        if (dz)
            store_lanes(dz + m, w * per_row * (blend(zv < 0, e, splat(1)) / (1 + e) - t), lanes);
    }
}

/* Does one row of n outputs. */
INLINE void sigmoid_cross_entropy_row(const loss_row *r, ptrdiff_t n, T target_mass, T uniform_mass)
{
    const T *z = r->z, *y = r->y;
    T *dz = r->dz;
    const T per_output = n ? r->scale / (T)n : 0;
    V sum = {0};
    EACH_VECTOR (i, lanes, n) {
        const V zv = load_lanes(z + i, lanes), e = vexp(-vabs(zv));
        const V t = load_lanes(y + i, lanes) * target_mass + uniform_mass;
        const V loss = vmax((V){0}, zv) - t * zv + vlog1p(e);
        sum += first_lanes(loss, lanes, (V){0});
        if (dz)
            store_lanes(dz + i, (blend(zv < 0, e, splat(1)) / (1 + e) - t) * per_output, lanes);
    }
    *r->loss = n ? r->weight * lane_sum(sum) / (T)n : 0;
}

/* Stores each row's mean cross-entropy of sigmoids, and the gradient of their mean. */
KERNEL(sigmoid_cross_entropy)
{
    const cr_loss_args *g = arguments;
    const T target_mass = (T)(1 - g->smoothing), uniform_mass = (T)(g->smoothing / 2);
    ptrdiff_t begin, end;
    share_rows(g->M, rank, size, &begin, &end);
    if (g->N == 1) {
        sigmoid_cross_entropy_column(g, begin, end);
        return;
    }
    for (ptrdiff_t m = begin; m < end; m++) {
        const loss_row r = loss_row_of(g, m);
        sigmoid_cross_entropy_row(&r, g->N, target_mass, uniform_mass);
    }
}
