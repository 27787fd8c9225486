/*
 * depthwise_conv2d_mve: int8 depthwise convolution on Helium. Loop order: output row, strip of pixels, eight channels, four
 * channels, pixel, 16 taps. The rows of a strip are turned in the scratch, so that each channel has its columns one after the other, the
 * rows of the filter side by side: then a window is a run of bytes, and VMLADAV.S8 multiplies 16 of its taps at once (what lies
 * behind the taps meets zeros). Padding is the input's zero point. Filters of up to 16 taps keep the weights of four channels in
 * q0 to q3; larger ones read them from the scratch.
 *
 * Registers: r0, r2, r4, r6 sums; r1, r3, r5, r9 windows; r8 step, r7 and r10 output, r11 zero point, lr the loop; q4 to q7 inputs
 * or result, bias, multiplier, shift. Cost: 4.75 instructions per output with up to 9 taps, 3.75 and 3 for each 16 taps beyond
 * 16; and 0.45 for each turned byte.
 */
#include "depthwise_conv2d_mve.h"

#include "../rf_mve.h"

enum { LANES = RF_MVE_GROUP, TURNED = 8, VECTOR = 16, MOST_VECTORS = 4 };

/* One group of four channels of a strip; the assembly reads the fields in this order. */
typedef struct {
    const int8_t *window0, *window1, *window2;
    int8_t *out;
    int32_t step;
    const int8_t *window3;
    int32_t stride, out_zero, pixels;
    const int8_t *weights;
    int32_t taps;
    const int32_t *table;
} group;

typedef void (*group_function)(const group *g);

#if RF_MVE_NATIVE

#include <arm_mve.h>

#define HEAD "push {r4-r11, lr}\n vpush {d8-d15}\n mov r12, r0\n ldrd r0, r2, [r12, #36]\n"
#define WEIGHTS_IN_REGISTERS                                                                                           \
    "vctp.8 r2\n add r3, r0, r2\n add r4, r3, r2\n add r5, r4, r2\n vpstttt\n"                                         \
    "vldrbt.u8 q0, [r0]\n vldrbt.u8 q1, [r3]\n vldrbt.u8 q2, [r4]\n vldrbt.u8 q3, [r5]\n"
#define CONSTANTS                                                                                                      \
    "ldr r2, [r12, #44]\n vldrw.u32 q5, [r2]\n vldrw.u32 q6, [r2, #16]\n vldrw.u32 q7, [r2, #32]\n"                    \
    "ldm r12, {r1, r3, r5, r7-r11, lr}\n"
#define LOOP(body) "dls lr, lr\n 1:\n" body "le lr, 1b\n vpop {d8-d15}\n pop {r4-r11, pc}\n"
#define ONE(window, sum, weights, advance) "vldrb.8 q4, [" window "]" advance "\n vmladav.s8 " sum ", q4, " weights "\n"
#define SMALL(advance)                                                                                                 \
    ONE("r1", "r0", "q0", advance) ONE("r3", "r2", "q1", advance) ONE("r5", "r4", "q2", advance)                       \
        ONE("r9", "r6", "q3", advance)
#define ADVANCE "add r1, r1, r8\n add r3, r3, r8\n add r5, r5, r8\n add r9, r9, r8\n"
/* Taps 16 k to 16 k + 15, whose weights lie from byte 64 k on, 16 of each channel. */
#define PART(window, sum, k, channel, f)                                                                               \
    "vldrb.8 q0, [" window ", #16 * " k "]\n vldrw.u32 q1, [r12, #64 * " k " + 16 * " channel "]\n" f ".s8 " sum       \
    ", q0, q1\n"
#define PARTS(k, f)                                                                                                    \
    PART("r1", "r0", k, "0", f) PART("r3", "r2", k, "1", f) PART("r5", "r4", k, "2", f) PART("r9", "r6", k, "3", f)
#define TWO PARTS("0", "vmladav") PARTS("1", "vmladava") ADVANCE
#define THREE PARTS("0", "vmladav") PARTS("1", "vmladava") PARTS("2", "vmladava") ADVANCE
#define FOUR PARTS("0", "vmladav") PARTS("1", "vmladava") PARTS("2", "vmladava") PARTS("3", "vmladava") ADVANCE
#define SCALE(fix)                                                                                                     \
    "vmov q4[2], q4[0], r0, r4\n vmov q4[3], q4[1], r2, r6\n vadd.i32 q4, q4, q5\n vqrdmulh.s32 q4, q4, q6\n" fix       \
    "vrshl.s32 q4, q4, q7\n vadd.i32 q4, q4, r11\n vqmovnb.s32 q4, q4\n vqmovnb.s16 q4, q4\n vstrb.32 q4, [r7]\n"      \
    "add r7, r7, r10\n"
#define UP ""
/* There is no register for the sign of these, nor for -1: r0 is free once the sums have left it. */
#define AWAY "mov r0, #-1\n vpt.s32 lt, q4, zr\n vaddt.i32 q4, q4, r0\n"

