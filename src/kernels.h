/* corereg: the native contract.
 *
 * Every kernel is a function  void cr_<op>(const void *args, ptrdiff_t rank, ptrdiff_t size)
 * that does the rank-th of `size` shares of the work that its argument struct describes. Shares
 * cut the OUTPUT into tiles, never a sum into parts, so that results are bitwise the same for every
 * size. A kernel allocates nothing, keeps no state and reads whatever may change from one call to
 * the next (step counter, learning rate, RNG step) through a pointer: the same struct can be run
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
 * Shares: the family's header says whether the shares of a kernel are rows of its arrays (all such
 * kernels cut rows alike), other tiles of its outputs, or whether it is one share, which rank 0
 * does. The recorder puts barriers into a replay by that (see program.pxi).
 */
#ifndef COREREG_KERNELS_H
#define COREREG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef void (*cr_kernel)(const void *args, ptrdiff_t rank, ptrdiff_t size);

/* The kernels, in table order. A new one is a line here, an argument struct in the header of its
 * family (contract_<family>.h), and a body in a file of src. */
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
    X(accumulate_weighted_sum) \
    X(increment)              \
    X(store_and_reset)        \
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
    X(update_sgd)             \
    X(update_momentum)        \
    X(update_nesterov)        \
    X(update_rmsprop)         \
    X(update_adam)            \
    X(probe_arithmetic)       \
    X(probe_triad)            \
    X(probe_read)

enum cr_kernel_id {
#define CR_ID(name) CR_##name,
    CR_KERNELS(CR_ID)
#undef CR_ID
        CR_KERNEL_COUNT
};

/* The argument structs by family, each with its kernels' formulas, shapes and what may alias. */
#include "contract_activation.h"
#include "contract_data.h"
#include "contract_dense.h"
#include "contract_dropout.h"
#include "contract_loss.h"
#include "contract_probe.h"
#include "contract_runtime.h"

/* ---- penalties and updates ------------------------------------------------------------------ */

/* One variable of a model, as the sweeps see it. */
typedef struct {
    void *w;
    void *slot[3]; /* optimizer state, see the rules */
    ptrdiff_t n;
    double l1, l2; /* strengths of the fused penalty */
    double decay;  /* decoupled weight decay */
} cr_segment;

/* Sweeps walk blocks of CR_BLOCK elements; a segment of n elements has ceil(n/CR_BLOCK) blocks
 * (at least one), numbered through all segments. Sums are kept one a block, so that their total
 * does not depend on the shares. */
#define CR_BLOCK 4096

/* What changes between steps; read at every call. */
typedef struct {
    double learning_rate;
    double beta1; /* SGD: momentum; RMSprop: rho; Adam: beta_1 */
    double beta2; /* RMSprop: momentum; Adam: beta_2 */
    double epsilon;
    double clipvalue; /* infinity: none */
    int64_t step;     /* updates done before this one */
} cr_hyper;

/* In this order: g' = clip(scales[s] * (g + l1*sign(w) + 2*l2*w)); w -= w*decay*lr; then
 *   sgd       w -= lr g'
 *   momentum  m = beta1 m - lr g';  w += m                                      slot 0: m
 *   nesterov  m = beta1 m - lr g';  w += beta1 m - lr g'                        slot 0: m
 *   rmsprop   v = rho v + (1-rho) g'^2;  centered: a = rho a + (1-rho) g', d = v - a^2 + eps,
 *             else d = v + eps;  u = lr g' / sqrt(d);  momentum: m = beta2 m + u, w -= m;
 *             else w -= u                                       slots 0: v, 1: m or 0, 2: a or 0
 *   adam      m = b1 m + (1-b1) g';  v = b2 v + (1-b2) g'^2;
 *             w -= lr sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps),  t = step+1
 *             amsgrad: r = max(r, v) in the place of v          slots 0: m, 1: v, 2: r or 0
 * (Keras 3's rules.) penalty[block] = l1*sum|w| + l2*sum(w*w) of the weights before the update.
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
 * all sums when `global` is set. One share only: rank 0 does it all. */
typedef struct {
    double *scales;
    const cr_segment *segments;
    ptrdiff_t count;
    const double *sums;
    double limit;
    int global;
} cr_clip_scales_args;

/* dw[n] = factor[0] * (l1*sign(w) + 2*l2*w) */
typedef struct {
    void *dw;
    const void *w, *factor;
    ptrdiff_t n;
    double l1, l2;
} cr_penalty_backward_args;

/* A forward pass on memory of its own: x_bytes at x in, out_bytes at out out. */
typedef struct {
    const cr_instruction *list; /* for one thread */
    ptrdiff_t count;
    void *x, *out;
    size_t x_bytes, out_bytes;
} cr_forward_workspace;

/* The passes over x, `pieces` batches one after the other, on `size` threads, a lane each. */
void cr_run_forward(const cr_forward_workspace *lanes, ptrdiff_t size, const char *x, char *out,
                    ptrdiff_t pieces);

#endif
