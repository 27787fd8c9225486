/* mlp_block: tokens += contract(activation(expand(norm(tokens)))), in place. */
#ifndef RF_MLP_BLOCK_H
#define RF_MLP_BLOCK_H

#include "add.h"
#include "fully_connected.h"
#include "layer_norm_int.h"
#include "lookup.h"

/* Everything for one token. */
typedef struct {
    int32_t tokens, dim, hidden;
    rf_layer_norm_s8_params norm;
    rf_fully_connected_s8_params expand;
    rf_lookup_params activation;
    rf_fully_connected_s8_params contract;
    rf_add_int_params add;
} rf_mlp_block_s8_params;

/* scratch: one token [dim] and one hidden layer [hidden] */
void rf_mlp_block_s8(const rf_mlp_block_s8_params *p, const int8_t *in, int8_t *out, void *scratch);

#endif
