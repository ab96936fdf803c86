# kernels.h for Cython: the same names, the same order. kernels.h says what they mean.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "kernels.h" nogil:
    ctypedef void (*cr_kernel)(const void *args, ptrdiff_t rank, ptrdiff_t size) noexcept

    enum: CR_KERNEL_COUNT, CR_BLOCK, CR_MAX_HYPER, CR_MAX_SLOTS, CR_LEAST_SPARSE_DEPTH
    enum cr_kernel_id:
        CR_dense_forward, CR_dense_backward_input, CR_dense_backward_weights
        CR_round_operand, CR_pack_weights, CR_sparse_forward
        CR_activation_forward, CR_activation_backward
        CR_log_softmax_forward, CR_log_softmax_backward
        CR_dropout_forward, CR_dropout_backward, CR_alpha_dropout_forward, CR_normal
        CR_symmetric_beta, CR_mix_rows, CR_paste_boxes, CR_larger_rows
        CR_warp, CR_erase
        CR_batch_norm_forward, CR_batch_norm_inference, CR_batch_norm_backward
        CR_row_norm_forward, CR_row_norm_backward, CR_row_norm_backward_weights
        CR_softmax_cross_entropy, CR_sparse_cross_entropy, CR_sigmoid_cross_entropy
        CR_squared_error, CR_absolute_error
        CR_huber, CR_log_cosh, CR_hinge, CR_squared_hinge, CR_poisson, CR_kl_divergence
        CR_absolute_percentage_error, CR_squared_logarithmic_error, CR_quantile
        CR_categorical_accuracy, CR_sparse_accuracy, CR_binary_accuracy
        CR_threshold_counts, CR_filter_top_k, CR_top_k_accuracy, CR_sample_moments
        CR_row_mean, CR_accumulate_weighted_sum, CR_increment, CR_store_and_reset, CR_shuffle
        CR_gather_rows, CR_select_columns, CR_embedding_forward, CR_embedding_backward
        CR_unique_rows, CR_scatter_rows, CR_integer_lookup, CR_count_codes
        CR_scale, CR_add, CR_exp, CR_log, CR_erf
        CR_numpy_loop, CR_strided_copy, CR_strided_select, CR_arg_extreme, CR_indexed_copy
        CR_arg_sort
        CR_penalty, CR_penalty_backward, CR_gradient_norms, CR_clip_scales
        CR_accumulate_gradients, CR_reset_gradients, CR_average_weights
        CR_ascent_norms, CR_ascend_weights, CR_restore_weights
        CR_constrain_norms, CR_constrain_signs, CR_shrink_norms, CR_shrink_groups, CR_mask_values
        CR_scheduled_rate
        CR_direction_norms, CR_follow_directions
        CR_factor_rows, CR_factor_columns, CR_factored_direction
        CR_unscale_gradients, CR_adapt_loss_scale
        CR_probe_arithmetic, CR_probe_triad, CR_probe_read
    enum cr_activation:
        CR_LINEAR, CR_RELU, CR_SIGMOID, CR_TANH, CR_SOFTMAX, CR_LEAKY_RELU, CR_ELU, CR_SELU
        CR_SOFTPLUS, CR_GELU, CR_GELU_TANH, CR_SILU, CR_MISH, CR_ACTIVATION_COUNT
    bint CR_KEEPS_SLOPE(int act)
    enum: CR_WARP_STAGES, CR_WARP_KNOTS
    enum cr_warp_kind:
        CR_TRANSLATE, CR_ROTATE, CR_ZOOM, CR_SHEAR, CR_FLIP, CR_BEND, CR_WARP_KINDS
    enum cr_threshold_spacing:
        CR_ANY_THRESHOLDS, CR_EVEN_THRESHOLDS, CR_WIDENED_THRESHOLDS
    enum cr_entropy:
        CR_NO_ENTROPY, CR_CATEGORICAL_ENTROPY, CR_BERNOULLI_ENTROPY
    enum cr_schedule_kind:
        CR_EXPONENTIAL_DECAY, CR_INVERSE_TIME_DECAY, CR_POLYNOMIAL_DECAY, CR_COSINE_DECAY
        CR_COSINE_RESTARTS, CR_PIECEWISE_CONSTANT, CR_RATE_TABLE, CR_SCHEDULES
    enum cr_source:
        CR_FROM_F32, CR_FROM_F64, CR_FROM_U8, CR_FROM_I8, CR_FROM_U16, CR_FROM_I16
        CR_FROM_U32, CR_FROM_I32, CR_FROM_U64, CR_FROM_I64

    ctypedef struct cr_round_operand_args:
        void *to
        const void *from_ "from"
        ptrdiff_t rows, depth
        int along, second, parts
    ctypedef struct cr_dense_forward_args:
        void *y
        void *slope
        const void *x
        const void *w
        const void *b
        const int64_t *step
        ptrdiff_t M, N, K
        int act, by_columns
        uint64_t seed, threshold
        uint32_t stream
        double scale
        int parts
    ctypedef struct cr_pack_weights_args:
        int32_t *starts
        int32_t *index
        void *values
        const void *w
        ptrdiff_t K, N
    ctypedef struct cr_sparse_forward_args:
        cr_dense_forward_args dense
        const int32_t *starts
        const int32_t *index
        const void *values
    ctypedef struct cr_dense_backward_input_args:
        void *dx
        const void *dz
        const void *w
        const void *y
        ptrdiff_t M, N, K
        int act, by_columns
        double scale
        int parts
    ctypedef struct cr_dense_backward_weights_args:
        void *dw
        void *db
        const void *x
        const void *dz
        ptrdiff_t M, N, K
        int parts
    ctypedef struct cr_activation_forward_args:
        void *y
        void *slope
        const void *x
        ptrdiff_t M, N
        int act
    ctypedef struct cr_activation_backward_args:
        void *dx
        const void *dy
        const void *y
        ptrdiff_t M, N
        int act
    ctypedef struct cr_dropout_forward_args:
        void *y
        uint8_t *bits
        const void *x
        ptrdiff_t n, cols
        const int64_t *step
        uint64_t seed, threshold
        uint32_t stream
        double scale
    ctypedef struct cr_dropout_backward_args:
        void *dx
        const void *dy
        const uint8_t *bits
        const void *y
        ptrdiff_t n, cols
        double scale
    ctypedef struct cr_alpha_dropout_forward_args:
        void *y
        uint8_t *bits
        const void *x
        ptrdiff_t n, cols
        const int64_t *step
        uint64_t seed, threshold
        uint32_t stream
        double scale, shift, dropped
    ctypedef struct cr_normal_args:
        void *y
        ptrdiff_t n
        const int64_t *step
        uint64_t seed
        uint32_t stream
        double mean, stddev
    ctypedef struct cr_symmetric_beta_args:
        void *y
        ptrdiff_t n
        const int64_t *step
        uint64_t seed
        uint32_t stream
        double low, high
    ctypedef struct cr_mix_rows_args:
        void *y
        const void *x
        const int64_t *order
        const void *share
        ptrdiff_t rows, cols
    ctypedef struct cr_paste_boxes_args:
        void *y
        const void *x
        const int64_t *order
        const void *share
        ptrdiff_t rows, outer, height, width, inner
        const int64_t *step
        uint64_t seed
        uint32_t stream
    ctypedef struct cr_larger_rows_args:
        int64_t *picked
        const int64_t *order
        const void *share
        ptrdiff_t n
    ctypedef struct cr_warp_stage:
        const int64_t *step
        uint64_t seed
        double low[3]
        double high[3]
        int kind, flags
    ctypedef struct cr_warp_args:
        void *y
        const void *x
        const void *down
        const void *across
        ptrdiff_t M, H, W, C, K, L, pixel, plane
        int count, nearest, constant
        double value, least, most
        double period[2]
        double mirror[2]
        cr_warp_stage stages[8]
    ctypedef struct cr_erase_args:
        void *y
        const void *x
        const void *fill
        const int64_t *step
        uint64_t seed
        ptrdiff_t M, H, W, C, pixel, plane
        int by_channel
        double factor[2]
        double scale[2]
        double least, most
    ctypedef struct cr_batch_norm_forward_args:
        void *y
        void *mean
        void *inv
        void *moving_mean
        void *moving_variance
        const void *x
        const void *gamma
        const void *beta
        ptrdiff_t M, N
        double epsilon, momentum
        int relu
    ctypedef struct cr_batch_norm_inference_args:
        void *y
        void *inv
        const void *x
        const void *gamma
        const void *beta
        const void *mean
        const void *variance
        ptrdiff_t M, N
        double epsilon
        int relu
    ctypedef struct cr_batch_norm_backward_args:
        void *dx
        void *dgamma
        void *dbeta
        const void *dy
        const void *x
        const void *gamma
        const void *mean
        const void *inv
        ptrdiff_t M, N
        int given
    ctypedef struct cr_row_norm_forward_args:
        void *y
        void *mean
        void *inv
        const void *x
        const void *gamma
        const void *beta
        ptrdiff_t M, N
        double epsilon
    ctypedef struct cr_row_norm_backward_args:
        void *dx
        const void *dy
        const void *x
        const void *gamma
        const void *mean
        const void *inv
        ptrdiff_t M, N
    ctypedef struct cr_row_norm_backward_weights_args:
        void *dgamma
        void *dbeta
        const void *dy
        const void *x
        const void *mean
        const void *inv
        ptrdiff_t M, N
    ctypedef struct cr_loss_args:
        void *loss
        void *dz
        const void *z
        const void *y
        const int64_t *labels
        const void *weight
        const void *levels
        ptrdiff_t M, N
        double smoothing, option
    ctypedef struct cr_accuracy_args:
        void *hits
        const void *z
        const void *y
        const int64_t *labels
        ptrdiff_t M, N
        double threshold
    ctypedef struct cr_threshold_counts_args:
        double *positives
        double *negatives
        const void *p
        const void *y
        const void *weights
        const void *column_weights
        const void *thresholds
        ptrdiff_t M, N, K, labels, weight_columns
        int spacing
    ctypedef struct cr_filter_top_k_args:
        void *out
        const void *x
        ptrdiff_t M, N, k
    ctypedef struct cr_top_k_accuracy_args:
        void *hits
        const void *z
        const void *y
        const int64_t *labels
        ptrdiff_t M, N, k
    ctypedef struct cr_sample_moments_args:
        void *mean
        void *squares
        void *entropy
        const void *x
        const int64_t *count
        ptrdiff_t S, M, N
        int kind
    ctypedef struct cr_row_mean_args:
        void *out
        const void *rows
        const void *weight
        ptrdiff_t M
    ctypedef struct cr_accumulate_weighted_sum_args:
        double *total
        const void *values
        const void *weights
        ptrdiff_t n
        double factor
    ctypedef struct cr_increment_args:
        int64_t *counter
        int64_t by
    ctypedef struct cr_store_and_reset_args:
        void *total
        void *log
        const int64_t *place
        ptrdiff_t room
    ctypedef struct cr_shuffle_args:
        int64_t *order
        ptrdiff_t n
        const uint64_t *seed
        int64_t *epoch
    ctypedef struct cr_gather_rows_args:
        void *y
        int64_t *labels
        const void *src
        const int64_t *order
        const int64_t *start
        ptrdiff_t rows, cols, stride, src_rows, places
        int source
    ctypedef struct cr_select_columns_args:
        void *y
        const void *x
        const int64_t *index
        ptrdiff_t M, N, K
        int back
    ctypedef struct cr_embedding_forward_args:
        void *y
        const void *w
        const int64_t *index
        int64_t *out_of_range
        ptrdiff_t M, L, N, K
    ctypedef struct cr_embedding_backward_args:
        void *dw
        const void *dy
        const int64_t *index
        ptrdiff_t M, N, K
    ctypedef struct cr_unique_rows_args:
        int64_t *rows
        int64_t *place
        int64_t *where
        const int64_t *index
        ptrdiff_t M, K
    ctypedef struct cr_scatter_rows_args:
        void *w
        const void *x
        const int64_t *rows
        ptrdiff_t M, N, K
    ctypedef struct cr_integer_lookup_args:
        int64_t *y
        int64_t *out_of_range
        const int64_t *x
        const int64_t *keys
        const int64_t *codes
        ptrdiff_t rows, cols, count
        int64_t oov, oov_count
    ctypedef struct cr_count_codes_args:
        void *y
        const int64_t *codes
        ptrdiff_t M, L, K
        int once
    ctypedef struct cr_map_args:
        void *y
        const void *x
        const void *factor
        ptrdiff_t n
    int CR_PLAIN, CR_CAPPED, CR_ADAPTIVE
    ctypedef struct cr_segment:
        void *w
        void *slot[CR_MAX_SLOTS]
        ptrdiff_t n
        double l1, l2, proximal_l1, proximal_l2, decay, rate
        int scaling
    ctypedef struct cr_hyper:
        double learning_rate, clipvalue
        int64_t step, accumulation
        double own[CR_MAX_HYPER]
    ctypedef struct cr_rule:
        const char *name
        int kernel, hypers, slots, required_slots, proximal
        const char *hyper[CR_MAX_HYPER]
        const char *slot[CR_MAX_SLOTS]
    int cr_rules(const cr_rule **out)
    ctypedef struct cr_update_args:
        const cr_segment *segments
        const void **gradients
        ptrdiff_t count, blocks
        const cr_hyper *hyper
        double *penalty
        const double *scales
    ctypedef struct cr_sums_args:
        const cr_segment *segments
        const void **gradients
        ptrdiff_t count, blocks
        double *sums
    ctypedef struct cr_clip_scales_args:
        double *scales
        const cr_segment *segments
        ptrdiff_t count
        const double *sums
        double limit
        int by_global_norm
    ctypedef struct cr_accumulate_args:
        const cr_segment *segments
        const void **gradients
        ptrdiff_t count, blocks
        const cr_hyper *hyper
        double scale
    ctypedef struct cr_average_args:
        const cr_segment *segments
        ptrdiff_t count, blocks
        const cr_hyper *hyper
        double momentum
        int64_t overwrite_every
    ctypedef struct cr_ascent_args:
        const cr_segment *segments
        const void *const *gradients
        ptrdiff_t count, blocks
        double *sums
        double rho, eta
        int adaptive
    ctypedef struct cr_constrain_args:
        void *w
        ptrdiff_t outer, n, inner
        double least, most, rate
        const cr_hyper *hyper
    ctypedef struct cr_shrink_groups_args:
        void *w
        const int64_t *labels
        ptrdiff_t n, groups
        const double *strengths
        double *norms
        const cr_hyper *hyper
    ctypedef struct cr_mask_values_args:
        void *y
        const void *x
        const uint8_t *keep
        ptrdiff_t n
    enum cr_length:
        CR_BY_TRUST, CR_BY_SIZE, CR_BY_FACTORS, CR_LENGTHS
    ctypedef struct cr_directions_args:
        const cr_segment *segments
        ptrdiff_t count, blocks
        const cr_hyper *hyper
        double *sums
        const double *factors
        int update, kind
    ctypedef struct cr_factored_args:
        void *velocity
        void *update
        void *rows
        void *columns
        ptrdiff_t outer, R, C
        const cr_hyper *hyper
    ctypedef struct cr_loss_scale_args:
        const cr_segment *segments
        const void *const *gradients
        ptrdiff_t count, blocks
        float *scale
        double *sums
        int64_t *counter
        int64_t *skip
        int64_t growth_steps
    ctypedef struct cr_scheduled_rate_args:
        cr_hyper *hyper
        const double *numbers
        ptrdiff_t count
        int kind
    double cr_rate_at(int kind, const double *numbers, ptrdiff_t count, int64_t step)
    ctypedef struct cr_penalty_backward_args:
        void *dw
        const void *w
        const void *factor
        ptrdiff_t n
        double l1, l2
    ctypedef struct cr_probe_args:
        void *y
        const void *x
        const void *z
        ptrdiff_t n, rounds
        double factor, addend
    ctypedef struct cr_instruction:
        cr_kernel kernel
        void *args
        ptrdiff_t size
        int needs_barrier
        const int64_t *skip
    ctypedef struct cr_section:
        cr_instruction *list
        ptrdiff_t count, times
    ctypedef struct cr_buffer:
        void *data
        size_t bytes
    ctypedef struct cr_forward_workspace:
        const cr_instruction *list
        ptrdiff_t count
        const cr_buffer *inputs
        const cr_buffer *outputs
        ptrdiff_t input_count, output_count
    ctypedef struct cr_isa:
        const char *name
        const cr_kernel *kernels[2]

    int cr_isas(const cr_isa **out, int room)
    int cr_tiles_refused()
    const char *cr_kernel_name(int id)
    void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size)
    void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size)
    ptrdiff_t cr_first_outside(const int64_t *labels, ptrdiff_t n, int64_t limit)
    ptrdiff_t cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size,
                             const char **inputs, char **outputs, ptrdiff_t pieces, double seconds)
    bint cr_all_between(const void *x, ptrdiff_t n, int f64, double low, double high)
    void *cr_memory_new(void *context, size_t bytes) noexcept
    void *cr_memory_zeros(void *context, size_t count, size_t each) noexcept
    void *cr_memory_resize(void *context, void *old, size_t bytes) noexcept
    void cr_memory_free(void *context, void *old, size_t bytes) noexcept
    const char *cr_native_threads()
    void cr_set_cpus(ptrdiff_t cpus)

    enum: CR_MAX_AXES, CR_MAX_WALKED, CR_MAX_INDEX_ARRAYS
    enum cr_element:
        CR_E_BOOL, CR_E_I8, CR_E_U8, CR_E_I16, CR_E_U16, CR_E_I32, CR_E_U32, CR_E_I64, CR_E_U64
        CR_E_F32, CR_E_F64
    ctypedef void (*cr_inner_loop)(char **data, const ptrdiff_t *lengths,
                                   const ptrdiff_t *strides, void *context) noexcept
    ctypedef struct cr_strided:
        int axes, operands
        ptrdiff_t shape[8]
        char *data[4]
        ptrdiff_t stride[4][8]
        ptrdiff_t grain
    ctypedef struct cr_numpy_loop_args:
        cr_strided at
        cr_inner_loop loop
        void *context
        int skips_first, core_lengths, core_strides
        ptrdiff_t core[9]
    ctypedef struct cr_strided_copy_args:
        cr_strided at
        int to
        int from_ "from"
    ctypedef struct cr_strided_select_args:
        cr_strided at
        int item_bytes
    ctypedef struct cr_arg_extreme_args:
        cr_strided at
        int element, least
        ptrdiff_t n, step
    ctypedef struct cr_arg_sort_args:
        cr_strided at
        int element
        ptrdiff_t n, step, y_step
    ctypedef struct cr_indexed_copy_args:
        char *to
        const char *from_ "from"
        const int64_t *to_offset
        const int64_t *from_offset
        const int64_t *map
        ptrdiff_t n
        int item_bytes, index_count, into_output
        const int64_t *index[8]
        ptrdiff_t length[8]
        ptrdiff_t step[8]
        int64_t *out_of_range
        cr_inner_loop loop
        void *context
