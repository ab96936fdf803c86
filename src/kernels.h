/* corereg: the native contract.
 *
 * Every kernel is a function  void cr_<op>(const void *args, ptrdiff_t rank, ptrdiff_t size)
 * that does the rank-th of `size` shares of the work its argument struct describes. Shares cut
 * the OUTPUT into tiles, never a sum into parts, so results are bitwise the same for every size.
 * A kernel allocates nothing, keeps no state and reads whatever may change from one call to the
 * next (step counter, learning rate, RNG step) through a pointer: the same struct can be run
 * again and again without rebuilding it.
 *
 * Bodies are written once and compiled for each element type T (float, double) and each
 * instruction set; a table indexed by `enum cr_kernel_id` picks one set (see dispatch.c).
 *
 * Conventions
 *   arrays are C-contiguous; sizes are element counts; zero sizes are legal and do nothing
 *   M rows (batch), K inputs, N outputs; x[M,K], w[K,N], b[N], y[M,N]
 *   outputs first, then inputs, sizes, scalars; the prefix d marks a gradient
 *   outputs alias no input unless the kernel's comment says "may alias"
 *   denormals are flushed: operands count as 0, results below the smallest normal number are 0; log
 *   alone takes them as they are (vmath.h, which also gives the accuracy of exp, log, tanh, ...)
 *   sign(0) = 0; L1 penalty l1*sum|w|; L2 penalty l2*sum(w*w), its gradient 2*l2*w
 *   dropout keeps an element with probability 1-rate and scales what it keeps by 1/(1-rate)
 *
 * Rows, tiles, one: a kernel says below whether its shares are rows of its arrays (all such kernels
 * cut rows alike), other tiles of its outputs, or whether rank 0 does it all. The recorder orders
 * a replay by that (see schedule.pxi).
 */
#ifndef COREREG_KERNELS_H
#define COREREG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "rules.h"

typedef void (*cr_kernel)(const void *args, ptrdiff_t rank, ptrdiff_t size);

/* The kernels, in table order. Add a line here and a body in a file of src; the optimizers' updates
 * come from the rows of rules.h. */
#define CR_UPDATE(X, rule) X(update_##rule)
#define CR_KERNELS(X)         \
    X(dense_forward)          \
    X(dense_backward_input)   \
    X(dense_backward_weights) \
    X(activation_forward)     \
    X(activation_backward)    \
    X(log_softmax_forward)    \
    X(log_softmax_backward)   \
    X(dropout_forward)        \
    X(dropout_backward)       \
    X(softmax_cross_entropy)  \
    X(sparse_cross_entropy)   \
    X(sigmoid_cross_entropy)  \
    X(squared_error)          \
    X(absolute_error)         \
    X(categorical_accuracy)   \
    X(sparse_accuracy)        \
    X(binary_accuracy)        \
    X(row_mean)               \
    X(accumulate_weighted_sum)                  \
    X(increment)                \
    X(store_and_reset)                  \
    X(shuffle)                \
    X(gather_rows)            \
    X(scale)                  \
    X(add)                    \
    X(exp)                    \
    X(log)                    \
    X(erf)                    \
    X(penalty)                \
    X(penalty_backward)       \
    X(gradient_norms)         \
    X(clip_scales)            \
    CR_RULES(CR_UPDATE, X)    \
    X(probe_arithmetic)       \
    X(probe_triad)            \
    X(probe_read)

enum cr_kernel_id {
#define CR_ID(name) CR_##name,
    CR_KERNELS(CR_ID)
#undef CR_ID
        CR_KERNEL_COUNT
};

enum cr_activation { CR_LINEAR, CR_RELU, CR_SIGMOID, CR_TANH, CR_SOFTMAX };

/* ---- dense ------------------------------------------------------------------------------- */

/* y[M,N] = act(x[M,K] w[K,N] + b[N]); b may be NULL. Softmax is taken over each row. With step not
 * NULL, y then goes through dropout_forward (see there; no mask is stored); not with softmax. */
typedef struct {
    void *y;
    const void *x, *w, *b;
    const int64_t *step;
    ptrdiff_t M, N, K;
    int act;
    int by_columns; /* shares are columns of y instead of rows; not with softmax */
    uint64_t seed, threshold;
    uint32_t stream;
    double scale;
} cr_dense_forward_args;

