/* The floating-point mode around kernels. Denormal numbers are flushed to zero while kernels run:
 * they cost a hundred cycles each, and an L1 penalty drives weights and their moments through them.
 * The mode that was found is restored behind the last kernel. */
#ifndef COREREG_FLOAT_MODE_H
#define COREREG_FLOAT_MODE_H

#include <stdint.h>

/* What NumPy computes in a recording keeps denormals, as it does elsewhere. */
#if defined(__x86_64__)
#include <immintrin.h>

#define CR_FTZ_DAZ 0x8040 /* bits of MXCSR: results flush to zero, operands (denormals) are zeros */

typedef unsigned float_mode;
/* Sets the mode that one of the two functions below returned. */
static inline void restore_float_mode(float_mode mode) { _mm_setcsr(mode); }
/* Flushes denormals from now on; returns the mode found. */
static inline float_mode flush_denormals(void)
{
    const float_mode found = _mm_getcsr();
    _mm_setcsr(found | CR_FTZ_DAZ);
    return found;
}
/* Keeps denormals from now on; returns the mode found. */
static inline float_mode keep_denormals(void)
{
    const float_mode found = _mm_getcsr();
    _mm_setcsr(found & ~(unsigned)CR_FTZ_DAZ);
    return found;
}
#elif defined(__aarch64__)
#define CR_FZ (1u << 24) /* the bit of FPCR: results and operands flush to zero */

typedef uint64_t float_mode;
/* Sets the mode that one of the two functions below returned. */
static inline void restore_float_mode(float_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
/* Flushes denormals from now on; returns the mode found. */
static inline float_mode flush_denormals(void)
{
    float_mode found;
    __asm__ volatile("mrs %0, fpcr" : "=r"(found));
    restore_float_mode(found | CR_FZ);
    return found;
}
/* Keeps denormals from now on; returns the mode found. */
static inline float_mode keep_denormals(void)
{
    float_mode found;
    __asm__ volatile("mrs %0, fpcr" : "=r"(found));
    restore_float_mode(found & ~(float_mode)CR_FZ);
    return found;
}
#else
typedef int float_mode;
/* Sets the mode that one of the two functions below returned. */
static inline void restore_float_mode(float_mode mode) { (void)mode; }
/* Flushes denormals from now on; returns the mode found. */
static inline float_mode flush_denormals(void) { return 0; }
/* Keeps denormals from now on; returns the mode found. */
static inline float_mode keep_denormals(void) { return 0; }
#endif

#endif
