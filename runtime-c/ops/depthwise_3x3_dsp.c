/*
 * depthwise_3x3_dsp: int8 depthwise convolution by 3x3 filters on the DSP extension. As in depthwise_conv2d_dsp.c, four
 * channels of the input columns of a strip are first turned into words for SMLAD: per column the channels 0 to 3 of the upper
 * two rows, as pairs of one channel, then the last row as channels (0, 2) and (1, 3).
 *
 * Loop order: output row, strip, four channels; turn the columns; then channel, four or five pixels, column. Registers: r0 columns, r1
 * output, r2 r3 r10 r11 (and lr) sums, r4 to r6 the pairs of weights, r7 and r8 those of the last row, r9 bias, r12 and lr passing.
 * Cost on a Cortex-M4: 17 instructions per column of four channels, 30 per channel and strip, 15 per output (17 with stride 2)
 * of which nine taps take 9, requantising and storing 6: for long rows 2.2 instructions per MAC, for five pixels 3.4.
 */
#include "depthwise_3x3_dsp.h"

#include "../rf_dsp_scale.h"

typedef rf_depthwise_3x3_s8_dsp_params params;

enum { COLUMN_WORDS = 6, FILTER = 9 };

/* Four channels along a strip. The assembly reads the fields in this order. */
typedef struct {
    const int32_t *columns; /* at a multiple of eight bytes */
    const int8_t *weights;
    const int32_t *table;
    int8_t *out;
    int32_t stride;
    int32_t block_bytes; /* bytes of columns that blocks of four or five pixels move on in all */
    int32_t rest;        /* pixels after those */
} strip;

#if RF_DSP_NATIVE

/* The stack: multiplier 0, addend 4, shift 8, end of the blocks 12, bias 16; then the fields of the strip. */
#define HEAD "push {r4-r11, lr}\n ldm r0, {r1-r7}\n push {r1-r7}\n sub sp, sp, #20\n"
#define END "add sp, sp, #48\n pop {r4-r11, pc}\n"

/* Weights (times 256), bias and constants of the next channel; columns and output move on by one channel for the one after. */
#define CHANNEL                                                                                                        \
    "ldrd r2, r3, [sp, #24]\n ldr r10, [r2]\n ldr r11, [r2, #4]\n ldrsb r8, [r2, #8]\n adds r2, r2, #9\n"              \
    "mov r12, #0xff00ff00\n and r4, r12, r10, lsl #8\n and r5, r12, r10\n and r6, r12, r11, lsl #8\n"                  \
    "and r7, r12, r11\n lsl r8, r8, #8\n ldm r3!, {r9, r10, r11}\n strd r2, r3, [sp, #24]\n uxtb r12, r9\n"            \
    "bic r9, r9, #255\n strd r10, r11, [sp]\n str r9, [sp, #16]\n ldr r0, [sp, #20]\n ldr r1, [sp, #32]\n"            \
    "adds r2, r0, #4\n str r2, [sp, #20]\n adds r3, r1, #1\n str r3, [sp, #32]\n ldr r3, [sp, #40]\n"                 \
    "adds r3, r3, r0\n strd r12, r3, [sp, #8]\n cmp r0, r3\n beq 3f\n"

/* Taps of the columns at `at` bytes: f is smlad for pairs; m, n the multiplications by the lower and upper half of r7. */
#define PAIR(at) "ldr r12, [r0, #" #at "]\n"
#define FIRST(sum) "smlad " sum ", r12, r4, r9\n"
#define NEXT(sum) "smlad " sum ", r12, r5, " sum "\n"
#define LAST(sum) "smlad " sum ", r12, r6, " sum "\n"
#define FIRST_(h, sum) "smla" h "b " sum ", r12, r7, " sum "\n"
#define NEXT_(h, sum) "smla" h "t " sum ", r12, r7, " sum "\n"
#define LAST_(h, sum) "smla" h "b " sum ", r12, r8, " sum "\n"

