/*
 * rf_dsp_panel.h: the product at the heart of the `dsp` convolutions: one to four columns of inputs (pixels) times all
 * pairs of output channels, requantised and stored. Included by one kernel file.
 *
 * Weights stay 8 bits wide. A word of them holds two channels of two inputs, w = {c0[a], c1[a], c0[b], c1[b]}, where
 * byte c1 is one less if c0 is negative; each half word then is 256 * c1 + c0 as a signed number. With the inputs (a, b)
 * as halves of x, SXTB16 of w times x adds up S0, the sum of channel c0, and w itself times x adds up 256 * S1 + S0: one
 * load and one unpacking for four weights and two SMLADs for four MACs. The difference gives 256 * S1, modulo 2^32, which
 * is exact while |S1| < 2^23; the compiler of the network checks that.
 *
 * Loop order: pair of channels, pair of inputs, pixel. Registers for four pixels: r0 columns, r1 weights, r2 and r3 the
 * word and its unpacked half, r4 to r11 the sums, r12 and lr inputs; all else waits on the stack. Cost on a Cortex-M4 per
 * MAC: 0.80 instructions with three or four pixels, 0.86 with two, 1.44 with one; 9 per output for sums and requantising. Two
 * pixels leave registers for a second pair of channels, which shares the inputs: r2 then walks its weights.
 */
#ifndef RF_DSP_PANEL_H
#define RF_DSP_PANEL_H

#include "rf_dsp_scale.h"

/*
 * Columns hold pairs of inputs as 16-bit halves, interleaved: pair 0 of every pixel, then pair 1 of every pixel, ... The
 * number of pairs is a multiple of four. Pixel i's results go to out + i * stride, in the order of the channels.
 * table: per pair of channels { bias0, 256 * bias1 + bias0, shift0 | shift1 << 8, multiplier0, add0, multiplier1, add1 }.
 * The assembly below reads the fields in this order.
 */
typedef struct {
    const int32_t *columns, *columns_end, *table;
    int8_t *out;
    int32_t stride;
    const int32_t *table_end;
    const int8_t *weights;
} rf_dsp_panel;

enum { RF_DSP_PAIR_WORDS = 7 };

typedef void (*rf_dsp_panel_function)(const rf_dsp_panel *panel);

/*
 * A part of the pairs of inputs of two pixels for an even number of channel pairs. `weights` are those of the part, `pitch` bytes
 * from one pair of channels to the next. The first part leaves eight sums for each two pairs of channels, the last takes
 * them up. The assembly below reads the fields in this order.
 */
typedef struct {
    const int32_t *columns, *columns_end, *table;
    int8_t *out;
    int32_t stride;
    const int32_t *table_end;
    int32_t *sums;
    int32_t pitch;
    const int8_t *weights;
} rf_dsp_part;

#if RF_DSP_NATIVE

#define RF_PANEL_HEAD                                                                                                  \
    "push {r4-r11, lr}\n ldm r0, {r1-r7}\n push {r1-r6}\n mov r1, r7\n"                                                \
    "1: ldr r3, [sp, #8]\n ldr r0, [sp]\n ldrd r4, r5, [r3]\n"
#define RF_PANEL_LOOP_END(end) end "cmp r0, r12\n bne 2b\n"

/* One pair of inputs. */
#define RF_PANEL_STEP1                                                                                                 \
    "ldr r2, [r1], #4\n ldr r12, [r0], #4\n sxtb16 r3, r2\n smlad r5, r2, r12, r5\n smlad r4, r3, r12, r4\n"
#define RF_PANEL_STEP2                                                                                                 \
    "ldr r2, [r1], #4\n ldrd r12, lr, [r0], #8\n sxtb16 r3, r2\n"                                                      \
    "smlad r5, r2, r12, r5\n smlad r4, r3, r12, r4\n smlad r7, r2, lr, r7\n smlad r6, r3, lr, r6\n"
#define RF_PANEL_STEP3                                                                                                 \
    "ldr r2, [r1], #4\n ldm r0!, {r10, r11, lr}\n sxtb16 r3, r2\n"                                                     \
    "smlad r5, r2, r10, r5\n smlad r4, r3, r10, r4\n smlad r7, r2, r11, r7\n smlad r6, r3, r11, r6\n"                  \
    "smlad r9, r2, lr, r9\n smlad r8, r3, lr, r8\n"