#define DEFINE_SMALL(name, sums, fix)                                                                                  \
    RF_MVE_ASSEMBLY static void name(const group *g __attribute__((unused)))                                           \
    {                                                                                                                  \
        __asm__(HEAD WEIGHTS_IN_REGISTERS CONSTANTS LOOP(sums SCALE(fix)));                                            \
    }
/* With the weights in memory the job is not needed once the constants are there. */
#define DEFINE_LARGE(name, sums, fix)                                                                                  \
    RF_MVE_ASSEMBLY static void name(const group *g __attribute__((unused)))                                           \
    {                                                                                                                  \
        __asm__(HEAD CONSTANTS "mov r12, r0\n" LOOP(sums SCALE(fix)));                                                 \
    }

DEFINE_SMALL(step3_up, SMALL(", #3"), UP)
DEFINE_SMALL(step3_away, SMALL(", #3"), AWAY)
DEFINE_SMALL(step6_up, SMALL(", #6"), UP)
DEFINE_SMALL(step6_away, SMALL(", #6"), AWAY)
DEFINE_SMALL(one_up, SMALL("") ADVANCE, UP)
DEFINE_SMALL(one_away, SMALL("") ADVANCE, AWAY)
DEFINE_LARGE(two_up, TWO, UP)
DEFINE_LARGE(two_away, TWO, AWAY)
DEFINE_LARGE(three_up, THREE, UP)
DEFINE_LARGE(three_away, THREE, AWAY)
DEFINE_LARGE(four_up, FOUR, UP)
DEFINE_LARGE(four_away, FOUR, AWAY)

/* Lanes 0, pitch, 2 pitch, ...: where the channels of a column go. */
typedef uint16x8_t lanes;
static inline lanes lanes_of(int32_t pitch) { return vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)pitch); }

/* Turns `columns` pixels of eight channels: those of a column go to `to` and each `step` bytes further for the next. */
static inline void turn(const int8_t *from, int32_t channels, int32_t columns, int8_t *to, int32_t step, lanes at)
{
    const lanes at1 = vaddq_n_u16(at, (uint16_t)step), at2 = vaddq_n_u16(at1, (uint16_t)step);
    const lanes at3 = vaddq_n_u16(at2, (uint16_t)step);
    __asm__ volatile("wls lr, %[fours], 2f\n"
                     "1: vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[at]]\n"
                     "vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[at1]]\n"
                     "vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[at2]]\n"
                     "vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[at3]]\n"
                     "add %[to], %[to], %[step], lsl #2\n le lr, 1b\n"
                     "2: wls lr, %[rest], 4f\n"
                     "3: vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[at]]\n"
                     "add %[to], %[to], %[step]\n le lr, 3b\n"
                     "4:"
                     : [from] "+l"(from), [to] "+r"(to)
                     : [channels] "r"(channels), [step] "r"(step), [fours] "r"(columns >> 2), [rest] "r"(columns & 3),
                       [at] "w"(at), [at1] "w"(at1), [at2] "w"(at2), [at3] "w"(at3)
                     : "lr", "q0", "memory");
}

#else

static void run_group(const group *g, int32_t vectors, int32_t ties_down)
{
    const int8_t *const windows[LANES] = {g->window0, g->window1, g->window2, g->window3};
    for (int32_t x = 0; x < g->pixels; x++) {
        for (int32_t c = 0; c < LANES; c++) {
            const int8_t *window = windows[c] + x * g->step;
            int32_t sum = 0;
            /* Bytes behind the taps are read as well. */
            for (int32_t i = 0; i < vectors * VECTOR; i++) {
                const int32_t weight = vectors > 1      ? g->weights[i / VECTOR * LANES * VECTOR + c * VECTOR + i % VECTOR]
                                       : i < g->taps ? g->weights[c * g->taps + i]
                                                        : 0;
                sum += window[i] * weight;
            }
            g->out[x * g->stride + c] = rf_mve_requantise(sum, g->table, c, g->out_zero, ties_down);
        }
    }
}

#define DEFINE(name, vectors, ties_down)                                                                               \
    static void name(const group *g) { run_group(g, vectors, ties_down); }
DEFINE(one_up, 1, 0)
DEFINE(one_away, 1, 1)
DEFINE(two_up, 2, 0)
DEFINE(two_away, 2, 1)
DEFINE(three_up, 3, 0)
DEFINE(three_away, 3, 1)
DEFINE(four_up, 4, 0)
DEFINE(four_away, 4, 1)
#define step3_up one_up
#define step3_away one_away
#define step6_up one_up
#define step6_away one_away

typedef int32_t lanes;
static inline lanes lanes_of(int32_t pitch) { return pitch; }

static inline void turn(const int8_t *from, int32_t channels, int32_t columns, int8_t *to, int32_t step, lanes pitch)
{
    for (int32_t x = 0; x < columns; x++) {
        for (int32_t c = 0; c < TURNED; c++) {
            to[c * pitch + x * step] = from[x * channels + c];
        }
    }
}

