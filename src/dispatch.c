/* Which instruction sets this build has and this CPU runs. */
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define CR_TABLES(isa)                                      \
    extern const cr_kernel cr_table_f32_##isa[], cr_table_f64_##isa[];
#define CR_SET(isa) {#isa, {cr_table_f32_##isa, cr_table_f64_##isa}}

#if defined(__x86_64__)
CR_TABLES(baseline)
CR_TABLES(v3)
/* Their float64 is v3's, and nearly all of the last two is v4's: see setup.py. */
extern const cr_kernel cr_table_f32_v4[], cr_table_f32_v4bf16[], cr_table_f32_amx[];
#define CR_SET32(isa) {#isa, {cr_table_f32_##isa, cr_table_f64_v3}}
#elif defined(__aarch64__)
CR_TABLES(neon)
#else
CR_TABLES(baseline)
#endif

#if defined(__x86_64__)
enum { /* bits of CPUID: leaf 1's ecx; leaf 7's ebx, edx and, of its subleaf 1, eax; and of XCR0 */
       HAS_FMA = 1 << 12,
       HAS_XGETBV = 1 << 27,
       HAS_AVX2 = 1 << 5,
       HAS_AVX512F = 1 << 16,
       HAS_AVX512DQ = 1 << 17,
       HAS_AVX512CD = 1 << 28,
       HAS_AVX512BW = 1 << 30,
       HAS_AMX_BF16 = 1 << 22,
       HAS_AMX_TILE = 1 << 24,
       HAS_AVX512_BF16 = 1 << 5,
       SAVES_AVX = 6,
       SAVES_AVX512 = 0xe6,
       SAVES_TILES = 3 << 17
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

/* How many of v4bf16 and amx a CPU runs that runs v4 and has these features. */
static int units_with(unsigned tiles, unsigned bfloat16, unsigned saved)
{
    if (!(bfloat16 & HAS_AVX512_BF16))
        return 0;
    return (tiles & HAS_AMX_TILE) && (tiles & HAS_AMX_BF16) && (saved & SAVES_TILES) == SAVES_TILES
               ? 2
               : 1;
}

/* Asks for tile registers, 8 KB a thread, which Linux gives to processes that ask alone
 * (arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)). Returns whether they may be used. */
static int ask_for_tiles(void)
{
#if defined(__linux__)
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return 0;
#endif
}

/* The same for this CPU, by CPUID: compilers' own __builtin_cpu_supports needs a library of theirs
 * in whose place some linkers put an empty one. (Intel's manual, volume 2A, CPUID; volume 1, 13.3:
 * which registers are saved.) */
static int sets_of_this_cpu(void)
{
    unsigned a, further, features, d, saved, high, bfloat16 = 0, tiles;
    if (!__get_cpuid(1, &a, &further, &features, &d) || !(features & HAS_XGETBV))
        return 1;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &further, &d, &tiles))
        return 1;
    if (a >= 1)
        __get_cpuid_count(7, 1, &bfloat16, &a, &d, &high);
    const int sets = sets_with(features, further, saved);
    return sets < 3 ? sets : sets + units_with(tiles, bfloat16, saved);
}
#endif

/* Whether this CPU has tiles that the operating system does not let this process use. */
int cr_tiles_refused(void)
{
#if defined(__x86_64__)
    return sets_of_this_cpu() == 5 && !ask_for_tiles();
#else
    return 0;
#endif
}

/* The instruction sets that this CPU runs, the least first; returns how many were written. */
int cr_isas(const cr_isa **out, int room)
{
#if defined(__x86_64__)
#if defined(CR_EMULATE_UNITS) /* for tests: matrix units for any CPU with AVX2 */
    static const cr_isa sets[] = {CR_SET(baseline), CR_SET(v3), CR_SET32(v4bf16), CR_SET32(amx)};
    const int count = sets_of_this_cpu() > 1 ? 4 : 1;
#else
    static const cr_isa sets[] = {CR_SET(baseline), CR_SET(v3), CR_SET32(v4),
#if !defined(CR_NO_UNITS) /* which the compiler does not know */
                                  CR_SET32(v4bf16), CR_SET32(amx)
#endif
    };
    const int known = sizeof sets / sizeof *sets, found = sets_of_this_cpu() - cr_tiles_refused();
    const int count = found < known ? found : known;
#endif
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
