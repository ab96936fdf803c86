/* The kernels without Python, for machines that have none for the other tests: each kind of kernel
 * against a few lines of plain C, and in three shares against one. `.ci/machines` builds and runs
 * it by other compilers and for other systems; the macro TABLES lists the tables that are linked:
 *
 *     -DTABLES="X(f32,baseline) X(f64,baseline)"
 */
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(dtype, isa) extern const cr_kernel cr_table_##dtype##_##isa[];
TABLES
#undef X

#define CR_STRING(name) #name,
static const char *const kernel_names[] = {CR_KERNELS(CR_STRING)};

enum { M = 37, K = 61, N = 23, SIZE = M * K }; /* no multiples of a vector; N < K */

static int passed, failed;
static const cr_kernel *table;
static int f64;
static const char *name_of_table;

/* Counts a check, and says which one failed. */
static void check(int right, const char *what)
{
    passed += right != 0;
    failed += right == 0;
    if (!right)
        printf("%s: %s\n", name_of_table, what);
}

/* The next number of a fixed sequence, from -1 to 1. */
static double next_number(void)
{
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (double)(state >> 8) / (1 << 23) - 1;
}

/* Element i of an array of the table's type. */
static double get(const void *p, ptrdiff_t i)
{
    return f64 ? ((const double *)p)[i] : (double)((const float *)p)[i];
}

/* Sets element i of an array of the table's type. */
static void put(void *p, ptrdiff_t i, double value)
{
    if (f64)
        ((double *)p)[i] = value;
    else
        ((float *)p)[i] = (float)value;
}

/* Whether two numbers are as near as the type lets them be, after sums of some hundred terms. */
static int near(double a, double b)
{
    return fabs(a - b) <= (f64 ? 1e-12 : 2e-5) * (1 + fabs(a) + fabs(b));
}

/* Runs a kernel in one share, then in three into the same place: the bits must be the same. */
static void run(int id, const void *arguments, void *output, ptrdiff_t count)
{
    static char first[SIZE * sizeof(double)];
    const size_t bytes = (size_t)count * (f64 ? sizeof(double) : sizeof(float));
    table[id](arguments, 0, 1);
    memcpy(first, output, bytes);
    memset(output, 0x55, bytes);
    for (ptrdiff_t rank = 2; rank >= 0; rank--)
        table[id](arguments, rank, 3);
    check(memcmp(first, output, bytes) == 0, kernel_names[id]);
}

static double x[SIZE], w[SIZE], b[N], y[SIZE], dz[SIZE], out[SIZE], slope[SIZE];

/* x w + b at row m, column n. */
static double product(int m, int n)
{
    double sum = get(b, n);
    for (int k = 0; k < K; k++)
        sum += get(x, m * K + k) * get(w, k * N + n);
    return sum;
}

/* The three products of a dense layer. */
static void dense(void)
{
    int right = 1, back = 1, weights = 1;
    const cr_dense_forward_args forward = {
        .y = y, .x = x, .w = w, .b = b, .M = M, .N = N, .K = K, .act = CR_RELU};
    run(CR_dense_forward, &forward, y, M * N);
    for (int i = 0; i < M * N; i++)
        right &= near(get(y, i), fmax(0, product(i / N, i % N)));
    check(right, "relu(x w + b)");
    const cr_dense_backward_input_args input = {
        .dx = out, .dz = dz, .w = w, .M = M, .N = N, .K = K, .scale = 1};
    run(CR_dense_backward_input, &input, out, M * K);
    for (int i = 0; i < M * K; i++) {
        double sum = 0;
        for (int n = 0; n < N; n++)
            sum += get(dz, i / K * N + n) * get(w, i % K * N + n);
        back &= near(get(out, i), sum);
    }
    check(back, "dz w'");
    const cr_dense_backward_weights_args gradient = {
        .dw = out, .x = x, .dz = dz, .M = M, .N = N, .K = K};
    run(CR_dense_backward_weights, &gradient, out, K * N);
    for (int i = 0; i < K * N; i++) {
        double sum = 0;
        for (int m = 0; m < M; m++)
            sum += get(x, m * K + i / N) * get(dz, m * N + i % N);
        weights &= near(get(out, i), sum);
    }
    check(weights, "x' dz");
}

