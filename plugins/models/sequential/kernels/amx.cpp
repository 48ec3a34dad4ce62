#define BLOCK 16
#include "kernels/conv_bf16_weights.hpp"

const sequential::CoarseConv &sequential::coarse_conv_amx() {
    return coarse_conv_table;
}
