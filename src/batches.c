/* Forward passes over many batches. */
#include "kernels.h"

#include <string.h>
#if defined(_OPENMP)
#include <stdatomic.h>
#endif

static void run_workspace(const cr_forward_workspace *workspace, const char *x, char *out,
                          ptrdiff_t piece)
{
    const cr_section pass = {workspace->list, workspace->count, 1};
    memcpy(workspace->x, x + piece * (ptrdiff_t)workspace->x_bytes, workspace->x_bytes);
    cr_replay(&pass, 1, 1, 1);
    memcpy(out + piece * (ptrdiff_t)workspace->out_bytes, workspace->out, workspace->out_bytes);
}

void cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size, const char *x,
                    char *out, ptrdiff_t pieces)
{
#if defined(_OPENMP)
    if (size > 1) {
        atomic_ptrdiff_t next = 0; /* whoever is ready takes the next: CPUs may be busy elsewhere */
#pragma omp parallel for num_threads((int)size) schedule(static, 1)
        for (ptrdiff_t rank = 0; rank < size; rank++)
            for (ptrdiff_t piece; (piece = atomic_fetch_add(&next, 1)) < pieces;)
                run_workspace(workspaces + rank, x, out, piece);
        return;
    }
#endif
    (void)size;
    for (ptrdiff_t piece = 0; piece < pieces; piece++)
        run_workspace(workspaces, x, out, piece);
}
