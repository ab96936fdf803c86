/* The team of threads: workers that any thread borrows for a region, and that wait in between.
 *
 * Workers belong to the process, not to the threads that call. A region takes those that are free,
 * the one that worked last first, and new ones are started until there are as many as the largest
 * region wanted, or as there are CPUs beside the caller's. A region that comes when all are at work
 * makes do with fewer, or with its own thread: that many threads would only get into each other's
 * way. Results do not depend on it, for kernels cut their work into the shares of the recording,
 * not of the region.
 *
 * Who waits, a worker for work or a caller for its workers, spins for a short time and then sleeps.
 * It does not spin where more threads are in regions than there are CPUs. In a forked child there
 * are no workers, and it starts its own. */
#define _GNU_SOURCE
#include "native_threads.h"
#include "team.h"
#include "kernels.h"

#include <stdatomic.h>

#define MOST_WORKERS 1023

/* How long a thread spins before it sleeps. To wake one that sleeps takes 10 to 30 microseconds in
 * a virtual machine on an EPYC: who spins about as long spends at most twice the time that the
 * better choice would have cost. Python needs less between two steps of a loop. */
#define SPIN_NANOSECONDS 50000

/* ---- gates: one thread waits, another one lets it through ---------------------------------------
 */

enum { SHUT, OPEN, SLEEPER }; /* SLEEPER: shut, and the thread that waits sleeps */

typedef struct {
    atomic_int state;
    native_lock lock; /* of whoever sleeps */
    native_condition opened;
} gate;

/* Opens a gate, which is shut. What was written before is seen behind it: the exchange releases,
 * and the thread that finds the gate open acquires. Who has said that it sleeps, did so under the
 * lock, and holds it until it waits for the condition; so the lock is taken once, lest it is woken
 * before it waits. */
static void open_gate(gate *g)
{
    if (atomic_exchange_explicit(&g->state, OPEN, memory_order_acq_rel) == SLEEPER) {
        take_lock(&g->lock);
        leave_lock(&g->lock);
        wake_one(&g->opened);
    }
}

/* Whether the gate opens within so many nanoseconds of spinning. */
static int opens_soon(gate *g, int64_t nanoseconds)
{
    const int64_t end = nanoseconds_now() + nanoseconds;
    do
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&g->state, memory_order_acquire) == OPEN)
                return 1;
            cpu_relax();
        }
    while (nanoseconds_now() < end);
    return 0;
}

/* Waits until the gate is open, and shuts it behind this thread. Shutting needs no order of its
 * own: nobody opens the gate again before this thread has opened another one or let go of a lock,
 * which releases all that it wrote. */
static void pass_gate(gate *g, int64_t spin)
{
    if (!spin || !opens_soon(g, spin)) {
        int found = SHUT;
        take_lock(&g->lock);
        if (atomic_compare_exchange_strong_explicit(&g->state, &found, SLEEPER,
                                                    memory_order_acquire, memory_order_acquire))
            while (atomic_load_explicit(&g->state, memory_order_acquire) != OPEN)
                wait_for(&g->opened, &g->lock);
        leave_lock(&g->lock);
    }
    atomic_store_explicit(&g->state, SHUT, memory_order_relaxed);
}

/* ---- workers -----------------------------------------------------------------------------------
 */

typedef struct worker {
    _Alignas(128) struct worker *next; /* of those that are free, or of one region */
    cr_region region;                  /* to be run, as this rank of so many */
    void *context;
    ptrdiff_t rank, size;
    int64_t spin;   /* nanoseconds that it may, when it has done that */
    int caller_cpu; /* that ran the caller when it opened the gate */
    gate begin;     /* opened by the caller, who has set what is above, in one cache line */
    _Alignas(128) atomic_int cpu; /* that ran the worker of late; a hint, which needs no order */
    gate end;                     /* opened by the worker */
} worker;

static worker workers[MOST_WORKERS]; /* of which the first team.count run */

static struct {
    native_lock lock;  /* of all below */
    worker *free;      /* the one that worked last; the others follow by `next` */
    ptrdiff_t count;   /* of workers */
    ptrdiff_t active;  /* threads in regions */
    ptrdiff_t cpus;    /* that this process may use */
    int refused;       /* whether the system has refused to start one more */
    int watches_forks; /* whether forget_workers is registered; read and written under the GIL */
} team = {.lock = NATIVE_LOCK, .cpus = 1};

/* How long a thread spins that waits for one that was on another CPU, or on the same one: then it
 * would keep off the CPU the very thread that it waits for. */