/* dx[M,K] = dz[M,N] w[K,N]'. With y not NULL, y[M,K] is the output of the activation `act` that
 * produced the layer's input, and dx is taken through it: dx[m,k] *= scale * act'(y[m,k]). (scale
 * is 1, or that of a dropout behind a relu: then y > 0 says active and kept.) */
typedef struct {
    void *dx;
    const void *dz, *w, *y;
    ptrdiff_t M, N, K;
    int act;
    int by_columns; /* shares are columns of dx instead of rows */
    double scale;
} cr_dense_backward_input_args;

/* dw[K,N] = x[M,K]' dz[M,N];  db[N] = column sums of dz. dw or db may be NULL. */
typedef struct {
    void *dw, *db;
    const void *x, *dz;
    ptrdiff_t M, N, K;
} cr_dense_backward_weights_args;

/* ---- activations ------------------------------------------------------------------------- */

/* y[M,N] = act(x[M,N]); y may alias x. */
typedef struct {
    void *y;
    const void *x;
    ptrdiff_t M, N;
    int act;
} cr_activation_forward_args;

/* dx[M,N] = dy through act, written in terms of its output y:
 *   relu dy*(y>0), sigmoid dy*y*(1-y), tanh dy*(1-y*y), softmax y*(dy - sum_n dy*y).
 * dx may alias dy. */
typedef struct {
    void *dx;
    const void *dy, *y;
    ptrdiff_t M, N;
    int act;
} cr_activation_backward_args;

/* log_softmax takes the same structs, whatever `act` is:
 *   forward   y = x - max_n x - log sum_n e^(x - max_n x)
 *   backward  dx = dy - e^y sum_n dy
 * y may alias x, dx may alias dy. */

/* ---- dropout ----------------------------------------------------------------------------- */

/* Elements come in groups of 256 that share 16 Philox4x32-10 counters. Element e of group q reads
 * the counter (16q + e%64/4, stream, step lo, step hi) under the key (seed lo, seed hi): byte e%4,
 * the lowest first, of its word e/64. Those 8 bits are the top of a 32-bit uniform u; the next ones
 * come the same way from stream + 2^30, stream + 2*2^30, stream + 3*2^30 and are drawn only where
 * those before do not decide. Kept where u < threshold = (1-rate)*2^32. stream < 2^30.
 *
 * forward:  y[n] = kept ? x[n]*scale : 0, and bit n%8 of bits[n/8] says kept (bits may be NULL).
 * backward: dx[n] = kept ? dy[n]*scale : 0, from bits, or, with bits NULL, kept where y[n] > 0:
 * behind a relu, y > 0 says active and kept at once.
 * y may alias x, dx may alias dy. n is rows of `cols` elements each; shares are rows. */
typedef struct {
    void *y;
    uint8_t *bits;
    const void *x;
    ptrdiff_t n, cols;
    const int64_t *step;
    uint64_t seed, threshold;
    uint32_t stream;
    double scale;
} cr_dropout_forward_args;

typedef struct {
    void *dx;
    const void *dy;
    const uint8_t *bits;
    const void *y;
    ptrdiff_t n, cols;
    double scale;
} cr_dropout_backward_args;

/* ---- losses ------------------------------------------------------------------------------ */

/* loss[M] is the loss of each row times weight[m] (NULL: 1); dz[M,N] (NULL: not wanted) is the
 * gradient of sum_m loss[m] / M with respect to z. smoothing s: y becomes y(1-s) + s/N
 * (sigmoid: + s/2).
 *   softmax_cross_entropy  -sum_n y log softmax(z)            y[M,N]
 *   sparse_cross_entropy   the same for one-hot rows          labels[M] in [0, N)
 *   sigmoid_cross_entropy  mean_n softplus(z) - y z           y[M,N]
 *   squared_error          mean_n (z-y)^2                     y[M,N]
 *   absolute_error         mean_n |z-y|                       y[M,N]                          */
typedef struct {
    void *loss, *dz;
    const void *z, *y;
    const int64_t *labels;
    const void *weight;
    ptrdiff_t M, N;
    double smoothing;
} cr_loss_args;

/* hits[M] = the share of right answers in each row.
 *   categorical  argmax z == argmax y (the first of equals)
 *   sparse       argmax z == label
 *   binary       mean_n ((z > threshold) == y)                                              */
