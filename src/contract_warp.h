/* Random changes of images: the argument structs of warp.c. Conventions: kernels.h. */
#ifndef COREREG_CONTRACT_WARP_H
#define COREREG_CONTRACT_WARP_H

#include <stddef.h>
#include <stdint.h>

#define CR_WARP_STAGES 8 /* stages of one pass */
#define CR_WARP_KNOTS 16 /* knots of a displacement grid along one axis */

/* What a stage does with an image of height H and width W. Each says where the pixel (x, y) of its
 * output comes from in its input, by numbers v0, v1, v2 that are uniform in low[i] .. high[i]:
 *   translate  (x - v1 W, y - v0 H)
 *   rotate     by v0 turns around the centre c = ((W-1)/2, (H-1)/2), counter-clockwise as one sees
 *              it: c + (cos dx - sin dy, sin dx + cos dy), for (dx, dy) = (x, y) - c
 *   zoom       c + ((1+v1) dx, (1+v0) dy); with flags = 1, v1 = v0
 *   shear      (x + s v1 y, y + s v0 x), s = -1 where v2 > 1/2, else 1
 *   flip       where v0 < 1/2: W-1 - x if flags has 1, H-1 - y if it has 2
 *   bend       where v2 < v0: (x, y) + v1 max(H, W)/(20 sqrt(pi)) d(x, y), d as below */
enum cr_warp_kind { CR_TRANSLATE, CR_ROTATE, CR_ZOOM, CR_SHEAR, CR_FLIP, CR_BEND, CR_WARP_KINDS };

/* v_i = low[i] + (high[i] - low[i]) k/2^32, k being word i of the Philox4x32-10 counter
 * (row, 0, step lo, step hi) under the key (seed lo, seed hi). */
typedef struct {
    const int64_t *step;
    uint64_t seed;
    double low[3], high[3];
    int kind, flags;
} cr_warp_stage;

/* Images M of height H, width W and C channels, y like x; pixel (i, j) of channel c is element
 * (i W + j) pixel + c plane of its row.
 *
 * The stages are applied in their order, and the images are looked at once: the pixel (x, y) of the
 * last stage's output is traced back through all stages, last to first, to a place in x. There the
 * image is interpolated between the four pixels around, or, with nearest, taken at the closest one
 * (halves away from zero), and then clipped to least .. most.
 * Pixel i of n along an axis that does not exist, by fill: i = t + k P with 0 <= t < P, P = period,
 * and then min(t, Q - t), Q = mirror, 0 at least and n-1 at most (P = 0: t = i). So
 *   reflect: P = 2n, Q = 2n-1; mirror: P = Q = 2n-2; wrap: P = n, Q = inf; nearest: P = 0, Q = inf
 * and with constant, P = 0, such a pixel is `value`. Index 0 of period and mirror is of columns, 1
 * of rows.
 *
 * d(x, y) = sum_kl down[y,k] across[l,x] d_kl, for both coordinates, by a grid (K, L) of
 * displacements from the same key: knot k L + l = 32 q + 16 h + i, h < 2 and i < 16, is the sums of
 * the four bytes of words 2h (x) and 2h + 1 (y) of the counter (16 (row ceil(KL/32) + q) + i, 1,
 * step lo, step hi), less their mean, over their deviation. (x, y) is the pixel of the last stage's
 * output, wherever the one bend that may be stands. y may not alias x. Shares are rows. */
typedef struct {
    void *y;
    const void *x, *down, *across;
    ptrdiff_t M, H, W, C, K, L, pixel, plane;
    int count, nearest, constant;
    double value, least, most, period[2], mirror[2];
    cr_warp_stage stages[CR_WARP_STAGES];
} cr_warp_args;

/* y = x, but for a rectangle in some images, where y = fill, clipped to least .. most: fill has the
 * shape of x, or, with by_channel, one number for each channel. Images as for warp.
 * v0, v1 are uniform in scale, v2, v3 in 0 .. 1, v4 in factor and v5 in 0 .. 1, by words 0 to 3 of
 * the counter (row, 0, step lo, step hi) and words 0 and 1 of (row, 1, step lo, step hi). Where
 * v5 < v4, the columns from v2 (W - w) to below v2 (W - w) + w are filled, w = sqrt(v0) W, and the
 * rows likewise by v3, H and v1. y may alias x. Shares are rows. */
typedef struct {
    void *y;
    const void *x, *fill;
    const int64_t *step;
    uint64_t seed;
    ptrdiff_t M, H, W, C, pixel, plane;
    int by_channel;
    double factor[2], scale[2], least, most;
} cr_erase_args;

#endif