#define RF_PANEL_STEP4                                                                                                 \
    RF_PANEL_STEP2                                                                                                     \
    "ldrd r12, lr, [r0], #8\n"                                                                                         \
    "smlad r9, r2, r12, r9\n smlad r8, r3, r12, r8\n smlad r11, r2, lr, r11\n smlad r10, r3, lr, r10\n"

/* One pair of inputs of two pixels for two pairs of channels. */
#define RF_PANEL_STEP22                                                                                                \
    "ldrd r12, lr, [r0], #8\n ldr r3, [r1], #4\n smlad r5, r3, r12, r5\n smlad r7, r3, lr, r7\n"                       \
    "sxtb16 r3, r3\n smlad r4, r3, r12, r4\n smlad r6, r3, lr, r6\n"                                                   \
    "ldr r3, [r2], #4\n smlad r9, r3, r12, r9\n smlad r11, r3, lr, r11\n"                                              \
    "sxtb16 r3, r3\n smlad r8, r3, r12, r8\n smlad r10, r3, lr, r10\n"

/* The end of the columns is at hand where a register is left, else read again. */
#define RF_PANEL_SUMS1                                                                                                 \
    "ldr lr, [sp, #4]\n 2:" RF_PANEL_STEP1 RF_PANEL_STEP1 RF_PANEL_STEP1 RF_PANEL_STEP1 "cmp r0, lr\n bne 2b\n"
#define RF_PANEL_SUMS2                                                                                                 \
    "mov r6, r4\n mov r7, r5\n ldr r8, [sp, #4]\n"                                                                     \
    "2:" RF_PANEL_STEP2 RF_PANEL_STEP2 RF_PANEL_STEP2 RF_PANEL_STEP2 "cmp r0, r8\n bne 2b\n"
#define RF_PANEL_SUMS3                                                                                                 \
    "mov r6, r4\n mov r7, r5\n mov r8, r4\n mov r9, r5\n ldr r12, [sp, #4]\n"                                          \
    "2:" RF_PANEL_STEP3 RF_PANEL_STEP3 RF_PANEL_STEP3 RF_PANEL_STEP3 "cmp r0, r12\n bne 2b\n"
#define RF_PANEL_SUMS4                                                                                                 \
    "mov r6, r4\n mov r7, r5\n mov r8, r4\n mov r9, r5\n mov r10, r4\n mov r11, r5\n"                                  \
    "2:" RF_PANEL_STEP4 RF_PANEL_STEP4 RF_PANEL_STEP4 RF_PANEL_STEP4 "ldr r12, [sp, #4]\n cmp r0, r12\n bne 2b\n"

#define RF_PANEL_CHANNEL0 "ldr r0, [sp, #8]\n ldr r12, [r0, #8]\n ldrd r2, r3, [r0, #12]\n"
#define RF_PANEL_CHANNEL1 "ldrd r2, r3, [r0, #20]\n lsr r12, r12, #8\n"

#define RF_PANEL_SCALE1(f) "sub r5, r5, r4\n" RF_PANEL_CHANNEL0 f##0("r4") RF_PANEL_CHANNEL1 f##1("r5")
#define RF_PANEL_SCALE2(f)                                                                                             \
    "sub r5, r5, r4\n sub r7, r7, r6\n" RF_PANEL_CHANNEL0 f##0("r4") f##0("r6") RF_PANEL_CHANNEL1 f##1("r5") f##1("r7")
#define RF_PANEL_SCALE3(f)                                                                                             \
    "sub r5, r5, r4\n sub r7, r7, r6\n sub r9, r9, r8\n" RF_PANEL_CHANNEL0 f##0("r4") f##0("r6") f##0("r8")            \
        RF_PANEL_CHANNEL1 f##1("r5") f##1("r7") f##1("r9")
#define RF_PANEL_SCALE4(f)                                                                                             \
    "sub r5, r5, r4\n sub r7, r7, r6\n sub r9, r9, r8\n sub r11, r11, r10\n" RF_PANEL_CHANNEL0 f##0("r4") f##0("r6")   \
        f##0("r8") f##0("r10") RF_PANEL_CHANNEL1 f##1("r5") f##1("r7") f##1("r9") f##1("r11")

#define RF_PANEL_STORE1 "ldrd r2, r3, [sp, #12]\n strb r4, [r2], #1\n strb r5, [r2], #1\n"
#define RF_PANEL_STORE2                                                                                                \
    "ldrd r2, r3, [sp, #12]\n strb r6, [r2, r3]\n strb r4, [r2], #1\n strb r7, [r2, r3]\n strb r5, [r2], #1\n"