typedef struct {
    void *hits;
    const void *z, *y;
    const int64_t *labels;
    ptrdiff_t M, N;
    double threshold;
} cr_accuracy_args;

/* out[0] = sum_m rows[m] weight[m] / M (weight NULL: 1), summed in double. M = 0 gives 0. */
typedef struct {
    void *out;
    const void *rows, *weight;
    ptrdiff_t M;
} cr_row_mean_args;

/* total[0] += factor * sum values[n] weights[n] (NULL: 1), in order, in double. One share. */
typedef struct {
    double *total;
    const void *values, *weights;
    ptrdiff_t n;
    double factor;
} cr_accumulate_weighted_sum_args;

/* counter[0] += by. One share. */
typedef struct {
    int64_t *counter;
    int64_t by;
} cr_increment_args;

/* log[*place] = *total and *total = 0, words of 8 bytes of whatever type; log NULL: only that.
 * Nothing is written outside of log's `room` words. One share. */
typedef struct {
    void *total, *log;
    const int64_t *place;
    ptrdiff_t room;
} cr_store_and_reset_args;

/* ---- data movement and small sweeps -------------------------------------------------------- */

enum cr_source {
    CR_FROM_F32,
    CR_FROM_F64,
    CR_FROM_U8,
    CR_FROM_I8,
    CR_FROM_U16,
    CR_FROM_I16,
    CR_FROM_U32,
    CR_FROM_I32,
    CR_FROM_U64,
    CR_FROM_I64
};

/* y[r,:] = (T) src[order[start+r], :] for r < rows, or, with labels not NULL, the same into
 * int64 labels. order NULL: row start+r. `stride` is the distance of two source rows in bytes;
 * elements of a row are contiguous. A row outside `src_rows` or outside the `places` of order is
 * read as zeros: a replay that runs past the end of its data reads no foreign memory. */
typedef struct {
    void *y;
    int64_t *labels;
    const void *src;
    const int64_t *order, *start;
    ptrdiff_t rows, cols, stride, src_rows, places;
    int source;
} cr_gather_rows_args;

/* Puts order's n entries into a random order (Fisher, Yates 1938; Durstenfeld 1964), drawn from
 * the SplitMix64 sequence of *state, which moves on. One share. */
typedef struct {
    int64_t *order;
    ptrdiff_t n;
    uint64_t *state;
} cr_shuffle_args;

/* scale: y[n] = x[n]*factor[0] (factor is T); add: y[n] += x[n]; exp, log, erf:
 * elementwise, as exact as vmath.h says.
 * y may alias x. */
typedef struct {
    void *y;
    const void *x, *factor;
    ptrdiff_t n;
} cr_map_args;

/* ---- penalties and updates ------------------------------------------------------------------ */

/* One variable of a model, as the sweeps see it. */
typedef struct {
    void *w;
    void *slot[CR_MAX_SLOTS]; /* the rule's state arrays, in the order of its row; see rules.h */
    ptrdiff_t n;
    double l1, l2; /* strengths of the fused penalty */
    double decay;  /* decoupled weight decay */
} cr_segment;

/* Sweeps walk blocks of CR_BLOCK elements; a segment of n elements has ceil(n/CR_BLOCK) blocks
 * (at least one), numbered through all segments. Sums are kept one a block, so that their total
 * does not depend on the shares. */
#define CR_BLOCK 4096

/* One step of a rule over all segments, which all have the same of its state arrays. The stages:
 *   1. penalty   penalty[block] = l1*sum|w| + l2*sum(w*w);  g' = g + l1*sign(w) + 2*l2*w
 *   2. clipping  g' = g' * scales[s], then cut to [-clipvalue, clipvalue]
 *   3. decay     w -= w * decay * learning_rate
 *   4. rule      what rules.h says, with g' as the gradient
 * All are done in one pass over the memory. What needs a whole gradient or the whole new weights
 * is a kernel of its own before it (gradient_norms and clip_scales give the scales) or behind it.
 * gradients: one g a segment, NULL for zero. scales may be NULL (ones). */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients;
    ptrdiff_t count, blocks;
    const cr_hyper *hyper;
    double *penalty;
    const double *scales;
} cr_update_args;

