/* embed_tokens: the pixels of an image as tokens, behind a class token, each plus its position. */
#ifndef RF_EMBED_TOKENS_H
#define RF_EMBED_TOKENS_H

#include "add.h"

typedef struct {
    rf_plane in;
    const int8_t *class_token; /* NULL: none */
    const int8_t *positions;   /* of all tokens */
    rf_add_int_params add;
} rf_embed_tokens_s8_params;

void rf_embed_tokens_s8(const rf_embed_tokens_s8_params *p, const int8_t *in, int8_t *out, int32_t y_begin, int32_t y_end);

#endif
