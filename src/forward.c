/* Forward passes of a model over many batches, side by side. */
#include "kernels.h"

#include <string.h>
#include <time.h>
#if defined(_OPENMP)
#include <stdatomic.h>
#endif

/* Takes one batch, the piece-th, through a workspace. */
static void run_piece(const cr_forward_workspace *workspace, const char *const *inputs,
                      char *const *outputs, ptrdiff_t piece)
{
    const cr_section pass = {workspace->list, workspace->count, 1};
    for (ptrdiff_t i = 0; i < workspace->input_count; i++) {
        const cr_buffer *to = workspace->inputs + i;
        memcpy(to->data, inputs[i] + (size_t)piece * to->bytes, to->bytes);
    }
    cr_replay(&pass, 1, 1, 1);
    for (ptrdiff_t i = 0; i < workspace->output_count; i++) {
        const cr_buffer *from = workspace->outputs + i;
        memcpy(outputs[i] + (size_t)piece * from->bytes, from->data, from->bytes);
    }
}

/* Seconds of a clock that only goes forward. */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Takes batches through the workspaces, each of which has a thread; see contract_runtime.h. */
ptrdiff_t cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size,
                         const char *const *inputs, char *const *outputs, ptrdiff_t pieces,
                         double seconds)
{
    const double end = seconds_now() + seconds;
#if defined(_OPENMP)
    if (size > 1) {
        atomic_ptrdiff_t next = 0; /* whoever is ready takes the next: CPUs may be busy elsewhere */
#pragma omp parallel for num_threads((int)size) schedule(static, 1)
        for (ptrdiff_t rank = 0; rank < size; rank++)
            for (ptrdiff_t piece; (piece = atomic_fetch_add(&next, 1)) < pieces;) {
                run_piece(workspaces + rank, inputs, outputs, piece);
                if (seconds_now() >= end)
                    break;
            }
        return next < pieces ? next : pieces;
    }
#endif
    (void)size;
    ptrdiff_t piece = 0;
    while (piece < pieces) {
        run_piece(workspaces, inputs, outputs, piece++);
        if (seconds_now() >= end)
            break;
    }
    return piece;
}
