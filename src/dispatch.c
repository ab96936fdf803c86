/* Which instruction sets this build has and this CPU runs. */
#include "kernels.h"

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

/* The instruction sets that this CPU runs, the least first; returns how many were written. */
int cr_isas(const cr_isa **out, int room)
{
#if defined(__x86_64__)
    static const cr_isa sets[] = {
        CR_SET(baseline), CR_SET(v3), {"v4", {cr_table_f32_v4, cr_table_f64_v3}}};
    int count = 1;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        count = 2;
    if (count == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        count = 3;
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
