"""The C functions of files in int8, as texts. See corereg/export/c/kernels.py."""

from __future__ import annotations


def dense(final: bool) -> str:
    """A product of weights [m][n] with codes; final: sums that stay in int32."""
    kind = "int32_t" if final else "int16_t"
    limited = "" if final else "t < -128 ? -128 : t > 127 ? 127 : "
    what = "" if final else ", limited to -128..127"
    return f"""\
/* y[m] = (b + w x) multiplier / 2^shift for w[m][n], x[n], to the nearest, halves up{what}. */
static void $self(const int8_t *restrict w, const int32_t *restrict b,
                  const int32_t *restrict multiplier, int shift, const int16_t *restrict x,
                  size_t n, {kind} *restrict y, size_t m)
{{
    const int64_t half = (int64_t)1 << (shift - 1);
    size_t i, j, k;
    for (j = 0; j < m; j += 4) {{
        const size_t left = m - j;
        const int8_t *const w0 = w + n * j, *const w1 = left > 1 ? w0 + n : w0;
        const int8_t *const w2 = left > 2 ? w1 + n : w0, *const w3 = left > 3 ? w2 + n : w0;
        int32_t sums[4], s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (i = 0; i < n; i++) {{
            s0 += (int16_t)w0[i] * x[i];
            s1 += (int16_t)w1[i] * x[i];
            s2 += (int16_t)w2[i] * x[i];
            s3 += (int16_t)w3[i] * x[i];
        }}
        sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
        for (k = 0; k < 4 && k < left; k++) {{
            const int64_t sum = b[j + k] + sums[k];
            const int64_t t = (sum * multiplier[j + k] + half) >> shift;
            y[j + k] = ({kind})({limited}t);
        }}
    }}
}}
"""


CODE = """\
/* The code of a number, from -128, which NaN has, to 127. */
static int16_t $self(float x, float centre, float per_step)
{
    const float t = rintf((x - centre) * per_step);
    return (int16_t)(t > -128.0f ? t < 127.0f ? t : 127.0f : -128.0f);
}
"""
