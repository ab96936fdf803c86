/* Forward passes of a model over many batches, side by side. */
#include "kernels.h"
#include "native_threads.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>

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

/* What cr_run_forward is to run. */
typedef struct {
    const cr_forward_workspace *workspaces;
    const char *const *inputs;
    char *const *outputs;
    ptrdiff_t pieces;
    double end;            /* in nanoseconds of the clock; none begins after that */
    atomic_ptrdiff_t next; /* piece, which whoever is ready takes: CPUs may be busy elsewhere */
} passes;

/* Takes pieces through the workspace of one rank, until there are no more or the time is over. */
static void run_pieces(void *context, ptrdiff_t rank, ptrdiff_t team)
{
    passes *all = context;
    (void)team;
    for (ptrdiff_t piece; (piece = atomic_fetch_add(&all->next, 1)) < all->pieces;) {
        run_piece(all->workspaces + rank, all->inputs, all->outputs, piece);
        if ((double)nanoseconds_now() >= all->end)
            break;
    }
}

/* Takes batches through the workspaces, each of which has a thread; see contract_runtime.h. */
ptrdiff_t cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size,
                         const char *const *inputs, char *const *outputs, ptrdiff_t pieces,
                         double seconds)
{
    passes all = {workspaces, inputs, outputs, pieces, (double)nanoseconds_now() + 1e9 * seconds,
                  0};
    cr_team_run(run_pieces, &all, size);
    return all.next < pieces ? all.next : pieces;
}
