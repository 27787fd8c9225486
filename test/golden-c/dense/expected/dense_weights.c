#include "dense_weights.h"

#include "rf/rf.h"

RF_WEIGHTS RF_ALIGNED(4) const int8_t dense_op0_weights[6] = {
    0, 37, 74, 111, -108, -71,
};

RF_WEIGHTS RF_ALIGNED(4) const int32_t dense_op0_bias[2] = {
    100, -100,
};

RF_ALIGNED(4) const int32_t dense_op0_multipliers[2] = {
    1073741824, 1073741824,
};

RF_ALIGNED(4) const int32_t dense_op0_shifts[2] = {
    -3, -3,
};
