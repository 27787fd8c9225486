/* transformer_dsp: blocks of int8 transformers for Cortex-M with the DSP extension; equal to attention_block and mlp_block. */
#ifndef RF_TRANSFORMER_DSP_H
#define RF_TRANSFORMER_DSP_H

#include "add_dsp.h"
#include "layer_norm_int.h"

/* A dense layer for the panel of rf_dsp_panel.h, which says how weights and table lie. */
typedef struct {
    int32_t pairs;       /* of inputs, a multiple of four */
    int32_t rounds_down; /* 1: negative results are clamped away, so that ties may round up */
    const int8_t *weights;
    const int32_t *table;
} rf_dsp_linear;

/* Products of rows: left_zero is taken off the left operand; the sum starts at bias and is requantised by rf_dsp_scale_round. */
typedef struct {
    int32_t left_zero, right_zero, bias;
    int32_t multiplier, add, shift;
} rf_dsp_product;

typedef struct {
    int32_t tokens, dim, heads, head_dim;
    rf_layer_norm_s8_params norm;
    rf_dsp_linear query, key, value, project;
    rf_dsp_product scores, mix;
    const int32_t *exponentials; /* of 256 differences to the largest score, in Q0; 0 for those too small to count */
    int32_t adds_scaled;         /* 1: the tokens are the operand of `add` that is scaled */
    rf_add_s8_dsp_params add;
} rf_attention_block_s8_dsp_params;

typedef struct {
    int32_t tokens, dim, hidden, tile;
    rf_layer_norm_s8_params norm;
    rf_dsp_linear expand, contract;
    const int8_t *activation; /* 256 values, for -128 first */
    int32_t adds_scaled;
    rf_add_s8_dsp_params add;
} rf_mlp_block_s8_dsp_params;

/* scratch: as src/ops/block-memory.ts counts it. */
void rf_attention_block_s8_dsp(const rf_attention_block_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch);
void rf_mlp_block_s8_dsp(const rf_mlp_block_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch);

#endif
