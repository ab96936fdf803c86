/* Which kernels have no code of their own for an instruction set: those that are seldom run, or not
 * much faster for it. What the wheel would weigh for them is better spent elsewhere.
 *
 * CR_SET_OF(op) gives the instruction set whose code runs as the kernel op of the one that is
 * compiled: CR_REST, which mostly is CR_ISA itself, unless a line here says another. setup.py does
 * not compile the sources of which no kernel is left. */
#ifndef COREREG_SELDOM_H
#define COREREG_SELDOM_H

#define CR_SECOND(first, second, ...) second
#define CR_CHOOSE(...) CR_SECOND(__VA_ARGS__)
#define CR_SET_OF(op) CR_CHOOSE(CR_OTHER_##op, CR_REST, )

#if defined(CR_UNITS) /* a set that has nothing but products by matrix units of its own */
#define CR_OTHER_round_operand , v4bf16 /* they pack alike */
#define CR_OTHER_dense_forward , CR_ISA
#define CR_OTHER_dense_backward_input , CR_ISA
#define CR_OTHER_dense_backward_weights , CR_ISA
#endif

#if defined(__AVX512F__)
#define CR_OTHER_huber , v3
#define CR_OTHER_log_cosh , v3
#define CR_OTHER_hinge , v3
#define CR_OTHER_squared_hinge , v3
#define CR_OTHER_poisson , v3
#define CR_OTHER_kl_divergence , v3
#define CR_OTHER_absolute_percentage_error , v3
#define CR_OTHER_squared_logarithmic_error , v3
#define CR_OTHER_quantile , v3
#define CR_OTHER_categorical_accuracy , v3
#define CR_OTHER_sparse_accuracy , v3
#define CR_OTHER_binary_accuracy , v3
#define CR_OTHER_threshold_counts , v3
#define CR_OTHER_filter_top_k , v3
#define CR_OTHER_top_k_accuracy , v3
#define CR_OTHER_sample_moments , v3
#define CR_OTHER_normal , v3
#define CR_OTHER_symmetric_beta , v3
#define CR_OTHER_mix_rows , v3
#define CR_OTHER_paste_boxes , v3
#define CR_OTHER_larger_rows , v3
#define CR_OTHER_warp , v3
#define CR_OTHER_erase , v3
#define CR_OTHER_shuffle , v3
#define CR_OTHER_constrain_norms , v3
#define CR_OTHER_constrain_signs , v3
#define CR_OTHER_shrink_norms , v3
#define CR_OTHER_shrink_groups , v3
#define CR_OTHER_mask_values , v3
#define CR_OTHER_scheduled_rate , v3
#define CR_OTHER_accumulate_gradients , v3
#define CR_OTHER_reset_gradients , v3
#define CR_OTHER_average_weights , v3
#define CR_OTHER_ascent_norms , v3
#define CR_OTHER_ascend_weights , v3
#define CR_OTHER_restore_weights , v3
#define CR_OTHER_update_adagrad , v3
#define CR_OTHER_update_adadelta , v3
#define CR_OTHER_update_adamax , v3
#define CR_OTHER_update_nadam , v3
#define CR_OTHER_update_ftrl , v3
#define CR_OTHER_update_lion , v3
#define CR_OTHER_update_schedule_free , v3
#define CR_OTHER_update_lamb , v3
#define CR_OTHER_update_adafactor , v3
#define CR_OTHER_update_muon , v3
#define CR_OTHER_direction_norms , v3
#define CR_OTHER_follow_directions , v3
#define CR_OTHER_factor_rows , v3
#define CR_OTHER_factor_columns , v3
#define CR_OTHER_factored_direction , v3
#define CR_OTHER_unscale_gradients , v3
#define CR_OTHER_adapt_loss_scale , v3
#elif defined(__AVX2__) && CR_F64 /* the same bits on every instruction set */
#define CR_OTHER_normal , baseline
#define CR_OTHER_symmetric_beta , baseline
#define CR_OTHER_mix_rows , baseline
#define CR_OTHER_paste_boxes , baseline
#define CR_OTHER_larger_rows , baseline
#define CR_OTHER_warp , baseline
#define CR_OTHER_erase , baseline
#define CR_OTHER_shuffle , baseline
/* and what few trainings in float64 take */
#define CR_OTHER_huber , baseline
#define CR_OTHER_log_cosh , baseline
#define CR_OTHER_hinge , baseline
#define CR_OTHER_squared_hinge , baseline
#define CR_OTHER_poisson , baseline
#define CR_OTHER_kl_divergence , baseline
#define CR_OTHER_absolute_percentage_error , baseline
#define CR_OTHER_squared_logarithmic_error , baseline
#define CR_OTHER_quantile , baseline
#define CR_OTHER_threshold_counts , baseline
#define CR_OTHER_filter_top_k , baseline
#define CR_OTHER_top_k_accuracy , baseline
#define CR_OTHER_sample_moments , baseline
#define CR_OTHER_constrain_norms , baseline
#define CR_OTHER_constrain_signs , baseline
#define CR_OTHER_shrink_norms , baseline
#define CR_OTHER_shrink_groups , baseline
#define CR_OTHER_mask_values , baseline
#define CR_OTHER_ascent_norms , baseline
#define CR_OTHER_ascend_weights , baseline
#define CR_OTHER_restore_weights , baseline
#define CR_OTHER_update_adagrad , baseline
#define CR_OTHER_update_adadelta , baseline
#define CR_OTHER_update_adamax , baseline
#define CR_OTHER_update_nadam , baseline
#define CR_OTHER_update_ftrl , baseline
#define CR_OTHER_update_lion , baseline
#define CR_OTHER_update_schedule_free , baseline
#define CR_OTHER_update_lamb , baseline
#define CR_OTHER_update_adafactor , baseline
#define CR_OTHER_update_muon , baseline
#define CR_OTHER_direction_norms , baseline
#define CR_OTHER_follow_directions , baseline
#define CR_OTHER_factor_rows , baseline
#define CR_OTHER_factor_columns , baseline
#define CR_OTHER_factored_direction , baseline
#define CR_OTHER_unscale_gradients , baseline
#define CR_OTHER_adapt_loss_scale , baseline
#endif

#endif
