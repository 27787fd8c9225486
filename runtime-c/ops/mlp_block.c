/* mlp_block: reference kernel, token by token, with the kernels of the layers that it stands for. */
#include "mlp_block.h"

void rf_mlp_block_s8(const rf_mlp_block_s8_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    int8_t *const token = scratch;
    int8_t *const hidden = token + p->dim;
    for (int32_t i = 0; i < p->tokens; i++, in += p->dim, out += p->dim) {
        rf_layer_norm_s8(&p->norm, in, token);
        rf_fully_connected_s8(&p->expand, token, hidden);
        rf_lookup_s8(&p->activation, hidden, hidden, p->hidden);
        rf_fully_connected_s8(&p->contract, hidden, token);
        rf_add_s8(&p->add, in, token, out, p->dim);
    }
}
