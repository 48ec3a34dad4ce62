#define BLOCK 8
#include "kernels/table.hpp"

const sequential::Kernels &sequential::kernels_avx2() {
    return table;
}