#define RF_PANEL_STORE3                                                                                                \
    "ldrd r2, r3, [sp, #12]\n strb r8, [r2, r3, lsl #1]\n strb r6, [r2, r3]\n strb r4, [r2], #1\n"                     \
    "strb r9, [r2, r3, lsl #1]\n strb r7, [r2, r3]\n strb r5, [r2], #1\n"
#define RF_PANEL_STORE4                                                                                                \
    "ldrd r2, r3, [sp, #12]\n add r12, r3, r3, lsl #1\n"                                                               \
    "strb r10, [r2, r12]\n strb r8, [r2, r3, lsl #1]\n strb r6, [r2, r3]\n strb r4, [r2], #1\n"                        \
    "strb r11, [r2, r12]\n strb r9, [r2, r3, lsl #1]\n strb r7, [r2, r3]\n strb r5, [r2], #1\n"

/* All of two pairs of channels at a time; the weights of the second begin where those of the first end. */
#define RF_PANEL_SUMS22                                                                                                \
    "2:" RF_PANEL_STEP22 RF_PANEL_STEP22 RF_PANEL_STEP22 RF_PANEL_STEP22 "ldr r12, [sp, #4]\n cmp r0, r12\n bne 2b\n"
#define RF_PANEL_SCALE22(f)                                                                                            \
    "sub r5, r5, r4\n sub r7, r7, r6\n sub r9, r9, r8\n sub r11, r11, r10\n" RF_PANEL_CHANNEL0 f##0("r4") f##0("r6")   \
        RF_PANEL_CHANNEL1 f##1("r5") f##1("r7") "ldr r12, [r0, #36]\n ldrd r2, r3, [r0, #40]\n" f##0("r8") f##0("r10") \
        "ldrd r2, r3, [r0, #48]\n lsr r12, r12, #8\n" f##1("r9") f##1("r11")                                           \
    RF_PANEL_STORE2 "strb r10, [r2, r3]\n strb r8, [r2], #1\n strb r11, [r2, r3]\n strb r9, [r2], #1\n"               \
    "str r2, [sp, #12]\n"
#define RF_PANEL_TAIL22(bytes)                                                                                         \
    "ldr r3, [sp, #20]\n adds r0, r0, #56\n str r0, [sp, #8]\n cmp r0, r3\n bne 1b\n"                                  \
    "add sp, sp, #" bytes "\n pop {r4-r11, pc}\n"
#define RF_PANEL_COUPLES22(f)                                                                                          \
    "push {r4-r11, lr}\n ldm r0, {r1-r7}\n push {r1-r6}\n mov r1, r7\n"                                                \
    "1: ldr r3, [sp, #8]\n ldrd r0, r2, [sp]\n ldrd r4, r5, [r3]\n ldrd r8, r9, [r3, #28]\n"                           \
    "sub r2, r2, r0\n add r2, r1, r2, lsr #1\n mov r6, r4\n mov r7, r5\n mov r10, r8\n mov r11, r9\n"                  \
    RF_PANEL_SUMS22 "mov r1, r2\n" RF_PANEL_SCALE22(f) RF_PANEL_TAIL22("24")

/* The same in two parts. Behind the sums r2 is where the part ends in the second pair's weights. */
#define RF_PART_HEAD "push {r4-r11, lr}\n ldm r0, {r1-r9}\n push {r1-r8}\n mov r1, r9\n"
#define RF_PART_ADVANCE                                                                                                \
    "ldrd r0, r3, [sp]\n ldr r12, [sp, #28]\n sub r3, r3, r0\n add r1, r2, r12\n sub r1, r1, r3, lsr #1\n"
#define RF_PART_FIRST                                                                                                  \
    RF_PART_HEAD "1: ldr r3, [sp, #8]\n ldr r0, [sp]\n ldr r2, [sp, #28]\n ldrd r4, r5, [r3]\n ldrd r8, r9, [r3, #28]\n" \
    "add r2, r1, r2\n mov r6, r4\n mov r7, r5\n mov r10, r8\n mov r11, r9\n"                                          \
    RF_PANEL_SUMS22 RF_PART_ADVANCE                                                                                    \
    "ldr r3, [sp, #24]\n ldr r0, [sp, #8]\n stm r3!, {r4-r11}\n str r3, [sp, #24]\n" RF_PANEL_TAIL22("32")
