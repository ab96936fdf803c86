/* Dropout: the mask is made where it is used, from counters (see contract_dropout.h). */
#include "dropout.h"

/* Sets this rank's rows as a range of elements; it begins at a multiple of 8. */
INLINE void share_elements(ptrdiff_t n, ptrdiff_t cols, ptrdiff_t rank, ptrdiff_t size,
                           ptrdiff_t *begin, ptrdiff_t *end)
{
    share_rows(cols ? n / cols : 0, rank, size, begin, end);
    *begin *= cols;
    *end *= cols;
}

/* Drops elements at random, scales the others, and stores the mask as bits. */
KERNEL(dropout_forward)
{
    const cr_dropout_forward_args *g = arguments;
    const dropout_params d = dropout_params_of(g->seed, g->step, g->stream, g->threshold, g->scale);
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    dropout_range(g->y, g->bits, g->x, begin, end, &d);
}

/* Puts one value in the place of elements at random, and scales and shifts the others. */
KERNEL(alpha_dropout_forward)
{
    const cr_alpha_dropout_forward_args *g = arguments;
    const dropout_params d = dropout_params_of(g->seed, g->step, g->stream, g->threshold, g->scale);
    const alpha_params alpha = {(T)g->shift, (T)g->dropped};
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    masked_range(g->y, g->bits, g->x, begin, end, &d, &alpha);
}

/* Drops and scales a gradient by the mask's bits. */
KERNEL(dropout_backward)
{
    const cr_dropout_backward_args *g = arguments;
    const T scale = (T)g->scale;
    ptrdiff_t begin, end;
    share_elements(g->n, g->cols, rank, size, &begin, &end);
    if (!g->bits) {
        activation_backward_span((T *)g->dx + begin, (const T *)g->dy + begin,
                                 (const T *)g->y + begin, end - begin, CR_RELU, scale);
        return;
    }
    for (ptrdiff_t at = begin; at < end; at += 64) {
        const ptrdiff_t n = end - at < 64 ? end - at : 64;
        uint64_t bits = 0;
        for (ptrdiff_t byte = 0; byte < (n + 7) / 8; byte++)
            bits |= (uint64_t)g->bits[at / 8 + byte] << (8 * byte);
        apply_mask((T *)g->dx + at, (const T *)g->dy + at, n, bits, scale);
    }
}
