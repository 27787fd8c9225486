/* attention_block: tokens += project(attention(norm(tokens))), head by head, in place. */
#ifndef RF_ATTENTION_BLOCK_H
#define RF_ATTENTION_BLOCK_H

#include "add.h"
#include "batch_matmul.h"
#include "fully_connected.h"
#include "layer_norm_int.h"
#include "softmax.h"

/*
 * norm and the layers are for one token, scores and mix for one query of one head. query, key and value hold the parameters
 * of all heads and compute the outputs of the first: those of head g begin at output g * head_dim.
 */
typedef struct {
    int32_t tokens, dim, heads, head_dim;
    rf_layer_norm_s8_params norm;
    rf_fully_connected_s8_params query, key, value;
    rf_batch_matmul_int_params scores;
    rf_softmax_s8_params softmax;
    rf_batch_matmul_int_params mix;
    rf_fully_connected_s8_params project;
    rf_add_int_params add;
} rf_attention_block_s8_params;

/*
 * scratch: queries of all heads [tokens][heads * head_dim], each of which its result replaces; keys and values of one head
 * [tokens][head_dim]; then one token [dim] or two rows of scores [tokens].
 */
void rf_attention_block_s8(const rf_attention_block_s8_params *p, const int8_t *in, int8_t *out, void *scratch);

#endif
