/*
 * depthwise_conv2d_dsp: int8 depthwise convolution on the DSP extension, any filter. Taps outside the image are left out, which
 * on small images is most of a large filter; so the zero point is subtracted from each input, which SXTAB16 does while it
 * unpacks. (3x3 filters on larger images: depthwise_3x3_dsp.c.)
 *
 * Loop order: output row, pixel, four channels, kernel row, kernel column. Registers: r0 inputs, r1 weights, r3 step of the
 * inputs, r4 to r7 sums, r8 to r11 inputs and weights unpacked, r12 the zero point's negative twice, lr end of the weights'
 * row, r2 passing. Cost on a Cortex-M4: 13 instructions for a tap of four channels, 9 per kernel row, 42 for four outputs.
 */
#include "depthwise_conv2d_dsp.h"

#include "../rf_dsp_scale.h"

enum { TABLE_WORDS = 13 };

/* All channels of one output pixel. The assembly reads the fields in this order. */
typedef struct {
    const int8_t *const *rows; /* first tap inside the image of each kernel row inside it, channel 0 */
    const int8_t *const *rows_end;
    int32_t step;              /* bytes between two taps of the input */
    const int8_t *weights;     /* of the first tap inside */
    int32_t columns_bytes;     /* of weights: four for each tap of a row inside */
    int32_t skip_bytes;        /* of weights between the last tap of a row and the first of the next */
    const int32_t *table, *table_end;
    int8_t *out;
    int32_t minus_zero;        /* in both halves */
    int32_t next_bytes;        /* of weights between the last tap and the first of the next four channels */
} pixel;

typedef void (*pixel_function)(const pixel *at);

#if RF_DSP_NATIVE

/*
 * The stack: rows 0, rows_end 4, step 8, weights 12, columns_bytes 16, skip_bytes 20, table 24, table_end 28, out 32,
 * minus_zero 36, next_bytes 40, channel 44.
 */
#define HEAD                                                                                                           \
    "push {r4-r11, lr}\n sub sp, sp, #48\n ldm r0, {r1-r11}\n mov r12, #0\n stm sp, {r1-r12}\n mov r12, r10\n"          \
    "ldr r1, [sp, #12]\n"
/* r2 walks over the rows, whose pointers move on by four channels a turn. */
#define SUMS                                                                                                           \
    "1: ldr r3, [sp, #24]\n ldm r3, {r4-r7}\n ldrd r2, r3, [sp]\n cmp r2, r3\n beq 4f\n"                                \
    "2: ldr r0, [r2], #4\n ldr r3, [sp, #44]\n add r0, r0, r3\n ldr r3, [sp, #8]\n ldr lr, [sp, #16]\n"                \
    "add lr, lr, r1\n"                                                                                                 \
    "3: ldr r8, [r0]\n ldr r10, [r1], #4\n add r0, r0, r3\n sxtab16 r9, r12, r8, ror #8\n sxtab16 r8, r12, r8\n"       \
    "sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smlabb r4, r8, r10, r4\n smlatt r6, r8, r10, r6\n"                    \
    "smlabb r5, r9, r11, r5\n smlatt r7, r9, r11, r7\n cmp r1, lr\n bne 3b\n"                                          \
    "ldr r3, [sp, #20]\n add r1, r1, r3\n ldr r3, [sp, #4]\n cmp r2, r3\n bne 2b\n"                                   \
    "4: ldr r0, [sp, #24]\n"
/* r0 the table, r2 and r3 multiplier and addend, lr the shifts, of which ASR takes the lowest byte. */
#define FLOOR(x) "lsl " x ", " x ", #8\n smmla " x ", " x ", r2, r3\n asr " x ", " x ", lr\n ssat " x ", #8, " x "\n"
#define ROUND(x)                                                                                                       \
    "lsl " x ", " x ", #1\n smmlar r9, " x ", r2, r3\n add r9, r9, " x ", asr #31\n asr r9, r9, lr\n"                  \
    "ssat " x ", #8, r9\n"
#define CONSTANTS(multiplier, add) "ldr r2, [r0, #" #multiplier "]\n ldr r3, [r0, #" #add "]\n"
#define SCALE(f)                                                                                                       \
    "ldr lr, [r0, #48]\n" CONSTANTS(16, 32) f("r4") "lsr lr, lr, #8\n" CONSTANTS(20, 36) f("r5")          \
        "lsr lr, lr, #8\n" CONSTANTS(24, 40) f("r6") "lsr lr, lr, #8\n" CONSTANTS(28, 44) f("r7")
#define STORE                                                                                                          \
    "ldr r2, [sp, #32]\n strb r4, [r2], #1\n strb r5, [r2], #1\n strb r6, [r2], #1\n strb r7, [r2], #1\n"              \
    "str r2, [sp, #32]\n"
#define NEXT                                                                                                           \
    "ldrd r3, r2, [sp, #40]\n add r1, r1, r3\n adds r2, r2, #4\n str r2, [sp, #44]\n adds r0, r0, #52\n"               \
    "str r0, [sp, #24]\n ldr r2, [sp, #28]\n cmp r0, r2\n bne 1b\n add sp, sp, #48\n pop {r4-r11, pc}\n"

