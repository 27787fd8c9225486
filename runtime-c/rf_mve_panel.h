/*
 * rf_mve_panel.h: the product at the heart of the `mve` convolutions: one to three pixels (runs of `count` inputs) times all
 * groups of four output channels, requantised and stored.
 *
 * Loop order: group of channels; half a group (two rows of weights; with one pixel all four); 16 inputs. VMLADAVA.S8 adds up 16
 * products in one general register; only even ones can hold such a sum. The first 16 inputs start the sums, the rest runs in
 * a tail-predicated loop, so that neither inputs nor weights are filled up; up to 16 inputs stay in vectors for all groups.
 * Registers for three pixels: r0, r2, r4, r6, r8, r10 the sums; r1, r3, r5 pixels, r7, r9, r12 weights, r11 the job from `table` on, lr the
 * loop; q0 to q2 inputs, q3 and q4 weights or constants, q5 to q7 the sums as vectors of four channels. Rows of a group follow
 * each other as channels 0, 2, 1, 3, because one instruction fills lanes 0 and 2, or 1 and 3.
 *
 * Instructions per MAC: 0.125 with three pixels, 0.141 with two, 0.156 with one; and 4 (three pixels) to 6 (one pixel) per output, 1 less with up to 16 inputs.
 */
#ifndef RF_MVE_PANEL_H
#define RF_MVE_PANEL_H

#include "rf_mve.h"

/*
 * pitch: bytes from one row of weights to the next; 0 repeats one row. steps: inputs of a pixel, less 16 where there are more. Results of pixel i go to out + i * stride, those of a group in the order of its channels. The assembly reads the fields in
 * this order.
 */
typedef struct {
    const int8_t *pixel[3];
    int32_t pitch, steps;
    const int32_t *table;
    int8_t *out;
    int32_t out_zero, stride;
    const int32_t *table_end;
    const int8_t *weights;
} rf_mve_panel;

typedef void (*rf_mve_panel_function)(rf_mve_panel *panel);

/* With more inputs the first of them are apart. */
enum { RF_MVE_FIRST = 16 };

#if RF_MVE_NATIVE

#define RF_MVE_LOAD(q, r) "vldrb.8 " q ", [" r "], #16\n"
#define RF_MVE_START(sum, x, w) "vmladav.s8 " sum ", " x ", " w "\n"
#define RF_MVE_MORE(sum, x, w) "vmladava.s8 " sum ", " x ", " w "\n"

/* 16 inputs of the pixels times two rows of weights (four for one pixel). */
#define RF_MVE_STEP3(f)                                                                                                \
    RF_MVE_LOAD("q0", "r1") RF_MVE_LOAD("q3", "r7") f("r0", "q0", "q3") RF_MVE_LOAD("q4", "r9") f("r2", "q0", "q4")    \
        RF_MVE_LOAD("q1", "r3") f("r4", "q1", "q3") f("r6", "q1", "q4")                                                \
            RF_MVE_LOAD("q2", "r5") f("r8", "q2", "q3") f("r10", "q2", "q4")
#define RF_MVE_STEP2(f)                                                                                                \
    RF_MVE_LOAD("q0", "r1") RF_MVE_LOAD("q3", "r7") f("r0", "q0", "q3") RF_MVE_LOAD("q4", "r9") f("r2", "q0", "q4")    \
        RF_MVE_LOAD("q1", "r3") f("r4", "q1", "q3") f("r6", "q1", "q4")
#define RF_MVE_STEP1(f)                                                                                                \
    RF_MVE_LOAD("q0", "r1") RF_MVE_LOAD("q1", "r3") f("r0", "q0", "q1") RF_MVE_LOAD("q2", "r5") f("r2", "q0", "q2")    \
        RF_MVE_LOAD("q3", "r7") f("r4", "q0", "q3") RF_MVE_LOAD("q4", "r9") f("r6", "q0", "q4")

#define RF_MVE_LANES(q, high, low, b, a) "vmov " q "[" high "], " q "[" low "], " a ", " b "\n" /* a to the lower lane */
#define RF_MVE_LANES3(high, low)                                                                                       \
    RF_MVE_LANES("q5", high, low, "r2", "r0") RF_MVE_LANES("q6", high, low, "r6", "r4")                                \
        RF_MVE_LANES("q7", high, low, "r10", "r8")
#define RF_MVE_LANES2(high, low) RF_MVE_LANES("q5", high, low, "r2", "r0") RF_MVE_LANES("q6", high, low, "r6", "r4")
#define RF_MVE_LANES1 RF_MVE_LANES("q5", "2", "0", "r2", "r0") RF_MVE_LANES("q5", "3", "1", "r6", "r4")

