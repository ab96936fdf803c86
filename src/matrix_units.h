/* The instructions of matrix units, for packed.c: two implementations of
 *
 *     sum_tiles(sums, a, b, steps, a_next, b_next, tall, wide)
 *
 * which multiplies a column of tiles of a with a row of tiles of b. In CR_AMX an instruction
 * multiplies whole tiles; otherwise vdpbf16ps multiplies a pair of a row of a with sixteen pairs of
 * b. With CR_EMULATE_UNITS both are a few lines of plain C, so that the same kernels can be tested
 * on machines that have neither (the sums may then differ in rounding). */
#ifndef COREREG_MATRIX_UNITS_H
#define COREREG_MATRIX_UNITS_H

#include "simd.h"

/* A tile holds 16 rows of 16 pairs of bfloat16 of a, or 16 pairs of rows of 16 columns of b: 32
 * steps of a sum. A tile of sums is 16 x 16 float. */
#define TILE 16
#define TILE_DEPTH 32
#define TILE_BYTES 1024
/* Sums of up to 2 x 2 tiles lie side by side: sums[i*SUMS_ROW + j]. */
#define SUMS_ROW (2 * TILE)

#if defined(CR_EMULATE_UNITS)
/* Gives acc + a0 b0 + a1 b1 of two pairs of bfloat16, the first in the lower bits. */
INLINE float dot_pair(float acc, uint32_t a, uint32_t b)
{
    const uint32_t bits[4] = {a << 16, b << 16, a & ~0xffffu, b & ~0xffffu};
    float x[4];
    memcpy(x, bits, sizeof x);
    return acc + x[0] * x[1] + x[2] * x[3];
}
#endif

#if defined(CR_AMX) && defined(CR_EMULATE_UNITS)
#include <stdlib.h>

/* The tile registers of this thread, while it has some. */
static _Thread_local uint32_t (*registers)[TILE][TILE];

static inline void tiles_begin(void) { registers = malloc(8 * sizeof *registers); }
static inline void tiles_end(void)
{
    free(registers);
    registers = NULL;
}
#define tile_zero(t) memset(registers[t], 0, TILE_BYTES)
#define tile_load(t, p) memcpy(registers[t], p, TILE_BYTES)
static inline void tile_store(int t, T *p, ptrdiff_t stride)
{
    for (int i = 0; i < TILE; i++)
        memcpy(p + i * stride, registers[t][i], TILE * sizeof(T));
}
static void tile_multiply(int c, int a, int b)
{
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++) {
            float sum;
            memcpy(&sum, &registers[c][i][j], sizeof sum);
            for (int k = 0; k < TILE; k++)
                sum = dot_pair(sum, registers[a][i][k], registers[b][k][j]);
            memcpy(&registers[c][i][j], &sum, sizeof sum);
        }
}
#elif defined(CR_AMX)
/* Lays out the eight tile registers of this thread: 16 rows of 64 bytes each. (Intel's manual,
 * volume 1, 18.2: palette, first row, 14 bytes that are not used, 16 times bytes a row, 16 times
 * rows.) */
INLINE void tiles_begin(void)
{
    static const struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } layout = {.palette = 1,
                .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&layout);
}
/* Gives the registers back, so that a change of threads need not save them. */
#define tiles_end() _tile_release()
#define tile_zero(t) _tile_zero(t)
#define tile_load(t, p) _tile_loadd(t, p, 64)
#define tile_store(t, p, stride) _tile_stored(t, p, (stride) * (ptrdiff_t)sizeof(T))
#define tile_multiply(c, a, b) _tile_dpbf16ps(c, a, b)
#endif

#if defined(CR_AMX)
/* The tile registers: 0 to 3 for sums, 4 and 5 for tiles of a, 6 and 7 for tiles of b. Four
 * multiplications for four loads keep both units busy. */
static void sum_tiles(T *sums, const char *a, const char *b, ptrdiff_t steps, ptrdiff_t a_next,
                      ptrdiff_t b_next, int tall, int wide)
{
    tile_zero(0);
    tile_zero(1);
    tile_zero(2);
    tile_zero(3);
    if (tall && wide)
        for (; steps > 0; steps--, a += TILE_BYTES, b += TILE_BYTES) {
            tile_load(4, a);
            tile_load(6, b);
            tile_multiply(0, 4, 6);
            tile_load(7, b + b_next);
            tile_multiply(1, 4, 7);
            tile_load(5, a + a_next);
            tile_multiply(2, 5, 6);
            tile_multiply(3, 5, 7);
        }
    else
        for (; steps > 0; steps--, a += TILE_BYTES, b += TILE_BYTES) {
            tile_load(4, a);
            tile_load(6, b);
            tile_multiply(0, 4, 6);
            if (wide) {
                tile_load(7, b + b_next);
                tile_multiply(1, 4, 7);
            }
            if (tall) {
                tile_load(5, a + a_next);
                tile_multiply(2, 5, 6);
            }
        }
    tile_store(0, sums, SUMS_ROW);
    tile_store(1, sums + TILE, SUMS_ROW);
    tile_store(2, sums + TILE * SUMS_ROW, SUMS_ROW);
    tile_store(3, sums + TILE * SUMS_ROW + TILE, SUMS_ROW);
}
#else
static inline void tiles_begin(void) {}
static inline void tiles_end(void) {}

/* Gives acc + a0 b0 + a1 b1 for 16 columns: `pair` is one of a, b points to 16 of b. */
#if defined(CR_EMULATE_UNITS)
INLINE V dot_pairs(V acc, uint32_t pair, const char *b)
{
    for (int j = 0; j < TILE; j++) {
        uint32_t other;
        memcpy(&other, b + 4 * j, sizeof other);
        acc[j] = dot_pair(acc[j], pair, other);
    }
    return acc;
}
#else
INLINE V dot_pairs(V acc, uint32_t pair, const char *b)
{
    return _mm512_dpbf16_ps(acc, (__m512bh)_mm512_set1_epi32((int)pair),
                            (__m512bh)_mm512_loadu_si512(b));
}
#endif

#define ROWS 8 /* of sums at a time, in 8 x 2 vectors, as gemm_tile.h explains */

/* Sums ROWS rows over one or two tiles of columns. */
INLINE void sum_rows(T *sums, const char *a, const char *b, ptrdiff_t steps, ptrdiff_t b_next,
                     const int wide)
{
    V acc[ROWS][2] = {{{0}}};
    for (; steps > 0; steps--, a += TILE_BYTES - 64, b += TILE_BYTES)
        for (int k = 0; k < TILE; k++, a += 4)
#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++) {
                uint32_t pair;
                memcpy(&pair, a + 64 * i, sizeof pair);
                acc[i][0] = dot_pairs(acc[i][0], pair, b + 64 * k);
                if (wide)
                    acc[i][1] = dot_pairs(acc[i][1], pair, b + b_next + 64 * k);
            }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
        store(sums + i * SUMS_ROW, acc[i][0]);
        if (wide)
            store(sums + i * SUMS_ROW + TILE, acc[i][1]);
    }
}

static void sum_tiles(T *sums, const char *a, const char *b, ptrdiff_t steps, ptrdiff_t a_next,
                      ptrdiff_t b_next, int tall, int wide)
{
    for (int i = 0; i < TILE * (1 + tall); i += ROWS) {
        const char *rows = a + (i < TILE ? 0 : a_next) + i % TILE * 64;
        if (wide)
            sum_rows(sums + i * SUMS_ROW, rows, b, steps, b_next, 1);
        else
            sum_rows(sums + i * SUMS_ROW, rows, b, steps, b_next, 0);
    }
}
#endif

#endif
