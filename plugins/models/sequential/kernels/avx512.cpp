#define BLOCK 16
#include "kernels/table.hpp"

const sequential::Kernels &sequential::kernels_avx512() {
    return table;
}
