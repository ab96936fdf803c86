/* Stress of the team of threads (src/team.c): several threads run regions of every size at once,
 * and one forks; the children run regions, too. Made and run by tests/test_team.py.
 *
 *     cc -std=gnu11 -fsanitize=thread -pthread -Isrc tests/team_stress.c src/team.c
 *     ./a.out 8 2000 20     callers, regions of each, forks
 *
 * Ends with 0 if every region ran once on each of its ranks, and the caller saw all they wrote. */
#include "barrier.h"
#include "kernels.h"
#include "team.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 8, CPUS = 4 };

typedef struct {
    ptrdiff_t asked, size;
    cr_barrier barrier;
    long first[MOST], second[MOST]; /* by rank, not atomic: a lost order is a data race */
} job;

static int regions;
static atomic_int failures, shared;

/* Says what went wrong. */
static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    atomic_fetch_add(&failures, 1);
}

/* Two halves with a barrier between them: the second one reads what other ranks wrote. */
static void region(void *context, ptrdiff_t rank, ptrdiff_t size)
{
    job *all = context;
    if (size > all->asked || rank >= size)
        fail("a region of another size than asked for");
    if (rank == 0)
        all->size = size;
    all->first[rank] += rank + 1;
    wait_at_barrier(&all->barrier, (int)size);
    for (ptrdiff_t i = 0; i < size; i++)
        all->second[rank] += all->first[i];
}

/* Runs regions of all sizes, and checks each. */
static void call_regions(unsigned seed, int count)
{
    for (int i = 0; i < count; i++) {
        job all = {.asked = 1 + rand_r(&seed) % MOST};
        cr_team_run(region, &all, all.asked);
        long expected = all.size * (all.size + 1) / 2;
        if (all.size < 1)
            fail("a region that did not run");
        for (ptrdiff_t rank = 0; rank < MOST; rank++)
            if (all.second[rank] != (rank < all.size ? expected : 0))
                fail("a rank that did not run once");
        if (all.size > 1)
            atomic_fetch_add(&shared, 1);
        if (rand_r(&seed) % 16 == 0)
            usleep(rand_r(&seed) % 200); /* so that workers fall asleep */
    }
}

/* A thread that calls regions. */
static void *caller(void *argument)
{
    call_regions((unsigned)(uintptr_t)argument, regions);
    return NULL;
}

/* Forks so many times; each child has to get workers of its own. */
static void fork_children(int count)
{
    for (int i = 0; i < count; i++) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            atomic_store(&failures, 0);
            atomic_store(&shared, 0);
            call_regions((unsigned)i, 50);
            _exit(atomic_load(&failures) || !atomic_load(&shared));
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child || status)
            fail("a child that failed");
        usleep(500);
    }
}

/* See above. */
int main(int count, char **words)
{
    pthread_t threads[64];
    const int callers = count > 1 ? atoi(words[1]) : 4;
    regions = count > 2 ? atoi(words[2]) : 1000;
    alarm(300);
    cr_set_cpus(CPUS);
    for (int i = 0; i < callers; i++)
        pthread_create(threads + i, NULL, caller, (void *)(uintptr_t)(i + 1));
    fork_children(count > 3 ? atoi(words[3]) : 10);
    for (int i = 0; i < callers; i++)
        pthread_join(threads[i], NULL);
    printf("%d of %d regions on several threads\n", atomic_load(&shared), callers * regions);
    return atomic_load(&failures) || !atomic_load(&shared);
}
