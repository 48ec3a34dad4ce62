#define BLOCK 16
#include "kernels_impl.hpp"

const sequential::Kernels &sequential::kernels_avx512() {
    return table;
}
