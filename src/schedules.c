/* Learning-rate schedules, with the formulas of Keras 3: p are the numbers of a kind in the order
 * of cr_schedule_kind. */
#include "kernels.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* Half a wave of the cosine, from 1 at 0 to alpha at 1, the height in between scaled by `height`.
 */
static double cosine(double fraction, double height, double alpha)
{
    return (1 - alpha) * (0.5 * height * (1 + cos(PI * fraction))) + alpha;
}

/* (initial - end) * (1 - step/length)^power + end; the length is decay steps, or with cycle the
 * first multiple of it that is not below the step. */
static double polynomial_decay(const double *p, double step)
{
    double length = p[1];
    if (p[4] != 0)
        length *= step == 0 ? 1 : ceil(step / length);
    else
        step = fmin(step, length);
    return (p[0] - p[2]) * pow(1 - step / length, p[3]) + p[2];
}

/* From the initial rate linearly to the warm-up's end, then down along half a wave. */
static double cosine_decay(const double *p, double step)
{
    const double length = p[1], alpha = p[2], warm_up = p[3], end = p[4];
    if (end < 0)
        return p[0] * cosine(fmin(step, length) / length, 1, alpha);
    step = fmin(step, length + warm_up);
    if (step < warm_up)
        return (end - p[0]) * (step / warm_up) + p[0];
    return end * cosine((step - warm_up) / length, 1, alpha);
}

/* Half waves, one after the other: each t_mul times as long and m_mul times as high as the last. */
static double cosine_restarts(const double *p, double step)
{
    const double t_mul = p[2];
    double fraction = step / p[1], number;
    if (t_mul == 1) {
        number = floor(fraction);
        fraction -= number;
    } else {
        number = floor(log(1 - fraction * (1 - t_mul)) / log(t_mul));
        fraction -= (1 - pow(t_mul, number)) / (1 - t_mul);
        fraction /= pow(t_mul, number);
    }
    return p[0] * cosine(fraction, pow(p[3], number), p[4]);
}

/* The value of the first boundary that is not below the step; behind all the last value. */
static double piecewise_constant(const double *p, ptrdiff_t count, double step)
{
    const ptrdiff_t boundaries = count / 2;
    ptrdiff_t i = 0;
    while (i < boundaries && step > p[i])
        i++;
    return p[boundaries + i];
}

/* The entry of the step; of one outside, the nearest. */
static double rate_in_table(const double *p, ptrdiff_t count, double step)
{
    const ptrdiff_t entries = count - 1;
    const double place = fmin(fmax(step - p[0], 0), (double)(entries - 1));
    return p[1 + (ptrdiff_t)place];
}

/* Gives the learning rate of a schedule after so many steps (see contract_update.h). */
double cr_rate_at(int kind, const double *p, ptrdiff_t count, int64_t steps)
{
    const double step = (double)steps;
    double passed;
    switch (kind) {
    case CR_EXPONENTIAL_DECAY:
    case CR_INVERSE_TIME_DECAY:
        passed = p[3] != 0 ? floor(step / p[1]) : step / p[1];
        return kind == CR_EXPONENTIAL_DECAY ? p[0] * pow(p[2], passed) : p[0] / (1 + p[2] * passed);
    case CR_POLYNOMIAL_DECAY: return polynomial_decay(p, step);
    case CR_COSINE_DECAY: return cosine_decay(p, step);
    case CR_COSINE_RESTARTS: return cosine_restarts(p, step);
    case CR_PIECEWISE_CONSTANT: return piecewise_constant(p, count, step);
    default: return rate_in_table(p, count, step);
    }
}