/* Four outputs: stride 1 reads six columns, stride 2 nine. o: offset of the last row's word from the pair's. */
#define FOUR_1(h, o0, o1, o2, o3, o4, o5)                                                                              \
    PAIR(0) FIRST("r2") PAIR(24) NEXT("r2") FIRST("r3") PAIR(48) LAST("r2") NEXT("r3") FIRST("r10") PAIR(72)           \
    LAST("r3") NEXT("r10") FIRST("r11") PAIR(96) LAST("r10") NEXT("r11") PAIR(120) LAST("r11")                         \
    PAIR(o0) FIRST_(h, "r2") PAIR(o1) NEXT_(h, "r2") FIRST_(h, "r3") PAIR(o2) LAST_(h, "r2") NEXT_(h, "r3")            \
    FIRST_(h, "r10") PAIR(o3) LAST_(h, "r3") NEXT_(h, "r10") FIRST_(h, "r11") PAIR(o4) LAST_(h, "r10")                 \
    NEXT_(h, "r11") PAIR(o5) LAST_(h, "r11") "adds r0, r0, #96\n"
#define FOUR_2(h, o0, o1, o2, o3, o4, o5, o6, o7, o8)                                                                  \
    PAIR(0) FIRST("r2") PAIR(24) NEXT("r2") PAIR(48) LAST("r2") FIRST("r3") PAIR(72) NEXT("r3") PAIR(96) LAST("r3")    \
    FIRST("r10") PAIR(120) NEXT("r10") PAIR(144) LAST("r10") FIRST("r11") PAIR(168) NEXT("r11") PAIR(192) LAST("r11")  \
    PAIR(o0) FIRST_(h, "r2") PAIR(o1) NEXT_(h, "r2") PAIR(o2) LAST_(h, "r2") FIRST_(h, "r3") PAIR(o3)                  \
    NEXT_(h, "r3") PAIR(o4) LAST_(h, "r3") FIRST_(h, "r10") PAIR(o5) NEXT_(h, "r10") PAIR(o6) LAST_(h, "r10")          \
    FIRST_(h, "r11") PAIR(o7) NEXT_(h, "r11") PAIR(o8) LAST_(h, "r11") "adds r0, r0, #192\n"
/* Five outputs take lr as the fifth sum, and the bias is read again. */
#define FIVE_1(h, o0, o1, o2, o3, o4, o5, o6)                                                                          \
    "ldr r9, [sp, #16]\n" PAIR(0) FIRST("r2") PAIR(24) NEXT("r2") FIRST("r3") PAIR(48) LAST("r2") NEXT("r3")           \
    FIRST("r10") PAIR(72) LAST("r3") NEXT("r10") FIRST("r11") PAIR(96) LAST("r10") NEXT("r11") FIRST("lr") PAIR(120)   \
    LAST("r11") NEXT("lr") PAIR(144) LAST("lr")                                                                        \
    PAIR(o0) FIRST_(h, "r2") PAIR(o1) NEXT_(h, "r2") FIRST_(h, "r3") PAIR(o2) LAST_(h, "r2") NEXT_(h, "r3")            \
    FIRST_(h, "r10") PAIR(o3) LAST_(h, "r3") NEXT_(h, "r10") FIRST_(h, "r11") PAIR(o4) LAST_(h, "r10")                 \
    NEXT_(h, "r11") FIRST_(h, "lr") PAIR(o5) LAST_(h, "r11") NEXT_(h, "lr") PAIR(o6) LAST_(h, "lr")                    \
    "adds r0, r0, #120\n"
#define FIVE_2(h, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10)                                                         \
    "ldr r9, [sp, #16]\n" PAIR(0) FIRST("r2") PAIR(24) NEXT("r2") PAIR(48) LAST("r2") FIRST("r3") PAIR(72) NEXT("r3")  \
    PAIR(96) LAST("r3") FIRST("r10") PAIR(120) NEXT("r10") PAIR(144) LAST("r10") FIRST("r11") PAIR(168) NEXT("r11")    \
    PAIR(192) LAST("r11") FIRST("lr") PAIR(216) NEXT("lr") PAIR(240) LAST("lr")                                        \
    PAIR(o0) FIRST_(h, "r2") PAIR(o1) NEXT_(h, "r2") PAIR(o2) LAST_(h, "r2") FIRST_(h, "r3") PAIR(o3)                  \
    NEXT_(h, "r3") PAIR(o4) LAST_(h, "r3") FIRST_(h, "r10") PAIR(o5) NEXT_(h, "r10") PAIR(o6) LAST_(h, "r10")          \
    FIRST_(h, "r11") PAIR(o7) NEXT_(h, "r11") PAIR(o8) LAST_(h, "r11") FIRST_(h, "lr") PAIR(o9) NEXT_(h, "lr")         \
    PAIR(o10) LAST_(h, "lr") "adds r0, r0, #240\n"
