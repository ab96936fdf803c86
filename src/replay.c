/* Runs kernels: one call, or recorded calls over and over, on one thread or on several of the team.
 * (The recorder that makes the lists is in recorder.pxi.) */
#include "barrier.h"
#include "float_mode.h"
#include "kernels.h"
#include "team.h"

/* Does the shares of one call that are this rank's: every team-th, for a team may be smaller than
 * the number of shares. */
static void run_call(const cr_instruction *call, ptrdiff_t rank, ptrdiff_t team)
{
    if (call->skip && *call->skip)
        return;
    for (ptrdiff_t share = rank; share < call->size; share += team)
        call->kernel(call->args, share, call->size);
}

/* What cr_replay is to run, and where its ranks meet. */
typedef struct {
    const cr_section *sections;
    ptrdiff_t count, times;
    cr_barrier barrier;
} replay;

/* Runs all sections `times` times over, as one rank of a team. A section does not know what stands
 * before it, so that its first call waits as well, unless it is the only section: then the call
 * itself says whether it must wait for the end of the last run. */
static void run_sections(void *context, ptrdiff_t rank, ptrdiff_t team)
{
    replay *all = context;
    const cr_section *end = all->sections + all->count;
    const float_mode saved = flush_denormals();
    for (ptrdiff_t time = 0; time < all->times; time++)
        for (const cr_section *section = all->sections; section < end; section++)
            for (ptrdiff_t round = 0; round < section->times; round++)
                for (ptrdiff_t i = 0; i < section->count; i++) {
                    const cr_instruction *call = section->list + i;
                    const int section_begins = all->count > 1 && round == 0 && i == 0;
                    if (team > 1 && (call->needs_barrier || section_begins))
                        wait_at_barrier(&all->barrier, (int)team);
                    run_call(call, rank, team);
                }
    restore_float_mode(saved);
}

/* Runs all sections `times` times over on a team of `size` threads. */
void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size)
{
    replay all = {sections, count, times, {0, 0}};
    cr_team_run(run_sections, &all, size);
}

/* Runs one call, in `size` shares. */
void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size)
{
    const cr_instruction call = {kernel, args, size, 0, NULL};
    const cr_section section = {&call, 1, 1};
    cr_replay(&section, 1, 1, size);
}
