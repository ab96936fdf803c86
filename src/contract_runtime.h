/* Running kernels: instruction sets, replay, threads and memory (dispatch.c, replay.c, team.c,
 * memory.c). Included by kernels.h, which defines cr_kernel. */
#ifndef COREREG_CONTRACT_RUNTIME_H
#define COREREG_CONTRACT_RUNTIME_H

#include <stddef.h>

/* ---- instruction sets (dispatch.c) ----------------------------------------------------------- */

enum cr_dtype { CR_FLOAT32, CR_FLOAT64, CR_DTYPES };

typedef struct {
    const char *name;                    /* "baseline", "v3", "v4", "v4bf16", "amx", "neon" */
    const cr_kernel *kernels[CR_DTYPES]; /* [dtype][kernel id] */
} cr_isa;

/* Fills `out` with the instruction sets compiled in that this CPU runs, best last, `room` at most;
 * returns how many. */
int cr_isas(const cr_isa **out, int room);

/* Returns whether this CPU has the tiles of "amx" and the operating system does not let this
 * process use them. */
int cr_tiles_refused(void);

/* Returns the name of a kernel by its id, "" if there is none. */
const char *cr_kernel_name(int id);

/* ---- running kernels (replay.c) and threads (team.c) ----------------------------------------- */

/* Runs one kernel in `size` shares, on as many threads of the team or fewer, with denormals flushed
 * to zero meanwhile. */
void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size);

/* A recorded kernel call: its own copy of the arguments, how many shares, and whether there is a
 * barrier before it: all threads must have done what stands before it in the list. It is left out
 * where `skip` is not NULL and what it points to not 0. */
typedef struct {
    cr_kernel kernel;
    const void *args;
    ptrdiff_t size;
    int needs_barrier;
    const int64_t *skip;
} cr_instruction;

/* A list of calls to be run `times` times over. */
typedef struct {
    const cr_instruction *list;
    ptrdiff_t count, times;
} cr_section;

/* Runs the sections one after the other, and all of them `times` times over, on a team of `size`
 * threads. A call of one share is rank 0's. */
void cr_replay(const cr_section *sections, ptrdiff_t count, ptrdiff_t times, ptrdiff_t size);

/* Returns what the team is made of: "POSIX threads", "Windows threads" or "none". */
const char *cr_native_threads(void);

/* Tells the team how many CPUs this process may use; called once before the first region. */
void cr_set_cpus(ptrdiff_t cpus);

/* ---- memory (memory.c) ----------------------------------------------------------------------- */

/* Allocate, resize and free memory of whole cache lines, as PyDataMem_Handler wants it (NEP 49);
 * context is not used. */
void *cr_memory_new(void *context, size_t bytes);
void *cr_memory_zeros(void *context, size_t count, size_t each);
void *cr_memory_resize(void *context, void *old, size_t bytes);
void cr_memory_free(void *context, void *old, size_t bytes);

/* Memory of an input or output of a forward pass. */
typedef struct {
    void *data;
    size_t bytes;
} cr_buffer;

/* A forward pass on memory of its own, the list made for one thread: inputs -> outputs. */
typedef struct {
    const cr_instruction *list;
    ptrdiff_t count;
    const cr_buffer *inputs, *outputs;
    ptrdiff_t input_count, output_count;
} cr_forward_workspace;

/* Runs `pieces` batches that lie one after the other in each of the caller's inputs and outputs,
 * on `size` threads, a workspace each, but begins none after so many seconds, except the first.
 * Returns how many are done. All workspaces are of one model and one size of batch. */
ptrdiff_t cr_run_forward(const cr_forward_workspace *workspaces, ptrdiff_t size,
                         const char *const *inputs, char *const *outputs, ptrdiff_t pieces,
                         double seconds);

#endif