#define ONE(h, o0, o1, o2)                                                                                             \
    PAIR(0) FIRST("r2") PAIR(24) NEXT("r2") PAIR(48) LAST("r2") PAIR(o0) FIRST_(h, "r2") PAIR(o1) NEXT_(h, "r2")       \
    PAIR(o2) LAST_(h, "r2")

#define SCALE_FOUR                                                                                                     \
    "ldrd r12, lr, [sp]\n smmla r2, r2, r12, lr\n smmla r3, r3, r12, lr\n smmla r10, r10, r12, lr\n"                   \
    "smmla r11, r11, r12, lr\n ldr r12, [sp, #8]\n asrs r2, r12\n asrs r3, r12\n asr r10, r10, r12\n"                  \
    "asr r11, r11, r12\n ldr r12, [sp, #36]\n ssat r2, #8, r2\n ssat r3, #8, r3\n ssat r10, #8, r10\n"                 \
    "ssat r11, #8, r11\n add lr, r12, r12, lsl #1\n strb r2, [r1]\n strb r3, [r1, r12]\n"                              \
    "strb r10, [r1, r12, lsl #1]\n strb r11, [r1, lr]\n add r1, r1, r12, lsl #2\n"
#define SCALE_FIVE                                                                                                     \
    "ldrd r12, r9, [sp]\n smmla r2, r2, r12, r9\n smmla r3, r3, r12, r9\n smmla r10, r10, r12, r9\n"                  \
    "smmla r11, r11, r12, r9\n smmla lr, lr, r12, r9\n ldr r12, [sp, #8]\n asrs r2, r12\n asrs r3, r12\n"            \
    "asr r10, r10, r12\n asr r11, r11, r12\n asr lr, lr, r12\n ldr r12, [sp, #36]\n ssat r2, #8, r2\n"               \
    "ssat r3, #8, r3\n ssat r10, #8, r10\n ssat r11, #8, r11\n ssat lr, #8, lr\n add r9, r12, r12, lsl #1\n"         \
    "strb r2, [r1]\n strb r3, [r1, r12]\n strb r10, [r1, r12, lsl #1]\n strb r11, [r1, r9]\n"                        \
    "strb lr, [r1, r12, lsl #2]\n add r9, r9, r12, lsl #1\n add r1, r1, r9\n"
#define SCALE_ONE                                                                                                      \
    "ldrd r12, lr, [sp]\n smmla r2, r2, r12, lr\n ldr r12, [sp, #8]\n ldr lr, [sp, #36]\n asrs r2, r12\n"              \
    "ssat r2, #8, r2\n strb r2, [r1]\n add r1, r1, lr\n"

/* Two channels, the lower or the upper halves of the last row's words; their columns begin at four bytes' distance. */
#define CHANNELS(block, one, step)                                                                                     \
    "1: " CHANNEL "2: " block "ldr r12, [sp, #12]\n cmp r0, r12\n bne 2b\n"                                            \
    "3: ldr r3, [sp, #44]\n cmp r3, #0\n beq 5f\n ldr r9, [sp, #16]\n"                                                \
    "4: " one SCALE_ONE "adds r0, r0, #" #step "\n subs r3, r3, #1\n bne 4b\n"                                         \
    "5: ldr r2, [sp, #20]\n tst r2, #4\n bne 1b\n"

#define DEFINE_STRIP(name, lower, upper, step)                                                                         \
    RF_DSP_ASSEMBLY static void name(const strip *s __attribute__((unused)))                          \
    {                                                                                                                  \
        __asm__(HEAD CHANNELS(lower, ONE("b", 16, 40, 64), step) CHANNELS(upper, ONE("t", 8, 32, 56), step) END);      \
    }

DEFINE_STRIP(run_fours_1, FOUR_1("b", 16, 40, 64, 88, 112, 136) SCALE_FOUR,
             FOUR_1("t", 8, 32, 56, 80, 104, 128) SCALE_FOUR, 24)
DEFINE_STRIP(run_fours_2, FOUR_2("b", 16, 40, 64, 88, 112, 136, 160, 184, 208) SCALE_FOUR,
             FOUR_2("t", 8, 32, 56, 80, 104, 128, 152, 176, 200) SCALE_FOUR, 48)