static int64_t spin_beside(int own_cpu, int other_cpu, int64_t spin)
{
    return own_cpu == other_cpu && own_cpu >= 0 ? 0 : spin;
}

/* The life of a worker. It decides how long to spin before it opens the gate, for then it is free,
 * and the next caller may change what is asked of it. */
THREAD_BODY(work, argument)
{
    worker *own = argument;
    int64_t spin = 0;
    name_thread("corereg");
    for (;;) {
        pass_gate(&own->begin, spin);
        own->region(own->context, own->rank, own->size);
        const int cpu = current_cpu();
        atomic_store_explicit(&own->cpu, cpu, memory_order_relaxed);
        spin = spin_beside(cpu, own->caller_cpu, own->spin);
        open_gate(&own->end);
    }
    return 0;
}

/* In a forked child: no worker lives on, and whoever held the lock does not either. */
static void forget_workers(void)
{
    static const native_lock free_lock = NATIVE_LOCK;
    team.lock = free_lock;
    team.free = NULL;
    team.count = team.active = 0;
    team.refused = 0;
}

/* Returns a new worker, or NULL if the system has refused one. */
static worker *start_worker(void)
{
    worker *made = workers + team.count;
    if (team.refused)
        return NULL;
    *made = (worker){.begin = {SHUT, NATIVE_LOCK, NATIVE_CONDITION},
                     .end = {SHUT, NATIVE_LOCK, NATIVE_CONDITION},
                     .cpu = -1};
    team.refused = !start_thread(work, made);
    team.count += !team.refused;
    return team.refused ? NULL : made;
}

typedef struct {
    worker *first;  /* the others follow by `next` */
    ptrdiff_t size; /* of the region, the caller included */
    int64_t spin;
} crew;

/* Takes as many workers as there are for a region of so many threads. */
static crew take_workers(ptrdiff_t size)
{
    crew found = {NULL, 1, 0};
    take_lock(&team.lock);
    const ptrdiff_t wanted = size > team.cpus ? size - 1 : team.cpus - 1;
    const ptrdiff_t most = wanted < MOST_WORKERS ? wanted : MOST_WORKERS;
    while (found.size < size) {
        worker *taken = team.free;
        if (taken)
            team.free = taken->next;
        else if (team.count >= most || !(taken = start_worker()))
            break;
        taken->next = found.first;
        found.first = taken;
        found.size++;
    }
    team.active += found.size;
    found.spin = team.active <= team.cpus ? SPIN_NANOSECONDS : 0;
    leave_lock(&team.lock);
    return found;
}

/* Gives workers back. The first to be taken was the last of the list, and will be the first again:
 * so the same threads have the same ranks, and find their shares in their caches. */
static void give_workers(crew used)
{
    take_lock(&team.lock);
    for (worker *w = used.first, *next; w; w = next) {
        next = w->next;
        w->next = team.free;
        team.free = w;
    }
    team.active -= used.size;
    leave_lock(&team.lock);
}

/* Runs a region on several threads; see team.h. */
void cr_team_run(cr_region region, void *context, ptrdiff_t size)
{
    if (size <= 1) {
        region(context, 0, 1);
        return;
    }
    const crew used = take_workers(size);
    ptrdiff_t rank = 1;
    for (worker *w = used.first; w; w = w->next) {
        w->region = region;
        w->context = context;
        w->rank = rank++;
        w->size = used.size;
        w->spin = used.spin;
        w->caller_cpu = current_cpu();
        open_gate(&w->begin);
    }
    region(context, 0, used.size);
    for (worker *w = used.first; w; w = w->next)
        pass_gate(&w->end,
                  spin_beside(current_cpu(), atomic_load_explicit(&w->cpu, memory_order_relaxed),
                              used.spin));
    give_workers(used);
}

/* Tells the team how many CPUs this process may use. What a forked child has to do is registered
 * here, before anybody can hold the lock: a fork beside the first region of a process would leave
 * its child with a lock that nobody holds and nobody frees. */
void cr_set_cpus(ptrdiff_t cpus)
{
    if (!team.watches_forks)
        call_in_forked_child(forget_workers);
    team.watches_forks = 1;
    take_lock(&team.lock);
    team.cpus = cpus;
    leave_lock(&team.lock);
}

/* Returns what the team is made of: "POSIX threads", "Windows threads" or "none". */
const char *cr_native_threads(void) { return NATIVE_THREADS; }

/* See team.h. */
void cr_sleep(long nanoseconds) { sleep_for(nanoseconds); }