/* penalty:        sums[block] = l1*sum|w| + l2*sum(w*w)
 * gradient_norms: sums[block] = sum (g + l1*sign(w) + 2*l2*w)^2                              */
typedef struct {
    const cr_segment *segments;
    const void *const *gradients; /* as above; not for `penalty` */
    ptrdiff_t count, blocks;
    double *sums;
} cr_sums_args;

/* scales[segment] = limit / max(limit, norm), norm the root of the segment's block sums, or of
 * all sums when `by_global_norm` is set. One share only: rank 0 does it all. */
typedef struct {
    double *scales;
    const cr_segment *segments;
    ptrdiff_t count;
    const double *sums;
    double limit;
    int by_global_norm;
} cr_clip_scales_args;

/* dw[n] = factor[0] * (l1*sign(w) + 2*l2*w) */
typedef struct {
    void *dw;
    const void *w, *factor;
    ptrdiff_t n;
    double l1, l2;
} cr_penalty_backward_args;

/* ---- probes: the machine's limits, for benches --------------------------------------------- */

/* arithmetic: `rounds` times y[n] = y[n]*factor + addend, in registers
 * triad:      y[n] = x[n] + factor*z[n]; y may alias x
 * read:       y[block] = sum of x over a block of CR_BLOCK                                      */
typedef struct {
    void *y;
    const void *x, *z;
    ptrdiff_t n, rounds;
    double factor, addend;
} cr_probe_args;

/* ---- dispatch (dispatch.c) and running (launch.c) -------------------------------------------- */

enum cr_dtype { CR_FLOAT32, CR_FLOAT64, CR_DTYPES };

typedef struct {
    const char *name;                    /* "baseline", "v3", "v4", "neon" */
    const cr_kernel *kernels[CR_DTYPES]; /* [dtype][kernel id] */
} cr_isa;

/* The instruction sets compiled in that this CPU runs, best last; returns how many. */
int cr_isas(const cr_isa **out, int room);
const char *cr_kernel_name(int id);

/* Runs one kernel in `size` shares (OpenMP where there is one, else one after the other), with
 * denormals flushed to zero meanwhile. */
void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size);

/* A recorded kernel call: how many shares, its own copy of the arguments, and whether all must
 * have done what stands before it in the list. */
typedef struct {
    cr_kernel kernel;
    const void *args;
    ptrdiff_t size;
    int needs_barrier;
} cr_instruction;

/* A list to be run `times` times over. */
typedef struct {
    const cr_instruction *list;
    ptrdiff_t count, times;
} cr_section;

/* Runs the sections one after the other, and all of them `times` times over, on a team of `size`
 * threads. An instruction of one share is rank 0's. */
void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size);

/* Index of the first label outside [0, limit), or n. */
ptrdiff_t cr_first_outside(const int64_t *labels, ptrdiff_t n, int64_t limit);
/* Whether low <= x[i] <= high, finite and compared in x's type, for all n; f64: doubles. */
int cr_all_between(const void *x, ptrdiff_t n, int f64, double low, double high);
/* Memory of an input or output of a forward pass. */
typedef struct {
    void *data;
    size_t bytes;
} cr_buffer;

/* A forward pass on memory of its own, the list made for one thread: inputs -> outputs. */
typedef struct {
    const cr_instruction *list;
    ptrdiff_t count;
    const cr_buffer *inputs, *outputs;
    ptrdiff_t input_count, output_count;
} cr_forward_workspace;

/* Runs `pieces` batches that lie one after the other in each of the caller's inputs and outputs,
 * on `size` threads, a workspace each. All workspaces are of one model and one size of batch. */
void cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size,
                    const char *const *inputs, char *const *outputs, ptrdiff_t pieces);

void cr_shuffle(const cr_shuffle_args *g); /* the kernel of that name */
/* Memory of whole cache lines, as PyDataMem_Handler wants it (NEP 49); context is not used. */
void *cr_memory_new(void *context, size_t bytes);
void *cr_memory_zeros(void *context, size_t count, size_t each);
void *cr_memory_resize(void *context, void *old, size_t bytes);
void cr_memory_free(void *context, void *old, size_t bytes);

int cr_openmp(void);            /* 1 when compiled with OpenMP */
int cr_available_threads(void); /* CPUs this process may use, OpenMP's own limit included */

#endif
