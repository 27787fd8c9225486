/* attention_kv_free: tokens += project(attention(norm(tokens))) without keys and values, in place. */
#ifndef RF_ATTENTION_KV_FREE_H
#define RF_ATTENTION_KV_FREE_H

#include "add.h"
#include "fully_connected.h"
#include "layer_norm_int.h"
#include "softmax.h"

/* A dense layer from or to 16 bits: per output a multiplier and shift, results within +-limit. */
typedef struct {
    const int8_t *weights; /* [output][input] */
    const int32_t *bias;   /* NULL: none */
    const int32_t *multipliers, *shifts;
} rf_wide_linear;

/*
 * norm and the layers are for one token; query holds all heads and computes the first. back: a head's query to the tokens' own
 * space, [head][dim][head_dim]; value: [head][head_dim][dim], of mixed tokens in units of 1/64 of a normalised token's.
 */
typedef struct {
    int32_t tokens, dim, heads, head_dim;
    int32_t query_zero, norm_zero;
    int32_t limit; /* of a query in the tokens' space */
    rf_layer_norm_s8_params norm;
    rf_fully_connected_s8_params query;
    rf_wide_linear back;
    int32_t score_multiplier, score_shift, score_zero;
    rf_softmax_s8_params softmax;
    rf_wide_linear value;
    int32_t value_zero;
    rf_fully_connected_s8_params project;
    rf_add_int_params add;
} rf_attention_kv_free_s8_params;

/*
 * scratch: all normalised tokens [tokens][dim]; then 16-bit numbers of one token [dim], queries or results of all heads
 * [heads * head_dim], one query [head_dim], and two rows of scores [tokens] or one token [dim].
 */
void rf_attention_kv_free_s8(const rf_attention_kv_free_s8_params *p, const int8_t *in, int8_t *out, void *scratch);

#endif
