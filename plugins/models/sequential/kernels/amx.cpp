#define BLOCK 16
#include "kernels/conv_bf16_weights.hpp"

const sequential::ConvBf16 &sequential::conv_bf16_amx() {
    return conv_bf16_table;
}
