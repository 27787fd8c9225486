/*
 * global_pool_mve: int8 sums on Helium. Loop order: row, 32 channels (then eight), pixels. Registers and cost: rf_mve_mean.h;
 * a sum scaled to the output takes about 20 instructions.
 */
#include "global_pool_mve.h"

#include "../rf_mve_mean.h"

static void add_rows(const rf_plane *plane, const int8_t *in, int16_t *sums, int32_t y_begin, int32_t y_end)
{
    if (y_begin == 0) {
        rf_mve_fill((int8_t *)sums, 0, 2 * plane->c);
    }
    /* Rows that follow each other are one long row. */
    const int32_t rows = plane->rows ? 1 : y_end - y_begin;
    for (int32_t y = y_begin; y < y_end; y += rows) {
        rf_mve_add_pixels(sums, in + rf_row(plane, y), plane->c, rows * plane->w, plane->c);
    }
}

void rf_global_average_s8_mve(const rf_global_average_int_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                              int32_t y_begin, int32_t y_end)
{
    int16_t *sums = (int16_t *)scratch;
    add_rows(&p->in, in, sums, y_begin, y_end);
    if (y_end == p->in.h) {
        rf_mve_means(out, sums, p->in.h * p->in.w, p->in.c, p->act_min, p->act_max);
    }
}

void rf_global_reduce_s8_mve(const rf_global_reduce_int_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                             int32_t y_begin, int32_t y_end)
{
    int16_t *sums = (int16_t *)scratch;
    add_rows(&p->in, in, sums, y_begin, y_end);
    for (int32_t c = 0; y_end == p->in.h && c < p->in.c; c++) {
        const int32_t scaled = rf_scale(sums[c] - p->bias, p->multiplier, p->shift) + p->out_zero;
        out[c] = (int8_t)rf_clamp(scaled, INT8_MIN, INT8_MAX);
    }
}