/* Over 16 inputs. */
#define RF_MVE_SUMS(step) step(RF_MVE_START) "wlstp.8 lr, lr, 3f\n 2:" step(RF_MVE_MORE) "letp lr, 2b\n 3:\n"
#define RF_MVE_ROWS "ldmdb r11, {r1, r3, r5, r8, lr}\n mov r7, r12\n add r9, r12, r8\n add r12, r9, r8\n"
#define RF_MVE_OPEN_LONG3 ""
#define RF_MVE_OPEN_LONG2 ""
#define RF_MVE_OPEN_LONG1 ""
#define RF_MVE_GROUP_LONG3                                                                                             \
    RF_MVE_ROWS RF_MVE_SUMS(RF_MVE_STEP3) RF_MVE_LANES3("2", "0") RF_MVE_ROWS RF_MVE_SUMS(RF_MVE_STEP3)                \
        RF_MVE_LANES3("3", "1")
#define RF_MVE_GROUP_LONG2                                                                                             \
    RF_MVE_ROWS RF_MVE_SUMS(RF_MVE_STEP2) RF_MVE_LANES2("2", "0") RF_MVE_ROWS RF_MVE_SUMS(RF_MVE_STEP2)                \
        RF_MVE_LANES2("3", "1")
#define RF_MVE_GROUP_LONG1                                                                                             \
    "ldmdb r11, {r1, r3, r5, r8, lr}\n mov r3, r12\n add r5, r12, r8\n add r7, r5, r8\n add r9, r7, r8\n"                \
    "add r12, r9, r8\n" RF_MVE_SUMS(RF_MVE_STEP1) RF_MVE_LANES1

/* Up to 16 inputs: the pixels stay in q0 to q2 for all groups, lr holds the pitch and VPR the lanes that count. */
#define RF_MVE_OPEN "ldmdb r11, {r1, r3, r5, r8, lr}\n vctp.8 lr\n mov lr, r8\n"
#define RF_MVE_OPEN_SHORT3 RF_MVE_OPEN "vpsttt\n vldrbt.u8 q0, [r1]\n vldrbt.u8 q1, [r3]\n vldrbt.u8 q2, [r5]\n"
#define RF_MVE_OPEN_SHORT2 RF_MVE_OPEN "vpstt\n vldrbt.u8 q0, [r1]\n vldrbt.u8 q1, [r3]\n"
#define RF_MVE_OPEN_SHORT1 RF_MVE_OPEN "vpst\n vldrbt.u8 q0, [r1]\n"
#define RF_MVE_TWO_ROWS "add r9, r12, lr\n vpstt\n vldrbt.u8 q3, [r12]\n vldrbt.u8 q4, [r9]\n add r12, r9, lr\n"
#define RF_MVE_PIXEL(a, b, x) RF_MVE_START(a, x, "q3") RF_MVE_START(b, x, "q4")
#define RF_MVE_HALF3                                                                                                   \
    RF_MVE_TWO_ROWS RF_MVE_PIXEL("r0", "r2", "q0") RF_MVE_PIXEL("r4", "r6", "q1") RF_MVE_PIXEL("r8", "r10", "q2")
#define RF_MVE_HALF2 RF_MVE_TWO_ROWS RF_MVE_PIXEL("r0", "r2", "q0") RF_MVE_PIXEL("r4", "r6", "q1")
#define RF_MVE_GROUP_SHORT3 RF_MVE_HALF3 RF_MVE_LANES3("2", "0") RF_MVE_HALF3 RF_MVE_LANES3("3", "1")
#define RF_MVE_GROUP_SHORT2 RF_MVE_HALF2 RF_MVE_LANES2("2", "0") RF_MVE_HALF2 RF_MVE_LANES2("3", "1")
#define RF_MVE_GROUP_SHORT1                                                                                            \
    RF_MVE_TWO_ROWS RF_MVE_PIXEL("r0", "r2", "q0") RF_MVE_TWO_ROWS RF_MVE_PIXEL("r4", "r6", "q0") RF_MVE_LANES1

#define RF_MVE_SCALE3(f)                                                                                               \
    RF_MVE_CONSTANT RF_MVE_BIAS("q5") RF_MVE_BIAS("q6") RF_MVE_BIAS("q7") RF_MVE_CONSTANT RF_MVE_HIGH("q5")            \
        RF_MVE_HIGH("q6") RF_MVE_HIGH("q7") RF_MVE_CONSTANT f("q5") f("q6") f("q7")
#define RF_MVE_SCALE2(f)                                                                                               \
    RF_MVE_CONSTANT RF_MVE_BIAS("q5") RF_MVE_BIAS("q6") RF_MVE_CONSTANT RF_MVE_HIGH("q5") RF_MVE_HIGH("q6")            \
        RF_MVE_CONSTANT f("q5") f("q6")
#define RF_MVE_SCALE1(f) RF_MVE_CONSTANT RF_MVE_BIAS("q5") RF_MVE_CONSTANT RF_MVE_HIGH("q5") RF_MVE_CONSTANT f("q5")

