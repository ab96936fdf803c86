/* Runs kernels: one call, or recorded calls over and over, on one thread or on a team of OpenMP's
 * thread pool. (The recorder that makes the lists is in program.pxi.) */
#include "barrier.h"
#include "float_mode.h"
#include "kernels.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

/* Does the shares of one call that are this rank's: every team-th, for a team may be smaller than
 * the number of shares. */
static void run_call(const cr_instruction *call, ptrdiff_t rank, ptrdiff_t team)
{
    for (ptrdiff_t share = rank; share < call->size; share += team)
        call->kernel(call->args, share, call->size);
}

/* Runs all sections `times` times over, as one rank of a team; the ranks meet at `barrier`. A
 * section does not know what stands before it, so that its first call waits as well, unless it is
 * the only section: then the call itself says whether it must wait for the end of the last run. */
static void run_sections(const cr_section *sections, ptrdiff_t count, ptrdiff_t times,
                         ptrdiff_t rank, ptrdiff_t team, cr_barrier *barrier)
{
    const float_mode saved = flush_denormals();
    for (ptrdiff_t time = 0; time < times; time++)
        for (const cr_section *section = sections; section < sections + count; section++)
            for (ptrdiff_t round = 0; round < section->times; round++)
                for (ptrdiff_t i = 0; i < section->count; i++) {
                    const cr_instruction *call = section->list + i;
                    const int section_begins = count > 1 && round == 0 && i == 0;
                    if (team > 1 && (call->needs_barrier || section_begins))
                        wait_at_barrier(barrier, (int)team);
                    run_call(call, rank, team);
                }
    restore_float_mode(saved);
}

/* Runs all sections `times` times over on a team of `size` threads. */
void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size)
{
    cr_barrier barrier = {0, 0};
#if defined(_OPENMP)
    if (size > 1) {
#pragma omp parallel num_threads((int)size)
        /* The team may be smaller than asked for. */
        run_sections(sections, count, times, omp_get_thread_num(), omp_get_num_threads(), &barrier);
        return;
    }
#else
    (void)size;
#endif
    run_sections(sections, count, times, 0, 1, &barrier);
}

/* Runs one call, in `size` shares. */
void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size)
{
    const cr_instruction call = {kernel, args, size, 0};
    const cr_section section = {&call, 1, 1};
    cr_replay(&section, 1, 1, size);
}