/* Packs an operand for a product in one part of bfloat16. */
static const void *rounded(void *to, const void *from, int rows, int depth, int along, int second)
{
    const cr_round_operand_args g = {.to = to,
                                     .from = from,
                                     .rows = rows,
                                     .depth = depth,
                                     .along = along,
                                     .second = second,
                                     .parts = 1};
    for (ptrdiff_t rank = 2; rank >= 0; rank--)
        table[CR_round_operand](&g, rank, 3);
    return to;
}

/* The same products of operands that are rounded to bfloat16. */
static void rounded_dense(void)
{
    static float first[4 * SIZE], second[4 * SIZE];
    int right = 1;
    if (f64)
        return;
    const cr_dense_forward_args forward = {.y = y,
                                           .x = rounded(first, x, M, K, 1, 0),
                                           .w = rounded(second, w, N, K, 0, 1),
                                           .b = b,
                                           .M = M,
                                           .N = N,
                                           .K = K,
                                           .act = CR_RELU,
                                           .parts = 1};
    run(CR_dense_forward, &forward, y, M * N);
    for (int i = 0; i < M * N; i++)
        right &= fabs(get(y, i) - fmax(0, product(i / N, i % N))) < 0.1;
    const cr_dense_backward_weights_args gradient = {.dw = out,
                                                     .x = rounded(first, x, K, M, 0, 0),
                                                     .dz = rounded(second, dz, N, M, 0, 1),
                                                     .M = M,
                                                     .N = N,
                                                     .K = K,
                                                     .parts = 1};
    run(CR_dense_backward_weights, &gradient, out, K * N);
    for (int i = 0; i < K * N; i++) {
        double sum = 0;
        for (int m = 0; m < M; m++)
            sum += get(x, m * K + i / N) * get(dz, m * N + i % N);
        right &= fabs(get(out, i) - sum) < 0.1;
    }
    check(right, "products of rounded operands");
}

/* The activations, softmax among them, whose rows sum to 1. */
static void activations(void)
{
    for (int act = CR_RELU; act < CR_ACTIVATION_COUNT; act++) {
        const cr_activation_forward_args forward = {.y = y,
                                                    .slope = CR_KEEPS_SLOPE(act) ? slope : NULL,
                                                    .x = x,
                                                    .M = M,
                                                    .N = N,
                                                    .act = act};
        int right = 1;
        run(CR_activation_forward, &forward, y, M * N);
        for (int i = 0; i < M * N; i++) {
            const double v = get(x, i), found = get(y, i);
            switch (act) {
            case CR_RELU: right &= found == fmax(0, v); break;
            case CR_SIGMOID: right &= near(found, 1 / (1 + exp(-v))); break;
            case CR_TANH: right &= near(found, tanh(v)); break;
            case CR_SOFTPLUS: right &= near(found, log1p(exp(v))); break;
            case CR_GELU: right &= near(found, v / 2 * (1 + erf(v / sqrt(2)))); break;
            case CR_SILU: right &= near(found, v / (1 + exp(-v))); break;
            default: right &= isfinite(found) != 0;
            }
        }
        for (int m = 0; act == CR_SOFTMAX && m < M; m++) {
            double sum = 0;
            for (int n = 0; n < N; n++)
                sum += get(y, m * N + n);
            right &= near(sum, 1);
        }
        check(right, "an activation");
    }
}

/* Cross entropy of labels, with its gradient. */
static void cross_entropy(void)
{
    static int64_t labels[M];
    int right = 1, slopes = 1;
    for (int m = 0; m < M; m++)
        labels[m] = m % N;
    const cr_loss_args loss = {.loss = y, .dz = out, .z = x, .labels = labels, .M = M, .N = N};
    run(CR_sparse_cross_entropy, &loss, out, M * N);
    for (int m = 0; m < M; m++) {
        double sum = 0;
        for (int n = 0; n < N; n++)
            sum += exp(get(x, m * N + n));
        right &= near(get(y, m), log(sum) - get(x, m * N + m % N));
        for (int n = 0; n < N; n++)
            slopes &= near(get(out, m * N + n), (exp(get(x, m * N + n)) / sum - (n == m % N)) / M);
    }
    check(right, "cross entropy");
    check(slopes, "its gradient");
}

