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

enum { LANES = RF_MVE_GROUP, TURNED = 8, VECTOR = 16, MOST_VECTORS = 4, MOST_ROWS = 16 };

/*
 * Groups of four channels of a strip. After each group the first four fields grow by next_window, and those from `weights` on by
 * next_weights, which counts `groups` down. The assembly reads the fields in this order.
 */
typedef struct {
    const int8_t *window0, *window1, *window2;
    int8_t *out;
    int32_t step, pitch, stride, out_zero, pixels;
    const int8_t *weights;
    int32_t taps;
    const int32_t *table;
    int32_t groups;
    int32_t next_window[LANES], next_weights[LANES];
    int8_t *laid_out; /* room for the weights of a group, 16 of each channel in turn, filled up with zeros */
} job;

typedef void (*job_function)(job *j);

/* The columns of a strip in one row of the image, and where the first of them goes. */
typedef struct {
    const int8_t *from;
    int8_t *to;
} line;

#if RF_MVE_NATIVE

#include <arm_mve.h>

#define HEAD "push {r0, r4-r11, lr}\n vpush {d8-d15}\n mov r12, r0\n 3: ldrd r0, r2, [r12, #36]\n"
#define IN_REGISTERS                                                                                                   \
    "vctp.8 r2\n add r3, r0, r2\n add r4, r3, r2\n add r5, r4, r2\n vpstttt\n"                                         \
    "vldrbt.u8 q0, [r0]\n vldrbt.u8 q1, [r3]\n vldrbt.u8 q2, [r4]\n vldrbt.u8 q3, [r5]\n"
/* 16 taps, or what is left of them, of one channel. */
#define WHOLE(k, channel) "vldrb.8 q0, [r0, #16 * " k "]\n vstrw.32 q0, [r3, #64 * " k " + 16 * " channel "]\n"
#define REST(k, channel)                                                                                               \
    "vpst\n vldrbt.u8 q0, [r0, #16 * " k "]\n vstrw.32 q0, [r3, #64 * " k " + 16 * " channel "]\n"
#define LAY_OUT2(channel) WHOLE("0", channel) REST("1", channel)
#define LAY_OUT3(channel) WHOLE("0", channel) WHOLE("1", channel) REST("2", channel)
#define LAY_OUT4(channel) WHOLE("0", channel) WHOLE("1", channel) WHOLE("2", channel) REST("3", channel)
#define LAID_OUT(vectors, f)                                                                                           \
    "sub r4, r2, #16 * (" #vectors " - 1)\n vctp.8 r4\n ldr r3, [r12, #84]\n" f("0") "add r0, r0, r2\n" f("1")         \
        "add r0, r0, r2\n" f("2") "add r0, r0, r2\n" f("3")
#define CONSTANTS                                                                                                      \
    "ldr r2, [r12, #44]\n vldrw.u32 q5, [r2]\n vldrw.u32 q6, [r2, #16]\n vldrw.u32 q7, [r2, #32]\n"                    \
    "ldm r12, {r1, r3, r5, r7-r11, lr}\n add r9, r9, r5\n"
#define ONE(window, sum, weights, advance) "vldrb.8 q4, [" window "]" advance "\n vmladav.s8 " sum ", q4, " weights "\n"
#define SMALL(advance)                                                                                                 \
    ONE("r1", "r0", "q0", advance) ONE("r3", "r2", "q1", advance) ONE("r5", "r4", "q2", advance)                       \
        ONE("r9", "r6", "q3", advance)
#define ADVANCE "add r1, r1, r8\n add r3, r3, r8\n add r5, r5, r8\n add r9, r9, r8\n"
/* Taps 16 k to 16 k + 15, whose weights are laid out from byte 64 k on. */
#define PART(window, sum, k, channel, f)                                                                               \
    "vldrb.8 q0, [" window ", #16 * " k "]\n vldrw.u32 q1, [r12, #64 * " k " + 16 * " channel "]\n" f ".s8 " sum       \
    ", q0, q1\n"