DEFINE_STRIP(run_fives_1, FIVE_1("b", 16, 40, 64, 88, 112, 136, 160) SCALE_FIVE,
             FIVE_1("t", 8, 32, 56, 80, 104, 128, 152) SCALE_FIVE, 24)
DEFINE_STRIP(run_fives_2, FIVE_2("b", 16, 40, 64, 88, 112, 136, 160, 184, 208, 232, 256) SCALE_FIVE,
             FIVE_2("t", 8, 32, 56, 80, 104, 128, 152, 176, 200, 224, 248) SCALE_FIVE, 48)

/* Turns `count` > 0 columns of three rows that all lie inside the image. */
RF_DSP_ASSEMBLY static void turn_inside(const int8_t *const rows[3] __attribute__((unused)),
                                                             int32_t step __attribute__((unused)),
                                                             int32_t *to __attribute__((unused)),
                                                             int32_t count __attribute__((unused)))
{
    __asm__("push {r4-r11, lr}\n mov r4, r1\n mov r5, r2\n add r3, r3, r3, lsl #1\n add r6, r2, r3, lsl #3\n"
            "ldm r0, {r0, r1, r2}\n movs r3, #0\n"
            "1: ldr r7, [r0, r3]\n ldr r8, [r1, r3]\n ldr r11, [r2, r3]\n add r3, r3, r4\n"
            "sxtb16 r12, r11, ror #8\n sxtb16 r11, r11\n sxtb16 r9, r7, ror #8\n sxtb16 r10, r8, ror #8\n"
            "sxtb16 r7, r7\n sxtb16 lr, r8\n pkhbt r8, r9, r10, lsl #16\n pkhtb r10, r10, r9, asr #16\n"
            "pkhtb r9, lr, r7, asr #16\n pkhbt r7, r7, lr, lsl #16\n stm r5!, {r7-r12}\n cmp r5, r6\n bne 1b\n"
            "pop {r4-r11, pc}\n");
}

#else

static void run_strip(const strip *s, int32_t step)
{
    const int32_t count = s->block_bytes / (step * COLUMN_WORDS * 4) + s->rest;
    for (int32_t channel = 0; channel < 4; channel++) {
        const int8_t *w = s->weights + channel * FILTER;
        const int32_t *t = s->table + channel * 3;
        for (int32_t x = 0; x < count; x++) {
            const int32_t *column = s->columns + x * step * COLUMN_WORDS;
            int32_t sum = t[0] & ~255;
            for (int32_t k = 0; k < 3; k++) {
                static const int8_t upper[3] = {0, 1, 4}, lower[3] = {2, 3, 6}, last[3] = {5, 7, 8};
                const int32_t rest = column[k * COLUMN_WORDS + 4 + (channel & 1)];
                sum = rf_dsp_smlad(column[k * COLUMN_WORDS + channel],
                                   rf_dsp_pair(w[upper[k]] * 256, w[lower[k]] * 256), sum);
                sum = channel < 2 ? rf_dsp_smlabb(rest, w[last[k]] * 256, sum)
                                  : rf_dsp_smlatb(rest, w[last[k]] * 256, sum);
            }
            s->out[x * s->stride + channel] = rf_dsp_scale_floor(sum, t[1], t[2], t[0] & 255);
        }
    }
}

static void run_fours_1(const strip *s) { run_strip(s, 1); }
static void run_fours_2(const strip *s) { run_strip(s, 2); }
static void run_fives_1(const strip *s) { run_strip(s, 1); }
static void run_fives_2(const strip *s) { run_strip(s, 2); }

#endif

/* Turns columns of rows of which some may lie outside the image: those have a step of 0. */
static void turn(const int8_t *const rows[3], const int32_t steps[3], int32_t *to, int32_t count)
{
    const int8_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2];
    for (; count > 0; count--, to += COLUMN_WORDS) {
        const int32_t a = rf_dsp_load(r0), b = rf_dsp_load(r1), c = rf_dsp_load(r2);
        to[0] = rf_dsp_pack_low(rf_dsp_sxtb16(a), rf_dsp_sxtb16(b));
        to[1] = rf_dsp_pack_low(rf_dsp_sxtb16_odd(a), rf_dsp_sxtb16_odd(b));
        to[2] = rf_dsp_pack_high(rf_dsp_sxtb16(a), rf_dsp_sxtb16(b));
        to[3] = rf_dsp_pack_high(rf_dsp_sxtb16_odd(a), rf_dsp_sxtb16_odd(b));
        to[4] = rf_dsp_sxtb16(c);
        to[5] = rf_dsp_sxtb16_odd(c);
        r0 += steps[0];
        r1 += steps[1];
        r2 += steps[2];
    }
}

