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
 * does. The recorder puts barriers into a replay by that (see schedule.pxi).
 */
#ifndef COREREG_KERNELS_H
#define COREREG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "rules.h"

typedef void (*cr_kernel)(const void *args, ptrdiff_t rank, ptrdiff_t size);

/* The kernels, in table order. A new one is a line here, an argument struct in the header of its
 * family (contract_<family>.h), and a body in a file of src; the optimizers' updates come from the
 * rows of rules.h. */
#define CR_UPDATE(X, rule) X(update_##rule)
#define CR_KERNELS(X)         \
    X(dense_forward)          \
    X(dense_backward_input)   \
    X(dense_backward_weights) \
    X(round_operand)          \
    X(pack_weights)           \
    X(sparse_forward)         \
    X(activation_forward)     \
    X(activation_backward)    \
    X(log_softmax_forward)    \
    X(log_softmax_backward)   \
    X(dropout_forward)        \
    X(dropout_backward)       \
    X(alpha_dropout_forward)  \
    X(normal)                 \
    X(symmetric_beta)         \
    X(mix_rows)               \
    X(paste_boxes)            \
    X(larger_rows)            \
    X(warp)                   \
    X(erase)                  \
    X(batch_norm_forward)     \
    X(batch_norm_inference)   \
    X(batch_norm_backward)    \
    X(row_norm_forward)       \
    X(row_norm_backward)      \
    X(row_norm_backward_weights) \
    X(softmax_cross_entropy)  \
    X(sparse_cross_entropy)   \
    X(sigmoid_cross_entropy)  \
    X(squared_error)          \
    X(absolute_error)         \
    X(huber)                  \
    X(log_cosh)               \
    X(hinge)                  \
    X(squared_hinge)          \
    X(poisson)                \
    X(kl_divergence)          \
    X(absolute_percentage_error) \
    X(squared_logarithmic_error) \
    X(quantile)               \
    X(categorical_accuracy)   \
    X(sparse_accuracy)        \
    X(binary_accuracy)        \
    X(threshold_counts)       \
    X(filter_top_k)           \
    X(top_k_accuracy)         \
    X(sample_moments)         \
    X(row_mean)               \
    X(accumulate_weighted_sum) \
    X(increment)              \
    X(store_and_reset)        \
    X(shuffle)                \
    X(gather_rows)            \
    X(select_columns)         \
    X(embedding_forward)      \
    X(embedding_backward)     \
    X(unique_rows)            \
    X(scatter_rows)           \
    X(integer_lookup)         \
    X(count_codes)            \
    X(scale)                  \
    X(add)                    \
    X(exp)                    \
    X(log)                    \
    X(erf)                    \
    X(numpy_loop)             \
    X(strided_copy)           \
    X(strided_select)         \
    X(arg_extreme)            \
    X(indexed_copy)           \
    X(arg_sort)               \
    X(penalty)                \
    X(penalty_backward)       \
    X(gradient_norms)         \
    X(clip_scales)            \
    X(accumulate_gradients)   \
    X(reset_gradients)        \
    X(average_weights)        \
    X(ascent_norms)           \
    X(ascend_weights)         \
    X(restore_weights)        \
    X(constrain_norms)        \
    X(constrain_signs)        \
    X(shrink_norms)           \
    X(shrink_groups)          \
    X(mask_values)            \
    X(scheduled_rate)         \
    X(direction_norms)        \
    X(follow_directions)      \
    X(factor_rows)            \
    X(factor_columns)         \
    X(factored_direction)     \
    X(unscale_gradients)      \
    X(adapt_loss_scale)       \
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

/* The argument structs by family, each with its kernels' formulas, shapes and what may alias. */
#include "contract_activation.h"
#include "contract_data.h"
#include "contract_dense.h"
#include "contract_dropout.h"
#include "contract_embedding.h"
#include "contract_loss.h"
#include "contract_metric.h"
#include "contract_mixing.h"
#include "contract_norm.h"
#include "contract_probe.h"
#include "contract_runtime.h"
#include "contract_samples.h"
#include "contract_strided.h"
#include "contract_update.h"
#include "contract_warp.h"

#endif