#endif

static const group_function groups[2][MOST_VECTORS] = {{one_away, two_away, three_away, four_away},
                                                       {one_up, two_up, three_up, four_up}};

static group_function function_for(const rf_depthwise_conv2d_s8_mve_params *p, int32_t vectors, int32_t step)
{
    if (vectors == 1 && step == 3) {
        return p->rounds_down ? step3_up : step3_away;
    }
    if (vectors == 1 && step == 6) {
        return p->rounds_down ? step6_up : step6_away;
    }
    return groups[p->rounds_down][vectors - 1];
}

/* The last four channels, where they are no eight. */
static void turn_four(const int8_t *from, int32_t channels, int32_t columns, int8_t *to, int32_t step, int32_t pitch)
{
    for (int32_t x = 0; x < columns; x++, from += channels, to += step) {
        for (int32_t c = 0; c < LANES; c++) {
            to[c * pitch] = from[c];
        }
    }
}

/* Weights of four channels, 16 of each in turn, filled up with zeros. */
static void lay_out_weights(const int8_t *weights, int32_t taps, int32_t vectors, int8_t *to)
{
    for (int32_t k = 0; k < vectors; k++) {
        const int32_t count = rf_min(taps - k * VECTOR, VECTOR);
        for (int32_t c = 0; c < LANES; c++, to += VECTOR) {
            rf_mve_fill(to, 0, VECTOR);
            rf_mve_copy(to, weights + c * taps + k * VECTOR, count);
        }
    }
}

/* What a strip needs of the image: its first column (which may lie before it), and those of its columns that lie inside. */
typedef struct {
    int32_t top, left, begin, end;
} region;

/* Turns the channels from c on, four or eight of them. */
static void turn_rows(const rf_depthwise_conv2d_s8_mve_params *p, const int8_t *in, int32_t image, const region *r, int32_t c,
                      int8_t *turned)
{
    const int32_t kernel_h = p->window.kernel_h, channels = p->in.c, columns = r->end - r->begin;
    const lanes at = lanes_of(p->pitch);
    for (int32_t ky = 0; ky < kernel_h && columns > 0; ky++) {
        const int32_t y = r->top + ky * p->window.dilation_h;
        if (y < 0 || y >= p->in.h) {
            continue;
        }
        const int8_t *from = in + rf_row(&p->in, image * p->in.h + y) + (r->left + r->begin) * channels + c;
        int8_t *to = turned + r->begin * kernel_h + ky;
        if (channels - c >= TURNED) {
            turn(from, channels, columns, to, kernel_h, at);
        } else {
            turn_four(from, channels, columns, to, kernel_h, p->pitch);
        }
    }
}

void rf_depthwise_conv2d_s8_mve(const rf_depthwise_conv2d_s8_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end)
{
    const rf_window *w = &p->window;
    const int32_t taps = w->kernel_h * w->kernel_w, vectors = (taps + VECTOR - 1) / VECTOR;
    const int32_t channels = p->in.c, step = w->stride_w * w->kernel_h;
    int8_t *turned = (int8_t *)scratch + (vectors > 1 ? vectors * LANES * VECTOR : 0);
    const group_function run = function_for(p, vectors, step);
    group g = {0, 0, 0, 0, step, 0, channels, p->out_zero, 0, 0, taps, 0};
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h;
        int8_t *to = out + rf_row(&p->out, y);
        region r = {(y % p->out.h) * w->stride_h - w->pad_top, 0, 0, 0};
        const int32_t clipped = r.top < 0 || r.top + (w->kernel_h - 1) * w->dilation_h >= p->in.h;
        for (int32_t x = 0; x < p->out.w; x += p->strip) {
            g.pixels = rf_min(p->strip, p->out.w - x);
            const int32_t columns = (g.pixels - 1) * w->stride_w + w->kernel_w;
            r.left = x * w->stride_w - w->pad_left;
            r.begin = rf_max(-r.left, 0);
            r.end = rf_min(columns, p->in.w - r.left);
            if (clipped || r.begin > 0 || r.end < columns) {
                rf_mve_fill(turned, p->in_zero, TURNED * p->pitch);
            }
            for (int32_t c = 0; c < channels; c += LANES) {
                if (c % TURNED == 0) {
                    turn_rows(p, in, image, &r, c, turned);
                }
                g.window0 = turned + c % TURNED * p->pitch;
                g.window1 = g.window0 + p->pitch;
                g.window2 = g.window1 + p->pitch;
                g.window3 = g.window2 + p->pitch;
                g.out = to + x * channels + c;
                g.weights = p->weights + c * taps;
                g.table = p->table + c / LANES * RF_MVE_GROUP_WORDS;
                if (vectors > 1) {
                    lay_out_weights(g.weights, taps, vectors, (int8_t *)scratch);
                    g.weights = (const int8_t *)scratch;
                }
                run(&g);
            }
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(to, p->act_min, p->act_max, p->out.w * channels);
        }
    }
}
