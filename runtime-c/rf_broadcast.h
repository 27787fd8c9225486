/*
 * rf_broadcast.h: element-wise kernels over two operands whose shapes broadcast. A flat kernel walks `count` elements
 * with a step of 0 or 1 for each operand; the broadcast kernel calls it once for every run along the last dimension.
 */
#ifndef RF_BROADCAST_H
#define RF_BROADCAST_H

#include "rf.h"

/* dims: output, outermost first, padded with 1 in front; a, b: element strides, 0 where the operand repeats. */
typedef struct {
    int32_t dims[RF_MAX_RANK], a[RF_MAX_RANK], b[RF_MAX_RANK];
} rf_broadcast;

/* Parameters of the operators that need no more than a clamp, or not even that. */
typedef struct {
    int32_t a_step, b_step;
    float act_min, act_max;
} rf_binary_f32_params;

typedef struct {
    int32_t a_step, b_step;
    int32_t act_min, act_max;
} rf_binary_s32_params;

typedef struct {
    int32_t a_step, b_step;
} rf_binary_plain_params;

typedef struct {
    rf_broadcast shape;
    rf_binary_f32_params flat;
} rf_binary_f32_broadcast_params;

typedef struct {
    rf_broadcast shape;
    rf_binary_s32_params flat;
} rf_binary_s32_broadcast_params;

typedef struct {
    rf_broadcast shape;
    rf_binary_plain_params flat;
} rf_binary_plain_broadcast_params;

/*
 * Defines `void name(const struct_type *p, const A *a, const B *b, U *out)`, where struct_type has a member `shape`
 * (rf_broadcast) and a member `flat` with the parameters of `flat_kernel`.
 */
#define RF_DEFINE_BROADCAST(name, struct_type, flat_kernel, T, U)                                                      \
    RF_DEFINE_BROADCAST_MIXED(name, struct_type, flat_kernel, T, T, U)

#define RF_DEFINE_BROADCAST_MIXED(name, struct_type, flat_kernel, A, B, U)                                             \
    void name(const struct_type *p, const A *a, const B *b, U *out)                                                    \
    {                                                                                                                  \
        const rf_broadcast *s = &p->shape;                                                                             \
        int32_t at[RF_MAX_RANK] = {0};                                                                                 \
        const int32_t run = s->dims[RF_MAX_RANK - 1];                                                                  \
        for (;;) {                                                                                                     \
            int32_t d = RF_MAX_RANK - 2;                                                                               \
            flat_kernel(&p->flat, a, b, out, run);                                                                     \
            out += run;                                                                                                \
            a += s->a[d];                                                                                              \
            b += s->b[d];                                                                                              \
            while (++at[d] == s->dims[d]) {                                                                            \
                if (d == 0) {                                                                                          \
                    return;                                                                                            \
                }                                                                                                      \
                a += s->a[d - 1] - s->dims[d] * s->a[d];                                                               \
                b += s->b[d - 1] - s->dims[d] * s->b[d];                                                               \
                at[d--] = 0;                                                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
