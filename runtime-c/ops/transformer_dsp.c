/*
 * transformer_dsp: transformer blocks on the DSP extension, in the loop order of the reference kernels but four tokens at a time
 * (rf_dsp_panel.h) and with every layer's weights in chunks of outputs, each of which serves all tokens (attention) or a tile of
 * them (MLP) before the next is read. Values of a head lie transposed, so that both products of attention are products of rows.
 */
#include "transformer_dsp.h"

#include "../rf_dsp_panel.h"
#include "../rf_fixed.h"

/* Tokens at a time, and outputs of a chunk: of the layers with short and with long rows of weights. */
enum { GROUP = 4, CHUNK = 64, LONG_CHUNK = 16 };

static inline int32_t in_groups(int32_t count) { return (count + GROUP - 1) / GROUP * GROUP; }

/* Outputs `first` to first + count - 1 of 1 to 4 columns, to rows `stride` bytes apart. */
static void multiply(const rf_dsp_linear *layer, int32_t first, int32_t count, const int32_t *columns, int32_t tokens,
                     int8_t *out, int32_t stride)
{
    const rf_dsp_panel panel = {columns,
                                columns + tokens * layer->pairs,
                                layer->table + first / 2 * RF_DSP_PAIR_WORDS,
                                out,
                                stride,
                                layer->table + (first + count) / 2 * RF_DSP_PAIR_WORDS,
                                layer->weights + first / 2 * layer->pairs * 4};
    rf_dsp_panel_for(tokens, layer->rounds_down)(&panel);
}

/* Row of a multiple of four inputs as one of `step` interleaved columns. */
static inline void spread(int32_t *to, int32_t step, const int8_t *from, int32_t count)
{
    for (const int8_t *end = from + count; from != end; from += 4, to += 2 * step) {
        const int32_t word = rf_dsp_load(from);
        to[0] = rf_dsp_sxtb16(word);
        to[step] = rf_dsp_sxtb16_odd(word);
    }
}

static void normalise(const rf_layer_norm_s8_params *p, const int8_t *in, int8_t *out)
{
    int32_t sum = 0, squares = 0;
    const int8_t *const end = in + p->depth;
    for (const int8_t *from = in; from != end; from += 4) {
        const int32_t word = rf_dsp_load(from);
        const int32_t even = rf_dsp_sxtb16(word), odd = rf_dsp_sxtb16_odd(word);
        sum = rf_dsp_smlad(even, 0x10001, rf_dsp_smlad(odd, 0x10001, sum));
        squares = rf_dsp_smlad(even, even, rf_dsp_smlad(odd, odd, squares));
    }
    const rf_layer_norm_row row = rf_layer_norm_row_of(p, sum, squares);
    const int32_t *element = p->table;
    const int32_t shift = p->shift;
    for (; in != end; in++, element += 2) {
        const int32_t normalised = (int32_t)((uint32_t)*in * row.scale + row.offset);
        *out++ = (int8_t)rf_dsp_ssat8(rf_dsp_smmlar(normalised, element[0], element[1]) >> shift);
    }
}

static void add_to(const rf_add_s8_dsp_params *add, int32_t adds_scaled, const int8_t *tokens, const int8_t *sums,
                   int8_t *out, int32_t count)
{
    rf_add_s8_dsp(add, adds_scaled ? sums : tokens, adds_scaled ? tokens : sums, out, count);
}