#define PARTS(k, f)                                                                                                    \
    PART("r1", "r0", k, "0", f) PART("r3", "r2", k, "1", f) PART("r5", "r4", k, "2", f) PART("r9", "r6", k, "3", f)
#define LARGE2 PARTS("0", "vmladav") PARTS("1", "vmladava") ADVANCE
#define LARGE3 PARTS("0", "vmladav") PARTS("1", "vmladava") PARTS("2", "vmladava") ADVANCE
#define LARGE4 PARTS("0", "vmladav") PARTS("1", "vmladava") PARTS("2", "vmladava") PARTS("3", "vmladava") ADVANCE
#define SCALE(fix)                                                                                                     \
    "vmov q4[2], q4[0], r0, r4\n vmov q4[3], q4[1], r2, r6\n vadd.i32 q4, q4, q5\n vqrdmulh.s32 q4, q4, q6\n" fix      \
    "vrshl.s32 q4, q4, q7\n vadd.i32 q4, q4, r11\n vqmovnb.s32 q4, q4\n vqmovnb.s16 q4, q4\n vstrb.32 q4, [r7]\n"      \
    "add r7, r7, r10\n"
#define UP ""
/* No vector is left for the signs, but r0 is free once the sums have been moved. */
#define AWAY "mov r0, #-1\n vpt.s32 lt, q4, zr\n vaddt.i32 q4, q4, r0\n"
#define NEXT                                                                                                           \
    "ldr r12, [sp, #64]\n vldrw.u32 q0, [r12]\n vldrw.u32 q1, [r12, #52]\n vadd.i32 q0, q0, q1\n vstrw.32 q0, [r12]\n" \
    "vldrw.u32 q0, [r12, #36]\n vldrw.u32 q1, [r12, #68]\n vadd.i32 q0, q0, q1\n vstrw.32 q0, [r12, #36]\n"            \
    "ldr r0, [r12, #48]\n cmp r0, #0\n bne 3b\n"

#define DEFINE(name, weights, sums, fix)                                                                               \
    RF_MVE_ASSEMBLY static void name(job *j __attribute__((unused)))                                                   \
    {                                                                                                                  \
        __asm__(HEAD weights CONSTANTS sums SCALE(fix) "le lr, 1b\n" NEXT "vpop {d8-d15}\n pop {r0, r4-r11, pc}\n");   \
    }
#define LOOP "dls lr, lr\n 1:\n"
#define DEFINE_SMALL(name, sums, fix) DEFINE(name, IN_REGISTERS, LOOP sums, fix)
#define DEFINE_LARGE(name, n, fix) DEFINE(name, LAID_OUT(n, LAY_OUT##n), "ldr r12, [r12, #84]\n" LOOP LARGE##n, fix)

DEFINE_SMALL(step3_up, SMALL(", #3"), UP)
DEFINE_SMALL(step3_away, SMALL(", #3"), AWAY)
DEFINE_SMALL(step6_up, SMALL(", #6"), UP)
DEFINE_SMALL(step6_away, SMALL(", #6"), AWAY)
DEFINE_SMALL(one_up, SMALL("") ADVANCE, UP)
DEFINE_SMALL(one_away, SMALL("") ADVANCE, AWAY)
DEFINE_LARGE(two_up, 2, UP)
DEFINE_LARGE(two_away, 2, AWAY)
DEFINE_LARGE(three_up, 3, UP)
DEFINE_LARGE(three_away, 3, AWAY)
DEFINE_LARGE(four_up, 4, UP)
DEFINE_LARGE(four_away, 4, AWAY)

/* A column of eight channels: those of pixel `from` to the lanes `at` behind `to`. */
#define COLUMN(at)                                                                                                     \
    "vldrb.u16 q0, [%[from]]\n add %[from], %[from], %[channels]\n vstrb.16 q0, [%[to], %q[" at "]]\n"

