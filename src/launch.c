/* Runs kernels: threads and the floating-point mode around them. */
#include "kernels.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Denormals are flushed while a kernel runs (they cost a hundred cycles each, and an L1 penalty
 * drives weights and their moments through them); the mode found is put back. */
static void run_share(cr_kernel kernel, const void *args, ptrdiff_t rank, ptrdiff_t size)
{
#if defined(__x86_64__)
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    kernel(args, rank, size);
    _mm_setcsr(mode);
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (1u << 24)));
    kernel(args, rank, size);
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    kernel(args, rank, size);
#endif
}

void cr_run(cr_kernel kernel, const void *args, ptrdiff_t size)
{
    if (size <= 1) {
        run_share(kernel, args, 0, 1);
        return;
    }
#if defined(_OPENMP)
    /* A team may come out smaller than asked for: the shares are dealt to whoever is there. */
#pragma omp parallel num_threads((int)size)
    for (ptrdiff_t rank = omp_get_thread_num(); rank < size; rank += omp_get_num_threads())
        run_share(kernel, args, rank, size);
#else
    for (ptrdiff_t rank = 0; rank < size; rank++)
        run_share(kernel, args, rank, size);
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