/* One step of Adam from moments of zero: by lr sign(g), as far as epsilon lets. */
static void adam(void)
{
    static double moments[2][SIZE];
    int right = 1;
    double penalty[2];
    memset(moments, 0, sizeof moments);
    const void *gradients[] = {dz};
    cr_segment segment = {
        .w = out, .slot = {moments[0], moments[1]}, .n = K * N, .l2 = 0.1, .rate = 1};
    const cr_hyper hyper = {
        .learning_rate = 0.01, .clipvalue = INFINITY, .accumulation = 1, .own = {0.9, 0.999, 1e-7}};
    const cr_update_args update = {.segments = &segment,
                                   .gradients = gradients,
                                   .count = 1,
                                   .blocks = 1,
                                   .hyper = &hyper,
                                   .penalty = penalty};
    memcpy(out, w, sizeof out);
    table[CR_update_adam](&update, 0, 1);
    double squares = 0;
    for (int i = 0; i < K * N; i++) {
        const double g = get(dz, i) + 0.2 * get(w, i);
        right &= fabs(g) < 0.02 || fabs(get(out, i) - get(w, i) + (g > 0 ? 0.01 : -0.01)) < 1e-5;
        squares += get(w, i) * get(w, i);
    }
    check(right, "a step of Adam");
    check(near(penalty[0], 0.1 * squares), "its penalty");
}

/* Dropout: what it keeps is scaled, the rest is 0, the share is right; and the normal distribution.
 */
static void random_numbers(void)
{
    const int64_t step = 3;
    const cr_dropout_forward_args dropout = {.y = y,
                                             .x = x,
                                             .n = M * N,
                                             .cols = N,
                                             .step = &step,
                                             .seed = 7,
                                             .threshold = (uint64_t)1 << 31,
                                             .stream = 1,
                                             .scale = 2};
    int kept = 0, right = 1;
    run(CR_dropout_forward, &dropout, y, M * N);
    for (int i = 0; i < M * N; i++) {
        right &= get(y, i) == 0 || get(y, i) == 2 * get(x, i);
        kept += get(y, i) != 0;
    }
    check(right && kept > M * N * 0.4 && kept < M * N * 0.6, "dropout");
    const cr_normal_args normal = {
        .y = y, .n = SIZE, .step = &step, .seed = 7, .stream = 2, .stddev = 1};
    double mean = 0, variance = 0;
    run(CR_normal, &normal, y, SIZE);
    for (int i = 0; i < SIZE; i++) {
        mean += get(y, i) / SIZE;
        variance += get(y, i) * get(y, i) / SIZE;
    }
    check(fabs(mean) < 0.1 && fabs(variance - 1) < 0.1, "the normal distribution");
}

/* All threads at once: what cr_run does in many shares is what it does in one. */
static void threads(void)
{
    const cr_dense_forward_args forward = {
        .y = y, .x = x, .w = w, .b = b, .M = M, .N = N, .K = K, .act = CR_TANH};
    int same = 1;
    cr_run(table[CR_dense_forward], &forward, 1);
    memcpy(out, y, sizeof y);
    for (int time = 0; time < 200; time++) {
        memset(y, 0, sizeof y);
        cr_run(table[CR_dense_forward], &forward, 4);
        same &= memcmp(out, y, (size_t)(M * N) * (f64 ? 8 : 4)) == 0;
    }
    check(same, "four threads, 200 times");
}

/* Does all checks of one table. */
static void check_table(const cr_kernel *kernels, const char *dtype, const char *isa)
{
    static char name[64];
    snprintf(name, sizeof name, "%s of %s", dtype, isa);
    name_of_table = name;
    table = kernels;
    f64 = strcmp(dtype, "f64") == 0;
    for (int i = 0; i < SIZE; i++) {
        put(x, i, next_number());
        put(w, i, next_number());
        put(dz, i, next_number());
        if (i < N)
            put(b, i, next_number());
    }
    dense();
    rounded_dense();
    activations();
    cross_entropy();
    adam();
    random_numbers();
    threads();
}

int main(void)
{
#define X(dtype, isa) check_table(cr_table_##dtype##_##isa, #dtype, #isa);
    TABLES
#undef X
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
