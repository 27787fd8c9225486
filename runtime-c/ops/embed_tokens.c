/* embed_tokens: reference kernel. Any number of image rows, in order; the class token is written with the first. */
#include "embed_tokens.h"

void rf_embed_tokens_s8(const rf_embed_tokens_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end)
{
    const int32_t row = p->in.w * p->in.c, before = p->class_token ? p->in.c : 0;
    if (before > 0 && y_begin == 0) {
        rf_add_s8(&p->add, p->class_token, p->positions, out, before);
    }
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t at = before + y * row;
        rf_add_s8(&p->add, in + rf_row(&p->in, y), p->positions + at, out + at, row);
    }
}