/* The input rows of one output row, at column 0 of channel 0; rows outside the image are `zeros`, with a step of 0. */
typedef struct {
    const int8_t *rows[3];
    int32_t steps[3];
    int32_t inside; /* all three are rows of the image */
} look;

static look look_at(const params *p, const int8_t *in, const int8_t *zeros, int32_t y)
{
    const int32_t image = y / p->out.h;
    const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;
    look at = {{zeros, zeros, zeros}, {0, 0, 0}, top >= 0 && top + 3 <= p->in.h};
    for (int32_t k = 0; k < 3; k++) {
        if (top + k >= 0 && top + k < p->in.h) {
            at.rows[k] = in + rf_row(&p->in, image * p->in.h + top + k);
            at.steps[k] = p->in.c;
        }
    }
    return at;
}

/* Columns outside the image: the same for all channels. */
static int32_t *put_zero_points(const params *p, int32_t *to, int32_t count)
{
    const int32_t pair = rf_dsp_pair(p->in_zero, p->in_zero);
    for (int32_t words = count * COLUMN_WORDS; words > 0; words--) {
        *to++ = pair;
    }
    return to;
}

/* All channels of a strip of output pixels from x on. */
RF_DSP_INLINE void run_pixels(const params *p, const look *at, int32_t *columns, int32_t x, int8_t *out, int32_t step,
                              void (*run_strip_of)(const strip *))
{
    const int32_t count = rf_min(p->strip, p->out.w - x);
    const int32_t begin = x * step - p->window.pad_left, end = begin + (count - 1) * step + 3;
    const int32_t first = rf_max(begin, 0), last = rf_max(rf_min(end, p->in.w), first);
    int32_t *inside = put_zero_points(p, columns, first - begin);
    const int32_t rest = count % p->block;
    strip s = {columns, p->weights, p->table, out, p->out.c, (count - rest) * step * COLUMN_WORDS * 4, rest};
    const int8_t *rows[3];
    for (int32_t k = 0; k < 3; k++) {
        rows[k] = at->rows[k] + first * at->steps[k];
    }
    put_zero_points(p, inside + (last - first) * COLUMN_WORDS, end - last);
    for (int32_t c = 0; c < p->in.c; c += 4) {
#if RF_DSP_NATIVE
        if (at->inside && last > first) {
            turn_inside(rows, p->in.c, inside, last - first);
        } else
#endif
        {
            turn(rows, at->steps, inside, last - first);
        }
        run_strip_of(&s);
        for (int32_t k = 0; k < 3; k++) {
            rows[k] += at->steps[k] ? 4 : 0;
        }
        s.weights += 4 * FILTER;
        s.table += 4 * 3;
        s.out += 4;
    }
}

RF_DSP_INLINE void run(const params *p, const int8_t *in, int8_t *out, int32_t *columns, int32_t y_begin, int32_t y_end,
                       int32_t step, void (*run_strip_of)(const strip *))
{
    const int8_t zero = (int8_t)p->in_zero;
    const int8_t zeros[4] = {zero, zero, zero, zero};
    for (int32_t y = y_begin; y < y_end; y++) {
        const look at = look_at(p, in, zeros, y);
        int8_t *row = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x += p->strip) {
            run_pixels(p, &at, columns, x, row + x * p->out.c, step, run_strip_of);
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            for (int32_t i = 0; i < p->out.w * p->out.c; i++) {
                row[i] = (int8_t)rf_clamp(row[i], p->act_min, p->act_max);
            }
        }
    }
}

void rf_depthwise_3x3_s1_s8_dsp(const rf_depthwise_3x3_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end)
{
    run(p, in, out, (int32_t *)scratch, y_begin, y_end, 1, p->block == 5 ? run_fives_1 : run_fours_1);
}

void rf_depthwise_3x3_s2_s8_dsp(const rf_depthwise_3x3_s8_dsp_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end)
{
    run(p, in, out, (int32_t *)scratch, y_begin, y_end, 2, p->block == 5 ? run_fives_2 : run_fours_2);
}
