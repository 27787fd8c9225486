/*
 * attention_kv_free: reference kernel. A score q . (W a) is (W^T q) . a, and mixed values are W (sum of p a): so the normalised tokens
 * a serve as keys and values of every head. Loop order: all tokens are normalised; then query by query, head by head: query, its image
 * in the tokens' space (16 bits), scores, softmax, mixed tokens (16 bits), values; then the projection onto that token. Keys and
 * values are never rounded to 8 bits, so results differ from attention_block's within that rounding.
 */
#include "attention_kv_free.h"

/* The bias of a key adds the same to all scores of a row, which softmax ignores; that of a value is a layer's. */
static int32_t scaled(const rf_wide_linear *layer, int32_t output, int32_t sum)
{
    const int32_t start = layer->bias ? layer->bias[output] : 0;
    return rf_scale(rf_add(sum, start), layer->multipliers[output], layer->shifts[output]);
}

static void score(const rf_attention_kv_free_s8_params *p, const int16_t *query, const int8_t *normed, int8_t *scores)
{
    for (int32_t j = 0; j < p->tokens; j++, normed += p->dim) {
        int32_t sum = 0;
        for (int32_t d = 0; d < p->dim; d++) {
            sum += query[d] * (normed[d] - p->norm_zero);
        }
        const int32_t result = rf_scale(sum, p->score_multiplier, p->score_shift) + p->score_zero;
        scores[j] = (int8_t)rf_clamp(result, INT8_MIN, INT8_MAX);
    }
}

/* Shares are 0 to 255, their sum about 256: a mixed token times 256, rounded to four such units. */
static void mix(const rf_attention_kv_free_s8_params *p, const int8_t *shares, const int8_t *normed, int16_t *mixed)
{
    for (int32_t d = 0; d < p->dim; d++) {
        int32_t sum = 0;
        for (int32_t j = 0; j < p->tokens; j++) {
            sum += (shares[j] + 128) * (normed[j * p->dim + d] - p->norm_zero);
        }
        mixed[d] = (int16_t)rf_clamp((sum + 2) >> 2, INT16_MIN, INT16_MAX);
    }
}

static void attend(const rf_attention_kv_free_s8_params *p, int32_t head, const int8_t *normed, const int8_t *token,
                   int16_t *wide, int8_t *query, int8_t *scores, int8_t *out)
{
    const int32_t first = head * p->head_dim;
    rf_fully_connected_s8_params of_head = p->query;
    of_head.weights += first * p->dim;
    of_head.bias = p->query.bias ? p->query.bias + first : NULL;
    of_head.multipliers += first;
    of_head.shifts += first;
    rf_fully_connected_s8(&of_head, token, query);
    for (int32_t d = 0; d < p->dim; d++) {
        const int32_t output = head * p->dim + d;
        int32_t sum = 0;
        for (int32_t c = 0; c < p->head_dim; c++) {
            sum += (query[c] - p->query_zero) * p->back.weights[output * p->head_dim + c];
        }
        wide[d] = (int16_t)rf_clamp(scaled(&p->back, output, sum), -p->limit, p->limit);
    }
    score(p, wide, normed, scores);
    rf_softmax_s8(&p->softmax, scores, scores + p->tokens);
    mix(p, scores + p->tokens, normed, wide);
    for (int32_t c = 0; c < p->head_dim; c++) {
        const int8_t *weights = p->value.weights + (first + c) * p->dim;
        int32_t sum = 0;
        for (int32_t d = 0; d < p->dim; d++) {
            sum += wide[d] * weights[d];
        }
        out[first + c] = (int8_t)rf_clamp(scaled(&p->value, first + c, sum) + p->value_zero, INT8_MIN, INT8_MAX);
    }
}

void rf_attention_kv_free_s8(const rf_attention_kv_free_s8_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    int16_t *const wide = scratch;
    int8_t *const normed = (int8_t *)(wide + p->dim);
    int8_t *const results = normed + p->tokens * p->dim;
    int8_t *const query = results + p->heads * p->head_dim;
    int8_t *const scores = query + p->head_dim;
    for (int32_t i = 0; i < p->tokens; i++) {
        rf_layer_norm_s8(&p->norm, in + i * p->dim, normed + i * p->dim);
    }
    for (int32_t i = 0; i < p->tokens; i++) {
        for (int32_t head = 0; head < p->heads; head++) {
            attend(p, head, normed, normed + i * p->dim, wide, query, scores, results);
        }
        rf_fully_connected_s8(&p->project, results, scores);
        rf_add_s8(&p->add, in + i * p->dim, scores, out + i * p->dim, p->dim);
    }
}
