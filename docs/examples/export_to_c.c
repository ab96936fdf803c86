/* Reads images of 64 numbers from 0 to 1, and tells which digits they show.
 *
 *     cc -O2 -I . docs/examples/export_to_c.c digits.c -o digits -lm && ./digits < images.txt
 *
 * digits.c and digits.h are what docs/examples/export_to_c.py writes. */
#include "digits.h"

#include <stdio.h>

/* Reads one image; whether there was one. */
static int read_image(float *pixels)
{
    for (size_t i = 0; i < DIGITS_INPUT_PIXELS_SIZE; i++)
        if (scanf("%f", &pixels[i]) != 1)
            return 0;
    return 1;
}

int main(void)
{
    static struct digits_workspace workspace; /* or on the stack, or in a thread's own memory */
    float pixels[DIGITS_INPUT_PIXELS_SIZE], p[DIGITS_OUTPUT_P_SIZE];

    printf("workspace: %zu bytes\n", DIGITS_WORKSPACE_SIZE);
    while (read_image(pixels)) {
        size_t best = 0;
        if (digits_predict(pixels, p, &workspace)) {
            fputs("this image cannot be read\n", stderr);
            return 1;
        }
        for (size_t i = 1; i < DIGITS_OUTPUT_P_SIZE; i++)
            if (p[i] > p[best])
                best = i;
        printf("digit %zu, probability %.3f\n", best, (double)p[best]);
    }
    return 0;
}