#define DEFINE_PIXEL(name, f)                                                                                          \
    RF_DSP_ASSEMBLY static void name(const pixel *at __attribute__((unused)))                         \
    {                                                                                                                  \
        __asm__(HEAD SUMS SCALE(f) STORE NEXT);                                                                        \
    }

DEFINE_PIXEL(run_floor, FLOOR)
DEFINE_PIXEL(run_round, ROUND)

#else

static void run_pixel(const pixel *at, int32_t rounds_down)
{
    const int8_t *w = at->weights;
    int8_t *out = at->out;
    int32_t channel = 0;
    for (const int32_t *t = at->table; t != at->table_end; t += TABLE_WORDS, channel += 4) {
        int32_t sums[4] = {t[0], t[1], t[2], t[3]};
        for (const int8_t *const *row = at->rows; row != at->rows_end; row++, w += at->skip_bytes) {
            const int8_t *x = *row + channel;
            for (int32_t bytes = at->columns_bytes; bytes > 0; bytes -= 4, x += at->step, w += 4) {
                for (int32_t c = 0; c < 4; c++) {
                    sums[c] = rf_dsp_add(sums[c], (x[c] + rf_dsp_low(at->minus_zero)) * w[c]);
                }
            }
        }
        w += at->next_bytes;
        for (int32_t c = 0; c < 4; c++) {
            const int32_t shift = (int32_t)((uint32_t)t[12] >> (8 * c) & 0xFFu);
            *out++ = rounds_down ? rf_dsp_scale_floor(rf_shl(sums[c], 8), t[4 + c], t[8 + c], shift)
                                 : rf_dsp_scale_round(rf_shl(sums[c], 1), t[4 + c], t[8 + c], shift);
        }
    }
}

static void run_floor(const pixel *at) { run_pixel(at, 1); }
static void run_round(const pixel *at) { run_pixel(at, 0); }

#endif

/* Taps begin to end - 1 of `kernel` lie inside an axis of `size` when the first is at `first`. */
typedef struct {
    int32_t begin, end;
} taps;

static taps inside(int32_t first, int32_t kernel, int32_t dilation, int32_t size)
{
    taps t = {0, kernel};
    while (t.begin < kernel && first + t.begin * dilation < 0) {
        t.begin++;
    }
    while (t.end > t.begin && first + (t.end - 1) * dilation >= size) {
        t.end--;
    }
    return t;
}

void rf_depthwise_conv2d_s8_dsp(const rf_depthwise_conv2d_s8_dsp_params *p, const int8_t *in, int8_t *out,
                                int32_t y_begin, int32_t y_end)
{
    const int32_t c = p->in.c, kernel_w = p->window.kernel_w, dilation = p->window.dilation_w;
    const pixel_function run = p->rounds_down ? run_floor : run_round;
    for (int32_t y = y_begin; y < y_end; y++) {
        const int8_t *rows[RF_DEPTHWISE_DSP_ROWS], *shifted[RF_DEPTHWISE_DSP_ROWS];
        const int32_t image = y / p->out.h;
        const int32_t top = (y - image * p->out.h) * p->window.stride_h - p->window.pad_top;
        const taps ys = inside(top, p->window.kernel_h, p->window.dilation_h, p->in.h);
        const int32_t count = ys.end - ys.begin;
        int8_t *to = out + rf_row(&p->out, y);
        for (int32_t k = 0; k < count; k++) {
            rows[k] = in + rf_row(&p->in, image * p->in.h + top + (ys.begin + k) * p->window.dilation_h);
        }
        pixel at = {shifted, shifted, dilation * c, NULL, 0, 0, p->table,
                    p->table + c / 4 * TABLE_WORDS, to, rf_dsp_pair(-p->in_zero, -p->in_zero), 0};
        for (int32_t x = 0, left = -p->window.pad_left; x < p->out.w; x++, left += p->window.stride_w) {
            const taps xs = inside(left, kernel_w, dilation, p->in.w);
            const int32_t columns = xs.end - xs.begin;
            const int32_t used = columns > 0 ? count : 0;
            for (int32_t k = 0; k < used; k++) {
                shifted[k] = rows[k] + (left + xs.begin * dilation) * c;
            }
            at.rows_end = shifted + used;
            at.weights = p->weights + 4 * (ys.begin * kernel_w + xs.begin);
            at.columns_bytes = 4 * columns;
            at.skip_bytes = 4 * (kernel_w - columns);
            at.next_bytes = 4 * kernel_w * (p->window.kernel_h - used);
            at.out = to + x * c;
            run(&at);
        }
        if (p->act_min != INT8_MIN || p->act_max != INT8_MAX) {
            for (int32_t i = 0; i < p->out.w * c; i++) {
                to[i] = (int8_t)rf_clamp(to[i], p->act_min, p->act_max);
            }
        }
    }
}
