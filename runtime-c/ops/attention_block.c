/*
 * attention_block: reference kernel. Loop order: head; then keys, values and queries of that head, token by token, each from a
 * token that is normalised again; then query by query its row of scores, whose result replaces the query. At last the
 * projection, token by token. Every number is what the layers one by one would give: the same kernels compute it.
 */
#include "attention_block.h"

/* Outputs of head `head` for all tokens, to rows `stride` bytes apart. */
static void project_head(const rf_attention_block_s8_params *p, const rf_fully_connected_s8_params *layer, int32_t head,
                         const int8_t *in, int8_t *token, int8_t *out, int32_t stride)
{
    const int32_t first = head * p->head_dim;
    rf_fully_connected_s8_params of_head = *layer;
    of_head.weights += first * p->dim;
    of_head.bias = layer->bias ? layer->bias + first : NULL;
    of_head.multipliers += first;
    of_head.shifts += first;
    for (int32_t i = 0; i < p->tokens; i++) {
        rf_layer_norm_s8(&p->norm, in + i * p->dim, token);
        rf_fully_connected_s8(&of_head, token, out + i * stride);
    }
}

void rf_attention_block_s8(const rf_attention_block_s8_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    const int32_t width = p->heads * p->head_dim;
    int8_t *const queries = scratch;
    int8_t *const keys = queries + p->tokens * width;
    int8_t *const values = keys + p->tokens * p->head_dim;
    int8_t *const work = values + p->tokens * p->head_dim;
    for (int32_t head = 0; head < p->heads; head++) {
        int8_t *const slot = queries + head * p->head_dim;
        project_head(p, &p->key, head, in, work, keys, p->head_dim);
        project_head(p, &p->value, head, in, work, values, p->head_dim);
        project_head(p, &p->query, head, in, work, slot, width);
        for (int32_t i = 0; i < p->tokens; i++) {
            rf_batch_matmul_s8(&p->scores, slot + i * width, keys, work);
            rf_softmax_s8(&p->softmax, work, work + p->tokens);
            rf_batch_matmul_s8(&p->mix, work + p->tokens, values, slot + i * width);
        }
    }
    for (int32_t i = 0; i < p->tokens; i++) {
        rf_fully_connected_s8(&p->project, queries + i * width, work);
        rf_add_s8(&p->add, in + i * p->dim, work, out + i * p->dim, p->dim);
    }
}
