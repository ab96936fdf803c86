/* The team: threads that wait for work, and do it beside the thread that calls (team.c). */
#ifndef COREREG_TEAM_H
#define COREREG_TEAM_H

#include <stddef.h>

/* Work that several threads do at once: each calls it with a rank of its own from 0 to size - 1. */
typedef void (*cr_region)(void *context, ptrdiff_t rank, ptrdiff_t size);

/* Runs a region on this thread, which has rank 0, and on workers, one for each other rank; returns
 * when all have ended. All ranks run at the same time, so that they may wait for each other. There
 * are `size` ranks, or fewer where not so many workers are free: the region is told how many. Any
 * number of threads may call this at once. */
void cr_team_run(cr_region region, void *context, ptrdiff_t size);

/* Sleeps for less than a second, or until a signal has come. */
void cr_sleep(long nanoseconds);

#endif
