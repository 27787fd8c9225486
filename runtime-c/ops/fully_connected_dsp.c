/*
 * fully_connected_dsp: int8 matrix times vector on the DSP extension. Loop order: eight channels, four inputs, pair of
 * channels; weights as in rf_dsp_panel.h. Registers: r0 inputs, r1 weights, r2 and r3 a word of weights and its unpacked half,
 * r4 to r11 the sums, r12 and lr the inputs unpacked. Cost on a Cortex-M4: 1.14 instructions per MAC with eight channels, 1.6
 * with the last one to six, and 9 per output.
 */
#include "fully_connected_dsp.h"

#include "../rf_dsp_scale.h"

enum { PAIR_WORDS = 7 };

/* The assembly reads the fields in this order. */
typedef struct {
    const int8_t *in, *in_end;
    const int32_t *table;
    int8_t *out;
    int32_t odd; /* the inputs are an odd multiple of four: the loop, which takes eight, begins in its middle */
    const int32_t *table_end;
    const int8_t *weights;
} block;

typedef void (*block_function)(const block *b);

#if RF_DSP_NATIVE

#define HEAD "push {r4-r11, lr}\n ldm r0, {r1-r7}\n push {r1-r6}\n mov r1, r7\n 1: ldr r3, [sp, #8]\n"
#define PAIR(even, both)                                                                                               \
    "ldr r2, [r1], #4\n sxtb16 r3, r2\n smlad " both ", r2, r12, " both "\n smlad " even ", r3, r12, " even "\n"
#define PAIR_ODD(even, both)                                                                                           \
    "ldr r2, [r1], #4\n sxtb16 r3, r2\n smlad " both ", r2, lr, " both "\n smlad " even ", r3, lr, " even "\n"
#define INPUTS "ldr r12, [r0], #4\n sxtb16 lr, r12, ror #8\n sxtb16 r12, r12\n"
#define STEP4                                                                                                          \
    INPUTS PAIR("r4", "r5") PAIR("r6", "r7") PAIR("r8", "r9") PAIR("r10", "r11")                                       \
    PAIR_ODD("r4", "r5") PAIR_ODD("r6", "r7") PAIR_ODD("r8", "r9") PAIR_ODD("r10", "r11")
#define STEP1 INPUTS PAIR("r4", "r5") PAIR_ODD("r4", "r5")
#define LOOP(step)                                                                                                     \
    "ldr r0, [sp]\n ldr r2, [sp, #16]\n cmp r2, #0\n bne 3f\n"                                                         \
    "2:" step "3:" step "ldr r2, [sp, #4]\n cmp r0, r2\n bne 2b\n ldr r0, [sp, #8]\n"
#define SUMS4 "ldrd r4, r5, [r3]\n ldrd r6, r7, [r3, #28]\n ldrd r8, r9, [r3, #56]\n ldrd r10, r11, [r3, #84]\n"
#define SUMS1 "ldrd r4, r5, [r3]\n"
/* Offsets in the table: shifts, first and second multiplier. */
#define SCALE(f, even, both, shifts, first, second)                                                                    \
    "sub " both ", " both ", " even "\n ldr r12, [r0, #" #shifts "]\n ldrd r2, r3, [r0, #" #first "]\n" f##0(even)     \
        "ldrd r2, r3, [r0, #" #second "]\n lsr r12, r12, #8\n" f##1(both)
#define SCALE1(f) SCALE(f, "r4", "r5", 8, 12, 20)
#define SCALE4(f)                                                                                                      \
    SCALE1(f) SCALE(f, "r6", "r7", 36, 40, 48) SCALE(f, "r8", "r9", 64, 68, 76) SCALE(f, "r10", "r11", 92, 96, 104)
#define STORE1 "ldr r2, [sp, #12]\n adds r0, r0, #28\n strb r4, [r2], #1\n strb r5, [r2], #1\n"
#define STORE4                                                                                                         \
    "ldr r2, [sp, #12]\n adds r0, r0, #112\n strb r4, [r2]\n strb r5, [r2, #1]\n strb r6, [r2, #2]\n"                  \
    "strb r7, [r2, #3]\n strb r8, [r2, #4]\n strb r9, [r2, #5]\n strb r10, [r2, #6]\n strb r11, [r2, #7]\n"            \
    "adds r2, r2, #8\n"
