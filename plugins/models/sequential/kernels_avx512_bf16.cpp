#define BLOCK 16
#include "kernels_impl.hpp"

const sequential::Kernels &sequential::kernels_avx512_bf16() {
    return table;
}
