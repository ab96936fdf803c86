/* What the C side knows of threads: whether there is OpenMP, and how many threads it may use. */
#include "kernels.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

/* Whether this build has OpenMP. */
int cr_openmp(void)
{
#if defined(_OPENMP)
    return 1;
#else
    return 0;
#endif
}

/* How many threads OpenMP would start now, as its environment and the CPUs say. */
int cr_available_threads(void)
{
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
}