/* Turns eight channels, from byte c of a pixel on: channel i of a column goes i * pitch, each next column `step` bytes further. */
static inline void turn(const line *lines, int32_t count, int32_t c, int32_t channels, int32_t columns, int32_t step,
                        int32_t pitch)
{
    const uint16x8_t at = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)pitch), at1 = vaddq_n_u16(at, (uint16_t)step);
    const uint16x8_t at2 = vaddq_n_u16(at1, (uint16_t)step), at3 = vaddq_n_u16(at2, (uint16_t)step);
    const line *const end = lines + count;
    const int8_t *from;
    int8_t *to;
    __asm__ volatile("1: ldrd %[from], %[to], [%[lines]], #8\n add %[from], %[from], %[c]\n wls lr, %[fours], 3f\n"
                     "2:" COLUMN("at") COLUMN("at1") COLUMN("at2") COLUMN("at3")
                     "add %[to], %[to], %[step], lsl #2\n le lr, 2b\n"
                     "3: wls lr, %[rest], 5f\n"
                     "4:" COLUMN("at") "add %[to], %[to], %[step]\n le lr, 4b\n"
                     "5: cmp %[lines], %[end]\n bne 1b\n"
                     : [from] "=&l"(from), [to] "=&r"(to), [lines] "+r"(lines)
                     : [c] "r"(c), [channels] "r"(channels), [step] "r"(step), [fours] "r"(columns >> 2),
                       [rest] "r"(columns & 3), [end] "r"(end), [at] "w"(at), [at1] "w"(at1), [at2] "w"(at2), [at3] "w"(at3)
                     : "lr", "q0", "cc", "memory");
}

#else

static void run_group(const job *j, int32_t vectors, int32_t ties_down)
{
    const int8_t *const windows[LANES] = {j->window0, j->window1, j->window2, j->window2 + j->pitch};
    for (int32_t x = 0; x < j->pixels; x++) {
        for (int32_t c = 0; c < LANES; c++) {
            const int8_t *window = windows[c] + x * j->step;
            int32_t sum = 0;
            /* Bytes behind the taps are read as well. */
            for (int32_t i = 0; i < vectors * VECTOR; i++) {
                sum += window[i] * (i < j->taps ? j->weights[c * j->taps + i] : 0);
            }
            j->out[x * j->stride + c] = rf_mve_requantise(sum, j->table, c, j->out_zero, ties_down);
        }
    }
}

static void run_groups(job *j, int32_t vectors, int32_t ties_down)
{
    for (; j->groups > 0; j->groups--) {
        run_group(j, vectors, ties_down);
        j->window0 += j->next_window[0];
        j->window1 += j->next_window[1];
        j->window2 += j->next_window[2];
        j->out += j->next_window[3];
        j->weights += j->next_weights[0];
        j->table += RF_MVE_GROUP_WORDS;
    }
}

#define DEFINE(name, vectors, ties_down)                                                                               \
    static void name(job *j) { run_groups(j, vectors, ties_down); }
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

static inline void turn(const line *lines, int32_t count, int32_t c, int32_t channels, int32_t columns, int32_t step,
                        int32_t pitch)
{
    for (int32_t i = 0; i < count * columns * TURNED; i++) {
        const line *l = lines + i / TURNED / columns;
        const int32_t x = i / TURNED % columns, channel = i % TURNED;
        l->to[channel * pitch + x * step] = l->from[x * channels + c + channel];
    }
}

#endif

/* The last four channels, where they are no eight. */
static void turn_four(const line *lines, int32_t count, int32_t c, int32_t channels, int32_t columns, int32_t step,
                      int32_t pitch)
{
    for (const line *l = lines; l != lines + count; l++) {
        const int8_t *from = l->from + c;
        int8_t *to = l->to;
        for (int32_t x = 0; x < columns; x++, from += channels, to += step) {
            for (int32_t i = 0; i < LANES; i++) {
                to[i * pitch] = from[i];
            }
        }
    }
}

