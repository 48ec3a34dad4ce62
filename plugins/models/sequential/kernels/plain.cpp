#define BLOCK 8
#include "kernels/table_impl.hpp"

const sequential::Kernels &sequential::kernels_plain() {
    return table;
}