#define TAIL                                                                                                           \
    "str r2, [sp, #12]\n str r0, [sp, #8]\n mov r3, r0\n ldr r2, [sp, #20]\n cmp r0, r2\n bne 1b\n"                    \
    "add sp, sp, #24\n pop {r4-r11, pc}\n"

#define DEFINE(name, n, f)                                                                                             \
    RF_DSP_ASSEMBLY static void name(const block *b __attribute__((unused)))                          \
    {                                                                                                                  \
        __asm__(HEAD SUMS##n LOOP(STEP##n) SCALE##n(f) STORE##n TAIL);                                                 \
    }

#else

static inline void run_block(const block *b, int32_t pairs, int32_t rounds_down)
{
    const int8_t *w = b->weights;
    int8_t *out = b->out;
    for (const int32_t *t = b->table; t != b->table_end; t += pairs * PAIR_WORDS) {
        int32_t even[4], both[4];
        for (int32_t i = 0; i < pairs; i++) {
            even[i] = t[i * PAIR_WORDS];
            both[i] = t[i * PAIR_WORDS + 1];
        }
        for (const int8_t *in = b->in; in != b->in_end; in += 4) {
            const int32_t x[2] = {rf_dsp_sxtb16(rf_dsp_load(in)), rf_dsp_sxtb16_odd(rf_dsp_load(in))};
            for (int32_t i = 0; i < 2 * pairs; i++, w += 4) {
                const int32_t word = rf_dsp_load(w);
                even[i % pairs] = rf_dsp_smlad(rf_dsp_sxtb16(word), x[i / pairs], even[i % pairs]);
                both[i % pairs] = rf_dsp_smlad(word, x[i / pairs], both[i % pairs]);
            }
        }
        for (int32_t i = 0; i < 2 * pairs; i++) {
            const int32_t *s = t + i / 2 * PAIR_WORDS;
            const int32_t shift = (s[2] >> (8 * (i & 1))) & 0xFF, *m = s + 3 + 2 * (i & 1);
            const int32_t sum = i & 1 ? rf_dsp_sub(both[i / 2], even[i / 2]) : rf_shl(even[i / 2], 8);
            *out++ = rounds_down ? rf_dsp_scale_floor(sum, m[0], m[1], shift)
                                 : rf_dsp_scale_round(sum >> 7, m[0], m[1], shift);
        }
    }
}

#define DEFINE(name, n, f)                                                                                             \
    static void name(const block *b) { run_block(b, n, f##_DOWN); }

#endif

DEFINE(four_floor, 4, RF_SCALE_FLOOR)
DEFINE(one_floor, 1, RF_SCALE_FLOOR)
DEFINE(four_round, 4, RF_SCALE_ROUND)
DEFINE(one_round, 1, RF_SCALE_ROUND)

void rf_fully_connected_s8_dsp(const rf_fully_connected_s8_dsp_params *p, const int8_t *in, int8_t *out)
{
    const block_function four = p->rounds_down ? four_floor : four_round;
    const block_function one = p->rounds_down ? one_floor : one_round;
    const int32_t fours = p->out_count >> 3, pairs = p->out_count >> 1;
    const int32_t *after_fours = p->table + 4 * fours * PAIR_WORDS, *after_pairs = p->table + pairs * PAIR_WORDS;
    for (int32_t row = 0; row < p->rows; row++, in += p->in_count, out += p->out_count) {
        block b = {in, in + p->in_count, p->table, out, (p->in_count >> 2) & 1, after_fours, p->weights};
        if (fours > 0) {
            four(&b);
        }
        b.table = after_fours;
        b.table_end = after_pairs;
        b.out = out + 8 * fours;
        b.weights = p->weights + 8 * fours * p->in_count;
        if (b.table != b.table_end) {
            one(&b);
        }
        if (p->out_count & 1) {
            int8_t pair[2];
            b.table = after_pairs;
            b.table_end = after_pairs + PAIR_WORDS;
            b.out = pair;
            b.weights = p->weights + 2 * pairs * p->in_count;
            one(&b);
            out[p->out_count - 1] = pair[0];
        }
        for (int32_t i = 0; (p->act_min != INT8_MIN || p->act_max != INT8_MAX) && i < p->out_count; i++) {
            out[i] = (int8_t)rf_clamp(out[i], p->act_min, p->act_max);
        }
    }
}
