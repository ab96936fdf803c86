/* Which instruction sets this build has and this CPU runs. */
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CR_TABLES(isa)                                      \
    extern const cr_kernel cr_table_f32_##isa[], cr_table_f64_##isa[];
#define CR_SET(isa) {#isa, {cr_table_f32_##isa, cr_table_f64_##isa}}

#if defined(__x86_64__)
CR_TABLES(baseline)
CR_TABLES(v3)
extern const cr_kernel cr_table_f32_v4[]; /* its float64 is v3's: see setup.py */
#elif defined(__aarch64__)
CR_TABLES(neon)
#else
CR_TABLES(baseline)
#endif

#if defined(__x86_64__)
enum { /* bits of CPUID: leaf 1's ecx, leaf 7's ebx; and of XCR0 */
       HAS_FMA = 1 << 12,
       HAS_XGETBV = 1 << 27,
       HAS_AVX2 = 1 << 5,
       HAS_AVX512F = 1 << 16,
       HAS_AVX512DQ = 1 << 17,
       HAS_AVX512CD = 1 << 28,
       HAS_AVX512BW = 1 << 30,
       SAVES_AVX = 6,
       SAVES_AVX512 = 0xe6
};
#define HAS_AVX512VL (1u << 31)

/* How many of baseline, v3 and v4 a CPU runs that has these features, under an operating system
 * that saves these registers. */
static int sets_with(unsigned features, unsigned further, unsigned saved)
{
    const unsigned v4 = HAS_AVX512F | HAS_AVX512DQ | HAS_AVX512CD | HAS_AVX512BW | HAS_AVX512VL;
    if (!(features & HAS_FMA) || !(further & HAS_AVX2) || (saved & SAVES_AVX) != SAVES_AVX)
        return 1;
    return (further & v4) == v4 && (saved & SAVES_AVX512) == SAVES_AVX512 ? 3 : 2;
}

/* The same for this CPU, by CPUID: compilers' own __builtin_cpu_supports needs a library of theirs
 * in whose place some linkers put an empty one. (Intel's manual, volume 2A, CPUID; volume 1, 13.3:
 * which registers are saved.) */
static int sets_of_this_cpu(void)
{
    unsigned a, further, features, d, saved, high;
    if (!__get_cpuid(1, &a, &further, &features, &d) || !(features & HAS_XGETBV))
        return 1;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &further, &d, &high))
        return 1;
    return sets_with(features, further, saved);
}
#endif

/* The instruction sets that this CPU runs, the least first; returns how many were written. */
int cr_isas(const cr_isa **out, int room)
{
#if defined(__x86_64__)
    static const cr_isa sets[] = {
        CR_SET(baseline), CR_SET(v3), {"v4", {cr_table_f32_v4, cr_table_f64_v3}}};
    const int count = sets_of_this_cpu();
#elif defined(__aarch64__)
    static const cr_isa sets[] = {CR_SET(neon)};
    const int count = 1;
#else
    static const cr_isa sets[] = {CR_SET(baseline)};
    const int count = 1;
#endif
    for (int i = 0; i < count && i < room; i++)
        out[i] = sets + i;
    return count < room ? count : room;
}

/* The name of a kernel for reports; "" for an id that none has. */
const char *cr_kernel_name(int id)
{
#define CR_STRING(name) #name,
    static const char *const names[] = {CR_KERNELS(CR_STRING)};
    return id >= 0 && id < CR_KERNEL_COUNT ? names[id] : "";
}
