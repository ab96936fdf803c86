/* Runs kernels: threads and the floating-point mode around them. */
#include "kernels.h"

#if defined(_OPENMP)
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Denormals are flushed while kernels run (they cost a hundred cycles each, and an L1 penalty
 * drives weights and their moments through them); the mode found is put back. */
#if defined(__x86_64__)
typedef unsigned float_mode;
static float_mode flush_denormals(void)
{
    const float_mode found = _mm_getcsr();
    _mm_setcsr(found | 0x8040); /* flush to zero, denormals are zero */
    return found;
}
static void restore_mode(float_mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t float_mode;
static void restore_mode(float_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
static float_mode flush_denormals(void)
{
    float_mode found;
    __asm__ volatile("mrs %0, fpcr" : "=r"(found));
    restore_mode(found | (1u << 24));
    return found;
}
#else
typedef int float_mode;
static float_mode flush_denormals(void) { return 0; }
static void restore_mode(float_mode mode) { (void)mode; }
#endif

#if defined(_OPENMP)
/* A barrier that spins for some microseconds and then gives its CPU away: on a busy machine the
 * one waited for may need it. (OpenMP's own spins for milliseconds.) */
typedef struct {
    atomic_int waiting, round;
} barrier;

static void relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_at_barrier(barrier *m, int team)
{
    const int round = atomic_load_explicit(&m->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&m->waiting, 1, memory_order_acq_rel) == team - 1) {
        atomic_store_explicit(&m->waiting, 0, memory_order_relaxed);
        atomic_store_explicit(&m->round, round + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&m->round, memory_order_acquire) == round; spins++)
        if (spins < 1000)
            relax();
        else
            sched_yield();
}
#endif

static void run_one(const cr_instruction *one, ptrdiff_t rank, ptrdiff_t team)
{
    for (; rank < one->size; rank += team)
        one->kernel(one->args, rank, one->size);
}

void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size)
{
    const cr_instruction one = {kernel, args, size, 0};
    const cr_section alone = {&one, 1, 1};
    cr_replay(&alone, 1, 1, size);
}

/* `each` for every instruction in order: `one`, the i-th of its list in the n-th round of it. */
#define EACH_INSTRUCTION(each)                                                  \
    for (ptrdiff_t left = times; left > 0; left--)                              \
        for (const cr_section *s = sections; s < sections + count; s++)         \
            for (ptrdiff_t n = 0; n < s->times; n++)                            \
                for (ptrdiff_t i = 0; i < s->count; i++) {                      \
                    const cr_instruction *one = s->list + i;                    \
                    each                                                        \
                }

static void replay_alone(const cr_section *sections, ptrdiff_t count, ptrdiff_t times)
{
    const float_mode found = flush_denormals();
    EACH_INSTRUCTION(run_one(one, 0, 1);)
    restore_mode(found);
}

void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size)
{
    if (size <= 1) {
        replay_alone(sections, count, times);
        return;
    }
#if defined(_OPENMP)
    barrier between = {0, 0};
#pragma omp parallel num_threads((int)size)
    {
        /* The team may be smaller than asked for: shares are dealt to whoever is there. */
        const ptrdiff_t rank = omp_get_thread_num(), team = omp_get_num_threads();
        const float_mode found = flush_denormals();
        EACH_INSTRUCTION(if (one->needs_barrier || (count > 1 && !n && !i))
                             wait_at_barrier(&between, (int)team);
                         run_one(one, rank, team);)
        restore_mode(found);
    }
#else
    replay_alone(sections, count, times);
#endif
}

int cr_openmp(void)
{
#if defined(_OPENMP)
    return 1;
#else
    return 0;
#endif
}

int cr_available_threads(void)
{
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
}

ptrdiff_t cr_first_outside(const int64_t *labels, ptrdiff_t n, int64_t limit)
{
    ptrdiff_t i = 0;
    while (i < n && labels[i] >= 0 && labels[i] < limit)
        i++;
    return i;
}