#define RF_PART_LAST(f)                                                                                                \
    RF_PART_HEAD "1: ldr r3, [sp, #24]\n ldr r0, [sp]\n ldr r2, [sp, #28]\n ldm r3!, {r4-r11}\n str r3, [sp, #24]\n"   \
    "add r2, r1, r2\n" RF_PANEL_SUMS22 RF_PART_ADVANCE RF_PANEL_SCALE22(f) RF_PANEL_TAIL22("32")

#define RF_PANEL_TAIL                                                                                                  \
    "ldr r3, [sp, #20]\n adds r0, r0, #28\n str r2, [sp, #12]\n str r0, [sp, #8]\n cmp r0, r3\n bne 1b\n"               \
    "add sp, sp, #24\n pop {r4-r11, pc}\n"

#define RF_DEFINE_PANEL(name, n, f)                                                                                    \
    RF_DSP_ASSEMBLY static void name(const rf_dsp_panel *panel __attribute__((unused)))               \
    {                                                                                                                  \
        __asm__(RF_PANEL_HEAD RF_PANEL_SUMS##n RF_PANEL_SCALE##n(f) RF_PANEL_STORE##n RF_PANEL_TAIL);                  \
    }
#define RF_DEFINE_PANEL22(name, f)                                                                                     \
    RF_DSP_ASSEMBLY static void name(const rf_dsp_panel *panel __attribute__((unused)))               \
    {                                                                                                                  \
        __asm__(RF_PANEL_COUPLES22(f));                                                                                \
    }
#define RF_DEFINE_PART(name, code)                                                                                     \
    RF_DSP_ASSEMBLY static void name(const rf_dsp_part *part __attribute__((unused))) { __asm__(code); }
#define RF_DEFINE_PART_FIRST(name) RF_DEFINE_PART(name, RF_PART_FIRST)
#define RF_DEFINE_PART_LAST(name, f) RF_DEFINE_PART(name, RF_PART_LAST(f))

#else

/* The same in C. */
static inline void rf_dsp_panel_c(const rf_dsp_panel *panel, int32_t pixels, int32_t rounds_down)
{
    const int8_t *weights = panel->weights;
    int8_t *out = panel->out;
    for (const int32_t *t = panel->table; t != panel->table_end; t += RF_DSP_PAIR_WORDS, out += 2) {
        int32_t even[4], both[4];
        for (int32_t i = 0; i < pixels; i++) {
            even[i] = t[0];
            both[i] = t[1];
        }
        for (const int32_t *x = panel->columns; x != panel->columns_end; weights += 4) {
            const int32_t w = rf_dsp_load(weights);
            for (int32_t i = 0; i < pixels; i++, x++) {
                even[i] = rf_dsp_smlad(rf_dsp_sxtb16(w), *x, even[i]);
                both[i] = rf_dsp_smlad(w, *x, both[i]);
            }
        }
        for (int32_t i = 0; i < pixels; i++) {
            for (int32_t c = 0; c < 2; c++) {
                const int32_t shift = (t[2] >> (8 * c)) & 0xFF;
                const int32_t sum = c == 0 ? rf_shl(even[i], 8) : rf_dsp_sub(both[i], even[i]);
                out[i * panel->stride + c] =
                    rounds_down ? rf_dsp_scale_floor(sum, t[3 + 2 * c], t[4 + 2 * c], shift)
                                : rf_dsp_scale_round(sum >> 7, t[3 + 2 * c], t[4 + 2 * c], shift);
            }
        }
    }
}

#define RF_DEFINE_PANEL(name, n, rounding)                                                                             \
    static void name(const rf_dsp_panel *panel) { rf_dsp_panel_c(panel, n, rounding##_DOWN); }
#define RF_DEFINE_PANEL22(name, rounding) RF_DEFINE_PANEL(name, 2, rounding)

/* Sums of a part, or their end: of each two pairs of channels, pixel by pixel. */
static inline void rf_dsp_part_c(const rf_dsp_part *part, int32_t is_last, int32_t rounds_down)
{
    const int8_t *weights = part->weights;
    int8_t *out = part->out;
    int32_t *sums = part->sums;
    for (const int32_t *t = part->table; t != part->table_end; t += RF_DSP_PAIR_WORDS, sums += 4, out += 2) {
        for (int32_t i = 0; i < 2; i++) {
            int32_t even = is_last ? sums[2 * i] : t[0], both = is_last ? sums[2 * i + 1] : t[1];
            const int8_t *w = weights;
            for (const int32_t *x = part->columns + i; x < part->columns_end; x += 2, w += 4) {
                even = rf_dsp_smlad(rf_dsp_sxtb16(rf_dsp_load(w)), *x, even);
                both = rf_dsp_smlad(rf_dsp_load(w), *x, both);
            }
            sums[2 * i] = even;
            sums[2 * i + 1] = both;
            for (int32_t c = 0; is_last && c < 2; c++) {
                const int32_t shift = (t[2] >> (8 * c)) & 0xFF;
                const int32_t sum = c == 0 ? rf_shl(even, 8) : rf_dsp_sub(both, even);
                out[i * part->stride + c] =
                    rounds_down ? rf_dsp_scale_floor(sum, t[3 + 2 * c], t[4 + 2 * c], shift)
                                : rf_dsp_scale_round(sum >> 7, t[3 + 2 * c], t[4 + 2 * c], shift);
            }
        }
        weights += part->pitch;
    }
}

#define RF_DEFINE_PART_FIRST(name)                                                                                     \
    static void name(const rf_dsp_part *part) { rf_dsp_part_c(part, 0, 0); }
#define RF_DEFINE_PART_LAST(name, rounding)                                                                            \
    static void name(const rf_dsp_part *part) { rf_dsp_part_c(part, 1, rounding##_DOWN); }

#endif

RF_DEFINE_PANEL(rf_dsp_panel1_floor, 1, RF_SCALE_FLOOR)
RF_DEFINE_PANEL(rf_dsp_panel2_floor, 2, RF_SCALE_FLOOR)
RF_DEFINE_PANEL(rf_dsp_panel3_floor, 3, RF_SCALE_FLOOR)
RF_DEFINE_PANEL(rf_dsp_panel4_floor, 4, RF_SCALE_FLOOR)
RF_DEFINE_PANEL(rf_dsp_panel1_round, 1, RF_SCALE_ROUND)
RF_DEFINE_PANEL(rf_dsp_panel2_round, 2, RF_SCALE_ROUND)
RF_DEFINE_PANEL(rf_dsp_panel3_round, 3, RF_SCALE_ROUND)
RF_DEFINE_PANEL(rf_dsp_panel4_round, 4, RF_SCALE_ROUND)

RF_DEFINE_PANEL22(rf_dsp_panel22_floor, RF_SCALE_FLOOR)
RF_DEFINE_PANEL22(rf_dsp_panel22_round, RF_SCALE_ROUND)
RF_DEFINE_PART_FIRST(rf_dsp_part_first)
RF_DEFINE_PART_LAST(rf_dsp_part_last_floor, RF_SCALE_FLOOR)
RF_DEFINE_PART_LAST(rf_dsp_part_last_round, RF_SCALE_ROUND)

/* The panel for a number of pixels, 1 to 4. */
static inline rf_dsp_panel_function rf_dsp_panel_for(int32_t pixels, int32_t rounds_down)
{
    static const rf_dsp_panel_function panels[2][4] = {
        {rf_dsp_panel1_round, rf_dsp_panel2_round, rf_dsp_panel3_round, rf_dsp_panel4_round},
        {rf_dsp_panel1_floor, rf_dsp_panel2_floor, rf_dsp_panel3_floor, rf_dsp_panel4_floor}};
    return panels[rounds_down ? 1 : 0][pixels - 1];
}

/* The panel of two pixels and four channels. */
static inline rf_dsp_panel_function rf_dsp_panel22_for(int32_t rounds_down)
{
    return rounds_down ? rf_dsp_panel22_floor : rf_dsp_panel22_round;
}

typedef void (*rf_dsp_part_function)(const rf_dsp_part *part);

/* The first or the last part of two pixels' sums. */
static inline rf_dsp_part_function rf_dsp_part_for(int32_t part, int32_t rounds_down)
{
    return part == 0 ? rf_dsp_part_first : rounds_down ? rf_dsp_part_last_floor : rf_dsp_part_last_round;
}

/* How many of `left` pixels to take next, at most `most`: such that as few as can be run alone or in twos. */
static inline int32_t rf_dsp_next_pixels(int32_t left, int32_t most)
{
    if (most == 4 && (left == 4 || (left > 5 && left % 3 != 0))) {
        return 4;
    }
    if (most == 3 && left == 4) {
        return 2;
    }
    return rf_min(left, rf_min(most, 3));
}

#endif