#define RF_MVE_STORE1 "vstrb.32 q5, [r1], #4\n"
#define RF_MVE_STORE2 RF_MVE_STORE1 "add r3, r3, r1\n vstrb.32 q6, [r3, #-4]\n"
#define RF_MVE_STORE3 RF_MVE_STORE1 "add r5, r3, r1\n vstrb.32 q6, [r5, #-4]\n add r3, r3, r5\n vstrb.32 q7, [r3, #-4]\n"

#define RF_DEFINE_MVE_PANEL(name, n, length, f)                                                                        \
    RF_MVE_ASSEMBLY static void name(rf_mve_panel *panel __attribute__((unused)))                                      \
    {                                                                                                                  \
        __asm__("push {r4-r11, lr}\n vpush {d8-d15}\n add r11, r0, #20\n ldr r12, [r11, #20]\n" RF_MVE_OPEN_##length##n     \
                "1:\n" RF_MVE_GROUP_##length##n "ldm r11, {r0-r4}\n" RF_MVE_SCALE##n(f)              \
                    RF_MVE_STORE##n "strd r0, r1, [r11]\n cmp r0, r4\n bne 1b\n"                                  \
                "vpop {d8-d15}\n pop {r4-r11, pc}\n");                                                                 \
    }

#else

static inline void rf_mve_run_panel(const rf_mve_panel *p, int32_t pixels, int32_t inputs, int32_t ties_down)
{
    static const int32_t channel_of_row[RF_MVE_GROUP] = {0, 2, 1, 3};
    const int8_t *w = p->weights;
    int8_t *out = p->out;
    for (const int32_t *group = p->table; group != p->table_end; group += RF_MVE_GROUP_WORDS, out += RF_MVE_GROUP) {
        for (int32_t row = 0; row < RF_MVE_GROUP; row++, w += p->pitch) {
            const int32_t channel = channel_of_row[row];
            for (int32_t pixel = 0; pixel < pixels; pixel++) {
                int32_t sum = 0;
                for (int32_t i = 0; i < inputs; i++) {
                    sum = rf_add(sum, p->pixel[pixel][i] * w[i]);
                }
                out[pixel * p->stride + channel] = rf_mve_requantise(sum, group, channel, p->out_zero, ties_down);
            }
        }
    }
}

#define RF_MVE_INPUTS_LONG RF_MVE_FIRST
#define RF_MVE_INPUTS_SHORT 0
#define RF_DEFINE_MVE_PANEL(name, n, sums, f)                                                                          \
    static void name(rf_mve_panel *p) { rf_mve_run_panel(p, n, p->steps + RF_MVE_INPUTS_##sums, f##_TIES_DOWN); }

#endif

/* A panel for `channels` outputs of `inputs` inputs each, whole groups of them. */
static inline rf_mve_panel rf_mve_panel_of(const int8_t *weights, const int32_t *table, int32_t inputs, int32_t channels,
                                           int32_t out_zero)
{
    const int32_t steps = inputs <= RF_MVE_FIRST ? inputs : inputs - RF_MVE_FIRST;
    const int32_t *end = table + channels / RF_MVE_GROUP * RF_MVE_GROUP_WORDS;
    const rf_mve_panel panel = {{0}, inputs, steps, table, 0, out_zero, channels, end, weights};
    return panel;
}

/*
 * Channels after the last whole group have no rows to make one: each is computed alone, as four equal ones of which one is
 * right. `all` is the panel of the whole groups.
 */
static inline void rf_mve_run_rest(const rf_mve_panel *all, rf_mve_panel_function run, int32_t inputs, int32_t channels,
                                   int8_t *out, int32_t pixels)
{
    const int32_t whole = channels & ~(RF_MVE_GROUP - 1);
    for (int32_t c = whole; c < channels; c++) {
        int8_t group[3 * RF_MVE_GROUP];
        rf_mve_panel one = *all;
        one.table = all->table_end;
        one.table_end = all->table_end + RF_MVE_GROUP_WORDS;
        one.weights = all->weights + c * inputs;
        one.pitch = 0;
        one.out = group;
        one.stride = RF_MVE_GROUP;
        run(&one);
        for (int32_t i = 0; i < pixels; i++) {
            out[i * channels + c] = group[i * RF_MVE_GROUP + c - whole];
        }
    }
}

/* Runs all groups, then the rest. */
static inline void rf_mve_run(rf_mve_panel *panel, rf_mve_panel_function run, const int32_t *table, int32_t inputs,
                              int32_t channels, int8_t *out, int32_t pixels)
{
    panel->table = table;
    panel->out = out;
    if (table != panel->table_end) {
        run(panel);
    }
    if (channels % RF_MVE_GROUP != 0) {
        rf_mve_run_rest(panel, run, inputs, channels, out, pixels);
    }
}

#endif
