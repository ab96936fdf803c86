/* A thread barrier: all threads of a team wait until the last one has arrived. */
#ifndef COREREG_BARRIER_H
#define COREREG_BARRIER_H

#include "native_threads.h"

#include <stdatomic.h>

/* How often a thread looks whether the others have arrived before it gives its CPU away. A pause
 * takes between three (Zen) and 140 cycles (Intel since Skylake): one to fifty microseconds in all,
 * the order of a step of a small network. */
#define CR_BARRIER_SPINS 1000

/* How many threads have arrived, and a generation counter, which the last one to arrive moves on;
 * both start at 0, and a barrier can be used again and again. */
typedef struct {
    atomic_int arrived, generation;
} cr_barrier;

/* Waits until all `team` threads are here. It spins for a while and then yields its CPU: on a busy
 * machine the thread that is waited for may need it. */
static inline void wait_at_barrier(cr_barrier *barrier, int team)
{
    const int generation = atomic_load_explicit(&barrier->generation, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) == team - 1) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&barrier->generation, generation + 1, memory_order_release);
        return;
    }
    for (int spins = 0;
         atomic_load_explicit(&barrier->generation, memory_order_acquire) == generation; spins++)
        if (spins < CR_BARRIER_SPINS)
            cpu_relax();
        else
            yield_cpu();
}

#endif