static job_function function_for(const rf_depthwise_conv2d_s8_mve_params *p, int32_t vectors, int32_t step)
{
    static const job_function functions[2][MOST_VECTORS] = {{one_away, two_away, three_away, four_away},
                                                            {one_up, two_up, three_up, four_up}};
    if (vectors == 1 && step == 3) {
        return p->rounds_down ? step3_up : step3_away;
    }
    if (vectors == 1 && step == 6) {
        return p->rounds_down ? step6_up : step6_away;
    }
    return functions[p->rounds_down][vectors - 1];
}

/* The rows of a window from `top` on that lie in the image; returns how many. */
static int32_t lines_of(const rf_depthwise_conv2d_s8_mve_params *p, const int8_t *in, int32_t image, int32_t top, int32_t x,
                        int8_t *to, line *lines)
{
    int32_t count = 0;
    for (int32_t ky = 0; ky < p->window.kernel_h; ky++) {
        const int32_t y = top + ky * p->window.dilation_h;
        if (y >= 0 && y < p->in.h) {
            lines[count].from = in + rf_row(&p->in, image * p->in.h + y) + x * p->in.c;
            lines[count++].to = to + ky;
        }
    }
    return count;
}

void rf_depthwise_conv2d_s8_mve(const rf_depthwise_conv2d_s8_mve_params *p, const int8_t *in, int8_t *out, void *scratch,
                                int32_t y_begin, int32_t y_end)
{
    const rf_window *w = &p->window;
    const int32_t taps = w->kernel_h * w->kernel_w, vectors = (taps + VECTOR - 1) / VECTOR;
    const int32_t channels = p->in.c, step = w->stride_w * w->kernel_h, pitch = p->pitch;
    int8_t *turned = (int8_t *)scratch + (vectors > 1 ? vectors * LANES * VECTOR : 0);
    const job_function run = function_for(p, vectors, step);
    job j = {0};
    line lines[MOST_ROWS];
    j.step = step;
    j.pitch = pitch;
    j.stride = channels;
    j.out_zero = p->out_zero;
    j.taps = taps;
    j.laid_out = (int8_t *)scratch;
    j.next_window[0] = j.next_window[1] = j.next_window[2] = LANES * pitch;
    j.next_window[3] = LANES;
    j.next_weights[0] = LANES * taps;
    j.next_weights[2] = RF_MVE_GROUP_WORDS * (int32_t)sizeof *p->table;
    j.next_weights[3] = -1;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int32_t image = y / p->out.h, top = (y % p->out.h) * w->stride_h - w->pad_top;
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t x = 0; x < p->out.w; x += p->strip) {
            j.pixels = rf_min(p->strip, p->out.w - x);
            const int32_t left = x * w->stride_w - w->pad_left, columns = (j.pixels - 1) * w->stride_w + w->kernel_w;
            const int32_t begin = rf_max(-left, 0), inside = rf_min(columns, p->in.w - left) - begin;
            const int32_t count =
                inside > 0 ? lines_of(p, in, image, top, left + begin, turned + begin * w->kernel_h, lines) : 0;
            if (count < w->kernel_h || inside < columns) {
                rf_mve_fill(turned, p->in_zero, TURNED * pitch);
            }
            j.weights = p->weights;
            j.table = p->table;
            j.out = to + x * channels;
            for (int32_t c = 0; c < channels; c += TURNED) {
                j.groups = channels - c >= TURNED ? TURNED / LANES : 1;
                if (count > 0 && j.groups > 1) {
                    turn(lines, count, c, channels, inside, w->kernel_h, pitch);
                } else if (count > 0) {
                    turn_four(lines, count, c, channels, inside, w->kernel_h, pitch);
                }
                j.window0 = turned;
                j.window1 = turned + pitch;
                j.window2 = turned + 2 * pitch;
                run(&j);
            }
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            rf_mve_clamp(to, p->act_min, p->act_max, p->out.w * channels);
        }
    }
}
