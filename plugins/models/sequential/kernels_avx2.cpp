#define BLOCK 8
#include "kernels_impl.hpp"

const sequential::Kernels &sequential::kernels_avx2() {
    return table;
}