/* Outputs of one head for all tokens; `transposed`: to columns `stride` bytes apart, else to rows. */
static void project_head(const rf_attention_block_s8_dsp_params *p, const rf_dsp_linear *layer, int32_t head,
                         const int8_t *in, void *work, int8_t *out, int32_t stride, int32_t transposed)
{
    int32_t *const columns = work;
    int8_t *const token = (int8_t *)(columns + GROUP * layer->pairs);
    int8_t *const results = token + in_groups(p->dim);
    const int32_t count = p->head_dim;
    for (int32_t i = 0; i < p->tokens; i += GROUP) {
        const int32_t tokens = rf_min(GROUP, p->tokens - i);
        for (int32_t n = 0; n < tokens; n++) {
            normalise(&p->norm, in + (i + n) * p->dim, token);
            spread(columns + n, tokens, token, p->dim);
        }
        if (!transposed) {
            multiply(layer, head * count, count, columns, tokens, out + i * stride, stride);
            continue;
        }
        multiply(layer, head * count, count, columns, tokens, results, count);
        for (int32_t c = 0; c < count; c++) {
            for (int32_t n = 0; n < tokens; n++) {
                out[c * stride + i + n] = results[n * count + c];
            }
        }
    }
}

/* Sums of `words` words of a row times four columns. */
RF_DSP_INLINE void dot(const int8_t *row, int32_t words, const int32_t *x, int32_t sums[GROUP])
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (const int8_t *const end = row + 4 * words; row != end; row += 4, x += 2 * GROUP) {
        const int32_t word = rf_dsp_load(row);
        const int32_t even = rf_dsp_sxtb16(word), odd = rf_dsp_sxtb16_odd(word);
        s0 = rf_dsp_smlad(even, x[0], s0);
        s1 = rf_dsp_smlad(even, x[1], s1);
        s2 = rf_dsp_smlad(even, x[2], s2);
        s3 = rf_dsp_smlad(even, x[3], s3);
        s0 = rf_dsp_smlad(odd, x[4], s0);
        s1 = rf_dsp_smlad(odd, x[5], s1);
        s2 = rf_dsp_smlad(odd, x[6], s2);
        s3 = rf_dsp_smlad(odd, x[7], s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* Four columns times `count` rows of `words` words; result c of column n goes to out[n * column_step + c * row_step]. */
static void multiply_rows(const rf_dsp_product *p, const int8_t *rows, int32_t count, int32_t words,
                          const int32_t *columns, const int32_t starts[GROUP], int32_t tokens, int8_t *out,
                          int32_t column_step)
{
    for (int32_t c = 0; c < count; c++, rows += 4 * words, out++) {
        int32_t sums[GROUP] = {starts[0], starts[1], starts[2], starts[3]};
        dot(rows, words, columns, sums);
        int8_t *to = out;
        for (int32_t n = 0; n < tokens; n++, to += column_step) {
            *to = rf_dsp_scale_round(rf_shl(sums[n], 1), p->multiplier, p->add, p->shift);
        }
    }
}

/* A query without its zero point as one of four columns; returns the sum of its numbers. */
static int32_t spread_query(int32_t *to, const int8_t *query, int32_t count, int32_t zero)
{
    const int32_t zeros = rf_dsp_pair(-zero, -zero);
    int32_t sum = 0;
    for (const int8_t *end = query + count; query != end; query += 4, to += 2 * GROUP) {
        const int32_t word = rf_dsp_load(query);
        to[0] = rf_dsp_sxtab16(zeros, word);
        to[GROUP] = rf_dsp_sxtab16_odd(zeros, word);
        sum = rf_dsp_smlad(to[0], 0x10001, rf_dsp_smlad(to[GROUP], 0x10001, sum));
    }
    return sum;
}

/* round(a * b / 2^31) for a, b >= 0: rf_mul_high. */
static inline uint32_t mul_high(int32_t a, int32_t b)
{
    return (uint32_t)(((uint64_t)(uint32_t)a * (uint32_t)b + (UINT64_C(1) << 30)) >> 31);
}

static inline uint32_t share_of(int32_t scale, int32_t exponential, int32_t shift)
{
    const uint32_t share = (mul_high(scale, exponential) + (UINT32_C(1) << (shift - 1))) >> shift;
    return share > 255 ? 255 : share;
}

/* Softmax of a row as one of four columns, 0 to 255, filled up with zeros; returns the sum of its numbers. */
static int32_t softmax(const int32_t *exponentials, const int8_t *scores, int32_t count, int32_t *to)
{
    int32_t max = scores[0], bits;
    uint32_t total = 0;
    for (int32_t j = 1; j < count; j++) {
        max = rf_max(max, scores[j]);
    }
    const int32_t *const of_score = exponentials + max; /* of_score[-score] */
    for (int32_t j = 0; j < count; j++) {
        total += ((uint32_t)of_score[-scores[j]] + (1u << 11)) >> 12;
    }
    const int32_t scale = rf_fixed_reciprocal((int32_t)total, 12, &bits);
    const int32_t shift = rf_min(bits + 23, 31);
    int32_t sum = 0, j = 0;
    for (; j + 4 <= count; j += 4, to += 2 * GROUP) {
        const uint32_t a = share_of(scale, of_score[-scores[j]], shift);
        const uint32_t b = share_of(scale, of_score[-scores[j + 1]], shift);
        const uint32_t c = share_of(scale, of_score[-scores[j + 2]], shift);
        const uint32_t d = share_of(scale, of_score[-scores[j + 3]], shift);
        to[0] = (int32_t)(a | c << 16);
        to[GROUP] = (int32_t)(b | d << 16);
        sum += (int32_t)(a + b + c + d);
    }
    if (j < count) {
        uint32_t rest[4] = {0};
        for (int32_t k = 0; j < count; j++, k++) {
            rest[k] = share_of(scale, of_score[-scores[j]], shift);
            sum += (int32_t)rest[k];
        }
        to[0] = (int32_t)(rest[0] | rest[2] << 16);
        to[GROUP] = (int32_t)(rest[1] | rest[3] << 16);
    }
    return sum;
}

/* Every query of a head to its mixed values, in its place. */
static void attend(const rf_attention_block_s8_dsp_params *p, int8_t *slot, int32_t width, const int8_t *keys,
                   const int8_t *values, void *work)
{
    const int32_t row = in_groups(p->tokens);
    int32_t *const columns = work;
    int8_t *const scores = (int8_t *)(columns + GROUP * rf_max(row, p->head_dim) / 2);
    for (int32_t i = 0; i < p->tokens; i += GROUP, slot += GROUP * width) {
        const int32_t tokens = rf_min(GROUP, p->tokens - i);
        int32_t starts[GROUP] = {0};
        for (int32_t n = 0; n < tokens; n++) {
            const int32_t sum = spread_query(columns + n, slot + n * width, p->head_dim, p->scores.left_zero);
            starts[n] = p->scores.bias - p->scores.right_zero * sum;
        }
        multiply_rows(&p->scores, keys, p->tokens, p->head_dim / 4, columns, starts, tokens, scores, row);
        for (int32_t n = 0; n < tokens; n++) {
            const int32_t sum = softmax(p->exponentials, scores + n * row, p->tokens, columns + n);
            starts[n] = p->mix.bias - p->mix.right_zero * sum;
        }
        multiply_rows(&p->mix, values, p->head_dim, row / 4, columns, starts, tokens, slot, width);
    }
}

void rf_attention_block_s8_dsp(const rf_attention_block_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    const int32_t width = p->heads * p->head_dim, row = in_groups(p->tokens);
    int8_t *const queries = scratch;
    int8_t *const keys = queries + p->tokens * width;
    int8_t *const values = keys + p->tokens * p->head_dim;
    int8_t *const work = values + row * p->head_dim;
    for (int32_t head = 0; head < p->heads; head++) {
        int8_t *const slot = queries + head * p->head_dim;
        project_head(p, &p->key, head, in, work, keys, p->head_dim, 0);
        project_head(p, &p->value, head, in, work, values, row, 1);
        project_head(p, &p->query, head, in, work, slot, width, 0);
        attend(p, slot, width, keys, values, work);
    }
    int32_t *const columns = (int32_t *)(void *)keys;
    int8_t *const sums = (int8_t *)(columns + GROUP * p->project.pairs);
    for (int32_t first = 0; first < p->dim; first += CHUNK) {
        const int32_t count = rf_min(CHUNK, p->dim - first);
        for (int32_t i = 0; i < p->tokens; i += GROUP) {
            const int32_t tokens = rf_min(GROUP, p->tokens - i);
            for (int32_t n = 0; n < tokens; n++) {
                spread(columns + n, tokens, queries + (i + n) * width, width);
            }
            multiply(&p->project, first, count, columns, tokens, sums, CHUNK);
            for (int32_t n = 0; n < tokens; n++) {
                const int32_t at = (i + n) * p->dim + first;
                add_to(&p->add, p->adds_scaled, in + at, sums + n * CHUNK, out + at, count);
            }
        }
    }
}

/* A table of 256 values for a multiple of two numbers, in place. */
static void look_up(const int8_t *table, int8_t *at, int32_t count)
{
    const int8_t *const middle = table + 128;
    for (const int8_t *end = at + count; at != end; at += 2) {
        const int8_t a = middle[at[0]], b = middle[at[1]];
        at[0] = a;
        at[1] = b;
    }
}

/* Hidden layer of a tile whose normalised tokens lie one behind the other. */
static void expand_tile(const rf_mlp_block_s8_dsp_params *p, const int8_t *normed, int32_t tile, int8_t *hidden,
                        int32_t *columns)
{
    for (int32_t first = 0; first < p->hidden; first += CHUNK) {
        const int32_t count = rf_min(CHUNK, p->hidden - first);
        for (int32_t i = 0; i < tile; i += GROUP) {
            const int32_t tokens = rf_min(GROUP, tile - i);
            int8_t *const to = hidden + i * p->hidden + first;
            for (int32_t n = 0; n < tokens; n++) {
                spread(columns + n, tokens, normed + (i + n) * p->dim, p->dim);
            }
            multiply(&p->expand, first, count, columns, tokens, to, p->hidden);
            for (int32_t n = 0; n < tokens; n++) {
                look_up(p->activation, to + n * p->hidden, count);
            }
        }
    }
}

void rf_mlp_block_s8_dsp(const rf_mlp_block_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    int8_t *const normed = scratch;
    int32_t *const long_columns = scratch; /* over the normalised tokens, when those are done with */
    int8_t *const sums = (int8_t *)(long_columns + GROUP * p->contract.pairs);
    const int32_t shared = (int32_t)sizeof(int32_t) * GROUP * p->contract.pairs + GROUP * LONG_CHUNK;
    int8_t *const hidden = normed + in_groups(rf_max(p->tile * p->dim, shared));
    int32_t *const columns = (int32_t *)(void *)(hidden + p->tile * p->hidden);
    for (int32_t start = 0; start < p->tokens; start += p->tile) {
        const int32_t tile = rf_min(p->tile, p->tokens - start);
        for (int32_t i = 0; i < tile; i++) {
            normalise(&p->norm, in + (start + i) * p->dim, normed + i * p->dim);
        }
        expand_tile(p, normed, tile, hidden, columns);
        for (int32_t first = 0; first < p->dim; first += LONG_CHUNK) {
            const int32_t count = rf_min(LONG_CHUNK, p->dim - first);
            for (int32_t i = 0; i < tile; i += GROUP) {
                const int32_t tokens = rf_min(GROUP, tile - i);
                for (int32_t n = 0; n < tokens; n++) {
                    spread(long_columns + n, tokens, hidden + (i + n) * p->hidden, p->hidden);
                }
                multiply(&p->contract, first, count, long_columns, tokens, sums, LONG_CHUNK);
                for (int32_t n = 0; n < tokens; n++) {
                    const int32_t at = (start + i + n) * p->dim + first;
                    add_to(&p->add, p->adds_scaled, in + at, sums + n * LONG_CHUNK, out + at, count);
                }
            }
        }
    }
}
